"""The one module that reads published values: everything served comes from one release through it.

Without a release, the latest one that was not withdrawn is read, as the connection may see it: `indicators.releases`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection
from sqlalchemy.orm import aliased

from boundaries.extents import held
from boundaries.levels import Level
from boundaries.places import Place, inside, parent_codes
from boundaries.tables import Millesime, Territory
from geo.errors import NotFound
from geo.layers import Rows
from indicators.catalogue import Indicator, catalogue
from indicators.catalogue import indicator as sheet
from indicators.releases import released
from indicators.statuses import Status
from indicators.tables import ReleaseSeries, Series, Value


class NotYetComputed(Exception):
    """Series of the release whose values nobody asked for before: who may write computes them, and asks again.

    Not an error for people: the edge answers it by `indicators.publication.filling.fill`.
    """

    def __init__(self, series_ids: Sequence[int]) -> None:
        super().__init__(f"series {list(series_ids)} are not computed yet")
        self.series_ids = list(series_ids)


PUBLISHED = [column for column in Series.__table__.c if column.name not in ("edition", "base_id")]


@dataclass(frozen=True)
class Published:
    """A series of a release: what it is and what its passport says."""

    id: int
    indicator: str
    period: str
    millesime: int
    geography: str
    levels: list[str]
    digest: str
    passport: dict[str, Any]
    computed_at: datetime
    release_id: int


@dataclass(frozen=True)
class Choices:
    """What may be asked of an indicator: levels, millesimes, and the periods of each pair of them, oldest first."""

    levels: tuple[Level, ...]
    millesimes: tuple[int, ...]
    periods: Mapping[tuple[Level, int], tuple[str, ...]]
    outlined: frozenset[int]

    def periods_in(self, millesime: int) -> list[str]:
        """The periods available in a millesime at any level, oldest first."""
        return sorted({period for (_, year), own in self.periods.items() if year == millesime for period in own})


@dataclass(frozen=True)
class ValueTable:
    """The values of a series at one level, in columns of equal length, ordered by code."""

    series: Published
    level: Level
    ids: list[int]
    codes: list[str]
    names: list[str]
    departements: list[str | None]
    values: list[float | None]
    statuses: list[Status]
    coverages: list[float]

    @property
    def version(self) -> str:
        """What identifies these values for caches."""
        return self.series.digest

    def counts(self) -> dict[Status, int]:
        """How many values have each status, those that occur."""
        return {status: self.statuses.count(status) for status in Status if status in self.statuses}


def sheet_of(conn: Connection, indicator: str, release_id: int | None = None) -> Indicator:
    """Return the sheet of an indicator that a release has something of.

    Raises NotFound, the same whether it does not exist, is a draft, under embargo or hidden from who reads.
    """
    held = set(conn.scalars(released(Series.indicator, release_id=release_id).distinct()))
    if indicator not in held:
        known = ", ".join(name for name in catalogue() if name in held) or "aucun"
        raise NotFound(f"Indicateur inconnu : « {indicator} ». Indicateurs publiés : {known}.")
    return sheet(indicator)


def choices(conn: Connection, indicator: str, release_id: int | None = None) -> Choices:
    """Return what a release has of an indicator. Raises NotFound for one that it has nothing of."""
    found = _choices(conn, [indicator], release_id).get(indicator)
    if found is None:
        sheet_of(conn, indicator, release_id)
    return found or Choices((), (), {}, frozenset())


def all_choices(conn: Connection, release_id: int | None = None) -> dict[str, Choices]:
    """Return what a release has of every indicator that it has something of, in the order of the catalogue."""
    return _choices(conn, list(catalogue()), release_id)


def _choices(conn: Connection, indicators: Sequence[str], release_id: int | None) -> dict[str, Choices]:
    outlines = {row.year: row.outlines for row in conn.execute(sa.select(Millesime.year, Millesime.outlines))}
    outlined = frozenset(year for year, drawn in outlines.items() if drawn)
    levels = {(level, year) for level, years in held(conn, outlines).items() for year in years}
    series: dict[str, list[sa.Row[Any]]] = {}
    for row in conn.execute(
        released(Series.indicator, Series.period, Series.millesime, Series.levels, release_id=release_id)
        .where(Series.indicator.in_(indicators))
        .order_by(Series.millesime, Series.period)
    ):
        series.setdefault(row.indicator, []).append(row)
    return {name: _offered(name, series[name], levels, outlined) for name in indicators if name in series}


def _offered(
    indicator: str, series: list[sa.Row[Any]], held: set[tuple[Level, int]], outlined: frozenset[int]
) -> Choices:
    periods: dict[tuple[Level, int], tuple[str, ...]] = {}
    for level in sheet(indicator).every_level:
        for row in series:
            if level in row.levels and (level, row.millesime) in held:
                pair = (level, row.millesime)
                periods[pair] = (*periods.get(pair, ()), row.period)
    kept = tuple(level for level in sheet(indicator).every_level if any(level is own for own, _ in periods))
    return Choices(kept, tuple(dict.fromkeys(row.millesime for row in series)), periods, outlined)


def find(
    conn: Connection, indicator: str, period: str, millesime: int, release_id: int | None = None
) -> Published:
    """Return one series of a release. Raises NotFound, naming the periods there are, and NotYetComputed."""
    found = conn.execute(
        released(*PUBLISHED, ReleaseSeries.release_id, release_id=release_id).where(
            Series.indicator == indicator, Series.period == period, Series.millesime == millesime
        )
    ).one_or_none()
    if found is not None:
        if found.computed_at is None:
            raise NotYetComputed([found.id])
        return Published(**found._mapping)
    offered = choices(conn, indicator, release_id)
    if millesime not in offered.millesimes:
        known = ", ".join(map(str, offered.millesimes)) or "aucun"
        raise NotFound(f"« {indicator} » n’est pas publié dans la géographie {millesime}. Millésimes : {known}.")
    known = ", ".join(offered.periods_in(millesime))
    raise NotFound(
        f"Période « {period} » non publiée pour « {indicator} » dans la géographie {millesime}. Périodes : {known}."
    )


def rows(series_id: int, level: Level, millesime: int, within: Place | None) -> Rows:
    """Return the values of a series: id, code, nom, departement, value, status, coverage, ordered by code."""
    return (
        sa.select(
            Territory.id,
            Territory.code,
            Territory.nom,
            parent_codes(Level.DEPARTEMENT).label("departement"),
            Value.value,
            Value.status,
            Value.coverage,
        )
        .join(Value, Value.territory_id == Territory.id)
        .where(
            Value.series_id == series_id,
            Territory.millesime == millesime,
            Territory.level == level.value,
            inside(within, millesime),
        )
        .order_by(Territory.code)
    )


def values_of(series_id: int, territory_ids: Sequence[int]) -> Rows:
    """Return the values of a series for some territories: territory_id, value, status, coverage."""
    return sa.select(Value.territory_id, Value.value, Value.status, Value.coverage).where(
        Value.series_id == series_id, Value.territory_id.in_(territory_ids)
    )


def require_level(
    conn: Connection, indicator: str, level: Level, within: Place | None, release_id: int | None
) -> None:
    """Do nothing where an indicator may have no value at all. Raises NotFound for a level it is not published at."""
    if within is None and level not in choices(conn, indicator, release_id).levels:
        offered = ", ".join(choices(conn, indicator, release_id).levels)
        raise NotFound(f"« {indicator} » n’est pas publié au niveau « {level} ». Niveaux : {offered}.")


def table(
    conn: Connection,
    indicator: str,
    level: Level,
    period: str,
    millesime: int,
    within: Place | None = None,
    release_id: int | None = None,
) -> ValueTable:
    """Return the values of an indicator at a level. Raises NotFound for what is not published."""
    series = find(conn, indicator, period, millesime, release_id)
    found = conn.execute(rows(series.id, level, millesime, within)).all()
    if not found:
        require_level(conn, indicator, level, within, release_id)
    return ValueTable(
        series,
        level,
        [row.id for row in found],
        [row.code for row in found],
        [row.nom for row in found],
        [row.departement for row in found],
        [row.value for row in found],
        [row.status for row in found],
        [row.coverage for row in found],
    )


def history(
    conn: Connection, indicator: str, place: Place, millesime: int, release_id: int | None = None
) -> list[sa.Row[Any]]:
    """Return a territory's values of every period, oldest first: period, value, status, coverage.

    Raises NotYetComputed, naming all the series that are lacking.
    """
    return profile(conn, [indicator], place, millesime, release_id)


def profile(
    conn: Connection, indicators: Sequence[str], place: Place, millesime: int, release_id: int | None = None
) -> list[sa.Row[Any]]:
    """Return a territory's values of several indicators, by indicator and period.

    Rows: indicator, period, value, status, coverage, digest, and the series. One look-up of the key per series, however
    large the store. Raises NotYetComputed, naming all the series that are lacking.
    """
    territory = (
        sa.select(Territory.id)
        .where(
            Territory.millesime == millesime,
            Territory.level == place.level.value,
            Territory.code == place.code,
        )
        .scalar_subquery()
    )
    own = (Series.indicator, Series.period, Value.value, Value.status, Value.coverage, Series.digest)
    found = conn.execute(
        released(*own, Series.id, Series.computed_at, release_id=release_id)
        .outerjoin(Value, sa.and_(Value.series_id == Series.id, Value.territory_id == territory))
        .where(
            Series.indicator.in_(indicators),
            Series.millesime == millesime,
            Series.levels.contains([place.level.value]),
        )
        .order_by(Series.indicator, Series.period)
    ).all()
    lacking = [row.id for row in found if row.computed_at is None]
    if lacking:
        raise NotYetComputed(lacking)
    return [row for row in found if row.status is not None]


@dataclass(frozen=True)
class Held:
    """A series of the latest release that has its values: its id, the digest of its content, and its levels."""

    id: int
    digest: str
    levels: frozenset[str]


def held_series(conn: Connection) -> dict[tuple[str, str, int], Held]:
    """Return the series of the latest release that have their values, by indicator, period and millesime."""
    found = conn.execute(
        released(Series.indicator, Series.period, Series.millesime, Series.id, Series.digest, Series.levels).where(
            Series.computed_at.is_not(None)
        )
    )
    return {
        (row.indicator, row.period, row.millesime): Held(row.id, row.digest, frozenset(row.levels))
        for row in found
    }


def joined(rows: Rows) -> Rows:
    """Return rows (column `id`) with the value and status of a series (parameter `series_id`) beside each."""
    shapes = rows.subquery("shapes")
    # outer on purpose: a territory without a row is drawn, as missing; the series was chosen before the join
    return sa.select(
        *shapes.c,
        Value.value,
        sa.func.coalesce(sa.cast(Value.status, sa.Text), Status.MISSING.value).label("status"),
    ).outerjoin(
        Value,
        sa.and_(Value.series_id == sa.bindparam("series_id", type_=sa.Integer), Value.territory_id == shapes.c.id),
    )


def with_values(features: Rows, series_id: int) -> Rows:
    """Return a layer of features (column `fid`) with the value, status and coverage of a series beside each."""
    shapes = features.subquery("shapes")
    columns = [column for column in shapes.c if column.name != "geom"]
    return sa.select(
        *columns,
        Value.value,
        sa.func.coalesce(sa.cast(Value.status, sa.Text), Status.MISSING.value).label("status"),
        Value.coverage,
        shapes.c.geom,
    ).outerjoin(Value, sa.and_(Value.series_id == series_id, Value.territory_id == shapes.c.fid))


def every_period(
    conn: Connection,
    indicator: str,
    level: Level,
    millesime: int,
    release_id: int | None = None,
    *,
    computed: bool = True,
) -> list[sa.Row[Any]]:
    """Return the series of an indicator that a release has at a level (id, period), oldest period first.

    Raises NotYetComputed, naming all that are lacking, but where `computed` is False: what is read then has no values.
    """
    found = conn.execute(
        released(Series.id, Series.period, Series.computed_at, release_id=release_id)
        .where(Series.indicator == indicator, Series.millesime == millesime, Series.levels.contains([level.value]))
        .order_by(Series.period)
    ).all()
    lacking = [row.id for row in found if row.computed_at is None]
    if computed and lacking:
        raise NotYetComputed(lacking)
    return list(found)


def with_every_value(features: Rows, series: Mapping[str, int]) -> Rows:
    """Return a layer of features (column `fid`) with the values of several series, by what names their columns.

    Columns: `value_` and `status_`, followed by the name.
    """
    shapes = features.subquery("shapes")
    columns: list[ColumnElement[Any]] = [column for column in shapes.c if column.name != "geom"]
    beside: sa.FromClause = shapes
    for name, series_id in series.items():
        own = aliased(Value)
        beside = beside.outerjoin(own, sa.and_(own.series_id == series_id, own.territory_id == shapes.c.fid))
        columns += [
            own.value.label(f"value_{name}"),
            sa.func.coalesce(sa.cast(own.status, sa.Text), Status.MISSING.value).label(f"status_{name}"),
        ]
    return sa.select(*columns, shapes.c.geom).select_from(beside)
