"""The one module that reads published values: everything served comes from the latest release through it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.orm import aliased

from boundaries.levels import Level
from boundaries.places import Place, inside, parent_codes
from boundaries.tables import Millesime, Territory
from geo.errors import NotFound
from geo.layers import Rows
from geo.tiles import TileLayer
from indicators.catalogue import indicator as sheet
from indicators.statuses import Status
from indicators.tables import Release, ReleaseSeries, Series, Value


@dataclass(frozen=True)
class Published:
    """A series of the latest release: what it is and what its passport says."""

    id: int
    indicator: str
    period: str
    millesime: int
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


def current_release(conn: Connection) -> sa.Row[Any] | None:
    """Return the latest release (id, digest, published_at), or None before the first."""
    return conn.execute(sa.select(*Release.__table__.c).order_by(Release.id.desc()).limit(1)).one_or_none()


def choices(conn: Connection, indicator: str) -> Choices:
    """Return what the latest release has of an indicator. Raises NotFound for an unknown one."""
    levels = sheet(indicator).levels
    series = conn.execute(
        _current(Series.period, Series.millesime)
        .where(Series.indicator == indicator)
        .order_by(Series.millesime, Series.period)
    ).all()
    outlined = conn.scalars(sa.select(Millesime.year).where(Millesime.outlines))
    held = {(Level(level), year) for level, year in conn.execute(_levels_held())}
    years = tuple(sorted({row.millesime for row in series}))
    periods = {
        (level, year): tuple(row.period for row in series if row.millesime == year)
        for level in levels
        for year in years
        if (level, year) in held
    }
    kept = tuple(level for level in levels if any(level is own for own, _ in periods))
    return Choices(kept, years, periods, frozenset(outlined))


def find(conn: Connection, indicator: str, period: str, millesime: int) -> Published:
    """Return one series of the latest release. Raises NotFound, naming the periods there are."""
    found = conn.execute(
        _current(*Series.__table__.c, Release.id.label("release_id")).where(
            Series.indicator == indicator, Series.period == period, Series.millesime == millesime
        )
    ).one_or_none()
    if found is not None:
        return Published(**found._mapping)
    offered = choices(conn, indicator)
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


def table(
    conn: Connection, indicator: str, level: Level, period: str, millesime: int, within: Place | None = None
) -> ValueTable:
    """Return the values of an indicator at a level. Raises NotFound for what is not published."""
    series = find(conn, indicator, period, millesime)
    found = conn.execute(rows(series.id, level, millesime, within)).all()
    if not found and within is None and level not in choices(conn, indicator).levels:
        offered = ", ".join(choices(conn, indicator).levels)
        raise NotFound(f"« {indicator} » n’est pas publié au niveau « {level} ». Niveaux : {offered}.")
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


def history(conn: Connection, indicator: str, place: Place, millesime: int) -> list[sa.Row[Any]]:
    """Return a territory's values of every period, oldest first: period, value, status, coverage."""
    return list(
        conn.execute(
            _current(Series.period, Value.value, Value.status, Value.coverage)
            .join(Value, Value.series_id == Series.id)
            .join(Territory, Territory.id == Value.territory_id)
            .where(
                Series.indicator == indicator,
                Series.millesime == millesime,
                Territory.level == place.level.value,
                Territory.code == place.code,
            )
            .order_by(Series.period)
        )
    )


def series_ids(conn: Connection) -> dict[tuple[str, str, int], int]:
    """Return the series of the latest release by indicator, period and millesime."""
    found = conn.execute(_current(Series.indicator, Series.period, Series.millesime, Series.id))
    return {(row.indicator, row.period, row.millesime): row.id for row in found}


def joined(layer: TileLayer) -> TileLayer:
    """Return a tile layer with the value and status of a series (parameter `series_id`) beside each feature."""
    shapes = layer.rows.subquery("shapes")
    value = aliased(Value)
    columns = [column for column in shapes.c if column.name != "geom"]
    # outer on purpose: a territory without a row is drawn, as missing; the series was chosen before the join
    return TileLayer(
        layer.name,
        sa.select(
            *columns,
            value.value,
            sa.func.coalesce(sa.cast(value.status, sa.Text), Status.MISSING.value).label("status"),
            shapes.c.geom,
        ).outerjoin(
            value,
            sa.and_(
                value.series_id == sa.bindparam("series_id", type_=sa.Integer), value.territory_id == shapes.c.id
            ),
        ),
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


def _levels_held() -> Rows:
    """The levels that each millesime has territories of."""
    return sa.select(Territory.level, Territory.millesime).distinct()


def _current(*columns: Any) -> Rows:
    """A select over the series of the latest release."""
    latest = sa.select(sa.func.max(Release.id)).scalar_subquery()
    return (
        sa.select(*columns)
        .select_from(Series)
        .join(ReleaseSeries, ReleaseSeries.series_id == Series.id)
        .join(Release, Release.id == ReleaseSeries.release_id)
        .where(Release.id == latest)
    )
