"""Values put together: sums, ratios of sums, weighted means, growth rates, indices and shares, with their coverage.

Pure functions of arrays. A value that is absent is never taken for zero: it is left out, and the result says what
share it covers. Sums are exactly rounded (`math.fsum`), so that no result depends on the order of the territories.
Which of these functions an indicator may use is decided by `indicators.natures`.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from geo.errors import Invalid
from indicators.natures import Operation
from indicators.statuses import Status

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

WHOLE = 1 - 1e-9
# What cannot stand in a ratio: a value that says nothing of its territory, or that covers another part of it than
# the value beside it may cover.
_UNFIT = (Status.NOT_SIGNIFICANT, Status.PARTIAL)


@dataclass(frozen=True)
class Values:
    """Values of several territories: NaN where there is none, their statuses, and the share that each covers.

    `units` is how many communes each territory has: coverage is the share of these communes.
    """

    figures: Floats
    statuses: Sequence[Status]
    coverages: Floats
    units: Floats

    @classmethod
    def of(
        cls,
        values: Sequence[float | None],
        statuses: Sequence[Status] | None = None,
        coverages: Sequence[float] | None = None,
        units: Sequence[float] | None = None,
    ) -> "Values":
        """Return the columns of values; those left out are plain observations of whole communes.

        >>> Values.of([3, None]).statuses == [Status.OBSERVED, Status.MISSING]
        True
        """
        figures = np.array([math.nan if value is None else value for value in values], dtype=float)
        told = [Status.MISSING if value is None else Status.OBSERVED for value in values]
        present = (~np.isnan(figures)).astype(float)
        return cls(
            figures,
            told if statuses is None else list(statuses),
            present if coverages is None else np.asarray(coverages, dtype=float),
            np.ones(len(figures)) if units is None else np.asarray(units, dtype=float),
        )

    def __len__(self) -> int:
        return len(self.figures)

    def having(self, *wanted: Status) -> Mask:
        """Return which territories have one of these statuses."""
        return np.array([status in wanted for status in self.statuses], dtype=bool)


@dataclass(frozen=True)
class Aggregate:
    """A value for a set of territories: its status, the share of the set that it covers, and what it is made of.

    `with_value` of the `territories` were used. `parts` are the sums of its formula. `status` is `partial` as soon
    as something is wanting (a secret, for one), so that no value is taken for that of the whole set.
    """

    value: float | None
    status: Status
    coverage: float
    territories: int
    with_value: int
    parts: Mapping[str, float] = field(default_factory=dict)

    @property
    def without_value(self) -> int:
        """How many territories were left out."""
        return self.territories - self.with_value


def total(values: Values) -> Aggregate:
    """Return the sum of the values that are there.

    A value that is not significant counts in a sum, which is then an estimate. Territories where the indicator has
    no object are no part of what is to be covered.

    >>> total(Values.of([1, 2, None])).value, total(Values.of([1, 2, None])).status.value
    (3.0, 'partial')
    >>> total(Values.of([0.0, 0.0])).value, total(Values.of([])).status.value
    (0.0, 'missing')
    >>> total(Values.of([None, None], [Status.SECRET, Status.MISSING])).status.value
    'secret'
    """
    used = ~np.isnan(values.figures)
    share = _share(values.coverages, values, used, ~values.having(Status.NOT_APPLICABLE))
    found = math.fsum(values.figures[used]) if used.any() else None
    return Aggregate(found, _status([values], used, share), share, len(values), int(used.sum()))


def ratio(numerators: Values, denominators: Values, factor: float = 1.0) -> Aggregate:
    """Return `factor` times the ratio of the sums, over the territories that have both values whole.

    >>> ratio(Values.of([1, 30]), Values.of([10, 90])).value  # and not the mean of 0.1 and 0.33
    0.31
    >>> ratio(Values.of([0, 0]), Values.of([0, 0])).status.value
    'not-applicable'
    """
    over, under, made = _paired(numerators, denominators, "numerator", "denominator")
    if made.value is None:
        return made
    return _defined(made, factor * over / under if under else None)


def weighted_mean(means: Values, weights: Values) -> Aggregate:
    """Return the sum of the products of means and weights over the sum of weights.

    A weight of zero has nothing to add: a territory without a mean because nothing is there leaves no gap. Raises
    Invalid for a negative weight.

    >>> weighted_mean(Values.of([10, 20]), Values.of([1, 3])).value
    17.5
    >>> weighted_mean(Values.of([10, None]), Values.of([1, 0])).coverage
    1.0
    """
    if (weights.figures < 0).any():
        raise Invalid("Un poids est négatif : une moyenne pondérée n’en admet pas.")
    empty = np.isnan(means.figures) & (weights.figures == 0)
    statuses = [
        Status.NOT_APPLICABLE if nothing else status for status, nothing in zip(means.statuses, empty, strict=True)
    ]
    products = replace(means, figures=means.figures * weights.figures, statuses=statuses)
    over, under, made = _paired(products, weights, "weighted_sum", "weights")
    if made.value is None:
        return made
    return _defined(made, over / under if under else None)


def growth(firsts: Values, lasts: Values, years: float) -> Aggregate:
    """Return the mean annual growth rate in %, (sum of lasts / sum of firsts) ^ (1 / years) - 1.

    `years` are exact years between the two dates. From nothing, or to a negative sum, it has no meaning.

    >>> round(growth(Values.of([100, 0]), Values.of([100, 21]), 2.0).value, 9)
    10.0
    >>> growth(Values.of([0]), Values.of([5]), 2.0).status.value
    'not-applicable'
    """
    if years <= 0:
        raise Invalid("Un taux d’évolution se calcule entre deux dates différentes, la première avant la seconde.")
    first, last, made = _paired(firsts, lasts, "first", "last")
    if made.value is None:
        return made
    rate = 100 * ((last / first) ** (1 / years) - 1) if first > 0 and last >= 0 else None
    return _defined(made, rate)


def index(values: Values, bases: Values) -> Aggregate:
    """Return the index of the sums, base 100.

    >>> index(Values.of([110, 30]), Values.of([100, 0])).value
    140.0
    """
    made = ratio(values, bases, 100.0)
    names = {"numerator": "value", "denominator": "base"}
    return replace(made, parts={names[name]: part for name, part in made.parts.items()})


def shares(values: Values) -> dict[float, float]:
    """Return the share of each category among the territories that have one; nothing where none has.

    >>> shares(Values.of([1, 1, 2, None])) == {1.0: 2 / 3, 2.0: 1 / 3}
    True
    """
    counts = Counter(float(code) for code in values.figures[~np.isnan(values.figures)])
    return {code: count / counts.total() for code, count in sorted(counts.items())}


def along(periods: Sequence[Aggregate], operation: Operation) -> Aggregate:
    """Return what sums of successive periods, oldest first, make over time: the last, their mean or their sum.

    A period without value makes the mean or the sum partial; the last value is that of the last period, or none.

    >>> two = [total(Values.of([4])), total(Values.of([8]))]
    >>> along(two, Operation.LAST).value, along(two, Operation.MEAN).value, along(two, Operation.SUM).value
    (8.0, 6.0, 12.0)
    """
    if operation is Operation.LAST:
        return periods[-1]
    together = total(
        Values.of(
            [period.value for period in periods],
            [period.status for period in periods],
            [period.coverage for period in periods],
        )
    )
    if together.value is None or operation is Operation.SUM:
        return together
    return replace(together, value=together.value / together.with_value)


def _paired(first: Values, second: Values, one: str, two: str) -> tuple[float, float, Aggregate]:
    """Return the sums of both over the territories where both are fit, and an aggregate without its value yet."""
    both = (first, second)
    used = ~np.isnan(first.figures) & ~np.isnan(second.figures)
    for values in both:
        used &= ~values.having(*_UNFIT)
    concerned = ~(first.having(Status.NOT_APPLICABLE) | second.having(Status.NOT_APPLICABLE))
    share = _share(np.ones(len(first)), first, used, concerned)
    status = _status(list(both), used, share)
    if not used.any():
        if status is Status.NOT_APPLICABLE and concerned.any():
            status = Status.MISSING  # elsewhere there is an object, of which nothing fit is known
        return 0.0, 0.0, Aggregate(None, status, share, len(first), 0)
    sums = math.fsum(first.figures[used]), math.fsum(second.figures[used])
    return *sums, Aggregate(0.0, status, share, len(first), int(used.sum()), {one: sums[0], two: sums[1]})


def _defined(made: Aggregate, value: float | None) -> Aggregate:
    return replace(made, value=value, status=made.status if value is not None else Status.NOT_APPLICABLE)


def _share(coverages: Floats, values: Values, used: Mask, concerned: Mask) -> float:
    """The share of the communes concerned that the values used cover; nothing concerned is nothing covered."""
    whole = math.fsum(values.units[concerned])
    covered = math.fsum((coverages * values.units)[used & concerned])
    return min(1.0, covered / whole) if whole else 0.0


def _status(columns: list[Values], used: Mask, share: float) -> Status:
    """What hinders the value, or weakens it; the graver first."""
    every = [status for values in columns for status in values.statuses]
    among = {status for values in columns for status, kept in zip(values.statuses, used, strict=True) if kept}
    if not used.any():
        for absent in (Status.SECRET, Status.NOT_SIGNIFICANT, Status.IMPOSSIBLE, Status.MISSING):
            if absent in every:
                return absent
        return Status.NOT_APPLICABLE if Status.NOT_APPLICABLE in every else Status.MISSING
    if share < WHOLE or Status.PARTIAL in among:
        return Status.PARTIAL
    if among == {Status.NOT_SIGNIFICANT}:
        return Status.NOT_SIGNIFICANT
    if among & {Status.ESTIMATED, Status.NOT_SIGNIFICANT}:
        return Status.ESTIMATED
    return Status.PROVISIONAL if Status.PROVISIONAL in among else Status.OBSERVED
