"""A delivered sheet as plain Python: what each line of the file holds, None where it holds nothing."""

import pandas as pd

from indicators.imports.sheets import Sheet


def rows(sheet: Sheet) -> dict[int, list[str | None]]:
    """Return the cells of each line; every batch must have the same numbered columns."""
    found: dict[int, list[str | None]] = {}
    widths = set()
    for batch in sheet.batches():
        assert list(batch.columns) == list(range(batch.shape[1]))
        widths.add(batch.shape[1])
        for line, cells in zip(batch.index, batch.to_numpy(dtype=object), strict=True):
            assert line not in found
            found[int(line)] = [None if pd.isna(cell) else cell for cell in cells]
    assert len(widths) <= 1
    return found
