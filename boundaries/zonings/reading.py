"""Reads the list of communes of a zoning: CSV (any separator, compressed or not) or a workbook, titles above it.

One row names a commune, the code of its zone and, where the list has it, the name of the zone. Cells are kept as
they are written: a code that lost its zero is for the checks to refuse, not to repair here.
"""

import csv
import gzip
import io
import json
import re
import unicodedata
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import python_calamine

from boundaries.levels import LABELS, Level
from boundaries.sources.fetch import Fetched
from boundaries.zonings.asked import Columns
from geo.errors import Invalid, TooLarge

LIMIT_BYTES = 200_000_000
TITLE_ROWS = 40  # where the row of column names is looked for

COMMUNE_COLUMNS = (
    r"codgeo|codegeo|depcom|com|insee(?:com|commune)?|code(?:com|commune|insee|communeinsee|inseecommune)"
)
ANY_COMMUNE = r"codegeographique(?:communal)?|commune"  # the last may hold names
ZONE_COLUMNS = {
    Level.ZONE_EMPLOI: r"(?:code)?ze(?:\d{4})?|zoneemploi|codezoneemploi",
    Level.BASSIN_DE_VIE: r"(?:code)?bv(?:\d{4})?|bassindevie|codebassindevie",
    Level.AIRE_ATTRACTION: r"(?:code)?aav(?:\d{4})?|aireattraction",
    Level.UNITE_URBAINE: r"(?:code)?uu(?:\d{4})?|uniteurbaine|codeuniteurbaine",
    Level.CANTON: r"(?:code)?(?:cv|can|canton|cantonouville)",
    Level.ARRONDISSEMENT: r"(?:code)?(?:arr|arrondissement)",
    Level.SCOT: r"(?:code|id)?scot",
    Level.PETR: r"(?:code|id)?petr",
    Level.PERIMETRE: r"(?:code|id)?perimetre",
}
ANY_ZONE = r"(?:code|id)?zone"


@dataclass(frozen=True)
class Table:
    """A list as it was read: its rows (line, commune, zone, name of the zone) and where they were found."""

    file: str
    sha256: str
    zone_column: str
    rows: list[tuple[int, str, str, str]]

    @property
    def year(self) -> int | None:
        """The year that the column of zones is named after (ZE2020), if it is."""
        found = re.search(r"(?:19|20)\d{2}$", self.zone_column)
        return int(found[0]) if found else None


def read(fetched: Fetched, level: Level, columns: Columns) -> Table:
    """Return the rows of a list. Raises Invalid when it is not one, naming what was found."""
    found: list[tuple[str, list[list[str]], tuple[int, int, int, int | None]]] = []
    seen: list[str] = []
    for sheet, rows in _sheets(fetched, columns.sheet):
        headed = _headed(rows, level, columns, seen)
        if headed is not None:
            found.append((sheet, rows, headed))
    where = f"Le fichier {fetched.name}"
    if not found:
        raise Invalid(f"{where} n’a pas les colonnes attendues : {_wanted(level, columns)}. {_seen(seen)}")
    if len(found) > 1:
        names = ", ".join(sheet for sheet, _, _ in found)
        raise Invalid(
            f"{where} a plusieurs feuilles qui conviennent ({names}) : choisissez-en une avec --feuille."
        )
    _, rows, (line, commune, zone, name) = found[0]
    read_rows = []
    for number, row in enumerate(rows[line + 1 :], start=line + 2):
        cells = [
            row[place].strip() if place is not None and place < len(row) else "" for place in (commune, zone, name)
        ]
        if any(cells):
            read_rows.append((number, cells[0], cells[1], cells[2]))
    return Table(fetched.name, fetched.sha256, rows[line][zone], read_rows)


def _headed(
    rows: Sequence[Sequence[str]], level: Level, columns: Columns, seen: list[str]
) -> tuple[int, int, int, int | None] | None:
    """The row of column names, and where the commune, the zone and its name are; None when there is none."""
    # exact names are looked for first: the long names on a row above, or beside, would do as well
    any_zone = f"{ZONE_COLUMNS[level]}|{ANY_ZONE}"
    passes = [(COMMUNE_COLUMNS, ZONE_COLUMNS[level]), (COMMUNE_COLUMNS, any_zone), (ANY_COMMUNE, any_zone)]
    for known_commune, known_zone in passes:
        for line, row in enumerate(rows[:TITLE_ROWS]):
            communes = _places(row, columns.commune, known_commune)
            if communes:
                seen += [cell for cell in row if cell and cell not in seen]
            zones = _places(row, columns.zone, known_zone)
            if not communes or not zones:
                continue
            zone = _only(row, zones, f"code de {LABELS[level][0]}", "--colonne")
            own = _plain(row[zone])
            stem = re.sub(r"^(?:code|id)", "", own)
            labels = rf"(?:lib|libelle|nom)(?:{own}|{stem})|(?:{own}|{stem})lib"
            names = _places(row, columns.name, labels)
            if columns.name and not names:
                continue
            name = _only(row, names, f"nom de {LABELS[level][0]}", "--libelle") if names else None
            return line, _only(row, communes, "code de commune", "--commune"), zone, name
    return None


