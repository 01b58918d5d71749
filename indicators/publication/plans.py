"""What there is to compute: every indicator of the catalogue, in every period and millesime that its inputs allow.

A plan says everything that its values depend on; `indicators.publication.filling` makes the values from what the
plan stores as the passport of the series, now or when they are first asked for.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from boundaries.levels import Level
from indicators.catalogue import Indicator, catalogue
from indicators.natures import Nature
from indicators.publication.feeding import Feed, Feeds
from indicators.publication.geographies import Geographies
from indicators.publication.periods import denominator_period, spans

COMMUNES = (Level.COMMUNE, Level.ARRONDISSEMENT_MUNICIPAL)
DEPARTEMENTS = {Level.DEPARTEMENT, Level.REGION, Level.FRANCE}  # and what is made of them


@dataclass(frozen=True)
class Plan:
    """A series to compute: its coordinates, its levels, what its passport says, and whether it is computed at once."""

    indicator: Indicator
    period: str
    millesime: int
    geography: str
    levels: tuple[Level, ...]
    units: tuple[Level, ...]
    passport: dict[str, Any]
    inputs: tuple[str, ...]
    eager: bool
    edition: int = 1  # 0 where it may not be served as it is, to somebody at least

    @cached_property
    def digest(self) -> str:
        """A digest of everything the values depend on, and of whether they may be served."""
        parts: tuple[Any, ...] = (self.indicator.digest, self.period, self.millesime, self.geography, self.inputs)
        if self.edition == 0:
            parts += ("internal",)
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


Made = Mapping[str, Mapping[tuple[str, int], Plan]]


def plans(indicator: Indicator, feeds: Feeds, made: Made, geographies: Geographies) -> Iterator[Plan]:
    """Yield the series of an indicator, given those of the indicators it is computed from."""
    if indicator.derivation is None:
        for period, levels in sorted(feeds.get(indicator.id, {}).items()):
            yield from _imported(indicator, period, levels, feeds, geographies)
    elif indicator.derivation == "area":
        for year in geographies.outlined:
            yield _area(indicator, year, geographies)
    elif indicator.derivation == "ratio":
        yield from _ratios(indicator, made)
    elif indicator.derivation == "growth":
        yield from _growths(indicator, made)
    elif indicator.derivation == "class":
        yield from _classes(indicator, made)
    elif indicator.derivation == "epci-nature":
        for year in geographies.versions:
            passport = {"by": "epci_nature", "formula": "nature de l’EPCI dans la liste des territoires"}
            geography = geographies.versions[year]
            yield Plan(indicator, str(year), year, geography, (Level.EPCI,), (), passport, (), True)
    else:
        yield from _indices(indicator, made)


def _area(indicator: Indicator, year: int, geographies: Geographies) -> Plan:
    passport = {"by": "area", "formula": "aire des contours en projection métrique"}
    geography = geographies.versions[year]
    return Plan(indicator, str(year), year, geography, indicator.every_level, COMMUNES, passport, (), True)


def _imported(
    indicator: Indicator, period: str, levels: Mapping[Level, Feed], feeds: Feeds, geographies: Geographies
) -> Iterator[Plan]:
    unit = _unit(levels)
    feed = levels[unit] if unit else None
    weight = feeds.get(str(indicator.weight), {}).get(period, {}).get(unit) if unit else None
    for year in geographies.versions:
        if unit and feed and indicator.nature.additive:
            yield _stock(indicator, feed, unit, year, geographies)
        elif unit is Level.COMMUNE and feed and indicator.nature is Nature.TYPOLOGY:
            yield _typology(indicator, feed, year, geographies)
        elif unit and feed and weight and weight.millesime == feed.millesime:
            yield _mean(indicator, feed, weight, unit, year, geographies)
        elif chosen := [own for own in levels.values() if own.level in indicator.every_level]:
            # levels delivered in several geographies make one series each, in its own; the newest is the series
            newest = max(own.millesime for own in chosen)
            yield _producer(indicator, [own for own in chosen if own.millesime == newest], year, geographies)


def _unit(levels: Mapping[Level, Feed]) -> Level | None:
    """The level that all the others delivered are made of, which alone is read then; None where there is none."""
    if Level.COMMUNE in levels:
        return Level.COMMUNE
    return Level.DEPARTEMENT if Level.DEPARTEMENT in levels and levels.keys() <= DEPARTEMENTS else None


def _stock(indicator: Indicator, feed: Feed, unit: Level, year: int, geographies: Geographies) -> Plan:
    units = COMMUNES if unit is Level.COMMUNE else (unit,)
    passport = {
        "by": "stock",
        "formula": "somme des communes"
        if unit is Level.COMMUNE
        else f"somme des territoires de niveau « {unit} »",
        "method": _method(feed, year, "valeurs du producteur, sommées"),
        **_source(feed),
    }
    return _plan(indicator, feed, year, geographies, _above(indicator, unit), units, passport, (feed.digest,))


def _mean(
    indicator: Indicator, feed: Feed, weight: Feed, unit: Level, year: int, geographies: Geographies
) -> Plan:
    units = COMMUNES if unit is Level.COMMUNE else (unit,)
    passport = {
        "by": "mean",
        "formula": f"somme de ({weight.indicator} × {indicator.id}) / somme de {weight.indicator}",
        "method": _method(feed, year, "moyennes du producteur, pondérées"),
        **_source(feed),
        "weight_import": weight.import_id,
    }
    inputs = (feed.digest, weight.digest)
    return _plan(indicator, feed, year, geographies, _above(indicator, unit), units, passport, inputs)


def _typology(indicator: Indicator, feed: Feed, year: int, geographies: Geographies) -> Plan:
    passport = {
        "by": "typology",
        "formula": "catégorie du producteur",
        "method": _method(feed, year, "catégories du producteur") + f" (règle : {indicator.conversion})",
        **_source(feed),
        "rule": indicator.conversion,
    }
    inputs = (feed.digest,)
    return _plan(indicator, feed, year, geographies, (Level.COMMUNE,), (Level.COMMUNE,), passport, inputs)


def _producer(indicator: Indicator, feeds: Sequence[Feed], year: int, geographies: Geographies) -> Plan:
    feed = feeds[0]
    same = "valeurs du producteur, niveau par niveau ; aucune formule ne les donne"
    if year != feed.millesime:
        same += f" ; reprises de la géographie {feed.millesime} là où le territoire n’a pas changé"
    passport = {
        "by": "producer",
        "formula": "valeur du producteur",
        "method": same,
        **_source(feed),
        "imports": [own.import_id for own in feeds],
    }
    levels = tuple(own.level for own in feeds)
    units = levels if indicator.nature.additive else ()  # what adds up may be divided, each level by itself
    return _plan(indicator, feed, year, geographies, levels, units, passport, tuple(own.digest for own in feeds))


def _ratios(indicator: Indicator, made: Made) -> Iterator[Plan]:
    over, under = made[str(indicator.numerator)], made[str(indicator.denominator)]
    for (period, year), first in over.items():
        second = under.get((denominator_period(indicator, period, year), year))
        if second is not None:
            formula = f"{indicator.numerator} / {indicator.denominator}"
            if indicator.factor != 1:
                formula = f"{indicator.factor:g} × {formula}"
            passport = {"by": "ratio", "formula": formula, "factor": indicator.factor}
            yield _pair(indicator, period, (first, second), passport)


def _growths(indicator: Indicator, made: Made) -> Iterator[Plan]:
    base = catalogue()[str(indicator.numerator)]
    series = made[base.id]
    for year in sorted({millesime for _, millesime in series}):
        periods = [period for period, millesime in series if millesime == year]
        for start, end, years in spans(indicator, base, periods):
            formula = f"({base.id} {end} / {base.id} {start}) ^ (1 / {years:g}) − 1"
            passport = {"by": "growth", "formula": formula, "years": years}
            yield _pair(indicator, f"{start}-{end}", (series[start, year], series[end, year]), passport)


def _indices(indicator: Indicator, made: Made) -> Iterator[Plan]:
    series = made[str(indicator.numerator)]
    for (period, year), plan in series.items():
        reference = series.get((str(indicator.base_period), year))
        if reference is not None:
            formula = f"100 × {indicator.numerator} {period} / {indicator.numerator} {indicator.base_period}"
            yield _pair(indicator, period, (reference, plan), {"by": "index", "formula": formula})


def _classes(indicator: Indicator, made: Made) -> Iterator[Plan]:
    low, high = (*indicator.bounds, None)[:2]
    where = f"{indicator.numerator} ≥ {low:g}" + (f" et < {high:g}" if high is not None else "")
    what = (
        "nombre de communes" if indicator.counted == "communes" else f"somme de {indicator.numerator} des communes"
    )
    for (period, year), plan in made[str(indicator.numerator)].items():
        if plan.units != COMMUNES:
            continue
        yield Plan(
            indicator,
            period,
            year,
            plan.geography,
            tuple(level for level in indicator.every_level if level in plan.levels),
            (Level.COMMUNE,),
            {
                "by": "class",
                "formula": f"{what} où {where}",
                "series": [plan.digest],
                "units": [Level.COMMUNE],
                "low": low,
                "high": high,
                "counted": indicator.counted,
            },
            (plan.digest,),
            plan.eager,
        )


def _pair(indicator: Indicator, period: str, pair: tuple[Plan, Plan], passport: dict[str, Any]) -> Plan:
    first, second = pair
    levels = tuple(own for own in indicator.every_level if own in first.levels and own in second.levels)
    units = tuple(unit for unit in first.units if unit in second.units)
    if not units:  # one is known by communes and the other by departements: the larger units serve both
        units = max(first.units, second.units, key=lambda own: list(Level).index(own[0]))
    inputs = (first.digest, second.digest)
    return Plan(
        indicator,
        period,
        first.millesime,
        "|".join(dict.fromkeys((first.geography, second.geography))),
        levels,
        units,
        passport | {"series": list(inputs), "units": list(units)},
        inputs,
        first.eager and second.eager,
    )


def _plan(
    indicator: Indicator,
    feed: Feed,
    year: int,
    geographies: Geographies,
    levels: tuple[Level, ...],
    units: tuple[Level, ...],
    passport: dict[str, Any],
    inputs: tuple[str, ...],
) -> Plan:
    return Plan(
        indicator,
        feed.period,
        year,
        geographies.between(feed.millesime, year),
        levels,
        units,
        passport | {"units": list(units)},
        inputs,
        year in (feed.millesime, geographies.newest),
    )


def _source(feed: Feed) -> dict[str, Any]:
    """The delivery of a series. Not the digest of its file: what else the file holds may be restricted."""
    return {
        "file": feed.file,
        "import": feed.import_id,
        "delivery": feed.delivery_id,
        "delivered_millesime": feed.millesime,
        "notes": feed.notes,
    }


def _method(feed: Feed, year: int, own: str) -> str:
    if year == feed.millesime:
        return own
    return f"passage de la géographie {feed.millesime} à {year}, scissions réparties selon la population"


def _above(indicator: Indicator, unit: Level) -> tuple[Level, ...]:
    """The levels of an indicator that sums over communes, or over departements, give."""
    if unit is Level.COMMUNE:
        return indicator.every_level
    return tuple(level for level in indicator.every_level if level in DEPARTEMENTS)
