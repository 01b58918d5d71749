"""The interval that an attacker can give each hidden cell, and whether it is as wide as its protection asks.

Any point of the polytope bears witness for all its cells at once: programs with random objectives (a fixed seed)
show most protected cells moving far enough, at a small price. The least and the largest value of each remaining
cell are then computed exactly, component by component.
"""

from dataclasses import dataclass, field

import numpy as np
from scipy import sparse  # type: ignore[import-untyped]
from scipy.sparse.linalg import splu  # type: ignore[import-untyped]

from indicators.secrecy.cells import Cells, Flags, Floats, Indices
from indicators.secrecy.neighbourhood import Neighbourhood, slices
from indicators.secrecy.relations import Relations
from indicators.secrecy.solver import Program
from indicators.secrecy.space import Component, Space, components, settled, space

WITNESSES, IDLE = 128, 4
# around each cell still to be seen moving: how many cells, how many programs
LARGE, LOCAL = 3_000, ((1_500, 8), (600, 8))
ROUGH = ((1_500, 3),)
SEED = 20250101
LEAST = 1e-4
_STILL = 1e-7


@dataclass(frozen=True, eq=False)
class Needs:
    """How far wanted cells must be able to go, as deviations, and `width` in all; not `finite`: to the end."""

    wanted: Flags
    down: Floats
    up: Floats
    width: Floats
    finite: bool = True

    def met(self, low: Floats, high: Floats, where: np.ndarray | slice = slice(None)) -> Flags:
        """Tell for which cells the deviations between `low` and `high` are wide enough."""
        down, up = self.down[where], self.up[where]
        wide = high - low >= self.width[where] * (1 - 1e-6)
        reached = (low <= down + 1e-6 * (1 - down)) & (high >= up - 1e-6 * (1 + up)) if self.finite else False
        return np.asarray(reached & wide)


@dataclass(frozen=True, eq=False)
class Seen:
    """The deviations met so far, entry by entry; `exact_low` and `exact_high` say which are the attacker's bounds.

    `points` are the points of the polytope that showed them: places, and their deviations there (0 elsewhere).
    """

    low: Floats
    high: Floats
    exact_low: Flags
    exact_high: Flags
    points: list[tuple[Indices, Floats]] = field(default_factory=list)

    @classmethod
    def nothing(cls, count: int) -> "Seen":
        """Return what is seen before any program is solved: the truth itself."""
        return cls(np.zeros(count), np.zeros(count), np.zeros(count, bool), np.zeros(count, bool))

    def wider(self, places: Indices, point: Floats, *, integer: bool = False) -> bool:
        """Take a point of the polytope as a witness; False when it is refused because its values are not whole."""
        if integer and np.abs(point - np.round(point)).max(initial=0.0) > 1e-6:
            return False
        self.low[places] = np.minimum(self.low[places], point)
        self.high[places] = np.maximum(self.high[places], point)
        self.points.append((places, point))
        return True

    def witnesses(self) -> sparse.csc_array:
        """Return the points as columns, over all cells."""
        lengths = [len(places) for places, _ in self.points]
        starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        places = np.concatenate([one for one, _ in self.points] or [np.empty(0, np.int64)])
        data = np.concatenate([one for _, one in self.points] or [np.empty(0)])
        return sparse.csc_array((data, places, starts), shape=(len(self.low), len(self.points)))

    def verify(self, found: Space, witnesses: sparse.csc_array, *, integer: bool = False) -> None:
        """Take the witnesses that are truly points of the polytope; whoever gives them, they prove what they show."""
        columns = sparse.csc_array(witnesses)
        scale = 1e-6 * (1 + np.abs(found.centre))
        cell, column = columns.indices, np.repeat(np.arange(columns.shape[1]), np.diff(columns.indptr))
        refused = np.zeros(columns.shape[1], bool)
        outside = (columns.data < found.low[cell] - scale[cell]) | (columns.data > found.high[cell] + scale[cell])
        if integer:
            outside |= np.abs(columns.data - np.round(columns.data)) > 1e-6
        refused[column[outside]] = True
        total = sparse.coo_array(found.matrix @ columns)
        row, of = total.coords
        slack = 1e-6 * (1 + (abs(found.matrix) @ np.abs(columns).max(axis=1).toarray().ravel()))
        wrong = (total.data < found.row_low[row] - slack[row]) | (total.data > found.row_high[row] + slack[row])
        refused[of[wrong]] = True
        kept = ~refused[column]
        np.minimum.at(self.low, cell[kept], columns.data[kept])
        np.maximum.at(self.high, cell[kept], columns.data[kept])


