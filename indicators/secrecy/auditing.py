"""The attacker: what can be computed of each hidden cell from everything visible, and which relations tell it."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse  # type: ignore[import-untyped]

from indicators.secrecy.cells import Cells, Standing
from indicators.secrecy.intervals import Seen, explore, movable, needs
from indicators.secrecy.relations import Relations
from indicators.secrecy.solver import Program
from indicators.secrecy.space import Component, Space, components, settled, space

EXPLAINED = 50
_PRICED = 1e-7


@dataclass(frozen=True)
class Disclosure:
    """A hidden cell that can be computed too closely: for those who publish alone, it holds what is to be hidden.

    `low` and `high` are the attacker's interval in the cell's unit, `relations` the names of the relations that
    give it (empty beyond the first `explained` disclosures, and where only bounds known beforehand do).
    """

    cell: str
    label: str
    standing: Standing
    low: float
    high: float
    exact: bool
    relations: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """What is disclosed and by what, for the journal of the publication."""
        how = (
            f"se retrouve exactement ({_number(self.low)})"
            if self.exact
            else f"se resserre entre {_number(self.low)} et {_number(self.high)}, moins que sa protection"
        )
        by = " ; ".join(self.relations) or "les bornes connues d’avance"
        return f"La cellule « {self.label} » {how} par : {by}."


def audit(
    cells: Cells,
    relations: Relations,
    *,
    integer: bool = False,
    witnesses: sparse.csc_array | None = None,
    explained: int = EXPLAINED,
    seconds: float = 600.0,
) -> list[Disclosure]:
    """Return the hidden cells that a reader of the visible ones computes more closely than their protection allows.

    Primary and withheld cells are held to their protection; secondary ones must not be recovered. Cells that are
    recovered count as seen in what follows (a recovered denominator opens a published rate). `integer`: the
    attacker knows that values are whole. `witnesses` (of a `Protection` of these cells) are verified before they
    are believed: they make the audit quicker, never kinder. Hidden values may be NaN: an edition alone can be
    attacked, its protected cells being then held to their `width`. An empty list is the proof that nothing is
    disclosed under the stated bounds. Raises Inconsistent when the values contradict a relation, Inconclusive when
    a program fails.
    """
    relations.check(cells)
    wanted = cells.hidden & (cells.standing != Standing.MISSING)
    recovered = np.zeros(len(cells), bool)
    told: dict[int, tuple[str, ...]] = {}
    while True:
        known = settled(cells, relations, recovered)
        found = space(known, relations, recovered=recovered)
        moves, _ = movable(found)
        asked = needs(known, found, wanted & ~recovered & (cells.protected | ~moves))
        seen = Seen.nothing(len(cells))
        if witnesses is not None and np.isfinite(cells.value).all():
            seen.verify(found, witnesses, integer=integer)
        narrow = explore(found, asked, seen, integer=integer, seconds=seconds)
        _explain(cells, relations, found, np.flatnonzero(narrow), told, explained)
        low, high = found.centre + seen.low, found.centre + seen.high
        fresh = narrow & (high - low <= 1e-6 * (1 + np.abs(low)))
        if len(relations.active(~cells.hidden | recovered | fresh)) == len(found.rows):
            break
        cells = cells.changed(value=np.where(fresh & np.isnan(cells.value), low, cells.value))
        recovered = recovered | fresh
    exact = fresh | recovered
    value = found.centre
    return [
        Disclosure(
            cells.id[cell],
            cells.label[cell],
            Standing(int(cells.standing[cell])),
            float(value[cell] if recovered[cell] else low[cell]),
            float(value[cell] if recovered[cell] else high[cell]),
            bool(exact[cell]),
            told.get(int(cell), ()),
        )
        for cell in np.flatnonzero(narrow | recovered)
    ]


def _explain(
    cells: Cells,
    relations: Relations,
    found: Space,
    narrow: np.ndarray,
    told: dict[int, tuple[str, ...]],
    explained: int,
) -> None:
    """Name, in `told`, the relations that give each narrow cell its interval."""
    chosen = [int(cell) for cell in narrow][: max(0, explained - len(told))]
    flags = np.zeros(len(cells), bool)
    flags[chosen] = True
    for cell in chosen:
        if found.known_by[cell] >= 0:
            told[cell] = _names(relations, _chain(relations, found, [cell]), told)
    for component in components(found, flags):
        program = _program(component)
        for column in np.flatnonzero(flags[component.cells]):
            cell = int(component.cells[column])
            used = _binding(program, component, int(column))
            rows = [int(component.rows[row]) for row in used]
            behind = [
                int(one)
                for row in rows
                for one in relations.matrix.indices[
                    relations.matrix.indptr[row] : relations.matrix.indptr[row + 1]
                ]
                if found.known_by[one] >= 0
            ]
            told[cell] = _names(relations, rows + _chain(relations, found, behind), told)


def _binding(program: Program, component: Component, column: int) -> list[int]:
    """Return the rows whose prices prove the bounds of a column; one side alone where it proves both."""
    used: set[int] = set()
    for sign in (1, -1):
        program.extreme(column, sign)
        prices, _ = program.prices()
        prices = np.where(np.abs(prices) < _PRICED, 0.0, prices)
        goal = np.zeros(len(component.cells))
        goal[column] = -float(sign)
        rest = goal - component.matrix.T @ prices
        rows = set(np.flatnonzero(prices).tolist())
        equalities = all(component.row_high[row] - component.row_low[row] <= 0 for row in rows)
        if rows and equalities and np.abs(rest).max() < _PRICED:
            return sorted(rows)
        used |= rows
    return sorted(used)


def _program(component: Component) -> Program:
    return Program(component.matrix, component.row_low, component.row_high, component.low, component.high)


def _chain(relations: Relations, found: Space, cells: list[int]) -> list[int]:
    """Return the rows that determine some cells, one after the other, from what is visible."""
    rows: list[int] = []
    waiting, met = list(cells), set(cells)
    while waiting:
        row = int(found.known_by[waiting.pop()])
        rows.append(row)
        inside = slice(relations.matrix.indptr[row], relations.matrix.indptr[row + 1])
        for one in relations.matrix.indices[inside]:
            if found.known_by[one] >= 0 and int(one) not in met:
                met.add(int(one))
                waiting.append(int(one))
    return rows


def _names(relations: Relations, rows: list[int], told: dict[int, tuple[str, ...]]) -> tuple[str, ...]:
    names = dict.fromkeys(relations.name[row] for row in rows)
    for row in rows:
        # a relation read from a cell that was itself recovered rests on what recovered it
        names.update(dict.fromkeys(told.get(int(relations.needs[row]), ())))
    return tuple(names)


def _number(value: float) -> str:
    return (
        f"{value:,.6g}".replace(",", "\u202f").replace(".", ",")
        if abs(value) < 1e6
        else f"{value:,.0f}".replace(",", "\u202f")
    )
