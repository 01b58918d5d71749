"""Text tables (CSV, TSV, any separator): surveyed whole once, then given in batches, always from the stream.

Every row is kept, at its line: a row shorter than the others is filled with None, a longer one keeps its cells
in further columns. Blank lines are rows that hold nothing.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from pyarrow import csv as arrow_csv

from indicators.imports.reading import limits
from indicators.imports.reading.content import Content
from indicators.imports.reading.encoding import Encoding, find_encoding
from indicators.imports.reading.frames import columns_of, frame
from indicators.imports.reading.limits import UnreadableFile, quoted
from indicators.imports.reading.lines import blocks
from indicators.imports.reading.records import Rows, Tidy, cut, pieces
from indicators.imports.reading.separator import SEPARATORS, find_separator
from indicators.imports.reading.sources import Source
from indicators.imports.sheets import Sheet

_LINES_SHOWN = 5


@dataclass
class Survey:
    """How many rows have each width, and the first lines of each."""

    widths: Counter[int] = field(default_factory=Counter)
    lines: dict[int, list[int]] = field(default_factory=dict)
    broken: list[int] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return self.widths.total()

    @property
    def width(self) -> int:
        """The width of the widest row."""
        return max(self.widths, default=0)

    @property
    def usual(self) -> int:
        """The width that most rows have."""
        return max(self.widths.items(), key=lambda item: (item[1], item[0]), default=(1, 0))[0]


def read_text_table(source: Source, sheet_name: str) -> Content:
    """Return the table that this text holds. Raises UnreadableFile or FileTooLarge."""
    encoding = find_encoding(source)
    found = find_separator(source, encoding)
    separator = found or ";"
    seen = survey(source, encoding, separator)
    if not seen.rows:
        raise UnreadableFile(f"{quoted(source.name)} est vide\u202f: il ne contient aucune ligne.")

    def batches() -> Iterator[pd.DataFrame]:
        return _batches(source, encoding, separator, seen)

    form = {
        "format": "SDMX-CSV" if _is_sdmx(next(batches())) else "TSV" if found == "\t" else "CSV",
        "encoding": encoding.label,
        "separator": SEPARATORS[found] if found else "aucun",
    }
    if encoding.mark:
        form["bom"] = encoding.label
    remarks = tuple(filter(None, (encoding.remark, *_uneven(seen))))
    return Content((Sheet(sheet_name, batches),), form, remarks)


def survey(source: Source, encoding: Encoding, separator: str) -> Survey:
    """Return the widths of the rows of the whole text; limits of rows, columns and cells are checked on the way."""
    seen = Survey()
    for piece in pieces(blocks(source, encoding), separator, source.name):
        if isinstance(piece, Tidy):
            widths = piece.widths
            lines: npt.NDArray[np.int64] = np.arange(piece.line, piece.line + len(widths))
        else:
            widths = np.array([len(cells) for cells in piece.cells], dtype=np.int64)
            lines = np.array(piece.lines)
        counts = np.bincount(widths)
        for width in np.flatnonzero(counts).tolist():
            seen.widths[width] += int(counts[width])
            known = seen.lines.setdefault(width, [])
            if len(known) < _LINES_SHOWN:
                known.extend(lines[widths == width][: _LINES_SHOWN - len(known)].tolist())
        if isinstance(piece, Rows) and not seen.broken:
            seen.broken = _swallowed(piece, separator, seen.usual)
        limits.COLUMNS.check(seen.width, source.name, f" (ligne {seen.lines[seen.width][0]})")
        limits.ROWS.check(seen.rows, source.name)
        limits.CELLS.check(seen.rows * seen.width, source.name)
    if seen.broken:
        raise UnreadableFile(
            f"{quoted(source.name)}\u202f: le guillemet ouvert à la ligne {seen.broken[0]} avale des lignes entières. "
            "Refermez-le, ou doublez-le s’il fait partie du texte."
        )
    return seen


def _batches(source: Source, encoding: Encoding, separator: str, seen: Survey) -> Iterator[pd.DataFrame]:
    """The rows anew, block by block."""
    for piece in pieces(blocks(source, encoding), separator, source.name):
        if isinstance(piece, Tidy) and bool(np.all(piece.widths == seen.usual)):
            table = _parse(piece.text, separator, seen.usual)
            yield frame(table.columns, range(piece.line, piece.line + table.num_rows), seen.width)
            continue
        rows = piece if isinstance(piece, Rows) else cut(piece.text, separator, piece.line, source.name)[0]
        yield frame(columns_of(rows.cells), rows.lines, seen.width)


def _parse(text: bytes, separator: str, width: int) -> pa.Table:
    """The cells of tidy lines that all have this width."""
    names = [str(number) for number in range(width)]
    return arrow_csv.read_csv(
        pa.BufferReader(text),
        read_options=arrow_csv.ReadOptions(column_names=names, block_size=len(text) + 1, use_threads=False),
        parse_options=arrow_csv.ParseOptions(delimiter=separator, ignore_empty_lines=False),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
        ),
    )


def _is_sdmx(batch: pd.DataFrame) -> bool:
    """Whether the first row is a heading of SDMX-CSV, 1.0 (DATAFLOW) or 2.0 (STRUCTURE, STRUCTURE_ID)."""
    heading = set(batch.iloc[0].dropna())
    return "OBS_VALUE" in heading and ("DATAFLOW" in heading or {"STRUCTURE", "STRUCTURE_ID"} <= heading)


def _swallowed(rows: Rows, separator: str, usual: int) -> list[int]:
    """The lines where a cell begins that holds a whole line of the table: a quote that was never closed."""
    if usual < 2:
        return []
    several = np.flatnonzero(np.diff(rows.lines, append=rows.lines[-1] + 2) > 1)
    return [
        rows.lines[row]
        for row in several
        for cell in rows.cells[row]
        if "\n" in cell and max(part.count(separator) for part in cell.split("\n")) >= usual - 1
    ]


def _uneven(seen: Survey) -> Iterator[str]:
    """What must be said of rows that do not have the usual width."""
    for width in sorted(set(seen.widths) - {seen.usual, 0}):
        count = seen.widths[width]
        shown = ", ".join(str(line) for line in seen.lines[width]) + ("…" if count > _LINES_SHOWN else "")
        many = "lignes ont" if count > 1 else "ligne a"
        yield f"{count} {many} {width} cellule(s) au lieu de {seen.usual}\u202f: {shown}."
