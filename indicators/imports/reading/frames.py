"""Columns of text as the frames of the contract: numbered columns, lines as index, nothing where nothing is held.

Cells are pandas' own text (`str`, Arrow underneath): what holds nothing is missing for `isna`, null for Arrow.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

TEXT = pd.StringDtype(na_value=float("nan"))


def frame(columns: Sequence[pa.Array | pa.ChunkedArray], lines: npt.ArrayLike, width: int) -> pd.DataFrame:
    """Return the frame of these columns of text, widened with empty columns up to `width`."""
    index = pd.Index(lines, dtype="int64")
    wide = [*columns, *(pa.nulls(len(index), pa.string()) for _ in range(len(columns), width))]
    cells = {number: TEXT.__from_arrow__(column) for number, column in enumerate(wide)}
    return pd.DataFrame(cells, index=index, columns=range(width))


def joined(groups: Sequence[tuple[npt.NDArray[np.int64], Sequence[pa.Array]]], width: int) -> pd.DataFrame:
    """Return the frame of several groups of rows (their lines, their columns of text), in the order of the lines."""
    if len(groups) == 1:
        ((lines, columns),) = groups
        return frame(columns, lines, width)
    lines = np.concatenate([found for found, _ in groups])
    order = np.argsort(lines)
    whole = [
        pa.concat_arrays(
            columns[number] if number < len(columns) else pa.nulls(len(found), pa.string())
            for found, columns in groups
        ).take(pa.array(order))
        for number in range(width)
    ]
    return frame(whole, lines[order], width)


def columns_of(rows: Sequence[Sequence[str]]) -> list[pa.Array]:
    """Return the columns of rows of any width; a cell that is missing or empty is null."""
    width = max(map(len, rows), default=0)
    return [
        pa.array([(row[number] or None) if number < len(row) else None for row in rows], pa.string())
        for number in range(width)
    ]
