"""Discretisations: from the values of a map to its classes.

Intervals are closed on the left, `[a, b[`, and the last one on both sides; a value equal to a limit belongs
to the class above it, in the map, the legend, the table and the API alike, because all of them use `index_of`
(or the same comparison: the number of inner limits that are less than or equal to the value).

A limit is then told with as few digits as possible, inside the gap that separates the two classes, so that
the legend is short *and* exact: simplifying a limit never moves a value.

Degenerate input (no value, all equal, fewer values than classes, ties) gives fewer classes and a note in
French, never an empty class, a NaN or an exception. The manual method alone keeps all its limits, and so may
have empty classes: its limits were chosen to compare maps, which must then share them.

Formulas: Fisher (1958), "On grouping for maximum homogeneity", solved exactly by dynamic programming with the
monotony of the optimal limits (as ckmeans.1d.dp does); head/tail: Jiang (2013); Q6: min, P5, Q1, median, Q3,
P95, max, as French cartographers use it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from geo.errors import Invalid

Floats = NDArray[np.float64]

MIN_CLASSES, MAX_CLASSES = 2, 7
_SIDES: tuple[Literal["left"], Literal["right"]] = ("left", "right")


class Method(StrEnum):
    """A way to cut values into classes; the value is the word used in URLs."""

    FISHER = "fisher"
    QUANTILES = "quantiles"
    EQUAL = "amplitudes"
    Q6 = "q6"
    MEAN_SD = "ecart-type"
    GEOMETRIC = "geometrique"
    HEAD_TAIL = "tete-queue"
    NESTED_MEANS = "moyennes-emboitees"
    MANUAL = "manuelle"


LABELS: dict[Method, str] = {
    Method.FISHER: "Seuils naturels (Fisher)",
    Method.QUANTILES: "Effectifs égaux (quantiles)",
    Method.EQUAL: "Amplitudes égales",
    Method.Q6: "Q6 (quantiles et valeurs extrêmes)",
    Method.MEAN_SD: "Moyenne et écart-type",
    Method.GEOMETRIC: "Progression géométrique",
    Method.HEAD_TAIL: "Tête et queue",
    Method.NESTED_MEANS: "Moyennes emboîtées",
    Method.MANUAL: "Seuils de l’indicateur",
}


@dataclass(frozen=True)
class Classes:
    """The classes of one map: `limits` has one number more than there are classes (none without a value).

    `counts` is the number of values of each class, from low to high; `notes` says, in French, why there are
    fewer classes than asked for.
    """

    method: Method
    limits: tuple[float, ...]
    counts: tuple[int, ...]
    notes: tuple[str, ...] = field(default=())

    @property
    def inner(self) -> tuple[float, ...]:
        """The limits between classes; all that is needed to class a value."""
        return self.limits[1:-1]

    def __len__(self) -> int:
        return len(self.counts)


def index_of(inner: Sequence[float], value: float) -> int:
    """Return the class of `value`, from 0: the number of inner limits less than or equal to it.

    >>> [index_of([10.0, 20.0], v) for v in (3, 10, 19.9, 20, 999)]
    [0, 1, 1, 2, 2]
    """
    return int(np.searchsorted(np.asarray(inner, dtype=float), value, side="right"))


def indexes_of(inner: Sequence[float], values: Floats) -> NDArray[np.intp]:
    """Return the class of each value, as `index_of` does."""
    return np.searchsorted(np.asarray(inner, dtype=float), values, side="right")


def suggested_count(n: int) -> int:
    """Return how many classes n values bear, between 2 and 7: Huntsberger's 1 + 3.3 log10(n), at most 6.

    >>> [suggested_count(n) for n in (1, 5, 18, 71, 1228, 35000)]
    [2, 3, 5, 6, 6, 6]
    """
    return max(MIN_CLASSES, min(6, round(1 + 3.3 * float(np.log10(max(n, 1))))))


def classify(values: Sequence[float] | Floats, method: Method, k: int, manual: Sequence[float] = ()) -> Classes:
    """Return the classes of `values`, at most `k` of them.

    `manual` holds the inner limits of the manual method, and is ignored by the others. Values that are not
    finite are refused: a status is not a value.

    >>> classify([1, 2, 3, 11, 12, 13], Method.FISHER, 2).limits
    (1.0, 7.0, 13.0)
    >>> classify([4, 4, 4], Method.QUANTILES, 5).notes
    ('Toutes les valeurs sont égales : une seule classe.',)
    >>> classify([], Method.FISHER, 5).limits
    ()
    """
    if not MIN_CLASSES <= k <= MAX_CLASSES:
        raise Invalid(f"Le nombre de classes va de {MIN_CLASSES} à {MAX_CLASSES} ; « {k} » n’en est pas un.")
    x = np.sort(np.asarray(values, dtype=float))
    if not np.isfinite(x).all():
        raise Invalid("Seules des valeurs finies peuvent être classées.")
    if x.size == 0:
        return Classes(method, (), (), ("Aucune valeur à classer.",))
    if method is Method.MANUAL:
        return _manual(x, manual)
    distinct = np.unique(x)
    if distinct.size == 1:
        only = float(distinct[0])
        return Classes(
            method, (only, only), (int(x.size),), ("Toutes les valeurs sont égales : une seule classe.",)
        )
    inner = _without_empty(_METHODS[method](x, k), x, distinct)
    asked = _asked(method, k, len(inner) + 1)
    notes = []
    if len(inner) + 1 < asked:
        why = "il n’y a pas assez de valeurs différentes" if distinct.size < asked else "d’autres seraient vides"
        notes.append(f"{len(inner) + 1} classes au lieu de {asked} : {why}.")
    return Classes(method, (float(x[0]), *inner, float(x[-1])), _counts(inner, x), tuple(notes))


def _counts(inner: Sequence[float], x: Floats) -> tuple[int, ...]:
    return tuple(int(c) for c in np.bincount(indexes_of(inner, x), minlength=len(inner) + 1))


def _asked(method: Method, k: int, given: int) -> int:
    """Return the number of classes that the method was to give."""
    fixed = {Method.Q6: 6, Method.HEAD_TAIL: given, Method.NESTED_MEANS: 1 << (k.bit_length() - 1)}
    return fixed.get(method, k)


def _manual(x: Floats, given: Sequence[float]) -> Classes:
    """Return the classes with these inner limits, whatever the values."""
    if not given or any(after <= before for before, after in pairwise(given)):
        raise Invalid("Des seuils donnés à la main vont en croissant, sans doublon, et il en faut au moins un.")
    if len(given) >= MAX_CLASSES:
        raise Invalid(f"Une carte a au plus {MAX_CLASSES} classes, donc {MAX_CLASSES - 1} seuils.")
    inner = [float(limit) for limit in given]
    limits = (min(float(x[0]), inner[0]), *inner, max(float(x[-1]), inner[-1]))
    return Classes(Method.MANUAL, limits, _counts(inner, x))


def _without_empty(wanted: Sequence[float], x: Floats, distinct: Floats) -> list[float]:
    """Return the inner limits that leave no class empty, told with few digits.

    A limit moves at most by a hundredth of the range, and never past a value.
    """
    reach = (float(x[-1]) - float(x[0])) / 100
    kept: list[float] = []
    last = 0  # rank, among the distinct values, of the first value of the current class
    for limit in sorted(set(wanted)):
        rank = int(np.searchsorted(distinct, limit, side="left"))
        if rank <= last or rank >= distinct.size:
            continue  # nothing below it since the previous limit, or nothing above it
        below, above = float(distinct[rank - 1]), float(distinct[rank])
        kept.append(shortest(max(below, limit - reach), min(above, limit + reach), limit))
        last = rank
    return kept


def shortest(below: float, upto: float, near: float) -> float:
    """Return the number with the fewest digits in `]below, upto]`, the nearest to `near` among them.

    >>> shortest(24.7, 25.31, 25.0), shortest(0.0312, 0.0349, 0.033), shortest(-3.2, -2.9, -3.0)
    (25.0, 0.033, -3.0)
    """
    low, high, goal = Decimal(repr(below)), Decimal(repr(upto)), Decimal(repr(near))
    start = max(abs(low), abs(high)).adjusted() if low or high else 0
    for exponent in range(start, start - 20, -1):
        step = Decimal(1).scaleb(exponent)
        first = (low / step).to_integral_value(ROUND_CEILING) * step
        if first == low:
            first += step
        if first > high:
            continue
        nearest = (goal / step).to_integral_value() * step
        last = (high // step if high >= 0 else (high / step).to_integral_value(ROUND_CEILING)) * step
        while last > high:
            last -= step
        chosen = float(min(max(nearest, first), last))
        if below < chosen <= upto:
            return chosen
    return upto


def _quantile_limits(x: Floats, shares: Sequence[float]) -> list[float]:
    """Return the values that leave about these shares of the values below them.

    Tied values stay together: the limit goes to the nearer end of the tie.
    """
    limits: list[float] = []
    for share in shares:
        rank = min(x.size - 1, int(np.ceil(x.size * share - 1e-9)))
        first, after = (int(np.searchsorted(x, x[rank], side=side)) for side in _SIDES)
        chosen = first if first > 0 and rank - first <= after - rank else after
        if chosen < x.size:
            limits.append(float(x[chosen]))
    return limits


def _quantiles(x: Floats, k: int) -> list[float]:
    return _quantile_limits(x, [i / k for i in range(1, k)])


def _q6(x: Floats, k: int) -> list[float]:
    return _quantile_limits(x, [0.05, 0.25, 0.5, 0.75, 0.95])


def _equal(x: Floats, k: int) -> list[float]:
    return [float(limit) for limit in np.linspace(x[0], x[-1], k + 1)[1:-1]]


def _mean_sd(x: Floats, k: int) -> list[float]:
    """Return limits one standard deviation apart; the mean is a limit (k even) or amid a class (k odd)."""
    mean, sd = float(x.mean()), float(x.std())
    return [mean + (i - k / 2) * sd for i in range(1, k)]


def _geometric(x: Floats, k: int) -> list[float]:
    if x[0] <= 0:
        raise Invalid(
            "La progression géométrique demande des valeurs strictement positives ; "
            "les quantiles ou les seuils naturels conviennent."
        )
    return [float(limit) for limit in np.geomspace(x[0], x[-1], k + 1)[1:-1]]


def _head_tail(x: Floats, k: int) -> list[float]:
    """Return the means of the successive heads, while the head is a minority (at most 40 %) and k allows."""
    limits: list[float] = []
    rest = x
    while len(limits) < k - 1 and rest[0] < rest[-1]:
        mean = float(rest.mean())
        head = rest[rest >= mean]
        limits.append(mean)
        if head.size > 0.4 * rest.size:
            break
        rest = head
    return limits


def _nested_means(x: Floats, k: int) -> list[float]:
    """Return the mean, then the means of both sides, and so on: 2, 4 classes (the powers of 2 up to k)."""
    limits: list[float] = []
    parts = [x]
    for _ in range(k.bit_length() - 1):
        means = [(part, float(part.mean())) for part in parts if part.size]
        limits += [mean for _, mean in means]
        parts = [side for part, mean in means for side in (part[part < mean], part[part >= mean])]
    return limits


def _fisher(x: Floats, k: int) -> list[float]:
    """Return the limits of the partition with the least sum of squared deviations within classes; exact."""
    values, counts = np.unique(x, return_counts=True)
    firsts = fisher_starts(values, counts.astype(float), min(k, values.size))
    # Half-way inside each gap: `shortest` then picks a limit with few digits near it, on any side.
    return [float(values[first - 1] + (values[first] - values[first - 1]) / 2) for first in firsts[1:]]


def fisher_starts(values: Floats, weights: Floats, k: int) -> list[int]:
    """Return the rank of the first value of each of the `k` best classes of sorted distinct `values`.

    Minimises the weighted sum of squared deviations from the class means. Values are centred first, because
    the cost of a class comes from cumulated sums (Q - S^2/W) and large offsets would eat its digits. Each
    layer is solved for all its middles at once: the best start of a class never moves back when its end moves
    on, so layers cost O(n log n).
    """
    n = values.size
    centred = values - np.average(values, weights=weights)
    sums = np.zeros((3, n + 1))
    np.cumsum(weights, out=sums[0, 1:])
    np.cumsum(weights * centred, out=sums[1, 1:])
    np.cumsum(weights * centred**2, out=sums[2, 1:])

    def cost(start: NDArray[np.intp], stop: NDArray[np.intp]) -> Floats:
        w, s, q = sums[:, stop] - sums[:, start]
        deviation: Floats = np.maximum(q - s * s / w, 0.0)
        return deviation

    ends = np.arange(1, n + 1)
    best = cost(np.zeros(n, dtype=np.intp), ends)  # best[j]: least cost of the values 0..j in one class
    starts = np.zeros((k, n), dtype=np.intp)
    for layer in range(1, k):
        best, starts[layer] = _layer(best, cost, layer, n)
    chosen = [0] * k
    end = n - 1
    for layer in range(k - 1, 0, -1):
        chosen[layer] = int(starts[layer, end])
        end = chosen[layer] - 1
    return chosen


def _layer(
    previous: Floats,
    cost: Callable[[NDArray[np.intp], NDArray[np.intp]], Floats],
    layer: int,
    n: int,
) -> tuple[Floats, NDArray[np.intp]]:
    """Return, for each last value j, the least cost with one class more, and where that class starts."""
    best = np.full(n, np.inf)
    starts = np.zeros(n, dtype=np.intp)
    # Ranges of j still to solve, each with the bounds of its best start: [low, high] and [first, last].
    low, high = np.array([layer]), np.array([n - 1])
    first, last = np.array([layer]), np.array([n - 1])
    while low.size:
        middle = (low + high) // 2
        upto = np.minimum(last, middle)
        sizes = upto - first + 1
        offsets = np.concatenate(([0], np.cumsum(sizes)[:-1]))
        start = np.arange(int(sizes.sum())) - np.repeat(offsets - first, sizes)
        total = previous[start - 1] + cost(start, np.repeat(middle, sizes) + 1)
        least = np.minimum.reduceat(total, offsets)
        hits = np.flatnonzero(total == np.repeat(least, sizes))
        found = start[hits[np.searchsorted(hits, offsets)]]
        best[middle], starts[middle] = least, found
        left, right = low < middle, middle < high
        low, high, first, last = (
            np.concatenate((low[left], middle[right] + 1)),
            np.concatenate((middle[left] - 1, high[right])),
            np.concatenate((first[left], found[right])),
            np.concatenate((found[left], last[right])),
        )
    return best, starts


_METHODS: dict[Method, Callable[[Floats, int], list[float]]] = {
    Method.FISHER: _fisher,
    Method.QUANTILES: _quantiles,
    Method.EQUAL: _equal,
    Method.Q6: _q6,
    Method.MEAN_SD: _mean_sd,
    Method.GEOMETRIC: _geometric,
    Method.HEAD_TAIL: _head_tail,
    Method.NESTED_MEANS: _nested_means,
}
