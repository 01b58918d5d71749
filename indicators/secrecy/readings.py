"""What a page says beside the table: totals in titles and texts, ranks, classes, bounds of legends; as relations."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from geo.errors import Invalid
from indicators.secrecy.cells import Cells
from indicators.secrecy.relations import Relations, rows


def stated_total(cells: Cells, ids: Sequence[str], total: float, name: str, *, step: float = 0.0) -> Relations:
    """Return « a title or a text gives the total of these cells », rounded to `step` (0: exactly)."""
    return rows(cells, [(ids, np.ones(len(ids)).tolist())], total - step / 2, total + step / 2, [name])


def ranking(cells: Cells, ordered: Sequence[str], name: str) -> Relations:
    """Return « these cells are ranked from the largest to the smallest »: each is at least the next, ties included."""
    pairs = [([first, second], [1.0, -1.0]) for first, second in pairwise(ordered)]
    names = [
        f"{name} : « {cells.label[cells.position(first)]} » devant « {cells.label[cells.position(second)]} »"
        for first, second in pairwise(ordered)
    ]
    return rows(cells, pairs, 0.0, np.inf, names)


def classed(cells: Cells, ids: Sequence[str], low: Sequence[float], high: Sequence[float], name: str) -> Relations:
    """Return « the map puts each cell in a class »: between the limits of its class, taken as closed on both sides."""
    if not len(ids) == len(low) == len(high):
        raise Invalid("Relations du secret : chaque cellule classée a deux limites.")
    entries = [([one], [1.0]) for one in ids]
    names = [
        f"{name} : « {cells.label[cells.position(one)]} » entre {least:g} et {most:g}"
        for one, least, most in zip(ids, low, high, strict=True)
    ]
    return rows(cells, entries, np.asarray(low), np.asarray(high), names)


def legend(cells: Cells, ids: Sequence[str], low: float, high: float, name: str) -> Relations:
    """Return « the legend goes from the smallest to the largest of these cells »: none is outside.

    That one of them reaches each bound is not linear and is not used: a legend should be computed from the visible
    cells alone, and then it tells nothing of the others.
    """
    return classed(cells, ids, [low] * len(ids), [high] * len(ids), name)
