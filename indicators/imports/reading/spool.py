"""Sheets of text kept in one anonymous temporary file, in Arrow's stream format: written once, read any number of times.

The file has no name on the disk: nothing is left of it, whatever happens.
"""

import io
import os
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import BinaryIO

import pyarrow as pa

from indicators.imports.reading import limits

CELLS_PER_BATCH = 500_000


@dataclass(frozen=True)
class Kept:
    """Where a sheet is in the file."""

    name: str
    start: int
    width: int


@dataclass
class SpoolWriter:
    """Writes sheets one after the other; `file_name` is that of the delivered file, for the errors."""

    file: BinaryIO
    file_name: str
    sheets: list[Kept] = field(default_factory=list)

    def rows(self, sheet: str, width: int, rows: Iterable[Sequence[str | None]]) -> None:
        """Keep a sheet given row by row, every row as wide as stated; lines are counted from 1."""
        self.columns(sheet, width, _columns(rows, max(1, CELLS_PER_BATCH // max(width, 1))))

    def columns(self, sheet: str, width: int, batches: Iterable[Sequence[pa.Array]]) -> None:
        """Keep a sheet given as batches of columns of text."""
        limits.COLUMNS.check(width, self.file_name, f" (feuille {limits.quoted(sheet)})")
        limits.SHEETS.check(len(self.sheets) + 1, self.file_name)
        known = {kept.name for kept in self.sheets}
        sheet = next(name for name in _names(sheet) if name not in known)
        self.sheets.append(Kept(sheet, self.file.tell(), width))
        schema = pa.schema([(str(number), pa.string()) for number in range(width)])
        seen = 0
        with pa.ipc.new_stream(self.file, schema) as stream:
            for columns in batches:
                batch = pa.record_batch(list(columns), schema=schema)
                seen += batch.num_rows
                limits.ROWS.check(seen, self.file_name)
                limits.CELLS.check(seen * width, self.file_name)
                stream.write_batch(batch)


def headed(names: Sequence[str], batches: Iterable[Sequence[pa.Array]]) -> Iterator[list[pa.Array]]:
    """Yield batches of columns of text with the names of the columns as first row."""
    heading = [pa.array([name], pa.string()) for name in names]
    rest = iter(batches)
    first = next(rest, None)
    yield heading if first is None else [pa.concat_arrays(pair) for pair in zip(heading, first, strict=True)]
    yield from map(list, rest)


def _names(name: str) -> Iterator[str]:
    """The name, then the same with a number: two tables of a file never have the same one."""
    yield name
    yield from (f"{name} ({number})" for number in count(2))


def _columns(rows: Iterable[Sequence[str | None]], size: int) -> Iterator[list[pa.Array]]:
    held: list[Sequence[str | None]] = []
    for row in rows:
        held.append(row)
        if len(held) == size:
            yield [pa.array(column, pa.string()) for column in zip(*held, strict=True)]
            held.clear()
    if held:
        yield [pa.array(column, pa.string()) for column in zip(*held, strict=True)]


class Spool:
    """The anonymous file, open as long as something reads it, then gone."""

    def __init__(self) -> None:
        with tempfile.TemporaryFile() as file:
            self.descriptor = os.dup(file.fileno())
        weakref.finalize(self, os.close, self.descriptor)

    def batches(self, kept: Kept) -> Iterator[pa.RecordBatch]:
        """Yield the batches of a sheet anew."""
        with pa.ipc.open_stream(io.BufferedReader(_View(self, kept.start), 1_048_576)) as stream:
            yield from stream


class _View(io.RawIOBase):
    """An independent reading of a file that others read as well: it never moves their position."""

    def __init__(self, spool: Spool, start: int) -> None:
        self._spool, self._at = spool, start

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        read = os.preadv(self._spool.descriptor, [buffer], self._at)
        self._at += read
        return read
