"""What ties the cells of an audience's series, by the way in which each series was computed."""

from collections.abc import Iterator, Sequence
from itertools import permutations

import numpy as np
import pandas as pd

from boundaries.levels import Level
from indicators.editions.beside import Paired, product
from indicators.editions.ground import Ground
from indicators.editions.held import Held
from indicators.editions.implied import Implied
from indicators.editions.system import Extra, System, loosened
from indicators.secrecy import Relations, Standing, ratios, releases, rows, sums, together
from indicators.statuses import Status

SOURCES = {"producer", "area"}  # values that nothing computed from others: their sums are those of their source


def tie(system: System, paired: Sequence[Paired], cities: pd.DataFrame) -> Relations:
    """Return every relation between the cells of a system, as one set."""
    parts = [
        *_spaces(system),
        *_cities(system, cities),
        *_totals(system),
        *_pairs(system, paired),
        *_classes(system),
        *_millesimes(system),
        *_places(system),
    ]
    if not parts:
        return rows(system.cells, [], [], [], [])
    return together(parts)


def additive(one: Held) -> bool:
    """Whether the values of a territory are the sums of those of its parts."""
    return one.sheet.nature.additive and one.by in ("stock", "class", "producer", "area")


def units(one: Held, ground: Ground) -> np.ndarray:
    """Return the territories that the values of a series are sums over: those it has, communes or départements.

    One without a value because it is absent counts for nothing in the sums; one that could not be converted counts.
    """
    levels = [str(level) for level in one.passport.get("units", [Level.COMMUNE])]
    inside = np.isin(ground.of(one.territory, "level").astype(str), levels)
    found: np.ndarray = one.territory[inside & (one.known | (one.status == Status.IMPOSSIBLE.value))]
    return found


def _spaces(system: System) -> Iterator[Relations]:
    """Every territory is the sum of its communes, or of its départements: all levels and zonings at once."""
    for one in system.held:
        if not (one.restricted and additive(one)):
            continue
        territory, unit = system.ground.parts(one.millesime)
        kept = np.isin(unit, units(one, system.ground)) & np.isfinite(one.values_at(territory))
        if one.by in SOURCES:
            complete = (
                pd.Series(np.isfinite(one.values_at(unit))).groupby(territory).transform("all").to_numpy(bool)
            )
            kept &= complete
        if not kept.any():
            continue
        whole, part = system.ids(one, territory[kept]), system.ids(one, unit[kept])
        found = sums(system.cells, whole, part, system.named("{} = somme de ses parties"))
        yield loosened(system.cells, found) if one.by in SOURCES else found


def _cities(system: System, cities: pd.DataFrame) -> Iterator[Relations]:
    """A city is the sum of its municipal arrondissements, where each has a value."""
    if cities.empty:
        return
    for one in system.held:
        rows_of = cities[cities.millesime == one.millesime]
        if not (one.restricted and additive(one)) or rows_of.empty:
            continue
        ground = system.ground.territories
        here = ground[ground.millesime == one.millesime]
        ids = {(level, code): place for place, level, code in zip(here.index, here.level, here.code, strict=True)}
        for city, group in rows_of.groupby("whole"):
            whole = np.array([ids[Level.COMMUNE.value, str(city)]])
            parts = np.array([ids[Level.ARRONDISSEMENT_MUNICIPAL.value, str(part)] for part in group.part])
            if np.isfinite([*one.values_at(whole), *one.values_at(parts)]).all():
                total = system.ids(one, whole) * len(parts)
                found = sums(
                    system.cells,
                    total,
                    system.ids(one, parts),
                    system.named("{} = somme de ses arrondissements municipaux"),
                )
                yield loosened(system.cells, found)


def _totals(system: System) -> Iterator[Relations]:
    """A total is the sum of its parts (categories that the catalogue gives), wherever all have a value."""
    by_key = system.by_key()
    for one in system.held:
        parts = [by_key.get((part, one.period, one.millesime)) for part in one.sheet.parts]
        if not parts or not any(part is not None and part.restricted for part in [one, *parts]):
            continue
        present = [part for part in parts if part is not None]
        known = np.column_stack([np.isfinite(part.values_at(one.territory)) for part in present])
        complete = one.known & known.all(axis=1) if present else np.zeros(len(one.value), bool)
        if not complete.any():
            continue
        total = system.ids(one, one.territory[complete]) * len(present)
        columns = [cell for part in present for cell in system.ids(part, one.territory[complete])]
        every = len(present) == len(parts)
        what = "somme de ses catégories" if every else "au moins la somme de quelques-unes de ses catégories"
        found = sums(system.cells, total, columns, system.named("{} = " + what))
        if not every:
            found = Relations(found.matrix, found.low, np.full(len(found), np.inf), found.name, found.needs)
        yield loosened(system.cells, found)


def _pairs(system: System, paired: Sequence[Paired]) -> Iterator[Relations]:
    """Ratios, means, indices and growth rates, with the sums that they are made of."""
    for one in paired:
        if len(one.whole):
            found = sums(
                system.cells,
                one.whole,
                one.part,
                system.named("{} = somme de ses parties comptées"),
            )
            yield loosened(system.cells, found) if one.approximate else found
        yield ratios(
            system.cells,
            one.rate,
            one.numerator,
            one.denominator,
            system.named("{} = " + one.how.replace("{", "{{").replace("}", "}}")),
            scale=one.scale,
        )


