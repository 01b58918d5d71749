"""Secondary suppression, first pass: no relation alone may tell too much of a hidden cell.

Each relation gives each of its hidden cells an interval, from what is known beforehand of its other unknown cells.
Where the interval is too narrow, the cheapest published cell of the relation that has room enough is hidden too, and
so on until nothing changes. This also leaves no relation with exactly one unknown. What several relations tell
together is for the programs of `indicators.secrecy.intervals`.
"""

import numpy as np
from scipy import sparse  # type: ignore[import-untyped]

from indicators.secrecy.cells import Cells, Floats, Indices, Standing
from indicators.secrecy.intervals import needs
from indicators.secrecy.relations import Relations
from indicators.secrecy.space import room, space

ROUNDS = 50
_SLACK = 1e-6


def cover(cells: Cells, relations: Relations) -> Cells:
    """Return the cells with the secondary ones that single relations ask for; ties go to the first identifier."""
    for _ in range(ROUNDS):
        chosen = _Round(cells, relations).chosen()
        if not len(chosen):
            break
        standing = cells.standing.copy()
        standing[chosen] = Standing.SECONDARY
        cells = cells.with_standing(standing)
    return cells


class _Round:
    """One pass over the relations that are too narrow, the shortest first; cells hidden on the way count at once."""

    def __init__(self, cells: Cells, relations: Relations) -> None:
        self.cells = cells
        found = space(cells, relations, substitute=False)
        self.matrix: sparse.csr_array = found.matrix
        self.columns = self.matrix.tocsc()
        self.row_low, self.row_high = found.row_low.copy(), found.row_high.copy()
        self.needs = relations.needs[found.rows]
        self.low, self.high = found.low.copy(), found.high.copy()
        self.centre, self.full_low, self.full_high = found.centre, *room(cells, found.centre)
        self.hidden = cells.hidden.copy()
        missing = cells.standing == Standing.MISSING
        asked = needs(cells, found, self.hidden & ~missing)
        self.down, self.up = asked.down.copy(), asked.up.copy()
        # a width that the bound below leaves no room for is asked above
        self.up = np.maximum(self.up, np.minimum(self.high, asked.width + np.maximum(self.low, -asked.width)))
        self.down = np.minimum(self.down, np.maximum(self.low, -asked.width))
        self.asking = asked.wanted.copy()
        self.inherit()
        pattern = sparse.csr_array(
            (np.ones(self.matrix.nnz), self.matrix.indices, self.matrix.indptr), shape=self.matrix.shape
        )
        self.held = pattern @ self.hidden.astype(float)

    def inherit(self) -> None:
        """Ask of each secondary cell that it move as far as the neediest protected cell of its relations."""
        secondary = self.cells.standing == Standing.SECONDARY
        if not secondary.any():
            return
        protected = self.cells.protected
        reach = np.where(protected, np.maximum(self.up, -self.down), 0.0)
        absolute = abs(self.matrix)
        # the least amount that a relation has to carry, in its own unit, then in that of the secondary cell
        carried = absolute.multiply(reach[None, :]).tocsr().max(axis=1)
        carried = (
            np.asarray(carried.todense()).ravel() if sparse.issparse(carried) else np.asarray(carried).ravel()
        )
        entries = absolute.tocoo()
        share = carried[entries.coords[0]] / np.where(entries.data > 0, entries.data, 1.0)
        amount = np.zeros(len(self.cells))
        np.maximum.at(amount, entries.coords[1], share)
        self.up[secondary] = np.minimum(self.high, amount)[secondary]
        self.down[secondary] = np.maximum(self.low, -amount)[secondary]

    def chosen(self) -> Indices:
        """Return the places of the cells to hide."""
        failing = self.failing_rows()
        self.failing = np.zeros(self.matrix.shape[0], bool)
        self.failing[failing] = True
        sizes = np.diff(self.matrix.indptr)
        picked: list[int] = []
        for row in sorted(failing, key=lambda row: (int(sizes[row]), int(row))):
            for _ in range(int(sizes[row])):
                short_up, short_down = self.shortage(int(row))
                if short_up <= 0 and short_down <= 0:
                    break
                cell = self.cheapest(int(row), short_up, short_down)
                if cell is None:
                    break
                picked.append(cell)
                self.hide(cell, max(short_up, short_down), int(row))
            self.failing[row] = False
        return np.array(sorted(picked), np.int64)

    def failing_rows(self) -> Indices:
        """Return the rows that give one of their hidden cells too narrow an interval, all at once."""
        entries = self.matrix.tocoo()
        row, column = entries.coords
        least = np.minimum(entries.data * self.low[column], entries.data * self.high[column])
        most = np.maximum(entries.data * self.low[column], entries.data * self.high[column])
        bottom = np.bincount(row, least, minlength=self.matrix.shape[0])
        top = np.bincount(row, most, minlength=self.matrix.shape[0])
        more, less = self._wanted(entries.data, column)
        room_more = self.row_high[row] - (bottom[row] - least)
        room_less = self.row_low[row] - (top[row] - most)
        slack = _SLACK * (1 + np.abs(more) + np.abs(less))
        bad = self.asking[column] & ((room_more < more - slack) | (room_less > less + slack))
        return np.unique(row[bad])

    def shortage(self, row: int) -> tuple[float, float]:
        """Return by how much the other cells of a row must be able to go lower and higher, in the row's unit."""
        inside = slice(self.matrix.indptr[row], self.matrix.indptr[row + 1])
        column, data = self.matrix.indices[inside], self.matrix.data[inside]
        one, other = data * self.low[column], data * self.high[column]
        least, most = np.minimum(one, other), np.maximum(one, other)
        more, less = self._wanted(data, column)
        asking = self.asking[column]
        slack = _SLACK * (1 + np.abs(more) + np.abs(less))
        lower = np.where(asking, more - (self.row_high[row] - (least.sum() - least)), 0.0)
        higher = np.where(asking, (self.row_low[row] - (most.sum() - most)) - less, 0.0)
        lower, higher = np.where(lower > slack, lower, 0.0), np.where(higher > slack, higher, 0.0)
        return float(lower.max(initial=0.0)), float(higher.max(initial=0.0))

    def cheapest(self, row: int, lower: float, higher: float) -> int | None:
        """Return the published cell that closes the shortage at the least cost, counting what it opens and closes.

        A cell that other narrow relations hold too serves them at once; a cell in relations without any hidden
        cell will ask for another one there; a cell without enough room serves in proportion.
        """
        inside = slice(self.matrix.indptr[row], self.matrix.indptr[row + 1])
        column, data = self.matrix.indices[inside], self.matrix.data[inside]
        if self.needs[row] >= 0:  # hiding the cell that the row is read from undoes the row
            column, data = np.append(column, self.needs[row]), np.append(data, np.inf)
        possible = self.cells.eligible[column] & ~self.hidden[column] & (self.cells.standing[column] == 0)
        column, data = column[possible], data[possible]
        if not len(column):
            return None
        one, other = _times(data, self.full_low[column]), _times(data, self.full_high[column])
        served = np.ones(len(column))
        if lower > 0:
            served = np.minimum(served, -np.minimum(one, other) / lower)
        if higher > 0:
            served = np.minimum(served, np.maximum(one, other) / higher)
        if not (served > 0).any():
            return None
        opened, closed = self._neighbours(column)
        score = self.cells.cost[column] * (1 + opened) / (1 + closed) / np.maximum(served, 1e-12)
        score = np.where(served > 0, score, np.inf)
        return int(column[int(np.argmin(score))])

    def hide(self, cell: int, amount: float, row: int) -> None:
        """Hide a cell, which must from now on be able to move by what it was hidden for."""
        self.hidden[cell] = True
        self.low[cell], self.high[cell] = self.full_low[cell], self.full_high[cell]
        undone = self.needs == cell
        self.row_low[undone], self.row_high[undone] = -np.inf, np.inf
        inside = slice(self.matrix.indptr[row], self.matrix.indptr[row + 1])
        weight = np.abs(self.matrix.data[inside][self.matrix.indices[inside] == cell])
        if len(weight):
            self.asking[cell] = True
            self.up[cell] = min(self.high[cell], amount / float(weight[0]))
            self.down[cell] = max(self.low[cell], -amount / float(weight[0]))
        rows = self.columns.indices[self.columns.indptr[cell] : self.columns.indptr[cell + 1]]
        self.held[rows] += 1

    def _wanted(self, data: Floats, column: Indices) -> tuple[Floats, Floats]:
        one, other = data * self.up[column], data * self.down[column]
        return np.maximum(one, other), np.minimum(one, other)

    def _neighbours(self, column: Indices) -> tuple[Floats, Floats]:
        starts, ends = self.columns.indptr[column], self.columns.indptr[column + 1]
        lengths = ends - starts
        places = np.repeat(starts - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths) + np.arange(
            lengths.sum()
        )
        rows = self.columns.indices[places]
        owner = np.repeat(np.arange(len(column)), lengths)
        opened = np.bincount(owner, (self.held[rows] == 0).astype(float), minlength=len(column))
        closed = np.bincount(owner, self.failing[rows].astype(float), minlength=len(column)) - 1
        # the cell that a row is read from is not in it: nothing is taken off for that row
        return opened.astype(np.float64), np.maximum(closed, 0.0)


def _times(data: Floats, room: Floats) -> Floats:
    return np.where(room == 0, 0.0, data * np.where(room == 0, 1.0, room))
