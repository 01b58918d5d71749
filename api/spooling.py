"""Bytes that are made at one pace and sent at another, through a file that has no name."""

import os
import threading
import weakref
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from tempfile import mkstemp

PIECE = 256 * 1024


class Unnamed:
    """A file that loses its name here, and its bytes with the last who holds this."""

    def __init__(self, path: Path) -> None:
        self.number = os.open(path, os.O_RDWR)
        weakref.finalize(self, os.close, self.number)
        path.unlink()

    @property
    def weight(self) -> int:
        """How many bytes it has."""
        return os.fstat(self.number).st_size

    def pieces(self) -> Iterator[bytes]:
        """Give its bytes."""
        place = 0
        while piece := os.pread(self.number, PIECE, place):
            place += len(piece)
            yield piece


class Spool:
    """Bytes put in a file by a thread of their own, and read as they come; the file goes with the last who holds it."""

    def __init__(self, first: bytes, chunks: Generator[bytes], close: Callable[[], None]) -> None:
        """Begin with a chunk already made; `close` is called once there are no more, or nobody reads them."""
        number, name = mkstemp(prefix="ores-export-")
        os.close(number)
        self._file = Unnamed(Path(name))
        self._changed = threading.Condition()
        self._weight = 0
        self._ended = False
        self._abandoned = False
        self._failure: BaseException | None = None
        threading.Thread(target=self._fill, args=(first, chunks, close), name="export", daemon=True).start()

    def read(self) -> Iterator[bytes]:
        """Give the bytes, once; what stopped them is raised where they end."""
        place = 0
        try:
            while True:
                with self._changed:
                    while self._weight == place and not self._ended:
                        self._changed.wait()
                    weight = self._weight
                if weight == place:
                    break
                piece = os.pread(self._file.number, min(weight - place, PIECE), place)
                place += len(piece)
                yield piece
            if self._failure is not None:
                raise self._failure
        finally:
            self._abandoned = True

    def _fill(self, first: bytes, chunks: Generator[bytes], close: Callable[[], None]) -> None:
        try:
            with ExitStack() as ends:
                ends.callback(close)
                ends.callback(chunks.close)
                file = ends.enter_context(open(self._file.number, "wb", closefd=False))
                for chunk in chain((first,), chunks):
                    if self._abandoned:
                        break
                    file.write(chunk)
                    file.flush()
                    self._keep(len(chunk))
        except BaseException as failure:
            self._failure = failure
        finally:
            self._keep(0, ended=True)

    def _keep(self, weight: int, ended: bool = False) -> None:
        with self._changed:
            self._weight += weight
            self._ended = ended
            self._changed.notify_all()
