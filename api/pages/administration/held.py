"""Files that wait for a decision, in the data folder: the file, how it is to be read, and what its control found.

Each has a folder of its own, under a random name. Nothing of them is in the database until one is kept as a draft.
"""

import json
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from geo.errors import Conflict, NotFound
from indicators.actors import Actor

DAYS = 30  # after which a file that nobody decided about is removed
ARRIVING_SECONDS = 6 * 3600  # after which a file that never arrived whole is removed
MOST = 20  # files of one person that wait at the same time

CONTENT, ABOUT, REPORT, FINDINGS, ACCEPTED = (
    "content",
    "about.json",
    "report.json",
    "findings.jsonl",
    "accepted.jsonl",
)
CSV, JSON = "report.csv", "whole.json"


@dataclass(frozen=True)
class Held:
    """A file that waits: who brought it, how it is to be read, what was decided of the repairs.

    It has no name until it has arrived whole. `organisation` is whom it was brought for; `compared` is whose
    deliveries alone its control may tell of, everybody's when it is nobody.
    """

    id: str
    folder: Path
    name: str
    owner: str
    at: float
    organisation: str = ""
    compared: str = ""
    size: int = 0
    recipe: str = ""
    mapping: str = ""
    millesime: int | None = None
    period: str = ""
    accepted: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    kept: int | None = None

    @property
    def content(self) -> Path:
        """The file itself."""
        return self.folder / CONTENT

    @property
    def report(self) -> dict[str, Any] | None:
        """What the last control found, without its findings; None before it ended."""
        try:
            found: dict[str, Any] = json.loads((self.folder / REPORT).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return found

    def lines(self, name: str, start: int, count: int, family: str = "") -> list[dict[str, Any]]:
        """Return some lines of the findings or of the accepted repairs, of one family or of all."""
        wanted = f'{{"family": "{family}", ' if family else ""
        found = []
        for line in self._all(name, wanted):
            if start:
                start -= 1
                continue
            found.append(json.loads(line))
            if len(found) == count:
                break
        return found

    def _all(self, name: str, beginning: str) -> Iterator[str]:
        with (self.folder / name).open(encoding="utf-8") as file:
            for line in file:
                if line.startswith(beginning):
                    yield line

    def save(self) -> None:
        """Write down everything but the file."""
        told = {key: value for key, value in asdict(self).items() if key != "folder"}
        _write(self.folder / ABOUT, json.dumps(told))

    def changed(self, **values: Any) -> "Held":
        """Return the same with other values, saved."""
        made = replace(self, **values)
        made.save()
        return made

    def forget_report(self) -> None:
        """Remove what the last control found: another begins."""
        for name in (REPORT, FINDINGS, ACCEPTED, CSV, JSON):
            (self.folder / name).unlink(missing_ok=True)

    def remove(self) -> None:
        """Remove the file and everything about it."""
        shutil.rmtree(self.folder, ignore_errors=True)


def begin(home: Path, owner: Actor) -> Held:
    """Return a new place for a file. Raises Conflict when its owner has too many that wait."""
    for old in everyone(home):
        if time.time() - old.at > (DAYS * 86_400 if old.name else ARRIVING_SECONDS):
            old.remove()
    if sum(one.owner == owner.name for one in everyone(home)) >= MOST:
        raise Conflict(f"{MOST} fichiers attendent déjà votre décision : gardez-les ou abandonnez-les d’abord.")
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    identity = secrets.token_hex(16)
    folder = home / identity
    folder.mkdir(mode=0o700)
    compared = owner.organisation if owner.role == "contributor" else ""
    one = Held(identity, folder, "", owner.name, time.time(), owner.organisation, compared)
    one.save()
    return one


def find(home: Path, identity: str) -> Held:
    """Return a file that waits. Raises NotFound."""
    folder = home / identity
    if len(identity) != 32 or not set(identity) <= set("0123456789abcdef"):
        raise unknown()
    try:
        told = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise unknown() from None
    told |= {"accepted": tuple(told["accepted"]), "refused": tuple(told["refused"])}
    return Held(folder=folder, **told)


def unknown() -> NotFound:
    """Return the error to raise for a file that does not wait, or waits for someone else."""
    return NotFound("Ce contrôle n’existe pas, ou plus : le fichier a été gardé ou abandonné.")


def everyone(home: Path) -> list[Held]:
    """Return every file that waits, the last first."""
    found = []
    for path in home.glob(f"*/{ABOUT}"):
        with suppress(NotFound):  # removed meanwhile
            found.append(find(home, path.parent.name))
    return sorted(found, key=lambda one: -one.at)


def write_lines(path: Path, lines: Iterator[dict[str, Any]]) -> None:
    """Write one JSON object a line, its family first: lines of a family are found by how they begin."""
    with path.open("w", encoding="utf-8") as file:
        for line in lines:
            file.write(json.dumps({"family": line["family"], **line}, ensure_ascii=False) + "\n")


def write_report(folder: Path, report: dict[str, Any]) -> None:
    """Write the report, last of all: where it is, the control has ended."""
    _write(folder / REPORT, json.dumps(report, ensure_ascii=False))


def _write(path: Path, text: str) -> None:
    beside = path.with_suffix(".new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)
