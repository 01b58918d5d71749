"""Secondary suppression, second pass: widen the cells that several relations together still tell too much of.

A linear program finds the cheapest movement that takes cells as far as they need: hidden cells move for nothing,
published ones at their cost for each unit moved (Kelly, Golden and Assad, « Cell suppression: disclosure protection
for sensitive tabular data », Networks 22, 1992). The published cells that move are hidden; the movement itself then
proves that the cells are wide enough. Programs are local: a neighbourhood of a cell, first with every narrow cell of
it at once, some up and some down, then each remaining cell alone, in a neighbourhood enlarged until it suffices.
"""

import numpy as np
from scipy import sparse  # type: ignore[import-untyped]

from indicators.secrecy.cells import Cells, Flags, Floats, Indices, Standing
from indicators.secrecy.errors import Unprotectable
from indicators.secrecy.intervals import SEED, Needs, Seen
from indicators.secrecy.neighbourhood import Neighbourhood, slices
from indicators.secrecy.relations import Relations
from indicators.secrecy.solver import Infeasible, Program
from indicators.secrecy.space import Space, room, space

NEAR, WIDER = 500, 6
BLOCKS = (1_500, 1_500, 1_500, 6_000, 6_000, 20_000, 20_000)
_MOVED = 1e-7
_DEAR = 1e3


