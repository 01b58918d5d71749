"""Secondary suppression, second pass: widen the cells that several relations together still tell too much of.

For such a cell, one linear program finds the cheapest movement that takes it as far as it needs: hidden cells move
for nothing, published ones at their cost for each unit moved (Kelly, Golden and Assad, « Cell suppression: disclosure
protection for sensitive tabular data », Networks 22, 1992). The published cells that move are hidden; the movement
itself then proves that the cell is wide enough. Programs are local: a neighbourhood of the cell, enlarged until it
suffices, the whole system at last.
"""

import numpy as np
from scipy import sparse  # type: ignore[import-untyped]

from indicators.secrecy.cells import Cells, Floats, Indices, Standing
from indicators.secrecy.errors import Unprotectable
from indicators.secrecy.intervals import Needs, Seen
from indicators.secrecy.relations import Relations
from indicators.secrecy.solver import Infeasible, Program
from indicators.secrecy.space import Space, room, space

NEAR, WIDER, BATCH = 500, 6, 50
_MOVED = 1e-7


class Repair:
    """Widens cells one by one; `cells` is the pattern so far, `seen` what its polytope is known to hold."""

    def __init__(self, cells: Cells, relations: Relations, seen: Seen, *, seconds: float) -> None:
        self.cells, self.relations, self.seen, self.seconds = cells, relations, seen, seconds
        self.read()

    def read(self) -> None:
        """Take the pattern as it is now."""
        self.space: Space = space(self.cells, self.relations, substitute=False)
        self.columns = self.space.matrix.tocsc()
        self.full_low, self.full_high = room(self.cells, self.space.centre)
        matrix = self.space.matrix
        self.pattern = sparse.csr_array((np.ones(matrix.nnz), matrix.indices, matrix.indptr), shape=matrix.shape)
        self.degree = np.diff(self.columns.indptr)
        self.movable = self.space.unknown | (self.cells.eligible & (self.cells.standing != Standing.MISSING))
        self.price = np.where(self.space.unknown, 0.0, self.cells.cost)

    def widen(self, cell: int, asked: Needs) -> None:
        """Hide what lets a cell go as far as it needs. Raises Unprotectable when nothing does."""
        seen = self.seen
        if seen.low[cell] > asked.down[cell] * (1 - 1e-6) or asked.down[cell] < seen.low[cell]:
            self._move(cell, -1, -asked.down[cell])
        if asked.up[cell] > seen.high[cell]:
            self._move(cell, 1, asked.up[cell])
        lacking = asked.width[cell] - (seen.high[cell] - seen.low[cell])
        if lacking > 1e-6 * asked.width[cell]:
            up = min(lacking, self.full_high[cell] - seen.high[cell])
            if up > 0 and not self._move(cell, 1, seen.high[cell] + up, needed=False):
                up = 0.0
            lacking = asked.width[cell] - (seen.high[cell] - seen.low[cell])
            if lacking > 1e-6 * asked.width[cell]:
                self._move(cell, -1, lacking - seen.low[cell])

    def _move(self, cell: int, sign: int, target: float, *, needed: bool = True) -> bool:
        if target <= 0:
            return True
        near = NEAR
        while True:
            inside = self._around(cell, near)
            try:
                self._solve(cell, sign, target, inside)
                return True
            except Infeasible:
                if len(inside) < near:
                    break
                near *= WIDER
        if needed:
            raise Unprotectable(
                f"La cellule « {self.cells.label[cell]} » ne peut pas être protégée : même en masquant tout ce qui "
                "peut l’être, les relations publiées la donnent de trop près. Rien n’est publié."
            )
        return False

    def _solve(self, cell: int, sign: int, target: float, inside: Indices) -> None:
        found = self.space
        rows = np.unique(self.columns[:, inside].indices)
        matrix = sparse.csc_array(found.matrix[rows][:, inside])
        base_low, base_high = found.low[inside].copy(), found.high[inside].copy()
        at = int(np.searchsorted(inside, cell))
        if sign > 0:
            base_low[at] = min(target, base_high[at])
        else:
            base_high[at] = max(-target, base_low[at])
        if sign * (base_low[at] if sign > 0 else base_high[at]) < target * (1 - 1e-6):
            raise Infeasible("La cellule est bornée d’avance.")
        payable = ~self.cells.hidden[inside] & self.cells.eligible[inside]
        paying = np.flatnonzero(payable)
        whom = inside[paying]
        more = np.maximum(self.full_high[whom] - found.high[whom], 0.0)
        less = np.maximum(found.low[whom] - self.full_low[whom], 0.0)
        need = self.relations.needs[found.rows[rows]]
        open_rows = np.flatnonzero((need >= 0) & self._payable(need))
        loose = sparse.csc_array(
            (np.ones(len(open_rows)), (open_rows, np.arange(len(open_rows)))), shape=(len(rows), len(open_rows))
        )
        cost = self.cells.cost
        program = Program(
            sparse.csr_array(sparse.hstack([matrix, matrix[:, paying], -matrix[:, paying], loose, -loose])),
            found.row_low[rows],
            found.row_high[rows],
            np.concatenate([base_low, np.zeros(2 * len(paying) + 2 * len(open_rows))]),
            np.concatenate([base_high, more, less, np.full(2 * len(open_rows), np.inf)]),
            presolve=True,
            seconds=self.seconds,
        )
        charged = np.concatenate([cost[whom], cost[whom], cost[need[open_rows]], cost[need[open_rows]]])
        found_at = program.minimise(np.concatenate([np.zeros(len(inside)), charged / charged.max(initial=1.0)]))
        self._take(inside, paying, need[open_rows], found_at, target)

    def _take(self, inside: Indices, paying: Indices, need: Indices, point: Floats, target: float) -> None:
        many, pay = len(inside), len(paying)
        move = point[:many].copy()
        extra, reverse = point[many : many + pay], point[many + pay : many + 2 * pay]
        slack = point[many + 2 * pay :].reshape(2, -1).sum(axis=0)
        move[paying] += extra - reverse
        least = _MOVED * max(1.0, target)
        hide = np.union1d(inside[paying[extra + reverse > least]], need[slack > least])
        if len(hide):
            standing = self.cells.standing.copy()
            standing[hide] = Standing.SECONDARY
            self.cells = self.cells.with_standing(standing)
            self.read()
        self.seen.low[inside] = np.minimum(self.seen.low[inside], move)
        self.seen.high[inside] = np.maximum(self.seen.high[inside], move)

    def _payable(self, need: Indices) -> np.ndarray:
        return np.asarray(~self.cells.hidden[need] & self.cells.eligible[need])

    def _around(self, cell: int, most: int) -> Indices:
        """Return, in order, the cells near one: first those that bring the fewest relations not yet in it.

        A movement must balance every relation that it touches, so what closes relations comes before what opens
        others, and what is cheap before what is dear.
        """
        inside = np.zeros(len(self.cells), bool)
        inside[cell] = True
        while True:
            left = most - int(inside.sum())
            if left <= 0:
                break
            touched = (self.pattern @ inside.astype(float)) > 0
            shared = self.pattern.T @ touched.astype(float)
            near = np.flatnonzero((shared > 0) & self.movable & ~inside)
            if not len(near):
                break
            rank = np.lexsort((self.price[near], self.degree[near] - shared[near]))
            inside[near[rank[: min(left, max(BATCH, most // 10))]]] = True
        return np.flatnonzero(inside)
