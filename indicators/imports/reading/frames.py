"""Columns of text as the frames of the contract: numbered columns, lines as index, nothing where nothing is held.

Cells are pandas' own text (`str`, Arrow underneath): what holds nothing is missing for `isna`, null for Arrow.
"""

from collections.abc import Iterable, Sequence
from itertools import zip_longest

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

TEXT = pd.StringDtype(na_value=float("nan"))


def frame(columns: Sequence[pa.Array | pa.ChunkedArray], lines: Iterable[int], width: int) -> pd.DataFrame:
    """Return the frame of these columns of text, widened with empty columns up to `width`."""
    index = pd.Index(lines, dtype="int64")
    wide = [*columns, *(pa.nulls(len(index), pa.string()) for _ in range(len(columns), width))]
    cells = {number: TEXT.__from_arrow__(column) for number, column in enumerate(wide)}
    return pd.DataFrame(cells, index=index, columns=range(width))


def columns_of(rows: Iterable[Sequence[str | None]]) -> list[pa.Array]:
    """Return the columns of rows of any width; a cell that is missing or empty is null."""
    return [emptied(pa.array(column, pa.string())) for column in zip_longest(*rows)]


def emptied(column: pa.Array) -> pa.Array:
    """Return the column with null where the text is empty."""
    return pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)
