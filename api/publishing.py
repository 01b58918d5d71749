"""Publication as the end of something bigger: what it refuses is undone with the rest, and told in the journal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from geo.errors import OresError
from geo.progress import Progress
from indicators.actors import Actor
from indicators.journal import record
from indicators.publication import SYSTEM, publish

UNEXPECTED = "erreur inattendue, notée dans le journal du serveur"


@contextmanager
def publishing(
    engine: Engine, progress: Progress, actor: Actor = SYSTEM, delivery_id: int | None = None, close: str = ""
) -> Iterator[Connection]:
    """Give a transaction at whose end everything is published, in it; `close` is why the releases before are closed.

    Where that fails (an edition that cannot be proved to hide what it must, an engine that gives up, anything), all of it
    is undone, the release before stays, and the journal says why.
    """
    try:
        with engine.begin() as conn:
            yield conn
            publish(conn, progress, actor, close)
    except Exception as failure:
        reason = failure.detail if isinstance(failure, OresError) else UNEXPECTED
        with engine.begin() as conn:
            record(conn, actor, "failed", delivery_id=delivery_id, reason=reason)
        raise


def change(
    engine: Engine,
    act: Callable[[Connection, Actor], Any],
    actor: Actor,
    progress: Progress,
    delivery_id: int | None = None,
    close: str = "",
) -> None:
    """Make a change to what feeds the publication (of a delivery, if it is told), and publish, in one transaction.

    `close` is why the releases before are closed, if they are.
    """
    with publishing(engine, progress, actor, delivery_id, close) as conn:
        act(conn, actor)
    analyze(engine)


def analyze(engine: Engine) -> None:
    """Tell the planner what arrived, or its first plans would be for empty tables."""
    with engine.begin() as conn:
        conn.execute(sa.text("ANALYZE"))
