"""What a page says beside the table (a total in a title, a legend, an order), as relations between cells.

Pages compute what they say from the values that they show, and then it tells nothing of the others. A text that holds
more than that (a total written by hand, a legend of all the values) is attacked like a table.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from geo.errors import NotFound
from indicators.editions.system import System
from indicators.secrecy import Relations
from indicators.secrecy.readings import legend, ranking, stated_total


@dataclass(frozen=True)
class Statement:
    """What is said of some territories (level, code), in one series: their total, their bounds, their order.

    `total` is rounded to `step`; `bounds` are the smallest and the largest value of all of them; `ranked` says that
    they are given from the largest to the smallest.
    """

    name: str
    indicator: str
    period: str
    millesime: int
    places: tuple[tuple[str, str], ...]
    total: float | None = None
    step: float = 0.0
    bounds: tuple[float, float] | None = None
    ranked: bool = False


def stated(system: System, statements: Sequence[Statement]) -> list[Relations]:
    """Return the relations that statements make. Raises NotFound for a territory that the series has no value of."""
    found: list[Relations] = []
    for one in statements:
        head = "|".join((one.indicator, one.period, str(one.millesime)))
        ids = [f"{head}|{level}|{code}" for level, code in one.places]
        lacking = [cell for cell in ids if cell not in system.cells.positions]
        if lacking:
            raise NotFound(f"« {one.name} » parle d’une valeur qui n’est pas dans l’édition : {lacking[0]}.")
        if one.total is not None:
            found.append(stated_total(system.cells, ids, one.total, one.name, step=one.step))
        if one.bounds is not None:
            found.append(legend(system.cells, ids, *one.bounds, one.name))
        if one.ranked:
            found.append(ranking(system.cells, ids, one.name))
    return found
