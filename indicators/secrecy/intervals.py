"""The interval that an attacker can give each hidden cell, and whether it is as wide as its protection asks.

Any point of the polytope bears witness for all its cells at once: programs with random objectives (a fixed seed)
show most protected cells moving far enough, at a small price. The least and the largest value of each remaining
cell are then computed exactly, component by component.
"""

from dataclasses import dataclass

import numpy as np

from indicators.secrecy.cells import Cells, Flags, Floats
from indicators.secrecy.relations import Relations
from indicators.secrecy.solver import Program
from indicators.secrecy.space import Component, Space, components, space

WITNESSES = 128
SEED = 20250101
LEAST = 1e-4


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
    """The deviations met so far, entry by entry; `exact_low` and `exact_high` say which are the attacker's bounds."""

    low: Floats
    high: Floats
    exact_low: Flags
    exact_high: Flags

    @classmethod
    def nothing(cls, count: int) -> "Seen":
        """Return what is seen before any program is solved: the truth itself."""
        return cls(np.zeros(count), np.zeros(count), np.zeros(count, bool), np.zeros(count, bool))

    def wider(self, component: Component, point: Floats, integer: bool) -> bool:
        """Take a point of the polytope as a witness; False when it is refused because its values are not whole."""
        if integer and np.abs(point - np.round(point)).max(initial=0.0) > 1e-6:
            return False
        self.low[component.cells] = np.minimum(self.low[component.cells], point)
        self.high[component.cells] = np.maximum(self.high[component.cells], point)
        return True


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


def explore(found: Space, asked: Needs, seen: Seen, *, integer: bool = False, seconds: float = 600.0) -> Flags:
    """Widen `seen` in place until each wanted cell is wide enough or exactly bounded; return those too narrow.

    Raises Inconclusive when a program has no optimum in the time given.
    """
    alone = asked.wanted & ~found.unknown
    seen.low[alone] = np.minimum(seen.low[alone], found.low[alone])
    seen.high[alone] = np.maximum(seen.high[alone], found.high[alone])
    seen.exact_low[alone] = seen.exact_high[alone] = True
    for component in components(found, asked.wanted & ~asked.met(seen.low, seen.high)):
        _explore(component, asked, seen, integer, seconds)
    return np.asarray(asked.wanted & ~asked.met(seen.low, seen.high))


def bounds(
    cells: Cells, relations: Relations, wanted: Flags, *, integer: bool = False, seconds: float = 600.0
) -> tuple[Floats, Floats]:
    """Return the attacker's exact interval of each wanted cell (NaN elsewhere), in the cell's unit.

    An interval that would have no end stops ten times the largest value away (see `space`).
    """
    found = space(cells, relations)
    seen = Seen.nothing(len(cells))
    endless = np.full(len(cells), np.inf)
    explore(found, Needs(wanted, -endless, endless, endless, finite=False), seen, integer=integer, seconds=seconds)
    low = np.where(wanted, found.centre + seen.low, np.nan)
    return low, np.where(wanted, found.centre + seen.high, np.nan)


def _explore(component: Component, asked: Needs, seen: Seen, integer: bool, seconds: float) -> None:
    where = component.cells

    def missing() -> tuple[Flags, Flags]:
        """Tell which columns are still to be seen lower, and which higher."""
        narrow = asked.wanted[where] & ~asked.met(seen.low[where], seen.high[where], where)
        short = seen.high[where] - seen.low[where] < asked.width[where] * (1 - 1e-6)
        lower = narrow & ~seen.exact_low[where] & ((seen.low[where] > asked.down[where]) | short)
        return lower, narrow & ~seen.exact_high[where] & ((seen.high[where] < asked.up[where]) | short)

    program = Program(
        component.matrix, component.row_low, component.row_high, component.low, component.high, seconds=seconds
    )
    generator = np.random.default_rng(SEED)
    lower, higher = missing()
    left, idle = int(lower.sum() + higher.sum()), 0
    for _ in range(WITNESSES if asked.finite else 0):
        if left <= 8 or idle >= 4:
            break
        weight = generator.uniform(0.5, 1.5, len(where))
        side = np.where(generator.random(len(where)) < 0.5, 1.0, -1.0)
        side = np.where(lower & ~higher, 1.0, np.where(higher & ~lower, -1.0, side))
        seen.wider(component, program.minimise(np.where(lower | higher, side * weight, 0.0)), integer)
        lower, higher = missing()
        now = int(lower.sum() + higher.sum())
        idle = idle + 1 if left - now < 0.02 * left else 0
        left = now
    if integer and left:
        program = Program(
            component.matrix,
            component.row_low,
            component.row_high,
            np.ceil(component.low - 1e-6),
            np.floor(component.high + 1e-6),
            integer=np.ones(len(where), bool),
            presolve=True,
            seconds=seconds,
        )
    for column in np.flatnonzero(lower | higher):
        for sign, exact in ((-1, seen.exact_low), (1, seen.exact_high)):
            if missing()[0 if sign < 0 else 1][column]:
                seen.wider(component, program.extreme(int(column), sign), False)
                exact[where[column]] = True
