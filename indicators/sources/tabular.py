"""What sources share: values of JSON as the texts of cells, rows as a sheet, and the digest that knows them again."""

import hashlib
from collections.abc import Iterator
from decimal import Decimal

import orjson
import pandas as pd

from indicators.imports.reading.frames import TEXT
from indicators.imports.sheets import Sheet

BATCH = 50_000


def text(value: object) -> str | None:
    """Return a value of JSON as the text of a cell: a number in full, without exponent or useless decimals.

    >>> text(327734.0), text(99.14), text(1e-07), text(1e22), text(-0.0), text(2005), text(None), text("01")
    ('327734', '99.14', '0.0000001', '10000000000000000000000', '0', '2005', None, '01')
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, float):
        shortest = repr(value or 0.0)
        return (format(Decimal(shortest), "f") if "e" in shortest else shortest).removesuffix(".0")
    return orjson.dumps(value).decode()


def digest_of(title: str, frame: pd.DataFrame) -> str:
    """Return the SHA-256 of a title, the headings and the rows, in the order given."""
    digest = hashlib.sha256(orjson.dumps([title, *frame.columns]))
    for start in range(0, len(frame), BATCH):
        rows = frame.iloc[start : start + BATCH].astype(object)
        for row in rows.where(rows.notna(), None).itertuples(index=False, name=None):
            digest.update(b"\n" + orjson.dumps(row))
    return digest.hexdigest()


def sheet_of(name: str, frame: pd.DataFrame) -> Sheet:
    """Return rows as a sheet: the headings on line 1, a row on each line after."""

    def batches() -> Iterator[pd.DataFrame]:
        yield pd.DataFrame([list(frame.columns)], index=[1], dtype=TEXT)
        numbered = frame.set_axis(range(len(frame.columns)), axis=1).set_axis(range(2, len(frame) + 2), axis=0)
        for start in range(0, len(frame), BATCH):
            yield numbered.iloc[start : start + BATCH].astype(TEXT)

    return Sheet(name, batches)
