"""What a series says, computed first if nobody asked for it before, as the application does."""

from collections.abc import Callable
from typing import TypeVar

import sqlalchemy as sa

from boundaries.levels import Level
from indicators import published
from indicators.publication.filling import fill

T = TypeVar("T")


def computed(conn: sa.Connection, read: Callable[[], T]) -> T:
    """Return what `read` returns, on the same connection."""
    while True:
        try:
            return read()
        except published.NotYetComputed as lacking:
            for series_id in lacking.series_ids:
                fill(conn, series_id)


def table(conn: sa.Connection, indicator: str, level: Level, period: str, millesime: int) -> published.ValueTable:
    """Return the values of an indicator at a level, of the current release."""
    return computed(conn, lambda: published.table(conn, indicator, level, period, millesime))