def _classes(system: System) -> Iterator[Relations]:
    """A commune that is shown to be in a class has its value within the bounds of the class."""
    by_digest = {one.digest: one for one in system.held}
    for one in system.held:
        if one.by != "class" or not one.restricted:
            continue
        source = by_digest[one.passport["series"][0]]
        low, high = float(one.passport["low"]), one.passport["high"]
        communes = system.ground.of(one.territory, "level") == Level.COMMUNE.value
        inside = communes & one.known & (one.value != 0) & np.isfinite(source.values_at(one.territory))
        if not inside.any():
            continue
        here, there = system.ids(one, one.territory[inside]), system.ids(source, one.territory[inside])
        name = system.named("{} : dans la classe")
        names = [name(cell) for cell in here]
        yield rows(
            system.cells,
            [([cell], [1.0]) for cell in there],
            low,
            np.inf if high is None else float(high),
            names,
            needs=here,
        )
        if one.passport["counted"] == "value":
            equal = [([cell, other], [1.0, -1.0]) for cell, other in zip(here, there, strict=True)]
            yield rows(system.cells, equal, 0.0, 0.0, names, needs=here)


def _millesimes(system: System) -> Iterator[Relations]:
    """The same values in two geographies: a commune nouvelle is the sum of its parts, a part is a share."""
    for start, end in _twice(system):
        if start.by == "mean":
            yield from _products(system, start, end)
        if start.by != "stock":
            continue
        pieces = system.ground.pieces(start.millesime, end.millesime)
        known = np.isfinite(end.values_at(pieces.target.to_numpy())) & np.isfinite(
            start.values_at(pieces.origin.to_numpy())
        )
        pieces = pieces[known]
        if pieces.empty:
            continue
        yield sums(
            system.cells,
            system.ids(end, pieces.target.to_numpy()),
            system.ids(start, pieces.origin.to_numpy()),
            system.named("{} = la même valeur dans l’autre géographie"),
            weight=pieces.weight.to_numpy(),
        )


def _products(system: System, start: Held, end: Held) -> Iterator[Relations]:
    """Sums of products go from one geography to another as sums do; means themselves do not."""
    pieces = system.ground.pieces(start.millesime, end.millesime)
    whole = [product(cell) for cell in system.ids_or_none(end, pieces.target.to_numpy())]
    part = [product(cell) for cell in system.ids_or_none(start, pieces.origin.to_numpy())]
    known = system.cells.positions
    kept = [row for row in range(len(pieces)) if whole[row] in known and part[row] in known]
    if kept:
        found = sums(
            system.cells,
            [whole[row] for row in kept],
            [part[row] for row in kept],
            system.named("{} = la même somme dans l’autre géographie"),
            weight=pieces.weight.to_numpy()[kept],
        )
        yield loosened(system.cells, found)


def _places(system: System) -> Iterator[Relations]:
    """One place under two names (two geographies, two levels) has one value, even where values do not add up."""
    groups: dict[tuple[str, str], list[Held]] = {}
    for one in system.held:
        if one.restricted and not additive(one):
            groups.setdefault((one.sheet.id, one.period), []).append(one)
    for several in groups.values():
        reference = several[0].millesime
        met: dict[tuple[int, ...], str] = {}
        now, before = [], []
        for one in several:
            made = system.ground.compositions(one.millesime, reference)
            for place, cell, known in zip(one.territory.tolist(), system.ids(one), one.known, strict=True):
                if not known or place not in made:
                    continue
                first = met.setdefault(made[place], cell)
                if first != cell:
                    now.append(cell)
                    before.append(first)
        if now:
            yield loosened(
                system.cells,
                releases(
                    system.cells,
                    now,
                    before,
                    system.named("{} : le même territoire sous un autre nom"),
                ),
            )


def unpublished(one: Held, parts: Implied) -> Extra:
    """Return the cells of the parts of a series that nobody publishes."""
    return Extra(
        tuple(_part(one, name) for name in parts.names),
        tuple(f"{one.name}, partie {name} (EPCI × département)" for name in parts.names),
        "parties d’EPCI",
        parts.value,
        standing=Standing.WITHHELD,
        lower=0.0 if np.nanmin(one.measure, initial=0.0) >= 0 else -np.inf,
        floor=parts.floor,
        ceiling=parts.ceiling,
        width=parts.width,
    )


def sums_of(system: System, parts: Sequence[tuple[Held, Implied]]) -> list[Relations]:
    """Return « each of these parts is the sum of its communes »."""
    return [
        sums(
            system.cells,
            [_part(one, found.names[place]) for place in found.place],
            system.ids(one, found.unit),
            system.named("{} = somme de ses communes"),
        )
        for one, found in parts
    ]


def _part(one: Held, name: str) -> str:
    return "|".join(("partie", one.sheet.id, one.period, str(one.millesime), name))


def _twice(system: System) -> Iterator[tuple[Held, Held]]:
    """The series in the geography of their delivery, with the same in each other one: that was converted from it."""
    for first, second in permutations(system.held, 2):
        same = (first.sheet.id, first.period) == (second.sheet.id, second.period)
        delivered = first.millesime == first.passport.get("delivered_millesime") != second.millesime
        if same and delivered and first.restricted and second.restricted:
            yield first, second
