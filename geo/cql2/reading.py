"""Filters as they are sent, CQL2 text or CQL2 JSON, to one tree: the JSON form (OGC 21-065r2).

The text is parsed by `cql2`. The tree is checked for its depth here, so that what walks it later may recurse.
"""

import re
from typing import Any

import cql2
import orjson

from geo.cql2.errors import BadFilter, shown
from geo.cql2.grouping import TOKEN, Piece, check_characters, parsed

MAX_LENGTH = 40_000  # characters: an address has at most 65,535, other parameters and escapes included
MAX_DEPTH = 20  # conjunctions within conjunctions count as one; Python recurses 30 times a level

TEXT = "cql2-text"
JSON = "cql2-json"
DRAFT = "cql-text"  # the name that the language had as a draft, the only one that GDAL knows
LANGUAGES = {TEXT: TEXT, DRAFT: TEXT, JSON: JSON}
# What GDAL writes is CQL2, but for an operator of its own, always between a name and a literal.
DRAFT_LIKE = re.compile(
    r"""('(?:[^']|'')*'|"(?:[^"]|"")*")|([^\W\d]\w*)(\s+(?:NOT\s+)?)ILIKE\s+('(?:[^']|'')*')""", re.IGNORECASE
)
EXAMPLE = "departement = '44' AND CASEI(nom) LIKE CASEI('saint%')"


def tree(text: str, language: str) -> Any:
    """Return the tree of a filter. Raises BadFilter, saying what was given, what is accepted and where."""
    if language not in LANGUAGES:
        raise BadFilter(
            f"Langage de filtre inconnu\u202f: {shown(language)}. Langages acceptés\u202f: {TEXT}, {JSON}."
        )
    if len(text) > MAX_LENGTH:
        raise BadFilter(f"Filtre trop long\u202f: {len(text)} caractères, au plus {MAX_LENGTH} sont acceptés.")
    check_characters(text)
    if language == DRAFT:
        text = DRAFT_LIKE.sub(lambda found: found[1] or f"CASEI({found[2]}){found[3]}LIKE CASEI({found[4]})", text)
    read = _from_text(text) if LANGUAGES[language] == TEXT else _from_json(text)
    _check_depth(read)
    return read


def place_of(text: str, word: str) -> int | None:
    """Return where a text first has a name (from 1), between double quotes or not, but not in a literal."""
    quoted = '"' + word.replace('"', '""') + '"'
    for token in TOKEN.finditer(text):
        if token[0] == quoted or (token[0].casefold() == word.casefold() and token[0][:1] not in "'\""):
            return token.start() + 1
    return None


def operands(node: dict[str, Any], path: str = "") -> list[tuple[Any, str]]:
    """Return what a conjunction (or disjunction) is of, those within it included, each with its place in the tree."""
    found: list[tuple[Any, str]] = []
    waiting = [(node, path)]
    while waiting:
        here, where = waiting.pop()
        if isinstance(here, dict) and here.get("op") == node["op"] and isinstance(here.get("args"), list):
            waiting += [(part, f"{where}/args/{rank}") for rank, part in enumerate(here["args"])][::-1]
        else:
            found.append((here, where))
    return found


def _from_text(text: str) -> Any:
    if not text.strip():
        raise BadFilter(f"Filtre vide. Un filtre s’écrit par exemple {shown(EXAMPLE)}.")

    def parse(piece: Piece) -> Any:
        try:
            return cql2.parse_text(piece.text).to_json()
        except Exception as error:  # the library raises Exception itself for geometries it cannot write as JSON
            raise _misread(text, piece, str(error)) from None

    return parsed(text, parse)


def _misread(text: str, piece: Piece, said: str) -> BadFilter:
    found = re.search(r"--> (\d+):(\d+)", said)
    if found is None:
        return BadFilter("Le filtre a une géométrie vide, ou une collection dans une collection.")
    lines = piece.text.split("\n")[: int(found[1])]
    at = piece.position(sum(len(line) + 1 for line in lines[:-1]) + int(found[2]) - 1)
    rest = text[at:].strip()
    near = f"près de {shown(rest, 30)}" if rest else "à la fin"
    return BadFilter(
        f"Le filtre ne se lit pas comme du CQL2 au caractère {at + 1}, {near}. "
        f"Un filtre s’écrit par exemple {shown(EXAMPLE)}."
    )


def _from_json(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadFilter(
            f"Le filtre n’est pas du JSON\u202f: il ne se lit plus au caractère {error.pos + 1}."
        ) from None


def _check_depth(root: Any) -> None:
    waiting = [(root, 1)]
    while waiting:
        node, depth = waiting.pop()
        if not isinstance(node, dict | list):
            continue
        if depth > MAX_DEPTH:
            raise BadFilter(f"Filtre trop profond\u202f: au plus {MAX_DEPTH} niveaux sont acceptés.")
        if isinstance(node, list):
            waiting += [(part, depth + isinstance(part, list)) for part in node]
        elif node.get("op") in ("and", "or") and isinstance(node.get("args"), list):
            waiting += [(part, depth + 1) for part, _ in operands(node)]
        else:
            waiting += [(part, depth + 1) for name, part in node.items() if name != "coordinates"]
