"""A text table as pieces of whole rows: tidy lines, for Arrow's parser, and rows that `csv` had to cut.

A quoted cell may hold separators and ends of lines, so the end of a block may lie inside a cell: what is open is
carried into the next block. Quotes follow RFC 4180 as spreadsheets write it: a quote opens a cell at its first
letter alone, and is doubled inside; anywhere else it is a letter.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
import numpy.typing as npt

from indicators.imports.reading import limits
from indicators.imports.reading.limits import UnreadableFile, quoted
from indicators.imports.reading.tidy import Integers, Lines, lines_of

# Blocks hold no NUL: a line that is one is read as a row of its own unless a quote is open.
_SENTINEL = "\0"


@dataclass
class Piece:
    """The rows of a block that begins at `first`: lines that are rows (`alone`), and rows cut with their lines."""

    first: int
    lines: Lines
    alone: npt.NDArray[np.bool_]
    cut_lines: list[int] = field(default_factory=list)
    cut_cells: list[list[str]] = field(default_factory=list)

    @property
    def alone_lines(self) -> Integers:
        """The lines, in the file, of the rows that are lines."""
        return self.first + np.flatnonzero(self.alone)


def pieces(texts: Iterator[bytes], separator: str, name: str) -> Iterator[Piece]:
    """Yield the pieces of a text in order.

    Raises UnreadableFile with the line where a quote opens that is never closed, or closes too far to be meant.
    """
    first = 1
    carried = b""
    for text in texts:
        lines = lines_of(carried + text, separator)
        piece = Piece(first, lines, lines.tidy.copy())
        opened = _cut(piece, separator, name)
        carried = b"" if opened is None else lines.text[lines.starts[opened] :]
        if opened is not None:
            piece.alone[opened:] = False
        yield piece
        first += len(lines.starts) if opened is None else opened
        if len(carried) > limits.RECORD_BYTES.value:
            raise _unclosed(name, first)
    if carried:
        raise _unclosed(name, first)


def _cut(piece: Piece, separator: str, name: str) -> int | None:
    """Cut the rows that begin at lines that are not tidy; return the line of a row left open, or None."""
    untidy = np.flatnonzero(~piece.lines.tidy).tolist()
    if not untidy:
        return None
    bounds = [*piece.lines.starts.tolist(), len(piece.lines.text)]
    is_tidy = [*piece.lines.tidy.tolist(), True]
    done = 0
    for number in untidy:
        if number < done:  # cut already, with those above
            continue
        begins = number
        reader = csv.reader(chain(_texts(piece.lines.text, bounds, number), [_SENTINEL]), delimiter=separator)
        while not is_tidy[begins]:
            try:
                cells = next(reader)
            except csv.Error:
                raise _unclosed(name, piece.first + begins) from None
            done = number + reader.line_num
            if done == len(bounds):  # the sentinel was read as well
                return begins
            piece.alone[begins:done] = False
            piece.cut_lines.append(piece.first + begins)
            piece.cut_cells.append(cells)
            begins = done
    return None


def _texts(text: bytes, bounds: Sequence[int], number: int) -> Iterator[str]:
    """The lines from one on."""
    for place in range(number, len(bounds) - 1):
        yield text[bounds[place] : bounds[place + 1]].decode()


def _unclosed(name: str, line: int) -> UnreadableFile:
    return UnreadableFile(
        f"{quoted(name)}\u202f: un guillemet ouvert à la ligne {line} n’est pas refermé "
        f"(ou sa cellule dépasse {csv.field_size_limit() // 1024}\u202fKio). "
        "Refermez-le, ou doublez-le s’il fait partie du texte."
    )
