"""Streams of bytes that can be opened anew: a file, a member of an archive, what a gzip file holds.

Whatever inflates is counted while it inflates. Nothing is ever extracted to disk.
"""

import gzip
import hashlib
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from indicators.imports.reading import limits
from indicators.imports.reading.limits import UnreadableFile, quoted

DAMAGED = (zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)


class Bytes(Protocol):
    """A stream that gives its bytes in order."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, at most `size`; empty at the end."""
        ...


@dataclass(frozen=True)
class Source:
    """Bytes with a name fit to be shown; `open` gives them anew from the first."""

    name: str
    open: Callable[[], AbstractContextManager[Bytes]]

    def head(self, size: int = 4096) -> bytes:
        """Return the first bytes."""
        with self.open() as stream:
            return stream.read(size)


class Counted:
    """A stream that inflates, under the limits of ratio and of total."""

    def __init__(self, stream: Bytes, name: str, packed: int) -> None:
        self._stream, self._name, self._packed = stream, name, max(packed, 1)
        self._total = 0

    def read(self, size: int, /) -> bytes:
        """Return the next bytes; raises FileTooLarge (bomb) or UnreadableFile (damaged, truncated, encrypted)."""
        try:
            block = self._stream.read(size)
        except DAMAGED:
            raise damaged(self._name) from None
        self._total += len(block)
        limits.INFLATED_BYTES.check(self._total, self._name)
        if self._total > limits.RATIO_FROM_BYTES:
            limits.INFLATED_RATIO.check(self._total // self._packed, self._name)
        return block


def damaged(name: str) -> UnreadableFile:
    """Return the error for compressed bytes that do not inflate to what they should."""
    return UnreadableFile(
        f"{quoted(name)} est abîmé ou tronqué\u202f: sa compression ne se relit pas jusqu’au bout."
    )


def file_source(path: Path, name: str) -> Source:
    """Return the file as a source; it must stay as it is while it is read (UnreadableFile otherwise)."""
    seen = path.stat()

    @contextmanager
    def opened() -> Iterator[Bytes]:
        with path.open("rb") as stream:
            yield stream
        now = path.stat()
        if (now.st_size, now.st_mtime_ns) != (seen.st_size, seen.st_mtime_ns):
            raise UnreadableFile(f"{quoted(name)} a changé pendant sa lecture\u202f: livrez-le de nouveau.")

    return Source(name, opened)


def gzip_source(path: Path, name: str) -> Source:
    """Return what a gzip file holds."""
    packed = path.stat().st_size

    @contextmanager
    def opened() -> Iterator[Bytes]:
        with gzip.open(path, "rb") as stream:
            yield Counted(stream, name, packed)

    return Source(name, opened)


def digest(path: Path) -> str:
    """Return the SHA-256 of the file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