def _places(row: Sequence[str], asked: str | None, known: str) -> list[int]:
    """The columns of the name asked for, or those whose name is known."""
    pattern = re.escape(_plain(asked)) if asked else known
    return [place for place, cell in enumerate(row) if cell and re.fullmatch(pattern, _plain(cell))]


def _only(row: Sequence[str], found: Sequence[int], label: str, option: str) -> int:
    if len(found) > 1:
        several = ", ".join(row[place] for place in found)
        raise Invalid(f"Plusieurs colonnes de {label} ({several}) : choisissez avec {option}.")
    return found[0]


def _wanted(level: Level, columns: Columns) -> str:
    zone = f"« {columns.zone} »" if columns.zone else f"le code de {LABELS[level][0]} (--colonne)"
    commune = f"« {columns.commune} »" if columns.commune else "le code de la commune (--commune)"
    name = f" et « {columns.name} »" if columns.name else ""
    return f"{commune}, {zone}{name}"


def _seen(seen: Sequence[str]) -> str:
    if not seen:
        return "Aucune ligne de titres avec un code de commune n’y a été trouvée."
    return f"Colonnes trouvées : {', '.join(seen[:40])}."


def _plain(text: str | None) -> str:
    """Return a column's name without case, accents and signs.

    >>> _plain("Code géographique communal"), _plain("ZE_2020")
    ('codegeographiquecommunal', 'ze2020')
    """
    bare = unicodedata.normalize("NFKD", text or "").encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]", "", bare.lower())


def _sheets(fetched: Fetched, wanted: str | None) -> Iterator[tuple[str, list[list[str]]]]:
    with fetched.path.open("rb") as content:
        start = content.read(16)
    if start.startswith((b"PK", b"\xd0\xcf\x11\xe0")):
        yield from _workbook(fetched, wanted)
        return
    if start.startswith(b"SQLite format 3") or fetched.name.lower().endswith((".gpkg", ".shp")):
        raise _drawn(fetched.name, "")
    yield fetched.name, list(_text_rows(_text(fetched), fetched.name))


def _workbook(fetched: Fetched, wanted: str | None) -> Iterator[tuple[str, list[list[str]]]]:
    try:
        book = python_calamine.CalamineWorkbook.from_path(str(fetched.path))
        names = book.sheet_names
        if wanted is not None and wanted not in names:
            raise Invalid(f"Pas de feuille « {wanted} » dans {fetched.name}. Feuilles : {', '.join(names)}.")
        for name in names if wanted is None else [wanted]:
            yield name, [[_cell(cell) for cell in row] for row in book.get_sheet_by_name(name).to_python()]
    except (python_calamine.CalamineError, OSError, ValueError):
        raise Invalid(
            f"Le fichier {fetched.name} n’est pas un classeur lisible. Formats lus : CSV (éventuellement .gz), "
            "XLSX, XLS, ODS."
        ) from None


def _cell(cell: object) -> str:
    """Return a cell as text; a whole number loses its decimal part, never gains a zero.

    >>> _cell(1001.0), _cell("01001 "), _cell(None)
    ('1001', '01001', '')
    """
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell).strip()


def _text(fetched: Fetched) -> str:
    """The text of a file, in UTF-8 (with a mark or not) or else in Windows-1252."""
    with fetched.path.open("rb") as raw:
        content = raw.read(LIMIT_BYTES + 1)
    if content.startswith(b"\x1f\x8b"):
        try:
            with gzip.open(io.BytesIO(content)) as packed:
                content = packed.read(LIMIT_BYTES + 1)
        except (OSError, EOFError, zlib.error):
            raise Invalid(f"Le fichier {fetched.name} est compressé, mais tronqué ou abîmé.") from None
    if len(content) > LIMIT_BYTES:
        raise TooLarge(f"Le fichier {fetched.name} dépasse {LIMIT_BYTES // 1_000_000} Mo une fois décompressé.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    if "\0" in text:
        raise Invalid(f"Le fichier {fetched.name} n’est pas un texte. Formats lus : CSV, XLSX, XLS, ODS.")
    if text.lstrip().startswith("{"):
        raise _drawn(fetched.name, text)
    return text


def _text_rows(text: str, name: str) -> Iterator[list[str]]:
    lines = text.splitlines()[:TITLE_ROWS]
    separator = max(";\t,|", key=lambda sign: sum(line.count(sign) for line in lines))
    try:
        yield from csv.reader(io.StringIO(text), delimiter=separator)
    except csv.Error:
        raise Invalid(f"Le fichier {name} n’est pas un CSV lisible (guillemets ou ligne trop longue).") from None


def _drawn(name: str, text: str) -> Invalid:
    """The refusal of a file of shapes: zones are dissolved from communes, so that borders are shared."""
    kinds = ""
    try:
        features = json.loads(text)["features"]
        types = sorted({str(item["geometry"]["type"]) for item in features if item.get("geometry")})
        kinds = f" (géométries : {', '.join(types)})"
    except (ValueError, KeyError, TypeError):
        pass
    return Invalid(
        f"Le fichier {name} contient des formes{kinds}, pas une liste de communes. Un zonage se donne commune par "
        "commune (code de la commune, code de la zone, nom de la zone) : ses contours sont faits de ceux des "
        "communes. Formats lus : CSV (éventuellement .gz), XLSX, XLS, ODS."
    )
