"""Turns a location given by the operator (a path, an http(s) address, several of them) into local files.

Only the command line gives locations; nothing here may be reached from a web client.
"""

import hashlib
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx

from boundaries.delivery import SourceFile
from boundaries.sources.download import Pause, download
from geo.errors import Invalid, NotFound
from geo.progress import Progress

LIMIT_BYTES = 4_000_000_000
SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):/", re.IGNORECASE)


@dataclass(frozen=True)
class Fetched:
    """A local file, the name that its producer gave it and the SHA-256 of its content."""

    path: Path
    name: str
    sha256: str

    @property
    def source(self) -> SourceFile:
        """Return what a delivery says of it."""
        return SourceFile(self.name, self.sha256)


def is_url(location: str) -> bool:
    """Return whether the location is an http(s) address; any other scheme is refused.

    >>> is_url("https://exemple.fr/a.zip"), is_url("donnees/a.zip")
    (True, False)
    """
    scheme = SCHEME.match(location)
    if scheme and scheme[1].lower() not in ("http", "https"):
        raise Invalid(
            f"L’adresse «\u202f{location}\u202f» n’est pas acceptée\u202f: "
            "donnez un chemin local ou une adresse http(s)."
        )
    return scheme is not None


def fetch(
    location: str,
    cache: Path,
    progress: Progress,
    *,
    name: str | None = None,
    limit_bytes: int = LIMIT_BYTES,
    pause: Pause = time.sleep,
    redirected: bool = True,
) -> Fetched:
    """Return one file: the local one itself, or the copy of the address kept in `cache`.

    A copy already there is used again only if the server says that it has not changed. Redirections are followed
    unless `redirected` is false.
    """
    location = location.strip()
    if not is_url(location):
        path = Path(location).expanduser()
        if not _exists(location) or not path.is_file():
            raise NotFound(f"Le fichier «\u202f{location}\u202f» n’existe pas.")
        return local(path, name)
    try:
        httpx.URL(location)
        parts = urlsplit(location)
    except (httpx.InvalidURL, ValueError):
        raise Invalid("Cette adresse http(s) est mal formée.") from None
    if not parts.hostname:
        raise Invalid("Cette adresse http(s) ne nomme aucun serveur.")
    title = Path(unquote(parts.path)).name or parts.hostname
    cache.mkdir(parents=True, exist_ok=True)
    safe = re.sub(r"[^\w.-]", "_", title, flags=re.ASCII)[-80:]
    target = cache / f"{hashlib.sha256(location.encode()).hexdigest()[:16]}-{safe}"
    label = f"Téléchargement de {name or title}"
    download(location, target, progress, label=label, limit_bytes=limit_bytes, pause=pause, redirected=redirected)
    return Fetched(target, name or title, sha256_of(target))


def fetch_all(
    location: str, suffixes: Iterable[str], cache: Path, progress: Progress, *, pause: Pause = time.sleep
) -> list[Fetched]:
    """Return every file of a location: a file, a folder (searched for `suffixes`), or several.

    Several have commas between. Raises NotFound when a path does not exist, Invalid when a folder holds no
    file of these suffixes.
    """
    found: list[Fetched] = []
    for piece in _pieces(location):
        folder = Path(piece).expanduser()
        if is_url(piece) or not _exists(piece) or not folder.is_dir():
            found.append(fetch(piece, cache, progress, pause=pause))
            continue
        wanted = tuple(suffixes)
        files = sorted(f for f in folder.rglob("*") if f.is_file() and f.name.lower().endswith(wanted))
        if not files:
            raise Invalid(
                f"Le dossier «\u202f{piece}\u202f» ne contient aucun fichier attendu ({', '.join(wanted)})."
            )
        found += [local(file) for file in files]
    if not found:
        raise Invalid("Indiquez un fichier, un dossier ou une adresse http(s).")
    return found


def local(path: Path, name: str | None = None) -> Fetched:
    """Return a file that is already there."""
    try:
        return Fetched(path, name or path.name, sha256_of(path))
    except OSError:
        raise Invalid(f"Le fichier {path.name} ne peut pas être lu.") from None


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal, without loading it whole."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _pieces(location: str) -> list[str]:
    """Cut at commas, except inside an existing path or in the query of an address."""
    if _exists(location):
        return [location]
    pieces: list[str] = []
    for piece in location.split(","):
        whole = piece.strip()
        inside_url = pieces and SCHEME.match(pieces[-1]) and "?" in pieces[-1] and not SCHEME.match(whole)
        if inside_url and not _exists(whole):
            pieces[-1] += "," + piece
        elif whole:
            pieces.append(whole)
    return pieces


def _exists(text: str) -> bool:
    try:
        return bool(text.strip()) and Path(text).expanduser().exists()
    except (OSError, ValueError, RuntimeError):
        return False
