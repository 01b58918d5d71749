"""Tables with margins and a small country, written as cells and relations for the tests of statistical secrecy."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from indicators.secrecy import Cells, Relations, sums, together


def margins(values: Sequence[Sequence[float]], rows: str, columns: str, **given: Any) -> tuple[Cells, Relations]:
    """Return a table with its margins: cells `xa`, totals `x.` of rows, `.a` of columns and `..` of all."""
    table = np.array(values, float)
    ids = [row + column for row in rows for column in columns]
    ids += [f"{row}." for row in rows] + [f".{column}" for column in columns] + [".."]
    value = np.concatenate([table.ravel(), table.sum(axis=1), table.sum(axis=0), [table.sum()]])
    cells = Cells.of(ids, value, **{"cost": value, **given})
    inner = [row + column for row in rows for column in columns]
    relations = together(
        [
            sums(cells, [f"{one[0]}." for one in inner], inner, "ligne {}".format),
            sums(cells, [f".{one[1]}" for one in inner], inner, "colonne {}".format),
            sums(cells, [".."] * len(rows), [f"{row}." for row in rows], "lignes de {}".format),
            sums(cells, [".."] * len(columns), [f".{column}" for column in columns], "colonnes de {}".format),
        ]
    )
    return cells, relations


def needing(cells: Cells, amount: float) -> Cells:
    """Return the cells, each of which needs that much below and above when it is protected."""
    return cells.changed(floor=cells.value - amount, ceiling=cells.value + amount)
