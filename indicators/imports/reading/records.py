"""A text table as pieces that are parsed alone: tidy blocks of one row per line, and rows already cut elsewhere.

A quoted cell may hold separators and ends of lines, so the end of a block may lie inside a cell: what is open is
carried into the next block. Quotes follow RFC 4180 as spreadsheets write it: a quote opens a cell at its first
letter alone, and is doubled inside; anywhere else it is a letter.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
import numpy.typing as npt

from indicators.imports.reading import limits
from indicators.imports.reading.limits import UnreadableFile, quoted
from indicators.imports.reading.lines import count_lines
from indicators.imports.reading.tidy import widths_of

# Blocks hold no NUL: a line that is one is read as a row of its own unless a quote is open.
_SENTINEL = "\0"


@dataclass(frozen=True)
class Tidy:
    """One row per line, quotes around whole cells alone: the line of the first row, the width of each."""

    line: int
    text: bytes
    widths: npt.NDArray[np.int64]


@dataclass
class Rows:
    """Rows cut into cells, and the line where each begins."""

    lines: list[int] = field(default_factory=list)
    cells: list[list[str]] = field(default_factory=list)


def pieces(texts: Iterator[bytes], separator: str, name: str) -> Iterator[Tidy | Rows]:
    """Yield the pieces of a text in order.

    Raises UnreadableFile with the line where a quote opens that is never closed, or closes too far to be meant.
    """
    line = 1
    carried = b""
    for text in texts:
        block = carried + text
        carried = b""
        widths = widths_of(block, separator)
        if widths is not None:
            yield Tidy(line, block, widths)
            line += count_lines(block)
            continue
        rows, carried = cut(block, separator, line, name)
        if rows.lines:
            yield rows
        line += count_lines(block[: len(block) - len(carried)])
        if len(carried) > limits.RECORD_BYTES.value:
            raise _unclosed(name, line)
    if carried:
        raise _unclosed(name, line)


def cut(block: bytes, separator: str, line: int, name: str) -> tuple[Rows, bytes]:
    """Return the rows of a block that begins at this line, and the bytes of the last one if a quote is left open."""
    lines = list(io.StringIO(block.decode(), newline=""))
    reader = csv.reader(chain(lines, [_SENTINEL]), delimiter=separator)
    rows = Rows()
    begins = 0
    try:
        for cells in reader:
            if reader.line_num > len(lines):
                break
            rows.lines.append(line + begins)
            rows.cells.append(cells)
            begins = reader.line_num
    except csv.Error:
        raise _unclosed(name, line + begins) from None
    return rows, "".join(lines[begins:]).encode()


def _unclosed(name: str, line: int) -> UnreadableFile:
    return UnreadableFile(
        f"{quoted(name)}\u202f: un guillemet ouvert à la ligne {line} n’est pas refermé "
        f"(ou sa cellule dépasse {csv.field_size_limit() // 1024}\u202fKio). "
        "Refermez-le, ou doublez-le s’il fait partie du texte."
    )
