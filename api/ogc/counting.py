"""How many features there are in all: counted where that is quick or asked for, estimated, or not said."""

from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import Connection

from geo.layers import Rows

How = Literal["exact", "estimated", "none"]
MANY = 10_000  # features of which each is computed with: beyond, they are not counted unless that is asked for


@dataclass(frozen=True)
class Matched:
    """How many features a request is for; None where nobody said. Estimated by the planner of the database, or counted."""

    number: int | None = None
    estimated: bool = False


def matched(conn: Connection, rows: Rows, every: Rows, how: How | None, *, costly: bool, valued: bool) -> Matched:
    """Return how many rows there are; by default, not where each of many (`every`) would have to be computed with.

    An estimate comes from statistics of the whole table: of values, they would tell of those that who asks may not
    see. With values (`valued`), what is asked to be estimated is counted.
    """
    if how == "none" or (how is None and costly and _count(conn, every) > MANY):
        return Matched()
    if how == "estimated" and not valued:
        return Matched(_estimate(conn, rows), estimated=True)
    return Matched(_count(conn, rows))


def _count(conn: Connection, rows: Rows) -> int:
    keys = rows.with_only_columns(sa.literal(1), maintain_column_froms=True).subquery()
    return int(conn.scalar(sa.select(sa.func.count()).select_from(keys)) or 0)


def _estimate(conn: Connection, rows: Rows) -> int:
    asked = rows.compile(conn, compile_kwargs={"render_postcompile": True})
    plan: Any = conn.exec_driver_sql("EXPLAIN (FORMAT JSON) " + str(asked), asked.params).scalar_one()
    return int(plan[0]["Plan"]["Plan Rows"])
