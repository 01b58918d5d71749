"""What a delivered file becomes once it is read, whatever its format: sheets of text, cell by cell, nothing guessed.

Readers (`indicators.imports.reading`) make sheets; the diagnosis (`indicators.imports.diagnosis`) reads them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Sheet:
    """One table of a file: a sheet of a workbook, a member of an archive, a layer.

    `batches` may be called again and gives the rows anew, in frames of bounded size: columns are numbered from
    0, the index is the line of the row in its file (from 1), every cell is the text that the file holds or None
    where it holds nothing. Header lines are rows like any other.
    """

    name: str
    batches: Callable[[], Iterator[pd.DataFrame]]


@dataclass(frozen=True)
class Delivered:
    """A file as it was read: its name, its size in bytes, its SHA-256, its sheets, and French remarks on its form.

    `form` says what was found of the format: "format", and where they apply "encoding", "separator", "bom".
    """

    name: str
    size: int
    sha256: str
    sheets: tuple[Sheet, ...]
    form: dict[str, str]
    remarks: tuple[str, ...] = ()
