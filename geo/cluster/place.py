"""Where the private server keeps its files, and how a data folder remembers it.

A data folder holds `cluster.json`, which names the state folder and a random token. The state folder is
usually `<home>/cluster`; it is elsewhere when the server's account cannot reach the data folder (a checkout
under root's own folder, for instance). The token names the server among all those of this machine, so that a
process number reused by another program, or by another server, is never taken for ours.
"""

import hashlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from geo.cluster.account import Account

RECORD = "cluster.json"
INSIDE = "cluster"
SOCKET_FILE = ".s.PGSQL.5432"
SOCKET_PATH_MAX = 107  # bytes of sockaddr_un.sun_path, without its final zero

ELSEWHERE = Path("/var/lib/ores")
SHORT = Path("/run")


@dataclass(frozen=True)
class Place:
    """The folders and the name of one private server."""

    token: str
    state: Path

    @property
    def name(self) -> str:
        """Return the name by which its processes are told apart."""
        return f"ores-{self.token}"

    @property
    def data(self) -> Path:
        """Return the data folder of PostgreSQL: there, it is complete."""
        return self.state / "data"

    @property
    def ready(self) -> Path:
        """Return the mark that the role, the database and the extensions were made."""
        return self.state / "ready"

    @property
    def log(self) -> Path:
        """Return what PostgreSQL has written."""
        return self.state / "postgresql.log"

    @property
    def sockets(self) -> Path:
        """Return the folder of the socket: in the state folder unless its path would be too long or odd."""
        inside = self.state / "run"
        length = len(os.fsencode(inside / SOCKET_FILE))
        # A comma or a quote would be read as a list by libpq and by postgresql.conf.
        if length <= SOCKET_PATH_MAX and re.fullmatch(r"[A-Za-z0-9_./-]+", str(inside)):
            return inside
        if os.geteuid() == 0 and SHORT.is_dir():
            return SHORT / self.name
        return Path("/tmp") / self.name  # noqa: S108 - its owner and mode are checked before use


def recorded(home: Path) -> Place | None:
    """Return the place that this data folder remembers, or None (also in a folder moved or copied)."""
    try:
        record = json.loads((home / RECORD).read_text())
        place = Place(str(record["token"]), Path(record["state"]))
        return place if record["home"] == str(home) else None
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError):
        return None


def moved(home: Path) -> Place | None:
    """Return where the files are when this data folder was moved or copied here with them, or None.

    It bears the token of its former life: a server of that name may still run, on these files or on those it
    was copied from.
    """
    try:
        record = json.loads((home / RECORD).read_text())
        inside = Place(str(record["token"]), home / INSIDE)
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    return inside if record["home"] != str(home) and inside.data.is_dir() else None


def choose(home: Path, account: Account, *, ephemeral: bool, say: Callable[[str], None]) -> Place:
    """Return a new place for this data folder, made, given to `account` and remembered."""
    token = secrets.token_hex(4)
    inside = home / INSIDE
    account.give(inside)
    if account.can_write(inside):
        place = Place(token, inside)
    else:
        if not any(inside.iterdir()):
            inside.rmdir()
        place = Place(token, _elsewhere(home, token, ephemeral=ephemeral))
        account.give(place.state)
        say(
            f"Le dossier {home} est fermé au compte «\u202f{account.name}\u202f» qui lance PostgreSQL\u202f: "
            f"les données de la base sont gardées dans {place.state}."
        )
    _record(home, place)
    return place


def rename(home: Path, former: Place) -> Place:
    """Return the place of a moved data folder, under a new name and remembered."""
    place = Place(secrets.token_hex(4), former.state)
    _record(home, place)
    return place


def orphans(home: Path, kept: Place | None) -> list[Path]:
    """Return the state folders, elsewhere, of former data folders at this very path that were deleted."""
    return [f for f in ELSEWHERE.glob(f"{_mark(home)}-*") if kept is None or f != kept.state]


def forget(home: Path, place: Place) -> None:
    """Remove every file of a stopped server, the record last."""
    for folder in (place.sockets, place.state):
        shutil.rmtree(folder, ignore_errors=True)
    (home / RECORD).unlink(missing_ok=True)


def _record(home: Path, place: Place) -> None:
    new = home / f"{RECORD}.new"
    new.write_text(json.dumps({"home": str(home), "token": place.token, "state": str(place.state)}) + "\n")
    new.replace(home / RECORD)


def _mark(home: Path) -> str:
    return hashlib.sha256(os.fsencode(home)).hexdigest()[:12]


def _elsewhere(home: Path, token: str, *, ephemeral: bool) -> Path:
    if ephemeral:
        return Path("/tmp") / f"ores-{token}"  # noqa: S108 - made 0700, under a random name
    return ELSEWHERE / f"{_mark(home)}-{token}"
