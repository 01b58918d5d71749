"""What a protection costs, level by level, in figures and in French, with what could be published instead."""

from dataclasses import dataclass

import numpy as np

from indicators.secrecy.cells import Cells, Standing
from indicators.secrecy.errors import Inconclusive
from indicators.secrecy.protection import Protection, protect
from indicators.secrecy.relations import Relations


@dataclass(frozen=True)
class LevelLoss:
    """The cells of one level: how many in all, hidden for each reason, and the cost of the secondary ones."""

    level: str
    cells: int
    primary: int
    withheld: int
    secondary: int
    missing: int
    cost: float


@dataclass(frozen=True)
class Report:
    """What was lost, for those who publish alone: it tells primary from secondary, which no reader may know."""

    levels: tuple[LevelLoss, ...]
    cost: float
    total_cost: float
    optimal: bool
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class Alternative:
    """The same release without the cells of one level: what else it would hide, at what cost, and the sentence."""

    level: str
    secondary: int
    cost: float
    sentence: str


def report(protection: Protection) -> Report:
    """Return the losses of a protection by level, in the order in which levels first appear."""
    cells = protection.cells
    names = np.array(cells.level, object)
    levels = tuple(_level(cells, level, names == level) for level in dict.fromkeys(cells.level))
    publishable = ~cells.protected & (cells.standing != Standing.MISSING)
    everything = float(cells.cost[publishable].sum())
    share = 100 * protection.cost / everything if everything else 0.0
    sentences = [protection.note]
    sentences += [
        f"{one.level or 'Toutes les cellules'} : {_many(one.cells)}, dont {one.primary} en secret primaire, "
        f"{one.withheld} retenues par la politique de diffusion et {one.secondary} masquées pour protéger les autres."
        for one in levels
    ]
    sentences.append(
        f"Coût des masques secondaires : {_decimal(protection.cost)} sur {_decimal(everything)}, soit "
        f"{_decimal(share, 2)} % de ce qui pouvait être publié."
    )
    return Report(levels, protection.cost, everything, protection.optimal, tuple(sentences))


def alternative(cells: Cells, relations: Relations, level: str, *, seconds: float = 600.0) -> Alternative:
    """Return what would be lost if no cell of a level were published (« this crossing at EPCI level only »).

    `cells` are those given to `protect`, whose protected cells stay protected: those of the level must still not be
    recovered from the levels above.
    """
    of_level = np.array([one == level for one in cells.level])
    published = cells.standing == Standing.PUBLISHED
    # hidden without a protection of its own: unknown to the reader, and nothing more is asked of it
    without = cells.with_standing(np.where(of_level & published, np.uint8(Standing.MISSING), cells.standing))
    lost = int((of_level & published).sum())
    try:
        found = protect(without, relations, best=False, seconds=seconds)
    except Inconclusive as error:
        return Alternative(level, 0, float("inf"), f"Sans le niveau « {level} » : {error.detail}")
    more = len(found.secondary)
    cost = found.cost + float(cells.cost[of_level & published].sum())
    return Alternative(
        level,
        more,
        cost,
        f"Sans le niveau « {level} » ({_many(lost)} de moins), {_many(more)} seraient masquées aux autres "
        f"niveaux, pour un coût de {_decimal(found.cost)}.",
    )


def _level(cells: Cells, level: str, inside: np.ndarray) -> LevelLoss:
    def count(standing: Standing) -> int:
        return int((inside & (cells.standing == standing)).sum())

    return LevelLoss(
        level,
        int(inside.sum()),
        count(Standing.PRIMARY),
        count(Standing.WITHHELD),
        count(Standing.SECONDARY),
        count(Standing.MISSING),
        float(cells.cost[inside & (cells.standing == Standing.SECONDARY)].sum()),
    )


def _many(count: int) -> str:
    return f"{_decimal(count)} cellule{'s' if count > 1 else ''}"


def _decimal(value: float, decimals: int = 0) -> str:
    return f"{value:,.{decimals}f}".replace(",", "\u202f").replace(".", ",")
