"""What ties cells together, row by row, each with the name by which people know it.

A relation says that a weighted sum of cells lies between two known numbers, most often that it is zero: a total is
the sum of its parts. The functions below write the relations of everything that a release shows at once; `together`
makes one system of them, non-nested hierarchies, categories, years, millesimes and earlier releases included.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import sparse  # type: ignore[import-untyped]

from geo.errors import Invalid
from indicators.secrecy.cells import Cells, Floats, Indices, Standing
from indicators.secrecy.errors import Inconsistent

Naming = Callable[[str], str]


@dataclass(frozen=True, eq=False)
class Relations:
    """Rows `low <= matrix @ x <= high` over the cells x, with a name each.

    A row with `needs` at 0 or more holds for a reader only while that cell is visible: the coefficients of
    « numerator = rate x denominator » are read from it.
    """

    matrix: sparse.csr_array
    low: Floats
    high: Floats
    name: tuple[str, ...]
    needs: Indices

    def __len__(self) -> int:
        return len(self.name)

    def active(self, visible: np.ndarray) -> Indices:
        """Return the rows that hold for a reader who sees those cells."""
        return np.flatnonzero((self.needs < 0) | visible[self.needs])

    def taken(self, rows: Indices) -> "Relations":
        """Return some rows, in that order."""
        names = tuple(self.name[row] for row in rows)
        return Relations(self.matrix[rows], self.low[rows], self.high[rows], names, self.needs[rows])

    def over(self, order: Indices) -> "Relations":
        """Return the same relations over the cells in another order."""
        places = np.empty(len(order), np.int64)
        places[order] = np.arange(len(order))
        needs = np.where(self.needs < 0, -1, places[self.needs])
        matrix = self.matrix[:, order].tocsr()
        matrix.sort_indices()
        return replace(self, matrix=matrix, needs=needs)

    def without(self, text: str) -> "Relations":
        """Return the relations whose name does not contain a text."""
        kept = [row for row, name in enumerate(self.name) if text not in name]
        return self.taken(np.array(kept, np.int64))

    def check(self, cells: Cells, tolerance: float = 1e-6) -> None:
        """Raise Inconsistent where the true values contradict a relation by more than a relative tolerance."""
        if self.matrix.shape != (len(self.name), len(cells)):
            raise Invalid("Relations du secret : elles ne portent pas sur ces cellules.")
        known = np.isfinite(cells.value)
        value = np.where(known, cells.value, 0.0)
        total = self.matrix @ value
        complete = (abs(self.matrix) @ (~known).astype(float)) == 0
        slack = tolerance * (1 + abs(self.matrix) @ np.abs(value))
        wrong = complete & ((total < self.low - slack) | (total > self.high + slack))
        if wrong.any():
            row = int(np.argmax(wrong))
            gap = max(self.low[row] - total[row], total[row] - self.high[row])
            raise Inconsistent(
                f"Les valeurs ne vérifient pas la relation « {self.name[row]} » : l’écart est de {gap:g}. Une "
                "relation approchée se déclare avec sa tolérance."
            )


def together(parts: Sequence[Relations]) -> Relations:
    """Return one system of several sets of relations over the same cells."""
    if not parts:
        raise Invalid("Relations du secret : il n’y en a aucune.")
    return Relations(
        sparse.csr_array(sparse.vstack([part.matrix for part in parts], format="csr")),
        np.concatenate([part.low for part in parts]),
        np.concatenate([part.high for part in parts]),
        tuple(name for part in parts for name in part.name),
        np.concatenate([part.needs for part in parts]),
    )


def rows(
    cells: Cells,
    entries: Sequence[tuple[Sequence[str], Sequence[float]]],
    low: ArrayLike,
    high: ArrayLike,
    names: Sequence[str],
    needs: Sequence[str | None] | None = None,
) -> Relations:
    """Return relations written out: for each, its cells and their coefficients, its two bounds and its name."""
    lengths = [len(ids) for ids, _ in entries]
    columns = np.concatenate([cells.places(ids) for ids, _ in entries] or [np.empty(0, np.int64)])
    data = np.concatenate([np.asarray(given, float) for _, given in entries] or [np.empty(0)])
    starts = np.repeat(np.arange(len(entries)), lengths)
    matrix = sparse.csr_array(
        sparse.coo_array((data, (starts, columns)), shape=(len(entries), len(cells))), dtype=float
    )
    matrix.eliminate_zeros()  # a rate of zero says nothing of its denominator
    conditions = [-1 if need is None else cells.position(need) for need in needs or [None] * len(entries)]
    return Relations(
        matrix,
        np.broadcast_to(np.asarray(low, float), len(entries)).copy(),
        np.broadcast_to(np.asarray(high, float), len(entries)).copy(),
        tuple(names),
        np.array(conditions, np.int64),
    )


def sums(
    cells: Cells,
    whole: Sequence[str],
    part: Sequence[str],
    named: Naming,
    *,
    weight: ArrayLike = 1.0,
    tolerance: float = 0.0,
    partial: bool = False,
) -> Relations:
    """Return one relation « whole = sum of weight x part » for each distinct whole of the pairs (whole, part).

    The pairs of any hierarchy, nested in others or not: communes of EPCI, of départements, of any zoning,
    categories of totals; with `weight`, what a value of one millesime takes of those of another (a commune nouvelle
    is the sum of its parts; a restored commune is a share of the former one). `tolerance` is how far, in the unit,
    the producer's total may be from the sum. With `partial`, parts missing in the source are left out, as they are
    of a published partial sum.

    >>> cells = Cells.of(["e", "a", "b"], [5, 2, 3])
    >>> sums(cells, ["e", "e"], ["a", "b"], "{} = somme de ses communes".format).name
    ('e = somme de ses communes',)
    """
    if len(whole) != len(part):
        raise Invalid("Relations du secret : à chaque partie doit répondre son total.")
    codes, wholes = pd.factorize(np.asarray(whole, object), sort=True)
    weights = np.broadcast_to(np.asarray(weight, float), len(part))
    columns = cells.places(part)
    if partial:
        kept = cells.standing[columns] != Standing.MISSING
        codes, weights, columns = codes[kept], weights[kept], columns[kept]
    tops = cells.places(list(wholes))
    count = len(wholes)
    matrix = sparse.coo_array(
        (
            np.concatenate([np.ones(count), -weights]),
            (np.concatenate([np.arange(count), codes]), np.concatenate([tops, columns])),
        ),
        shape=(count, len(cells)),
    )
    bound = np.full(count, float(tolerance))
    return Relations(
        sparse.csr_array(matrix), -bound, bound, tuple(named(one) for one in wholes), np.full(count, -1, np.int64)
    )


def ratios(
    cells: Cells,
    rate: Sequence[str],
    numerator: Sequence[str],
    denominator: Sequence[str],
    named: Naming,
    *,
    scale: float = 1.0,
) -> Relations:
    """Return what « rate = scale x numerator / denominator » tells, whichever of the three is visible.

    A visible rate is known within its rounding (`seen_low` to `seen_high`): numerator and denominator, hidden or
    not, stay between two proportions. A visible denominator ties numerator and rate likewise. Shares, means
    (numerator = sum of the values), densities, indices (scale 100, denominator = the base period) and growth
    factors (see `growth_factor`) are ratios. Rates whose denominator may be zero or below are refused.
    """
    entries: list[tuple[list[str], list[float]]] = []
    low, high, names, needs = [], [], [], []

    def add(ids: tuple[str, str], coefficients: tuple[float, float], side: int, name: str, need: str) -> None:
        entries.append((list(ids), list(coefficients)))
        low.append(-np.inf if side < 0 else 0.0)
        high.append(np.inf if side > 0 else 0.0)
        names.append(name)
        needs.append(need)

    for r, n, d in zip(rate, numerator, denominator, strict=True):
        name, at, base = named(r), cells.position(r), cells.position(d)
        if cells.lower[base] < 0:
            raise Invalid(f"Relations du secret : le dénominateur « {cells.label[base]} » peut être négatif.")
        if np.isfinite(cells.seen_low[at]):
            least, most = cells.seen_low[at] / scale, cells.seen_high[at] / scale
            for sign in (0,) if least == most else (1, -1):
                add((n, d), (1.0, -(least if sign >= 0 else most)), sign, name, r)
        if np.isfinite(cells.seen_low[base]) and cells.seen_low[base] > 0:
            least, most = cells.seen_low[base] / scale, cells.seen_high[base] / scale
            exact = least == most
            signs = (0,) if exact else (1, -1)
            for sign in signs:
                # a rate of either sign is at least the smaller product and at most the larger one
                factor = least if sign >= 0 else most
                if not exact and cells.lower[at] < 0:
                    raise Invalid(f"Relations du secret : le taux « {cells.label[at]} » peut être négatif.")
                add((n, r), (1.0, -factor), sign, name, d)
    return rows(cells, entries, low, high, names, needs)


def growth_factor(rate_pct: ArrayLike, years: float, step_pct: float = 0.0) -> tuple[Floats, Floats, Floats]:
    """Return the factor last / first that a mean annual rate in per cent tells over years, with its rounding.

    Three arrays: the factor, and the bounds of what a reader learns of it when the rate is rounded to `step_pct`.
    A growth rate enters the system as the cell of its factor, tied by `ratios`; so it stays linear.

    >>> [float(round(bound[0], 6)) for bound in growth_factor([10.0], 2, 1.0)]
    [1.21, 1.199025, 1.221025]
    """
    rate = np.atleast_1d(np.asarray(rate_pct, float))
    shown = np.round(rate / step_pct) * step_pct if step_pct else rate
    low, high = shown - step_pct / 2, shown + step_pct / 2
    return (1 + rate / 100) ** years, (1 + low / 100) ** years, (1 + high / 100) ** years


def releases(
    cells: Cells, now: Sequence[str], before: Sequence[str], named: Naming, *, revision: float = 0.0
) -> Relations:
    """Return « the same value in an earlier release, still readable », revised at most by `revision` (its unit)."""
    entries = [([new, old], [1.0, -1.0]) for new, old in zip(now, before, strict=True)]
    return rows(cells, entries, -revision, revision, [named(new) for new in now])
