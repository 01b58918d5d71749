"""Earlier releases closed, so that what they showed can be restricted now: `as_of` reads them no more.

A release that can still be read tells what a later one hides: nothing can be restricted beside it. Who restricts what was
open decides to close what came before; what only closed releases show is given numbers that no serving role may read. Who
read it before may have kept it: closing is a choice, in the journal.
"""

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy import Connection

from indicators.actors import Actor, require_role
from indicators.journal import record
from indicators.tables import ClosedEdition, ReleaseEdition, ReleaseSeries, Series, Value, series_id

PROOFS = "editions"  # in the passport of an internal series: of what system its editions were made


def close_earlier(conn: Connection, still_shown: Collection[int], by: Actor, reason: str) -> None:
    """Close every release there is; `still_shown` are series that the next one shows as they are.

    Raises Forbidden without the role of a validator.
    """
    require_role(by, "validator")
    there = sa.select(ReleaseEdition.release_id, ReleaseEdition.edition, sa.literal(by.name), sa.literal(reason))
    closed = sa.select(ClosedEdition.release_id).where(
        ClosedEdition.release_id == ReleaseEdition.release_id, ClosedEdition.edition == ReleaseEdition.edition
    )
    conn.execute(
        sa.insert(ClosedEdition).from_select(
            ["release_id", "edition", "closed_by", "reason"], there.where(~closed.exists())
        )
    )
    shown = sa.select(Series.id).where(
        Series.edition > 0,
        Series.id.not_in(list(still_shown)),
        sa.select(ReleaseSeries.series_id).where(ReleaseSeries.series_id == Series.id).exists(),
    )
    renumber(conn, conn.scalars(shown).all(), 0)
    made = sa.update(Series).where(Series.edition == 0, Series.passport.has_key(PROOFS))
    conn.execute(made.values(passport=Series.passport.op("-")(PROOFS)))
    record(conn, by, "closed", reason=reason)


def renumber(conn: Connection, ids: Collection[int], edition: int) -> dict[int, int]:
    """Move series to another edition, that is to other numbers, with their values; return the new number of each."""
    if not ids:
        return {}
    numbered = sa.select(Series.id, series_id(edition).label("number")).where(Series.id.in_(ids))
    moved = dict(conn.execute(numbered).all())
    pairs = sa.values(sa.column("before", sa.Integer), sa.column("after", sa.Integer), name="moved").data(
        list(moved.items())
    )
    conn.execute(sa.update(Value).where(Value.series_id == pairs.c.before).values(series_id=pairs.c.after))
    conn.execute(sa.update(Series).where(Series.id == pairs.c.before).values(id=pairs.c.after))
    return {int(before): int(after) for before, after in moved.items()}