class Repair:
    """Widens narrow cells; `cells` is the pattern so far, `seen` what its polytope is known to hold."""

    def __init__(self, cells: Cells, relations: Relations, seen: Seen, *, seconds: float) -> None:
        self.cells, self.relations, self.seen, self.seconds = cells, relations, seen, seconds
        self._read()

    def sweep(self, asked: Needs) -> None:
        """Widen narrow cells together, block by block; what a block leaves narrow is left to `widen`.

        In each block some cells go up and the others down, so that they balance each other before anything else
        has to move; the next sweep asks for the other way. A cell that cannot go is let off at a price.
        """
        generator = np.random.default_rng(SEED)
        way = np.where(generator.random(len(self.cells)) < 0.5, 1.0, -1.0)
        below, above = _ways(asked, self.full_low, self.full_high)
        for block in BLOCKS:
            tried = np.zeros(len(self.cells), bool)
            while True:
                narrow = asked.wanted & ~asked.met(self.seen.low, self.seen.high) & ~tried
                if not narrow.any():
                    break
                inside = self.near.around(int(np.argmax(narrow)), block, self.movable, self.price)
                goals = inside[narrow[inside]]
                tried[goals] = True
                low = self.seen.low[goals] > below[goals] * (1 - 1e-6)
                high = self.seen.high[goals] < above[goals] * (1 - 1e-6)
                sign = np.where(low & high, way[goals], np.where(low, -1.0, 1.0))
                amount = np.where(sign > 0, above[goals], -below[goals])
                self._solve(inside, goals, sign, amount, soft=True)
            way = -way

    def widen(self, cell: int, asked: Needs) -> None:
        """Hide what lets a cell go as far as it needs. Raises Unprotectable when nothing does."""
        seen = self.seen
        if asked.down[cell] < seen.low[cell]:
            self._move(cell, -1, -asked.down[cell])
        if asked.up[cell] > seen.high[cell]:
            self._move(cell, 1, asked.up[cell])
        lacking = asked.width[cell] - (seen.high[cell] - seen.low[cell])
        if lacking > 1e-6 * asked.width[cell]:
            up = min(lacking, self.full_high[cell] - seen.high[cell])
            if up > 0:
                self._move(cell, 1, seen.high[cell] + up, needed=False)
            lacking = asked.width[cell] - (seen.high[cell] - seen.low[cell])
            if lacking > 1e-6 * asked.width[cell]:
                self._move(cell, -1, lacking - seen.low[cell])

    def _read(self) -> None:
        self.space: Space = space(self.cells, self.relations, substitute=False)
        self.full_low, self.full_high = room(self.cells, self.space.centre)
        self.near = Neighbourhood(self.space.matrix)
        self.movable: Flags = self.space.unknown | (
            self.cells.eligible & (self.cells.standing != Standing.MISSING)
        )
        self.price: Floats = np.where(self.space.unknown, 0.0, self.cells.cost)

    def _move(self, cell: int, sign: int, target: float, *, needed: bool = True) -> None:
        near = NEAR
        while target > 0:
            inside = self.near.around(cell, near, self.movable, self.price)
            try:
                return self._solve(
                    inside, np.array([cell]), np.array([float(sign)]), np.array([target]), soft=False
                )
            except Infeasible:
                if len(inside) < near:
                    break
                near *= WIDER
        if needed and target > 0:
            raise Unprotectable(
                f"La cellule « {self.cells.label[cell]} » ne peut pas être protégée : même en masquant tout ce qui "
                "peut l’être, les relations publiées la donnent de trop près. Rien n’est publié."
            )

    def _solve(self, inside: Indices, goals: Indices, sign: Floats, amount: Floats, *, soft: bool) -> None:
        """Move the goals by their amounts at the least cost, and hide what had to move."""
        found, cells = self.space, self.cells
        rows = np.unique(slices(self.near.columns, inside))
        matrix = sparse.csc_array(found.matrix[rows][:, inside])
        paying = np.flatnonzero(~cells.hidden[inside] & cells.eligible[inside])
        whom = inside[paying]
        more = np.maximum(self.full_high[whom] - found.high[whom], 0.0)
        less = np.maximum(found.low[whom] - self.full_low[whom], 0.0)
        need = self.relations.needs[found.rows[rows]]
        read = np.flatnonzero((need >= 0) & ~cells.hidden[need] & cells.eligible[need])
        loose = _unit(len(rows), read, np.ones(len(read)))
        many, pay, aims = len(inside), len(paying), len(goals)
        wanted = _unit(aims, np.arange(aims), np.ones(aims))
        at = np.searchsorted(inside, goals)
        aim = sparse.csc_array((sign, (np.arange(aims), at)), shape=(aims, many))
        free = 2 * pay + 2 * len(read)
        whole = sparse.vstack(
            [
                sparse.hstack(
                    [
                        matrix,
                        matrix[:, paying],
                        -matrix[:, paying],
                        loose,
                        -loose,
                        sparse.csc_array((len(rows), aims)),
                    ]
                ),
                sparse.hstack([aim, sparse.csc_array((aims, free)), wanted]),
            ]
        )
        short = amount * 2 if soft else np.zeros(aims)
        program = Program(
            sparse.csr_array(whole),
            np.concatenate([found.row_low[rows], amount]),
            np.concatenate([found.row_high[rows], np.full(aims, np.inf)]),
            np.concatenate([found.low[inside], np.zeros(free + aims)]),
            np.concatenate([found.high[inside], more, less, np.full(2 * len(read), np.inf), short]),
            presolve=True,
            seconds=self.seconds,
        )
        cost = np.concatenate([cells.cost[whom], cells.cost[whom], cells.cost[need[read]], cells.cost[need[read]]])
        cost = cost / cost.max(initial=1.0)
        point = program.minimise(np.concatenate([np.zeros(many), cost, np.full(aims, _DEAR)]))
        moved = point[many : many + pay] + point[many + pay : many + 2 * pay]
        least = _MOVED * max(1.0, float(amount.max(initial=0.0)))
        slack = point[many + 2 * pay : many + free].reshape(2, -1).sum(axis=0)
        move = point[:many].copy()
        move[paying] += point[many : many + pay] - point[many + pay : many + 2 * pay]
        self._hide(np.union1d(whom[moved > least], need[read][slack > least]))
        self.seen.wider(inside, move)

    def _hide(self, chosen: Indices) -> None:
        if not len(chosen):
            return
        standing = self.cells.standing.copy()
        standing[chosen] = Standing.SECONDARY
        self.cells = self.cells.with_standing(standing)
        if np.isin(self.relations.needs, chosen).any():
            self._read()
            return
        self.space.low[chosen], self.space.high[chosen] = self.full_low[chosen], self.full_high[chosen]
        self.price[chosen] = 0.0


def _ways(asked: Needs, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Return how far down and up cells are taken so that they have their width too, where there is room."""
    below = np.minimum(asked.down, np.maximum(low, -asked.width))
    return below, np.maximum(asked.up, np.minimum(high, asked.width + np.maximum(low, -asked.width)))


def _unit(count: int, rows: Indices, values: Floats) -> sparse.csc_array:
    return sparse.csc_array((values, (rows, np.arange(len(rows)))), shape=(count, len(rows)))
