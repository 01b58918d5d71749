"""ZIP archives: their table of contents is judged before it is loaded, their members are read as streams.

Nothing is extracted to disk; a member whose name leaves the archive, a link, a member under password or a
nested archive refuses the whole.
"""

import os
import re
import stat
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from indicators.imports.reading import limits
from indicators.imports.reading.limits import UnreadableFile, quoted
from indicators.imports.reading.sources import Bytes, Counted, Source, damaged

_END = b"PK\x05\x06"
_END_64 = b"PK\x06\x06"
_LOCATOR_64 = b"PK\x06\x07"
_END_BYTES, _LOCATOR_BYTES, _END_64_BYTES = 22, 20, 56
_LONGEST_COMMENT = 65_535


@dataclass(frozen=True)
class Archive:
    """A ZIP archive that may be read: its path, its name for people, its members that are files."""

    path: Path
    name: str
    members: tuple[zipfile.ZipInfo, ...]

    @property
    def names(self) -> frozenset[str]:
        """The names of the members."""
        return frozenset(member.filename for member in self.members)

    def source(self, member: zipfile.ZipInfo) -> Source:
        """Return a member as a source, under the limits of what inflates."""
        name = f"{self.name}/{member.filename}"

        @contextmanager
        def opened() -> Iterator[Bytes]:
            try:
                archive = zipfile.ZipFile(self.path)
                stream = archive.open(member)
            except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError):
                raise damaged(name) from None
            with archive, stream:
                yield Counted(stream, name, member.compress_size)

        return Source(name, opened)


def open_archive(path: Path, name: str) -> Archive:
    """Return the archive with its members; raises UnreadableFile or FileTooLarge before anything is inflated."""
    with path.open("rb") as file:
        limits.DIRECTORY_BYTES.check(_directory_bytes(file), name)
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, struct.error):
        raise UnreadableFile(f"{quoted(name)} est une archive ZIP abîmée ou tronquée.") from None
    limits.MEMBERS.check(len(members), name)
    for member in members:
        _check_member(member, name)
    if len({member.filename for member in members}) < len(members):
        raise UnreadableFile(
            f"{quoted(name)} contient deux fichiers du même nom\u202f: on ne saurait lequel lire."
        )
    limits.INFLATED_BYTES.check(sum(member.file_size for member in members), name)
    return Archive(path, name, tuple(member for member in members if not member.is_dir()))


def _check_member(member: zipfile.ZipInfo, name: str) -> None:
    shown = f"{quoted(name)} contient {quoted(member.filename)}"
    parts = PurePosixPath(member.filename.replace("\\", "/")).parts
    if not parts or ".." in parts or parts[0] == "/" or re.match(r"[A-Za-z]:", parts[0]):
        raise UnreadableFile(f"{shown}\u202f: un chemin qui sort de l’archive est refusé.")
    if stat.S_ISLNK(member.external_attr >> 16):
        raise UnreadableFile(f"{shown}\u202f: un lien est refusé.")
    if member.flag_bits & 1:
        raise UnreadableFile(f"{shown}, protégé par un mot de passe\u202f: livrez-le sans protection.")


def _directory_bytes(file: BinaryIO) -> int:
    """The size of the table of contents, as its end record (or its 64-bit twin) states it: what zipfile would load."""
    size = file.seek(0, os.SEEK_END)
    start = max(0, size - _END_BYTES - _LONGEST_COMMENT - _LOCATOR_BYTES)
    file.seek(start)
    tail = file.read()
    at = tail.rfind(_END)
    if at < 0 or at + _END_BYTES > len(tail):
        return 0
    stated = int(struct.unpack_from("<I", tail, at + 12)[0])
    locator = at - _LOCATOR_BYTES
    if locator >= 0 and tail[locator : locator + 4] == _LOCATOR_64:
        file.seek(max(0, start + locator - _END_64_BYTES))
        record = file.read(_END_64_BYTES)
        if record[:4] == _END_64:
            stated = max(stated, int(struct.unpack_from("<Q", record, 40)[0]))
    return stated
