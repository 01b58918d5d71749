"""Choose what to hide so that nothing protected can be computed back: the act of protecting a release."""

import time
from dataclasses import dataclass

import numpy as np
from scipy import sparse  # type: ignore[import-untyped]

from indicators.secrecy.cells import Cells, Flags, Indices, Standing
from indicators.secrecy.covering import cover
from indicators.secrecy.errors import Inconclusive
from indicators.secrecy.intervals import Seen, explore, movable, needs
from indicators.secrecy.optimum import SMALL, optimum
from indicators.secrecy.relations import Relations
from indicators.secrecy.repairing import Repair
from indicators.secrecy.solver import OutOfTime
from indicators.secrecy.space import settled, space

PASSES = 20


@dataclass(frozen=True, eq=False)
class Protection:
    """A pattern that is proved to protect: the cells with their standing, and how it was found.

    `optimal` says whether no pattern costs less; `note` is the French sentence that says how it was found.
    `witnesses` are values that an attacker cannot exclude, as deviations (cells x witnesses): given to `audit`, which
    verifies each, they spare it most of its work. They hold true values: they never leave the publication.
    """

    cells: Cells
    optimal: bool
    note: str
    witnesses: sparse.csc_array

    @property
    def secondary(self) -> tuple[str, ...]:
        """The cells hidden to protect others."""
        return tuple(
            one
            for one, stood in zip(self.cells.id, self.cells.standing, strict=True)
            if stood == Standing.SECONDARY
        )

    @property
    def cost(self) -> float:
        """What the secondary suppressions cost, in the unit of `Cells.cost`."""
        return float(self.cells.cost[self.cells.standing == Standing.SECONDARY].sum())


def protect(
    cells: Cells,
    relations: Relations,
    *,
    integer: bool = False,
    best: bool = True,
    small: int = SMALL,
    seconds: float = 600.0,
    best_seconds: float = 60.0,
) -> Protection:
    """Return the cells with the secondary suppressions that give every protected cell its width.

    Published cells keep their values; secondary cells of the argument are published first, so that protecting
    twice gives the same pattern. The order of cells and relations changes nothing: they are sorted first. With
    `best`, systems of at most `small` cells that can be solved in `best_seconds` get a pattern of least cost, and
    others that of the heuristic; the note says which. `integer`: the attacker knows that every value is whole.

    Raises Inconsistent when values contradict a relation, Unprotectable when no pattern protects, and Inconclusive
    when a program fails or `seconds` have passed: nothing may then be published.
    """
    relations.check(cells)
    deadline = time.monotonic() + seconds
    order = np.array(sorted(range(len(cells)), key=lambda index: cells.id[index]), np.int64)
    start = cells.taken(order)
    start = start.with_standing(np.where(start.standing == Standing.SECONDARY, Standing.PUBLISHED, start.standing))
    tied = _sorted(relations.over(order))
    start = settled(start, tied)
    found, optimal, note = start, False, _SAID["heuristic"]
    if best and len(cells) <= small and not integer:
        try:
            found, optimal, note = optimum(start, tied, seconds=min(best_seconds, seconds)), True, _SAID["best"]
        except OutOfTime:
            found, note = start, _SAID["late"]
    found, seen = _heuristic(found, tied, integer, deadline, greedy=not optimal)
    back = np.empty(len(order), np.int64)
    back[order] = np.arange(len(order))
    return Protection(cells.with_standing(found.standing[back]), optimal, note, seen.witnesses()[back])


_SAID = {
    "best": "Masques secondaires de coût minimal (optimum exact).",
    "heuristic": "Masques secondaires trouvés par heuristique, protection vérifiée exactement.",
    "late": "L’optimum exact n’a pas été trouvé dans le temps donné : masques secondaires trouvés par heuristique, "
    "protection vérifiée exactement.",
}


def _heuristic(
    cells: Cells, relations: Relations, integer: bool, deadline: float, *, greedy: bool
) -> tuple[Cells, Seen]:
    seen = Seen.nothing(len(cells))
    if greedy:
        cells = cover(cells, relations)
    for _ in range(PASSES):
        found = space(cells, relations)
        protected = cells.protected
        asked = needs(cells, found, protected)
        narrow = explore(found, asked, seen, integer=integer, seconds=_left(deadline), exact=False)
        if narrow.any():
            cells = _repair(cells, relations, seen, np.flatnonzero(narrow), integer, deadline)
            continue
        published = _recoverable(cells, relations, _left(deadline))
        if not published.any():
            return cells, seen
        # a secondary cell that can be computed back protects nothing: it is published, and told as such
        rows = len(relations.active(~cells.hidden))
        cells = cells.with_standing(np.where(published, np.uint8(Standing.PUBLISHED), cells.standing))
        if len(relations.active(~cells.hidden)) != rows:
            seen = Seen.nothing(len(cells))
    raise Inconclusive("La recherche des masques secondaires ne s’est pas stabilisée : rien n’est publié.")


def _repair(
    cells: Cells, relations: Relations, seen: Seen, narrow: Indices, integer: bool, deadline: float
) -> Cells:
    # movements of the repair may not be whole: they guide the choice, the next pass proves it
    guide = Seen(seen.low.copy(), seen.high.copy(), seen.exact_low, seen.exact_high) if integer else seen
    repair = Repair(cells, relations, guide, seconds=_left(deadline))
    asked = needs(cells, repair.space, cells.protected)
    repair.sweep(asked)
    for cell in narrow:
        _left(deadline)
        alone = np.array([cell])
        if not asked.met(guide.low[alone], guide.high[alone], alone)[0]:
            repair.widen(int(cell), asked)
    # bounds that were exact for the narrower pattern are not for the wider one
    seen.exact_low[:], seen.exact_high[:] = False, False
    if integer and (repair.cells.standing == cells.standing).all():
        raise Inconclusive(
            f"La cellule « {cells.label[int(narrow[0])]} » reste trop étroite en nombres entiers : rien n’est publié."
        )
    return repair.cells


def _recoverable(cells: Cells, relations: Relations, seconds: float) -> Flags:
    secondary = np.asarray(cells.standing == Standing.SECONDARY)
    found = space(cells, relations)
    moves, decided = movable(found)
    if decided:
        return secondary & ~moves
    return explore(found, needs(cells, found, secondary & ~moves), Seen.nothing(len(cells)), seconds=seconds)


def _sorted(relations: Relations) -> Relations:
    firsts = [
        int(relations.matrix.indices[start]) if end > start else -1
        for start, end in zip(relations.matrix.indptr, relations.matrix.indptr[1:], strict=False)
    ]
    keys = list(zip(relations.name, firsts, relations.low.tolist(), relations.high.tolist(), strict=True))
    return relations.taken(np.array(sorted(range(len(keys)), key=lambda row: keys[row]), np.int64))


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise OutOfTime("Le calcul du secret n’a pas abouti dans le temps donné : rien n’est publié.")
    return left
