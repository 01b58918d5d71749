"""Text tables (CSV, TSV, any separator): surveyed whole once, then given in batches, always from the stream.

Every row is kept, at its line: a row shorter than the others is filled with None, a longer one keeps its cells
in further columns. Blank lines are rows that hold nothing.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import csv as arrow_csv

from indicators.imports.reading import limits
from indicators.imports.reading.content import Content
from indicators.imports.reading.encoding import Encoding, find_encoding
from indicators.imports.reading.frames import columns_of, joined
from indicators.imports.reading.limits import UnreadableFile, quoted
from indicators.imports.reading.lines import blocks
from indicators.imports.reading.records import Piece, pieces
from indicators.imports.reading.separator import SEPARATORS, find_separator
from indicators.imports.reading.sources import Source
from indicators.imports.reading.tidy import Integers
from indicators.imports.sheets import Sheet

_LINES_SHOWN = 5


@dataclass
class Survey:
    """How many rows have each width, and the first lines of each."""

    widths: Counter[int] = field(default_factory=Counter)
    lines: dict[int, list[int]] = field(default_factory=dict)
    swallowed: int | None = None

    def note(self, lines: Integers, widths: Integers) -> None:
        """Count these rows."""
        counts = np.bincount(widths)
        for width in np.flatnonzero(counts).tolist():
            self.widths[width] += int(counts[width])
            known = self.lines.setdefault(width, [])
            if len(known) < _LINES_SHOWN:
                known.extend(lines[widths == width][: _LINES_SHOWN - len(known)].tolist())

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
        seen.note(piece.alone_lines, piece.lines.widths[piece.alone])
        seen.note(np.array(piece.cut_lines), np.array([len(cells) for cells in piece.cut_cells], dtype=np.int64))
        seen.swallowed = seen.swallowed or _swallowed(piece, separator, seen.usual)
        if not seen.rows:
            continue
        limits.COLUMNS.check(seen.width, source.name, f" (ligne {seen.lines[seen.width][0]})")
        limits.ROWS.check(seen.rows, source.name)
        limits.CELLS.check(seen.rows * seen.width, source.name)
    if seen.swallowed:
        raise UnreadableFile(
            f"{quoted(source.name)}\u202f: le guillemet ouvert à la ligne {seen.swallowed} avale des lignes entières. "
            "Refermez-le, ou doublez-le s’il fait partie du texte."
        )
    return seen


def _batches(source: Source, encoding: Encoding, separator: str, seen: Survey) -> Iterator[pd.DataFrame]:
    """The rows anew, block by block: those of each width are parsed together, then put back in order."""
    for piece in pieces(blocks(source, encoding), separator, source.name):
        widths = piece.lines.widths
        groups = [
            (piece.first + np.flatnonzero(chosen), _parse(piece.lines.only(chosen), separator, int(width)))
            for width in np.unique(widths[piece.alone])
            for chosen in [piece.alone & (widths == width)]
        ]
        if piece.cut_lines:
            groups.append((np.array(piece.cut_lines), columns_of(piece.cut_cells)))
        if groups:
            yield joined(groups, seen.width)


def _parse(text: bytes, separator: str, width: int) -> list[pa.Array]:
    """The columns of tidy lines that all have this width, 0 for blank lines."""
    if not width:
        return []
    names = [str(number) for number in range(width)]
    table = arrow_csv.read_csv(
        pa.BufferReader(text),
        read_options=arrow_csv.ReadOptions(column_names=names, block_size=len(text) + 1, use_threads=False),
        parse_options=arrow_csv.ParseOptions(delimiter=separator, ignore_empty_lines=False),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
        ),
    )
    return [column.combine_chunks() for column in table.columns]


def _is_sdmx(batch: pd.DataFrame) -> bool:
    """Whether the first row is a heading of SDMX-CSV, 1.0 (DATAFLOW) or 2.0 (STRUCTURE, STRUCTURE_ID)."""
    heading = set(batch.iloc[0].dropna())
    return "OBS_VALUE" in heading and ("DATAFLOW" in heading or {"STRUCTURE", "STRUCTURE_ID"} <= heading)


def _swallowed(piece: Piece, separator: str, usual: int) -> int | None:
    """The line where a cell begins that holds a whole line of the table: a quote that was never closed."""
    for line, cells in zip(piece.cut_lines, piece.cut_cells, strict=True):
        for cell in cells:
            if usual > 1 and "\n" in cell and max(part.count(separator) for part in cell.split("\n")) >= usual - 1:
                return line
    return None


def _uneven(seen: Survey) -> Iterator[str]:
    """What must be said of rows that do not have the usual width."""
    for width in sorted(set(seen.widths) - {seen.usual, 0}):
        count = seen.widths[width]
        shown = ", ".join(str(line) for line in seen.lines[width]) + ("…" if count > _LINES_SHOWN else "")
        many = "lignes ont" if count > 1 else "ligne a"
        yield f"{count} {many} {width} cellule(s) au lieu de {seen.usual}\u202f: {shown}."
