"""Values that a pattern leaves possible, found for a pattern that is there: they spare an attack most of its work."""

import time

import numpy as np
from scipy import sparse  # type: ignore[import-untyped]

from indicators.secrecy.cells import Cells
from indicators.secrecy.errors import Unprotectable
from indicators.secrecy.intervals import Seen, explore, needs
from indicators.secrecy.relations import Relations
from indicators.secrecy.repairing import Repair
from indicators.secrecy.space import settled, space

OPENED = 20


def witnesses(cells: Cells, relations: Relations, *, seconds: float = 600.0) -> sparse.csc_array:
    """Return values that an attacker cannot exclude, as deviations (cells x witnesses), for `audit` to verify.

    They are found as a protection finds them: narrow cells are moved together, by what is hidden alone. No disclosure
    is looked for: cells that nothing moves are left to the attack, and after the first of them the search ends early.
    Raises Inconsistent when values contradict a relation, Inconclusive when a program fails or `seconds` have passed.
    """
    deadline = time.monotonic() + seconds
    closed = settled(cells.changed(eligible=np.zeros(len(cells), bool)), relations)
    seen = Seen.nothing(len(closed))
    found = space(closed, relations)
    narrow = explore(found, needs(closed, found, closed.protected), seen, seconds=seconds, exact=False)
    if narrow.any():
        repair = Repair(closed, relations, seen, seconds=seconds)
        asked = needs(closed, repair.space, closed.protected)
        repair.sweep(asked)
        opened = 0
        for cell in np.flatnonzero(narrow):
            if opened == OPENED or time.monotonic() > deadline:
                break
            if not asked.met(seen.low[[cell]], seen.high[[cell]], np.array([cell]))[0]:
                try:
                    repair.widen(int(cell), asked)
                except Unprotectable:
                    opened += 1
    return seen.witnesses()
