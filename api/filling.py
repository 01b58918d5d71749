"""Series that somebody asks for the first time: computed once, on connections of their own, then the answer is made.

Requests are served by connections that can only read. A route that finds a series without its values raises
`NotYetComputed`; the route is left, its connection given back, the values are computed, and it is asked again.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import sqlalchemy as sa
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from indicators.publication.filling import fill
from indicators.published import NotYetComputed

SECONDS = 60
AT_ONCE = 2  # computations at the same time; the others wait for their turn
TURNS = 20  # a page may find its series one after the other


class Filler:
    """Computes the values of series, a few at a time."""

    def __init__(self, url: str) -> None:
        options = f"-c statement_timeout={SECONDS}s -c jit=off"
        self._engine = sa.create_engine(
            url,
            pool_size=AT_ONCE,
            max_overflow=0,
            pool_timeout=SECONDS,
            pool_pre_ping=True,
            connect_args={"options": options},
        )

    def fill(self, series_ids: Sequence[int]) -> None:
        """Compute the series that have no values yet, each in a transaction of its own, a few side by side."""

        def one(series_id: int) -> None:
            with self._engine.begin() as conn:
                fill(conn, series_id)

        with ThreadPoolExecutor(AT_ONCE) as beside:
            list(beside.map(one, series_ids))

    def dispose(self) -> None:
        """Close the connections."""
        self._engine.dispose()


class FillingRoute(APIRoute):
    """A route that is asked again once the series it lacked are computed."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request. Only those without a body find series that are lacking."""
        for _ in range(TURNS):
            try:
                await super().handle(scope, receive, send)
                return
            except NotYetComputed as lacking:
                state = scope["app"].state
                await run_in_threadpool(state.filler.fill, lacking.series_ids)
                for edition in state.editions.values():
                    await run_in_threadpool(edition.versions.reread)
        raise RuntimeError("series are still not computed")
