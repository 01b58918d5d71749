"""The secondary suppression of least cost, for small tables: a master program and the attacks that it must resist.

The master chooses what to hide (one binary for each published cell); each protected cell is then attacked, and an
attack that comes too close gives, by its duals, an inequality that every protecting pattern satisfies (Fischetti and
Salazar González, « Solving the cell suppression problem on tabular data with linear constraints », Management
Science 47, 2001). When every attack fails, the pattern protects and none costs less.
"""

import time

import numpy as np
from scipy import sparse  # type: ignore[import-untyped]

from indicators.secrecy.cells import Cells, Floats, Standing
from indicators.secrecy.errors import Unprotectable
from indicators.secrecy.intervals import needs
from indicators.secrecy.relations import Relations
from indicators.secrecy.solver import Infeasible, OutOfTime, Program
from indicators.secrecy.space import Space, room, space

SMALL = 1_500
ROUNDS = 500
_TINY = 1e-9


def optimum(cells: Cells, relations: Relations, *, seconds: float) -> Cells:
    """Return the cells with secondary suppressions of least total cost.

    Raises OutOfTime when it is not found in the time given, Unprotectable when no pattern protects.
    """
    deadline = time.monotonic() + seconds
    hidden = cells.hidden
    fixed = hidden | ~cells.eligible
    choice = hidden.astype(float)
    master = Program(
        sparse.csr_array((0, len(cells))),
        np.empty(0),
        np.empty(0),
        np.where(hidden, 1.0, 0.0),
        np.where(fixed & ~hidden, 0.0, 1.0),
        integer=np.ones(len(cells), bool),
        presolve=True,
        seconds=seconds,
    )
    cost = np.where(hidden, 0.0, cells.cost)
    for _ in range(ROUNDS):
        pattern = _hiding(cells, choice > 0.5)
        if not _attacked(cells, pattern, relations, master, deadline):
            return pattern
        if time.monotonic() > deadline:
            break
        try:
            choice = master.minimise(cost)
        except Infeasible:
            raise Unprotectable(
                "Aucun choix de cellules à masquer ne protège ces données : rien n’est publié."
            ) from None
    raise OutOfTime("L’optimum exact n’a pas été trouvé dans le temps donné.")


def _hiding(cells: Cells, chosen: np.ndarray) -> Cells:
    published = cells.standing == Standing.PUBLISHED
    return cells.with_standing(np.where(published & chosen, np.uint8(Standing.SECONDARY), cells.standing))


def _attacked(start: Cells, pattern: Cells, relations: Relations, master: Program, deadline: float) -> bool:
    """Attack each protected cell; add an inequality for each success, and tell whether there was one."""
    found = space(pattern, relations, substitute=False)
    attack = _Attack(start, found, relations)
    asked = needs(pattern, found, pattern.protected)
    succeeded = False
    for cell in np.flatnonzero(pattern.protected):
        if time.monotonic() > deadline:
            raise OutOfTime("L’optimum exact n’a pas été trouvé dans le temps donné.")
        high, top, ups = attack.cut(int(cell), 1)
        low, bottom, downs = attack.cut(int(cell), -1)
        for reached, constant, weights, target in (
            (high, top, ups, asked.up[cell]),
            (low, bottom, downs, -asked.down[cell]),
            (high + low, top + bottom, ups + downs, asked.width[cell]),
        ):
            if reached < target - 1e-6 * (1 + target):
                succeeded = True
                lacking = target - constant
                weights = np.minimum(weights, lacking) / lacking
                weights[weights < _TINY] = 0.0
                columns = np.flatnonzero(weights)
                if not len(columns):
                    raise Unprotectable(
                        f"La cellule « {start.label[cell]} » ne peut pas être protégée : rien n’est publié."
                    )
                master.add(columns, weights[columns], 1.0)
    return succeeded


class _Attack:
    """The attacker's program for one pattern; its duals say which hidings would have made it fail."""

    def __init__(self, start: Cells, found: Space, relations: Relations) -> None:
        self.found, self.needs = found, relations.needs[found.rows]
        # what every published cell would leave to the attacker, whatever this pattern hides
        open_space = space(start, relations, substitute=False)
        self.low, self.high = open_space.low, open_space.high
        full_low, full_high = room(start, open_space.centre)
        choosable = ~start.hidden & start.eligible
        self.more = np.where(choosable, np.maximum(full_high - self.high, 0.0), 0.0)
        self.less = np.where(choosable, np.maximum(self.low - full_low, 0.0), 0.0)
        self.far = 1e3 * (1 + float(np.maximum(full_high, -full_low).max()))
        self.choosable = choosable
        self.program = Program(found.matrix, found.row_low, found.row_high, found.low, found.high)

    def cut(self, cell: int, sign: int) -> tuple[float, float, Floats]:
        """Return how far the cell goes, and the bound « constant + weights @ hidden » on how far it can go."""
        point = self.program.extreme(cell, sign)
        row_price, price = self.program.prices()
        row_price = np.where(np.abs(row_price) < _TINY, 0.0, row_price)
        # reduced costs computed again from the prices of rows: exact whatever the solver rounded
        goal = np.zeros(len(price))
        goal[cell] = -float(sign)
        price = goal - self.found.matrix.T @ row_price
        price = np.where(np.abs(price) < _TINY, 0.0, price)
        at_low, at_high = np.maximum(price, 0.0), np.maximum(-price, 0.0)
        row_bound = np.where(row_price > 0, self.found.row_low, self.found.row_high)
        rows = float(np.where(row_price == 0, 0.0, row_price * np.where(row_price == 0, 0.0, row_bound)).sum())
        constant = -(rows + float(at_low @ self.low - at_high @ self.high))
        weights = at_low * self.less + at_high * self.more
        read = (self.needs >= 0) & (row_price != 0)
        np.add.at(weights, self.needs[read], np.abs(row_price[read]) * self.far)
        weights = np.where(self.choosable, weights, 0.0)
        return float(sign * point[cell]), constant, weights
