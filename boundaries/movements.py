"""INSEE's file of the movements of communes (`mouvements-communes`): how it is read, and what is refused of it.

One row is an edge before -> after: MOD (kind of event), DATE_EFF, TYPECOM_AV, COM_AV, TYPECOM_AP, COM_AP; other
columns are left alone. Here is the reading only; what follows for the codes is in `boundaries.events`.
"""

import csv
import io
import re
from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from geo.errors import Invalid, TooLarge

RECODED = frozenset({41, 50})  # change of departement, transfer of the chef-lieu
RESHAPED = frozenset({20, 21, 30})  # creation, retablissement, suppression
MERGED = frozenset({31, 32, 33})  # fusion simple, commune nouvelle, fusion-association
MOVING = RECODED | RESHAPED | MERGED
STILL = frozenset({10, 34, 35, 70, 71, 72})  # names and kinds of parts: no commune changes code or perimeter

COLUMNS = ("MOD", "DATE_EFF", "TYPECOM_AV", "COM_AV", "TYPECOM_AP", "COM_AP")
CODE = re.compile(r"(\d\d|2[AB])\d{3}")
DAY = re.compile(r"\d{4}-\d\d-\d\d")
LIMIT_BYTES = 100_000_000  # the whole history since 1943 is under 2 MB


class Kind(StrEnum):
    """What a code is of; nothing for a commune that comes from outside, or goes there."""

    COMMUNE = "COM"
    ASSOCIEE = "COMA"
    DELEGUEE = "COMD"
    ARRONDISSEMENT = "ARM"
    NOTHING = ""


class Movement(NamedTuple):
    """One row of the file."""

    mod: int
    day: date
    kind_before: Kind
    before: str
    kind_after: Kind
    after: str


def read(content: bytes, name: str = "") -> list[Movement]:
    """Return the movements of a file, in its order.

    UTF-8 (with or without BOM) or cp1252; commas, semicolons or tabs; names of columns in any case and any order.
    Raises Invalid, with the line and the column, for a date, a code, a kind or an event that is not known:
    an event that is left out makes every later passage wrong. `name` is what the file is called in messages.

    >>> read(b"MOD,DATE_EFF,TYPECOM_AV,COM_AV,TYPECOM_AP,COM_AP\\n50,2025-01-01,COM,49069,COM,49126\\n")[0].after
    '49126'
    """
    title = f"Fichier des mouvements {name}".rstrip()
    if len(content) > LIMIT_BYTES:
        raise TooLarge(f"{title}\u202f: plus de {LIMIT_BYTES // 10**6}\u202fMo, ce n’est pas celui de l’Insee.")
    text = _decoded(content)
    if "\0" in text:
        raise Invalid(f"{title}\u202f: ce n’est pas un fichier texte (CSV).")
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text))
    try:
        header = next(rows, [])
        places = _places(header, title)
        found = list(_movements(rows, places, title))
    except csv.Error:
        raise Invalid(f"{title}, ligne {rows.line_num}\u202f: cette ligne n’est pas lisible (CSV).") from None
    if not found:
        raise Invalid(f"{title}\u202f: il ne contient aucun mouvement.")
    return found


def _movements(rows: Iterator[list[str]], places: list[int], title: str) -> Iterator[Movement]:
    widest = max(places)
    line = 1
    for row in rows:
        line += 1
        if not any(cell.strip() for cell in row):
            continue
        if len(row) <= widest:
            raise Invalid(f"{title}, ligne {line}\u202f: {len(row)} colonnes, il en faut au moins {widest + 1}.")
        mod, day, kind_before, before, kind_after, after = (row[place].strip() for place in places)
        refusal = _Refusal(title, line)
        kinds = refusal.kind(kind_before, "TYPECOM_AV"), refusal.kind(kind_after, "TYPECOM_AP")
        yield Movement(
            refusal.mod(mod),
            refusal.day(day),
            kinds[0],
            refusal.code(before, kinds[0], "COM_AV"),
            kinds[1],
            refusal.code(after, kinds[1], "COM_AP"),
        )


class _Refusal(NamedTuple):
    """Reads the cells of one line, and says where it is when one cannot be read."""

    title: str
    line: int

    def mod(self, cell: str) -> int:
        if not cell.isascii() or not cell.isdigit() or int(cell) not in MOVING | STILL:
            known = ", ".join(map(str, sorted(MOVING | STILL)))
            raise self._of("MOD", f"type d’événement «\u202f{cell}\u202f» inconnu\u202f; connus\u202f: {known}")
        return int(cell)

    def day(self, cell: str) -> date:
        try:
            if DAY.fullmatch(cell):
                return date.fromisoformat(cell)
        except ValueError:
            pass
        raise self._of("DATE_EFF", f"date «\u202f{cell}\u202f» illisible\u202f; forme attendue\u202f: 2025-01-31")

    def kind(self, cell: str, column: str) -> Kind:
        try:
            return Kind(cell)
        except ValueError:
            known = ", ".join(kind for kind in Kind if kind)
            problem = f"type de commune «\u202f{cell}\u202f» inconnu\u202f; connus\u202f: {known}"
            raise self._of(column, problem) from None

    def code(self, cell: str, kind: Kind, column: str) -> str:
        if bool(cell) == bool(kind) and (not cell or CODE.fullmatch(cell)):
            return cell
        advice = "cinq caractères, par exemple 01004 ou 2A004"
        raise self._of(
            column, f"code de commune «\u202f{cell}\u202f» refusé\u202f; forme attendue\u202f: {advice}"
        )

    def _of(self, column: str, problem: str) -> Invalid:
        return Invalid(f"{self.title}, ligne {self.line}, colonne {column}\u202f: {problem}.")


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")  # names alone have accents, and no name is read


def _separator(text: str) -> str:
    first = text.split("\n", 1)[0]
    return max(",;\t", key=first.count)


def _places(header: list[str], title: str) -> list[int]:
    names = [cell.strip().upper() for cell in header]
    lacking = [name for name in COLUMNS if name not in names]
    if lacking:
        raise Invalid(
            f"{title}, ligne 1\u202f: colonnes absentes\u202f: {', '.join(lacking)}\u202f; "
            f"colonnes lues\u202f: {', '.join(names)[:200] or 'aucune'}."
        )
    twice = [name for name in COLUMNS if names.count(name) > 1]
    if twice:
        raise Invalid(f"{title}, ligne 1\u202f: colonnes en double\u202f: {', '.join(twice)}.")
    return [names.index(name) for name in COLUMNS]
