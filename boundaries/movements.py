"""INSEE's file of the movements of communes (`mouvements-communes`): how it is read, and what is refused of it.

One row is an edge before -> after: MOD (kind of event), DATE_EFF, TYPECOM_AV, COM_AV, TYPECOM_AP, COM_AP; other
columns are left alone. Here is the reading only; what follows for the codes is in `boundaries.events`.
"""

import re
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from boundaries.delimited import Line, rows
from geo.errors import Invalid

RECODED = frozenset({41, 50})  # change of departement, transfer of the chef-lieu
RESHAPED = frozenset({20, 21, 30})  # creation, retablissement, suppression
MERGED = frozenset({31, 32, 33})  # fusion simple, commune nouvelle, fusion-association
MOVING = RECODED | RESHAPED | MERGED
STILL = frozenset({10, 34, 35, 70, 71, 72})  # names and kinds of parts: no commune changes code or perimeter

COLUMNS = ("MOD", "DATE_EFF", "TYPECOM_AV", "COM_AV", "TYPECOM_AP", "COM_AP")
CODE = re.compile(r"(\d\d|2[AB])\d{3}")
DAY = re.compile(r"\d{4}-\d\d-\d\d")


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

    Columns in any order, their names in any case; encoding and separator are found.
    Raises Invalid, with the line and the column, for a date, a code, a kind or an event that is not known:
    an event that is left out makes every later passage wrong. `name` is what the file is called in messages.

    >>> read(b"MOD,DATE_EFF,TYPECOM_AV,COM_AV,TYPECOM_AP,COM_AP\\n50,2025-01-01,COM,49069,COM,49126\\n")[0].after
    '49126'
    """
    title = f"Fichier des mouvements {name}".rstrip()
    lines = rows(content, title)
    places = _places(next(lines, Line(1, [])).cells, title)
    found = [_movement(line, places, title) for line in lines]
    if not found:
        raise Invalid(f"{title} : il ne contient aucun mouvement.")
    return found


def _movement(line: Line, places: list[int], title: str) -> Movement:
    number, cells = line
    if len(cells) <= max(places):
        raise Invalid(f"{title}, ligne {number} : {len(cells)} colonnes, il en faut au moins {max(places) + 1}.")
    mod, day, kind_before, before, kind_after, after = (cells[place] for place in places)
    refusal = _Refusal(title, number)
    kinds = refusal.kind(kind_before, "TYPECOM_AV"), refusal.kind(kind_after, "TYPECOM_AP")
    return Movement(
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


def _places(header: list[str], title: str) -> list[int]:
    names = [cell.upper() for cell in header]
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
