"""What is asked of a collection: which level, geography, periods and release; and the layer that this is."""

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from api.dependencies import Series
from api.layers import indicator_layer, period_suffix, territory_layer
from api.ogc.collected import Collected
from api.ogc.times import Times
from boundaries import layers, places
from boundaries.levels import LABELS, Level
from boundaries.places import Place
from geo.errors import Invalid, NotFound
from geo.formats.layer import Layer
from indicators import published
from indicators.catalogue import Indicator


@dataclass(frozen=True)
class Wanted:
    """A collection at a level, in the geography of a millesime, as a release has it (the current one if None).

    `period` is that of the values of an indicator's collection, None for all of them in columns; `indicator` is what
    is joined to the collection of a level; `within` is the territory that all lies in; `nothing` says that no geography
    was in force at the time that was asked for.
    """

    collected: Collected
    level: Level
    millesime: int
    period: str | None
    indicator: Series | None
    release: int | None
    within: Place | None = None
    nothing: bool = False


def wanted_of(
    conn: sa.Connection,
    collected: Collected,
    latest: int,
    *,
    millesime: int | None = None,
    level: Level | None = None,
    period: str | None = None,
    indicator: Series | None = None,
    release: int | None = None,
    within: Place | None = None,
    times: Times | None = None,
) -> Wanted:
    """Return what is wanted of a collection, whatever was not said being chosen.

    The millesime is `latest`, or the newest one in which the indicator is published; with `times`, the newest of those
    with outlines that was in force then. The level is the finest one that the indicator is published at there. Raises
    Invalid for what the collection has not, NotFound for what is not published.
    """
    if collected.level is not None:
        if period is not None or level not in (None, collected.level):
            raise Invalid(
                f"«\u202f{collected.id}\u202f» est la collection d’un niveau\u202f: period et level ne se "
                "demandent que d’une "
                "collection d’indicateur. Ici, indicator=identifiant:période joint des valeurs."
            )
        drawn = [row.year for row in places.millesimes(conn) if row.outlines] if times is not None else []
        year, nothing = _year(drawn, latest, millesime, times)
        return Wanted(collected, collected.level, year, None, indicator, release, within, nothing)
    if collected.sheet is None:
        raise ValueError(f"collection {collected.id} has neither a level nor an indicator")
    if indicator is not None:
        raise Invalid(
            f"«\u202f{collected.id}\u202f» est la collection d’un indicateur\u202f: indicator ne se demande que "
            "d’une collection de "
            "niveau. Ici, period choisit les valeurs."
        )
    offered = published.choices(conn, collected.sheet.id, release)
    drawn = [year for year in offered.millesimes if year in offered.outlined]
    year, nothing = _year(drawn, newest(offered, latest), millesime, times)
    found = finest(offered, collected.sheet, year) if level is None else level
    if (found, year) not in offered.periods:
        raise NotFound(_unpublished(offered, collected.sheet, found, year))
    return Wanted(collected, found, year, period, None, release, within, nothing)


def layer_of(conn: sa.Connection, wanted: Wanted, *, computed: bool = True) -> Layer:
    """Return the layer of what is wanted, with all its fields: unordered, unfiltered.

    Raises NotFound for a geography or a period that is not there, and NotYetComputed for values that nobody asked for
    before: with `computed` False, for a layer whose fields alone are read, the periods in columns need none.
    """
    geography = places.require_millesime(conn, wanted.millesime)
    if wanted.within is not None:
        places.require(conn, wanted.within, wanted.millesime)
    rows = layers.features(wanted.level, wanted.millesime, wanted.within)
    if wanted.nothing:
        rows = rows.where(sa.false())
    sheet = wanted.collected.sheet
    name = wanted.collected.id
    if sheet is not None and wanted.period is None:
        series = published.every_period(
            conn, sheet.id, wanted.level, wanted.millesime, wanted.release, computed=computed
        )
        columns: Mapping[str, int] = {period_suffix(one.period): one.id for one in series}
        periods = [one.period for one in series]
        return indicator_layer(
            name, wanted.level, geography, published.with_every_value(rows, columns), sheet, periods
        )
    joined = _joined(conn, wanted)
    if joined is None:
        return territory_layer(name, wanted.level, geography, rows, None)
    item, period = joined
    found = published.find(conn, item.id, period, wanted.millesime, wanted.release)
    return territory_layer(name, wanted.level, geography, published.with_values(rows, found.id), joined)


def _year(drawn: list[int], usual: int, millesime: int | None, times: Times | None) -> tuple[int, bool]:
    """Return the millesime to read, and whether nothing of it was in force. Raises Invalid where two were asked for."""
    if times is None:
        return usual if millesime is None else millesime, False
    found = times.in_force(drawn)
    if millesime is not None and found != millesime:
        instead = "aucune géographie chargée" if found is None else f"la géographie {found}"
        raise Invalid(
            f"millesime = {millesime} et datetime ne s’accordent pas\u202f: datetime désigne {instead}. L’un "
            "des deux suffit."
        )
    return min(drawn, default=usual) if found is None else found, found is None


def _joined(conn: sa.Connection, wanted: Wanted) -> tuple[Indicator, str] | None:
    if wanted.collected.sheet is not None and wanted.period is not None:
        return wanted.collected.sheet, wanted.period
    if wanted.indicator is None:
        return None
    return published.sheet_of(conn, wanted.indicator.indicator, wanted.release), wanted.indicator.period


def newest(offered: published.Choices, latest: int) -> int:
    """Return the millesime that an indicator is given in by default: `latest`, or its newest that is drawn."""
    drawn = [year for year in offered.millesimes if year in offered.outlined]
    return latest if latest in drawn or not drawn else max(drawn)


def finest(offered: published.Choices, sheet: Indicator, millesime: int) -> Level:
    """Return the first level of the sheet that there is something at: they are listed from the finest."""
    return next((level for level in offered.levels if (level, millesime) in offered.periods), sheet.every_level[0])


def _unpublished(offered: published.Choices, sheet: Indicator, level: Level, millesime: int) -> str:
    levels = [own for own in offered.levels if (own, millesime) in offered.periods]
    if not levels:
        years = ", ".join(map(str, offered.millesimes)) or "aucun"
        return (
            f"«\u202f{sheet.id}\u202f» n’est pas publié dans la géographie {millesime}. Millésimes\u202f: {years}."
        )
    return (
        f"«\u202f{sheet.id}\u202f» n’est pas publié au niveau «\u202f{LABELS[level][0]}\u202f» dans la "
        f"géographie {millesime}. "
        f"Niveaux\u202f: {', '.join(levels)}."
    )
