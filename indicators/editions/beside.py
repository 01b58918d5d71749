"""Ratios, means, indices and growth rates beside what they are made of, with the sums that nobody is served.

A ratio of a territory is that of two sums over the parts where both count; where these are the published totals,
it ties them; where some parts do not count, it ties sums of the others, which are cells of their own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from boundaries.levels import Level
from indicators.editions.ground import Ground
from indicators.editions.held import Held
from indicators.editions.system import Extra, cell_ids, cell_labels
from indicators.secrecy.cells import Flags, Floats, Indices

SAME = 1e-9


@dataclass(frozen=True, eq=False)
class Paired:
    """The ids of rates with those of their two terms, and the pairs (sum, part) of the sums that are cells.

    `approximate`: a part may count in the whole otherwise than it does by itself.
    """

    rate: list[str]
    numerator: list[str]
    denominator: list[str]
    scale: float
    how: str
    whole: list[str]
    part: list[str]
    approximate: bool = False


def product(mean: str) -> str:
    """Return the id of the cell that holds the sum of the products that a mean, given by its id, is made of."""
    return f"produit|{mean}"


def pairs(held: Sequence[Held], ground: Ground) -> tuple[list[Extra], list[Paired]]:
    """Return the cells to add to a system, and what its restricted ratios, means and rates tie."""
    by_digest = {one.digest: one for one in held}
    by_key = {one.key: one for one in held}
    extras: list[Extra] = []
    found: list[Paired] = []
    for one in held:
        if not one.restricted:
            continue
        if one.by in ("ratio", "growth", "index"):
            first, second = (by_digest[digest] for digest in one.passport["series"])
            over, under = (first, second) if one.by == "ratio" else (second, first)
            scale = (
                float(one.passport.get("factor", 1)) if one.by == "ratio" else 100.0 if one.by == "index" else 1.0
            )
            found.append(_ratio(one, over, under, scale, ground, extras))
        elif one.by == "mean":
            found.append(_mean(one, by_key[str(one.sheet.weight), one.period, one.millesime], ground, extras))
    return extras, found


def _ratio(one: Held, over: Held, under: Held, scale: float, ground: Ground, extras: list[Extra]) -> Paired:
    usable = _usable(one, (over, under), ground)
    place, unit = _parts(one, usable, ground)
    rate = np.array(cell_ids(one, ground), object)
    known = one.known & np.isin(np.arange(len(rate)), place)
    whole: list[str] = []
    part: list[str] = []
    terms: list[list[str]] = []
    for source, word in ((over, "numérateur"), (under, "dénominateur")):
        summed = np.bincount(place, source.values_at(unit), minlength=len(rate)).astype(float)
        own = source.values_at(one.territory)
        partial = known & ~(np.abs(own - summed) <= SAME * (1 + np.abs(summed)))
        ids = _ids_at(source, one.territory, ground)
        ids = np.where(partial, np.array([f"{word}|{each}" for each in rate], object), ids)
        _sums(one, source, partial, summed, ids, word, ground, extras)
        inside = partial[place]
        whole += ids[place[inside]].tolist()
        part += _ids_at(source, unit[inside], ground).tolist()
        terms.append(ids[known].tolist())
    words = f"{over.name} / {under.name}"
    return Paired(rate[known].tolist(), terms[0], terms[1], scale, words, whole, part)


def _mean(one: Held, weight: Held, ground: Ground, extras: list[Extra]) -> Paired:
    """A weighted mean is the ratio of a sum of products, which is nobody's indicator, to that of its weights."""
    usable = _usable(one, (one, weight), ground)
    usable = usable[weight.values_at(usable) >= 0]
    place, unit = _parts(one, usable, ground)
    rate = np.array(cell_ids(one, ground), object)
    weights = np.bincount(place, weight.values_at(unit), minlength=len(rate)).astype(float)
    known = one.known & (weights > 0)
    products = np.array([product(each) for each in rate], object)
    total = one.measure * weights
    _sums(one, one, known, total, products, "somme", ground, extras)
    own = weight.values_at(one.territory)
    partial = known & ~(np.abs(own - weights) <= SAME * (1 + np.abs(weights)))
    under = _ids_at(weight, one.territory, ground)
    under = np.where(partial, np.array([f"poids|{each}" for each in rate], object), under)
    _sums(one, weight, partial, weights, under, "poids", ground, extras)
    inside = partial[place]
    whole = under[place[inside]].tolist()
    part = _ids_at(weight, unit[inside], ground).tolist()
    several = known[place] & (one.territory[place] != unit) & known[one.at(unit)]
    whole += products[place[several]].tolist()
    part += products[one.at(unit[several])].tolist()
    words = f"moyenne pondérée par {weight.name}"
    return Paired(
        rate[known].tolist(), products[known].tolist(), under[known].tolist(), 1.0, words, whole, part, True
    )


def _usable(one: Held, sources: Sequence[Held], ground: Ground) -> Indices:
    """The units of a ratio where every source counts."""
    first = sources[0]
    levels = [str(level) for level in one.passport.get("units", [Level.COMMUNE])]
    units = first.territory[np.isin(ground.of(first.territory, "level").astype(str), levels)]
    for source in sources:
        units = units[_counts(source, units)]
    return units


def _counts(source: Held, units: Indices) -> Flags:
    places = source.at(units)
    return (places >= 0) & source.usable[places]


def _parts(one: Held, usable: Indices, ground: Ground) -> tuple[Indices, Indices]:
    """The pairs (place of a territory in the series, unit that counts in it), a unit being one of itself."""
    territory, unit = ground.parts(one.millesime)
    territory, unit = np.concatenate([territory, usable]), np.concatenate([unit, usable])
    kept = np.isin(unit, usable)
    place = one.at(territory[kept])
    return place[place >= 0], unit[kept][place >= 0]


def _ids_at(source: Held, territory: Indices, ground: Ground) -> np.ndarray:
    ids = ground.kept(("array", source.id), lambda: np.array([*cell_ids(source, ground), None], object))
    found: np.ndarray = ids[source.at(territory)]
    return found


def _sums(
    one: Held,
    source: Held,
    which: Flags,
    value: Floats,
    ids: np.ndarray,
    word: str,
    ground: Ground,
    extras: list[Extra],
) -> None:
    """Add the cells of some sums."""
    if not which.any():
        return
    labels = [f"{word} de {label}" for label in np.array(cell_labels(one, ground), object)[which]]
    least = 0.0 if np.nanmin(source.measure, initial=0.0) >= 0 else -np.inf
    extras.append(Extra(tuple(ids[which].tolist()), tuple(labels), "sommes", value[which], lower=least))
