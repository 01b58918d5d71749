"""Which PostgreSQL, with PostGIS, is installed on this machine."""

from dataclasses import dataclass
from pathlib import Path

from geo.cluster.errors import PackageMissing

MINIMUM_VERSION = 15
PROGRAMS = Path("/usr/lib/postgresql")
SHARES = Path("/usr/share/postgresql")


@dataclass(frozen=True)
class Postgres:
    """One major version of PostgreSQL and the folder of its programs."""

    version: int
    programs: Path

    def program(self, name: str) -> str:
        """Return the path of one of its programs."""
        return str(self.programs / name)


def installed(programs: Path = PROGRAMS) -> list[Postgres]:
    """Return the versions that can serve, highest first, with or without PostGIS."""
    found = [
        Postgres(int(folder.name), folder / "bin")
        for folder in programs.glob("*")
        if folder.name.isdigit() and (folder / "bin" / "initdb").exists()
    ]
    return sorted((p for p in found if p.version >= MINIMUM_VERSION), key=lambda p: p.version, reverse=True)


def find(version: int | None = None, programs: Path = PROGRAMS, shares: Path = SHARES) -> Postgres:
    """Return the highest version that has PostGIS, or the given one (a data folder belongs to one version).

    Raises PackageMissing with the package to install.
    """
    candidates = [p for p in installed(programs) if version in (None, p.version)]
    for candidate in candidates:
        if (shares / str(candidate.version) / "extension" / "postgis.control").exists():
            return candidate
    wanted = version or (candidates[0].version if candidates else MINIMUM_VERSION)
    lacking = (
        f"PostGIS n’est pas installé pour PostgreSQL {wanted}" if candidates else "PostGIS n’est pas installé"
    )
    if version is not None:
        lacking += f" (les données ont été créées par PostgreSQL {version})"
    raise PackageMissing(
        f"{lacking}. Installez-le avec «\u202fapt-get install postgresql-{wanted}-postgis-3\u202f», "
        "ou donnez l’adresse d’un serveur PostGIS dans DATABASE_URL."
    )