def needs(cells: Cells, found: Space, wanted: Flags) -> Needs:
    """Return what the wanted cells need: the protection of protected ones, any width at all of the others.

    A protection beyond what the attacker knows beforehand is cut there: that bound is not told by the release.
    """
    protected = cells.protected & wanted
    floor = np.where(protected, np.maximum(cells.floor, cells.lower), found.centre)
    ceiling = np.where(protected, np.minimum(cells.ceiling, cells.upper), found.centre)
    least = np.minimum(np.maximum(LEAST * np.abs(found.centre), 1e-5), cells.upper - cells.lower)
    width = np.where(protected, np.minimum(cells.width, cells.upper - cells.lower), 0.0)
    return Needs(
        wanted,
        np.where(np.isfinite(floor), np.minimum(floor - found.centre, 0.0), 0.0),
        np.where(np.isfinite(ceiling), np.maximum(ceiling - found.centre, 0.0), 0.0),
        np.maximum(width, least),
    )


def explore(
    found: Space,
    asked: Needs,
    seen: Seen,
    *,
    integer: bool = False,
    seconds: float = 600.0,
    exact: bool = True,
) -> Flags:
    """Widen `seen` in place until each wanted cell is wide enough or exactly bounded; return those too narrow.

    Without `exact`, cells of large components that no local program shows wide enough are returned as too narrow
    without being bounded. Raises Inconclusive when a program has no optimum in the time given.
    """
    alone = asked.wanted & ~found.unknown
    seen.low[alone] = np.minimum(seen.low[alone], found.low[alone])
    seen.high[alone] = np.maximum(seen.high[alone], found.high[alone])
    seen.exact_low[alone] = seen.exact_high[alone] = True
    for component in components(found, asked.wanted & ~asked.met(seen.low, seen.high)):
        large = len(component.cells) > LARGE and asked.finite
        search = _Search(component, asked, seen, integer, seconds)
        if large:
            search.locally(LOCAL if exact else ROUGH)
        if exact or not large:
            search.exactly(witnesses=0 if large or not asked.finite else WITNESSES)
    return np.asarray(asked.wanted & ~asked.met(seen.low, seen.high))


