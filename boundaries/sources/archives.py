"""Unpacks a zip archive beside the downloads: bounded, only the wanted files, nothing outside the folder."""

import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path

from boundaries.sources.fetch import Fetched
from geo.errors import Invalid, TooLarge
from geo.progress import Progress

LIMIT_BYTES = 12_000_000_000
LIMIT_FILES = 20_000


def unpack(archive: Fetched, suffixes: Iterable[str], cache: Path, progress: Progress) -> Path:
    """Return the folder that holds the files of these suffixes; an archive unpacked before is used again.

    Raises Invalid when it is no readable zip archive, TooLarge beyond `LIMIT_BYTES` or `LIMIT_FILES`.
    """
    cache.mkdir(parents=True, exist_ok=True)
    folder = cache / f"zip-{archive.sha256[:32]}"
    if folder.is_dir():
        return folder
    draft = Path(tempfile.mkdtemp(dir=cache))
    try:
        with zipfile.ZipFile(archive.path) as content:
            wanted = tuple(suffixes)
            members = [m for m in content.infolist() if m.filename.lower().endswith(wanted) and not m.is_dir()]
            total = sum(member.file_size for member in members)
            if total > LIMIT_BYTES or len(members) > LIMIT_FILES:
                raise TooLarge(
                    f"L’archive {archive.name} dépasse {LIMIT_BYTES // 10**9}\u202fGo une fois décompressée."
                )
            advance = progress(f"Décompression de {archive.name}", max(total, 1))
            for member in members:
                content.extract(member, draft)
                advance(member.file_size)
            if total == 0:
                advance(1)
        draft.replace(folder)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError):
        raise Invalid(f"L’archive {archive.name} n’est pas un fichier zip lisible.") from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder
