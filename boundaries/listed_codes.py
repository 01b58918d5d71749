"""What an operator's file says of communes: a column of codes, or codes with their populations."""

import math
import re
from dataclasses import dataclass

from boundaries.delimited import Line, rows
from boundaries.movements import CODE
from geo.errors import Invalid

BLANKS = re.compile(r"[\s\u00a0\u202f]")


@dataclass(frozen=True)
class Column:
    """The cells of a column that hold something; `name` is empty where the file has no header.

    `parts` is the number of rows left out because they are of communes deleguees or associees.
    """

    name: str
    cells: list[str]
    parts: int = 0


def read_codes(content: bytes, title: str, column: str | None = None) -> Column:
    """Return the column of commune codes of a file: the one named, else the first where most cells are codes.

    Where INSEE's column TYPECOM says which codes are of parts of communes (COMA, COMD), these are left out and
    counted. Raises Invalid, naming the columns, when there is none.
    """
    lines = list(rows(content, title))
    if not lines:
        raise Invalid(f"{title}\u202f: il est vide.")
    header = lines[0].cells
    whole = [line for line in lines if not _is_part(line.cells, header)]
    parts, lines = len(lines) - len(whole), whole
    if column is not None:
        names = [name.casefold() for name in header]
        if column.casefold() not in names:
            raise Invalid(
                f"{title}\u202f: il n’a pas de colonne «\u202f{column}\u202f»\u202f; colonnes\u202f: {_shown(header)}."
            )
        return Column(column, _cells(lines[1:], names.index(column.casefold())), parts)
    for place in range(max(len(line.cells) for line in lines)):
        headed = place < len(header) and not CODE.fullmatch(header[place])
        cells = _cells(lines[1:] if headed else lines, place)
        if cells and 2 * sum(CODE.fullmatch(cell) is not None for cell in cells) >= len(cells):
            return Column(header[place] if headed else "", cells, parts)
    raise Invalid(
        f"{title}\u202f: aucune colonne n’est faite de codes de communes (cinq caractères, zéros initiaux compris)"
        f"\u202f; colonnes\u202f: {_shown(header)}. Désignez-la avec --column."
    )


def read_populations(content: bytes, title: str) -> dict[str, float | None]:
    """Return the population of each commune of a file with the columns `code` and `population`.

    An empty cell is a population that is not known. Raises Invalid, with the line and the column, for a code or a
    number that cannot be read, and for a code given twice.
    """
    lines = list(rows(content, title))
    header = [name.casefold() for name in lines[0].cells] if lines else []
    lacking = [name for name in ("code", "population") if name not in header]
    if lacking:
        raise Invalid(
            f"{title}, ligne 1\u202f: colonnes absentes\u202f: {', '.join(lacking)}\u202f; "
            f"colonnes lues\u202f: {_shown(header)}."
        )
    places = header.index("code"), header.index("population")
    found: dict[str, float | None] = {}
    for number, cells in lines[1:]:
        code, people = (cells[place] if place < len(cells) else "" for place in places)
        where = f"{title}, ligne {number}, colonne"
        if not CODE.fullmatch(code):
            raise Invalid(
                f"{where} code\u202f: «\u202f{code}\u202f» n’est pas un code de commune (cinq caractères, par "
                "exemple 01004)."
            )
        if code in found:
            raise Invalid(f"{where} code\u202f: la commune {code} est donnée deux fois.")
        found[code] = _number(people, where)
    return found


def _is_part(cells: list[str], header: list[str]) -> bool:
    names = [name.casefold() for name in header]
    place = names.index("typecom") if "typecom" in names else len(cells)
    return place < len(cells) and cells[place] in ("COMA", "COMD")


def _number(cell: str, where: str) -> float | None:
    if not cell:
        return None
    try:
        people = float(BLANKS.sub("", cell).replace(",", "."))
    except ValueError:
        people = math.nan
    if not 0 <= people < math.inf:
        raise Invalid(f"{where} population\u202f: «\u202f{cell}\u202f» n’est pas un nombre d’habitants.")
    return people


def _cells(lines: list[Line], place: int) -> list[str]:
    return [line.cells[place] for line in lines if place < len(line.cells) and line.cells[place]]


def _shown(header: list[str]) -> str:
    return ", ".join(header)[:200] or "aucune"
