"""Publication as the end of something bigger: what it refuses is undone with the rest, and told in the journal."""

from collections.abc import Iterator
from contextlib import contextmanager

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
