"""What an attacker may still believe: the polytope of the values of unknown cells, in deviations from the truth.

Unknown are the hidden cells and, within their rounding, the published ones that are rounded. Written as deviations
y = x - value, the polytope always holds 0, so the solver starts from a feasible point and no rounding error of a
large total makes the system contradictory; cells without a value are given one that fits (`settled`). Cells that one
relation alone determines are substituted first, and what is left falls apart into connected components that are
solved one by one.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse  # type: ignore[import-untyped]
from scipy.sparse import csgraph  # type: ignore[import-untyped]

from indicators.secrecy.cells import Cells, Flags, Floats, Indices
from indicators.secrecy.relations import Relations
from indicators.secrecy.solver import Program

TOLERANCE = 1e-6
REACH = 10.0


@dataclass(frozen=True, eq=False)
class Space:
    """The rows that hold for a reader, over deviations from `centre`, with what the reader knows of each cell.

    Entry by entry for n cells: `low` and `high` bound the deviation; a cell is unknown when they differ. Where
    the attacker knows no upper (or lower) bound, the deviation stops at ten times the largest value of the system:
    further than any protection asks, so a bounded program says the same and stays exact. `known_by` is the row
    that determines a hidden cell on its own (-1: none), and `order` the order in which they were determined.
    """

    matrix: sparse.csr_array
    row_low: Floats
    row_high: Floats
    rows: Indices
    centre: Floats
    low: Floats
    high: Floats
    known_by: Indices
    order: tuple[int, ...]

    @property
    def unknown(self) -> Flags:
        """Which cells have more than one possible value."""
        return np.asarray(self.high - self.low > 0)


@dataclass(frozen=True, eq=False)
class Component:
    """Cells that share relations, and the rows over them alone (columns in the order of `cells`)."""

    cells: Indices
    rows: Indices
    matrix: sparse.csr_array
    row_low: Floats
    row_high: Floats
    low: Floats
    high: Floats


def space(cells: Cells, relations: Relations, *, recovered: Flags | None = None, substitute: bool = True) -> Space:
    """Return what a reader of the visible cells may believe; `recovered` cells count as seen exactly."""
    hidden = cells.hidden
    visible = ~hidden if recovered is None else ~hidden | recovered
    rows = relations.active(visible)
    matrix = relations.matrix[rows]
    centre = cells.value
    low = np.where(hidden, cells.lower, np.maximum(cells.lower, cells.seen_low)) - centre
    high = np.where(hidden, cells.upper, np.minimum(cells.upper, cells.seen_high)) - centre
    if recovered is not None:
        low[recovered], high[recovered] = 0.0, 0.0
    far = reach(cells, centre)
    low, high = np.maximum(low, -far), np.minimum(high, far)
    total = matrix @ centre
    row_low, row_high = relations.low[rows] - total, relations.high[rows] - total
    # the truth verifies every relation but for rounding errors: 0 is made feasible exactly
    tiny = 1e-9 * (1 + abs(matrix) @ np.abs(centre))
    row_low = np.where(row_low > -tiny, 0.0, row_low)
    row_high = np.where(row_high < tiny, 0.0, row_high)
    known_by = np.full(len(cells), -1, np.int64)
    order: list[int] = []
    if substitute:
        _substitute(matrix, row_low, row_high, low, high, known_by, order)
    known_by[known_by >= 0] = rows[known_by[known_by >= 0]]
    return Space(matrix, row_low, row_high, rows, centre, low, high, known_by, tuple(order))


def settled(cells: Cells, relations: Relations, recovered: Flags | None = None) -> Cells:
    """Return the cells with some value for those without any, which every relation that a reader knows allows.

    So that the centre of the polytope is one of its points. Raises Infeasible when no value is allowed.
    """
    unknown = np.isnan(cells.value)
    if not unknown.any():
        return cells
    rows = relations.active(~cells.hidden if recovered is None else ~cells.hidden | recovered)
    matrix = relations.matrix[rows]
    touched = np.flatnonzero(abs(matrix) @ unknown.astype(float))
    places = np.flatnonzero(unknown)
    rest = matrix[touched] @ np.where(unknown, 0.0, cells.value)
    program = Program(
        sparse.csr_array(matrix[touched][:, places]),
        relations.low[rows[touched]] - rest,
        relations.high[rows[touched]] - rest,
        cells.lower[places],
        cells.upper[places],
        presolve=True,
    )
    value = cells.value.copy()
    value[places] = np.clip(program.minimise(np.zeros(len(places))), cells.lower[places], cells.upper[places])
    return replace(cells, value=value)


def components(found: Space, wanted: Flags) -> Iterator[Component]:
    """Yield the connected components of the unknown cells that hold a wanted cell, in the order of their cells."""
    unknown = np.flatnonzero(found.unknown)
    if not len(unknown):
        return
    matrix = found.matrix[:, unknown].tocsr()
    kept = np.flatnonzero(np.diff(matrix.indptr) > 0)
    matrix = matrix[kept]
    fixed = found.matrix[kept] @ np.where(found.unknown, 0.0, found.low)
    row_low, row_high = found.row_low[kept] - fixed, found.row_high[kept] - fixed
    pattern = sparse.csr_array((np.ones(matrix.nnz), matrix.indices, matrix.indptr), shape=matrix.shape)
    graph = sparse.bmat([[None, pattern], [pattern.T, None]], format="csr")
    _, labels = csgraph.connected_components(graph, directed=False)
    of_rows, of_cells = labels[: len(kept)], labels[len(kept) :]
    needed = np.unique(of_cells[wanted[unknown]])
    cells_by, rows_by = _grouped(of_cells), _grouped(of_rows)
    firsts = sorted(needed, key=lambda label: int(cells_by[label][0]))
    for label in firsts:
        inside = cells_by[label]
        own = rows_by.get(label, np.empty(0, np.int64))
        chosen = unknown[inside]
        yield Component(
            chosen,
            found.rows[kept[own]],
            sparse.csr_array(matrix[own][:, inside]),
            row_low[own],
            row_high[own],
            found.low[chosen],
            found.high[chosen],
        )


def reach(cells: Cells, centre: Floats) -> float:
    """Return how far a deviation without a known bound goes: ten times the largest value or protection."""
    finite = [np.abs(centre)]
    for needed in (cells.floor, cells.ceiling, cells.width):
        finite.append(np.abs(needed[np.isfinite(needed) & cells.protected]))
    return REACH * max(1.0, *(float(part.max()) for part in finite if len(part)))


def room(cells: Cells, centre: Floats) -> tuple[Floats, Floats]:
    """Return how far below and above its centre each cell could go if it were hidden."""
    far = reach(cells, centre)
    return np.maximum(cells.lower - centre, -far), np.minimum(cells.upper - centre, far)


def _grouped(labels: Indices) -> dict[int, Indices]:
    order = np.argsort(labels, kind="stable")
    cuts = np.flatnonzero(np.diff(labels[order])) + 1
    return {int(labels[part[0]]): part for part in np.split(order, cuts) if len(part)}


def _substitute(
    matrix: sparse.csr_array,
    row_low: Floats,
    row_high: Floats,
    low: Floats,
    high: Floats,
    known_by: Indices,
    order: list[int],
) -> None:
    """Determine, in place, the cells that are alone unknown in an equality, again and again."""
    equality = row_high - row_low <= 0
    pattern = sparse.csr_array((np.ones(matrix.nnz), matrix.indices, matrix.indptr), shape=matrix.shape)
    while True:
        unknown = high - low > 0
        alone = np.flatnonzero((pattern @ unknown.astype(float) == 1) & equality)
        if not len(alone):
            return
        for row in alone:
            inside = slice(matrix.indptr[row], matrix.indptr[row + 1])
            ids, coefficients = matrix.indices[inside], matrix.data[inside]
            free = high[ids] - low[ids] > 0
            if free.sum() != 1:
                continue
            cell = int(ids[free][0])
            rest = float(coefficients[~free] @ low[ids[~free]])
            low[cell] = high[cell] = (row_low[row] - rest) / float(coefficients[free][0])
            known_by[cell] = row
            order.append(cell)
