"""The values of a series in columns, as texts of JSON arrays: what a map of a whole country is coloured from.

PostgreSQL writes the texts: 35,000 rows taken one by one would cost more than finding them. Which territories a level
has does not depend on the series: their ids and codes are read once and kept, and only values are read for each series.
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection
from sqlalchemy.orm import InstrumentedAttribute

from boundaries.levels import Level
from boundaries.places import Place, inside
from boundaries.tables import Millesime, Territory
from geo.layers import Rows
from indicators.published import Published, find, require_level, rows
from indicators.statuses import Status
from indicators.tables import Value

KEPT = 32


@dataclass(frozen=True)
class ValueColumns:
    """The values of a series at one level as texts of JSON arrays of equal length, ordered by code."""

    series: Published
    territories: int
    present: int
    ids: str
    codes: str
    values: str
    statuses: str
    coverages: str

    def counts(self) -> dict[Status, int]:
        """How many values have each status, those that occur."""
        told = {status: self.statuses.count(f'"{status}"') for status in Status}
        return {status: count for status, count in told.items() if count}


@dataclass(frozen=True)
class Territories:
    """The territories of a level and place, ordered by code."""

    ids: Sequence[int]
    codes: Sequence[str]

    @cached_property
    def id_text(self) -> str:
        """The ids as a JSON array."""
        return _array(map(str, self.ids))

    @cached_property
    def code_text(self) -> str:
        """The codes as a JSON array; they hold nothing that JSON would escape."""
        return _array(f'"{code}"' for code in self.codes)

    @cached_property
    def rank(self) -> list[int] | None:
        """Where each one is among the ids in ascending order, or None where that is the order of the codes."""
        ascending = sorted(self.ids)
        if ascending == self.ids:
            return None
        places = {identity: rank for rank, identity in enumerate(ascending)}
        return [places[identity] for identity in self.ids]

    def holds(self, column: InstrumentedAttribute[int]) -> ColumnElement[bool]:
        """Return the condition that an id is one of these: a range where they follow each other."""
        first, last = min(self.ids), max(self.ids)
        if last - first + 1 == len(self.ids):
            return column.between(first, last)
        return column == sa.any_(sa.cast(self.ids, sa.ARRAY(sa.Integer)))

    def by_code(self, text: str) -> str:
        """Return a JSON array of what was listed by ascending id; no element may hold a comma."""
        if self.rank is None:
            return f"[{text}]"
        parts = text.split(",")
        return _array(parts[rank] for rank in self.rank)


_kept: dict[Hashable, Territories] = {}  # the oldest go when there are too many


def columns(
    conn: Connection,
    indicator: str,
    level: Level,
    period: str,
    millesime: int,
    within: Place | None = None,
    release_id: int | None = None,
) -> ValueColumns:
    """Return the values of an indicator at a level, in columns. Raises NotFound for what is not published."""
    series = find(conn, indicator, period, millesime, release_id)
    found = read_columns(conn, series, level, within)
    if not found.territories:
        require_level(conn, indicator, level, within, release_id)
    return found


def read_columns(conn: Connection, series: Published, level: Level, within: Place | None) -> ValueColumns:
    """Return the values of a series at a level, in columns, empty where it has none."""
    version = conn.scalar(sa.select(Millesime.version).where(Millesime.year == series.millesime))
    key = (version, series.millesime, level, within)
    for known in (_kept.get(key), None):
        territories = known or _territories(conn, key, level, series.millesime, within)
        if not territories.ids:
            break
        found = conn.execute(texts(series.id, territories)).one()
        if found.territories == len(territories.ids):
            return ValueColumns(
                series,
                found.territories,
                found.present,
                territories.id_text,
                territories.code_text,
                *(territories.by_code(text) for text in found[2:]),
            )
    # The territories are not those of the time when the series was computed: one row each, those that have a value.
    each = conn.execute(rows(series.id, level, series.millesime, within)).all()
    return ValueColumns(
        series,
        len(each),
        sum(row.value is not None for row in each),
        _array(str(row.id) for row in each),
        _array(f'"{row.code}"' for row in each),
        _array("null" if row.value is None else repr(row.value) for row in each),
        _array(f'"{row.status}"' for row in each),
        _array(repr(row.coverage) for row in each),
    )


def texts(series_id: int, territories: Territories) -> Rows:
    """Return one row: how many of these territories the series has, how many values are there, and three texts.

    The texts list values, statuses and coverages by ascending id, between commas.
    """
    found = (
        sa.select(Value.value, Value.status, Value.coverage)
        .where(Value.series_id == series_id, territories.holds(Value.territory_id))
        .order_by(Value.territory_id)
        .subquery()
    )
    comma: ColumnElement[str] = sa.literal_column("','")

    def usual(condition: ColumnElement[bool], text: str, otherwise: ColumnElement[str]) -> ColumnElement[str]:
        """What most rows say is not written anew for each."""
        return sa.case((condition, sa.literal_column(f"'{text}'")), else_=otherwise)

    quote: ColumnElement[str] = sa.literal_column("'\"'")
    status = quote + sa.cast(found.c.status, sa.Text) + quote
    return sa.select(
        sa.func.count().label("territories"),
        sa.func.count(found.c.value).label("present"),
        sa.func.string_agg(sa.func.coalesce(sa.cast(found.c.value, sa.Text), sa.literal_column("'null'")), comma),
        sa.func.string_agg(usual(found.c.status == Status.OBSERVED, '"observed"', status), comma),
        sa.func.string_agg(usual(found.c.coverage == 1, "1", sa.cast(found.c.coverage, sa.Text)), comma),
    ).select_from(found)


def _territories(
    conn: Connection, key: Hashable, level: Level, millesime: int, within: Place | None
) -> Territories:
    listed = conn.execute(
        sa.select(Territory.id, Territory.code)
        .where(Territory.millesime == millesime, Territory.level == level.value, inside(within, millesime))
        .order_by(Territory.code)
    ).all()
    read = Territories([row.id for row in listed], [row.code for row in listed])
    _kept[key] = read
    for oldest in list(_kept)[:-KEPT]:
        _kept.pop(oldest, None)
    return read


def _array(parts: Iterable[str]) -> str:
    return f"[{','.join(parts)}]"