def movable(found: Space) -> tuple[Flags, bool]:
    """Return the cells that move along some direction of the polytope, and whether all others are determined.

    A random vector projected on the directions that leave every equality true moves each cell that some of them
    moves. Only cells and inequalities strictly within their bounds take part, so that a step along it, however
    small, stays in the polytope. Where none is at a bound, a cell that the projection leaves still is determined.
    """
    tight = 1e-9 * (1 + np.abs(found.centre))
    strictly = found.unknown & (found.low < -tight) & (found.high > tight)
    free = np.flatnonzero(strictly)
    pattern = sparse.csr_array((np.ones(found.matrix.nnz), found.matrix.indices, found.matrix.indptr))
    pattern.resize(found.matrix.shape)
    held = (pattern @ found.unknown.astype(float)) > 0
    fixed = found.matrix @ np.where(found.unknown, 0.0, found.low)
    loose = (found.row_low < fixed) & (found.row_high > fixed)
    equal = found.row_high - found.row_low <= 0
    matrix = found.matrix[np.flatnonzero(held & ~loose)][:, free].tocsr()
    matrix = matrix[np.flatnonzero(np.diff(matrix.indptr) > 0)]
    sizes = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    matrix = sparse.csr_array(sparse.diags_array(1 / sizes) @ matrix) if len(sizes) else matrix
    direction, error = np.random.default_rng(SEED).uniform(-1, 1, len(free)), 0.0
    if len(sizes):
        # relations depend on one another: a trace on the diagonal keeps the system regular, and the projection,
        # repeated, is exact all the same
        normal = sparse.csc_array(matrix @ matrix.T + 1e-10 * sparse.eye_array(len(sizes)))
        solved = splu(normal, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
        for _ in range(3):
            direction = direction - matrix.T @ solved.solve(matrix @ direction)
        error = float(np.abs(matrix @ direction).max())
    moves = np.zeros(len(found.centre), bool)
    moves[free] = np.abs(direction) > max(_STILL, 1e3 * error)
    return moves, bool((strictly == found.unknown).all() and (equal | loose)[held].all() and error < _STILL)


def bounds(
    cells: Cells, relations: Relations, wanted: Flags, *, integer: bool = False, seconds: float = 600.0
) -> tuple[Floats, Floats]:
    """Return the attacker's exact interval of each wanted cell (NaN elsewhere), in the cell's unit.

    An interval that would have no end stops ten times the largest value away (see `space`).
    """
    found = space(settled(cells, relations), relations)
    seen = Seen.nothing(len(cells))
    endless = np.full(len(cells), np.inf)
    asked = Needs(wanted, -endless, endless, endless, finite=False)
    explore(found, asked, seen, integer=integer, seconds=seconds)
    low = np.where(wanted, found.centre + seen.low, np.nan)
    return low, np.where(wanted, found.centre + seen.high, np.nan)


class _Search:
    """Widens what is seen of one component."""

    def __init__(self, component: Component, asked: Needs, seen: Seen, integer: bool, seconds: float) -> None:
        self.component, self.asked, self.seen = component, asked, seen
        self.integer, self.seconds = integer, seconds
        self.generator = np.random.default_rng(SEED)

    def missing(self) -> tuple[Flags, Flags]:
        """Tell which columns are still to be seen lower, and which higher."""
        where, asked, seen = self.component.cells, self.asked, self.seen
        narrow = asked.wanted[where] & ~asked.met(seen.low[where], seen.high[where], where)
        short = seen.high[where] - seen.low[where] < asked.width[where] * (1 - 1e-6)
        lower = narrow & ~seen.exact_low[where] & ((seen.low[where] > asked.down[where]) | short)
        return lower, narrow & ~seen.exact_high[where] & ((seen.high[where] < asked.up[where]) | short)

    def locally(self, stages: tuple[tuple[int, int], ...]) -> None:
        """Look around the cells still to be seen moving, all others held at the truth: many small programs."""
        component = self.component
        near = Neighbourhood(component.matrix)
        everywhere, free = np.ones(len(component.cells), bool), np.zeros(len(component.cells))
        for most, rounds in stages:
            tried = np.zeros(len(component.cells), bool)
            while True:
                lower, higher = self.missing()
                left = np.flatnonzero((lower | higher) & ~tried)
                if not len(left):
                    break
                inside = near.around(int(left[0]), most, everywhere, free)
                tried[inside] = True
                rows = np.unique(slices(near.columns, inside))
                part = Component(
                    component.cells[inside],
                    component.rows[rows],
                    sparse.csr_array(component.matrix[rows][:, inside]),
                    component.row_low[rows],
                    component.row_high[rows],
                    component.low[inside],
                    component.high[inside],
                )
                _Search(part, self.asked, self.seen, self.integer, self.seconds).reach(rounds, self.generator)

    def reach(self, rounds: int, generator: np.random.Generator) -> None:
        """Take as many cells as possible as far as they need at once, some up and the others down, in turns."""
        component, where = self.component, self.component.cells
        many, idle = len(where), 0
        room_down = np.maximum(component.low, -self.asked.width[where])
        below = np.minimum(self.asked.down[where], room_down)
        above = np.maximum(self.asked.up[where], np.minimum(component.high, self.asked.width[where] + room_down))
        lower, higher = self.missing()
        for _ in range(rounds):
            goals = np.flatnonzero(lower | higher)
            if not len(goals) or idle >= IDLE:
                return
            aims = len(goals)
            sign = np.where(generator.random(aims) < 0.5, 1.0, -1.0)
            sign = np.where(
                lower[goals] & ~higher[goals], -1.0, np.where(higher[goals] & ~lower[goals], 1.0, sign)
            )
            amount = np.maximum(np.where(sign > 0, above[goals], -below[goals]), 0.0)
            aim = sparse.csr_array((sign, (np.arange(aims), goals)), shape=(aims, many))
            taken = -sparse.eye_array(aims, format="csr")
            program = Program(
                sparse.csr_array(sparse.block_array([[component.matrix, None], [aim, taken]])),
                np.concatenate([component.row_low, np.zeros(aims)]),
                np.concatenate([component.row_high, np.full(aims, np.inf)]),
                np.concatenate([component.low, np.zeros(aims)]),
                np.concatenate([component.high, amount]),
                presolve=True,
                seconds=self.seconds,
            )
            worth = -1.0 / np.maximum(amount, 1e-9)
            point = program.minimise(np.concatenate([np.zeros(many), worth]))[:many]
            self.seen.wider(component.cells, point, integer=self.integer)
            before = int(lower.sum() + higher.sum())
            lower, higher = self.missing()
            idle = idle + 1 if before - int(lower.sum() + higher.sum()) < 0.02 * before else 0

    def witness(self, rounds: int, generator: np.random.Generator, program: Program | None = None) -> None:
        """Solve programs with random objectives on what is still to be seen, until they show little more."""
        lower, higher = self.missing()
        left, idle = int(lower.sum() + higher.sum()), 0
        program = program or self.program()
        for _ in range(rounds):
            if not left or idle >= IDLE:
                return
            weight = generator.uniform(0.5, 1.5, len(lower))
            side = np.where(generator.random(len(lower)) < 0.5, 1.0, -1.0)
            side = np.where(lower & ~higher, 1.0, np.where(higher & ~lower, -1.0, side))
            point = program.minimise(np.where(lower | higher, side * weight, 0.0))
            self.seen.wider(self.component.cells, point, integer=self.integer)
            lower, higher = self.missing()
            now = int(lower.sum() + higher.sum())
            idle = idle + 1 if left - now < 0.02 * left else 0
            left = now

    def exactly(self, witnesses: int) -> None:
        """Bound exactly every cell that witnesses have not shown to be wide enough."""
        seen, where = self.seen, self.component.cells
        lower, higher = self.missing()
        if not (lower | higher).any():
            return
        program = self.program()
        self.witness(witnesses, self.generator, program)
        lower, higher = self.missing()
        if self.integer and (lower | higher).any():
            program = self.program(whole=True)
        for column in np.flatnonzero(lower | higher):
            for sign, exact in ((-1, seen.exact_low), (1, seen.exact_high)):
                if self.missing()[0 if sign < 0 else 1][column]:
                    seen.wider(where, program.extreme(int(column), sign))
                    exact[where[column]] = True

    def program(self, *, whole: bool = False) -> Program:
        """Return the program of the component, over whole deviations where asked."""
        component, seconds = self.component, self.seconds
        rows = (component.matrix, component.row_low, component.row_high)
        if not whole:
            return Program(*rows, component.low, component.high, seconds=seconds)
        low, high = np.ceil(component.low - 1e-6), np.floor(component.high + 1e-6)
        every = np.ones(len(component.cells), bool)
        return Program(*rows, low, high, integer=every, presolve=True, seconds=seconds)
