"""What may be named in a filter of a layer, and texts without case or accents."""

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from geo.cql2 import TEXT, Kind, Queryable, condition, queryables
from geo.cql2.expressions import Value, folding

LETTERS = [
    letter
    for block in (range(0x20, 0x590), range(0x1E00, 0x2000), range(0xFB00, 0xFB18))
    for letter in map(chr, block)
    if unicodedata.category(letter)[0] in "LMNP"
]


def test_each_column_has_the_type_that_filters_compare(properties: dict[str, Queryable]) -> None:
    assert {name: one.kind for name, one in properties.items()} == {
        "code": Kind.TEXT,
        "nom": Kind.TEXT,
        "nom_local": Kind.TEXT,
        "population": Kind.INTEGER,
        "densite": Kind.NUMBER,
        "part": Kind.NUMBER,
        "littoral": Kind.FLAG,
        "creation": Kind.DAY,
        "debut": Kind.INSTANT,
        "fin": Kind.INSTANT,
        "statut": Kind.TEXT,
        "geom": Kind.GEOMETRY,
    }


def test_what_filters_do_not_compare_is_not_offered() -> None:
    rows = sa.select(sa.column("x", JSONB), sa.column("y", ARRAY(sa.Text)), sa.column("z", sa.Text))
    assert list(queryables(rows)) == ["z"]


def test_a_column_without_a_type_is_a_fault_of_the_layer() -> None:
    with pytest.raises(ValueError, match="column x has no type"):
        queryables(sa.select(sa.column("x")))


@pytest.mark.parametrize(
    ("text", "hinted"),
    [
        ("nom = 'x'", [["x"]]),
        ("'x' = nom", [["x"]]),
        ("(nom IN ('x', 'y')) AND population = 1", [["x", "y"]]),
        ("population = 1 AND (population = 2 AND (nom = 'x'))", [["x"]]),
        ("nom = 'x' AND nom = 'y'", [["x"], ["y"]]),
        ("NOT nom = 'x'", []),
        ("nom NOT IN ('x', 'y')", []),
        ("nom = 'x' OR population = 1", []),
        ("NOT (nom = 'x' AND population = 1)", []),
        ("CASEI(nom) = 'x'", []),
        ("nom IN ('x', code)", []),
        ("nom LIKE 'x%'", []),
        ("code = 'x'", []),
    ],
)
def test_a_hint_is_given_only_where_it_is_implied(
    properties: dict[str, Queryable], text: str, hinted: list[list[str]]
) -> None:
    given: list[list[str]] = []

    def hint(texts: Sequence[str]) -> sa.ColumnElement[bool]:
        given.append(list(texts))
        return sa.true()

    condition(text, TEXT, {**properties, "nom": replace(properties["nom"], hint=hint)})
    assert given == hinted


def test_casei_is_the_full_case_folding_of_unicode(conn: sa.Connection) -> None:
    """/req/case-insensitive-comparison/casei-function E, but for the dotless i."""
    letters = [letter for letter in LETTERS if letter != "ı"]
    assert _classes(letters, _folded(conn, "casei", letters).get) == _classes(letters, str.casefold)


def test_accenti_takes_away_the_marks_that_unicode_writes_apart(conn: sa.Connection) -> None:
    """/req/accent-insensitive-comparison/accenti-function E; the marks of Hebrew and Cyrillic numerals stay."""
    letters = [letter for letter in LETTERS if not 0x480 <= ord(letter) < 0x488]

    def bare(letter: str) -> str:
        apart = unicodedata.normalize("NFD", letter)
        return "".join(mark for mark in apart if not 0x300 <= ord(mark) < 0x370)

    assert _folded(conn, "accenti", letters) == {letter: bare(letter) for letter in letters}


def _folded(conn: sa.Connection, function: str, letters: list[str]) -> dict[str, str]:
    letter = sa.func.unnest(sa.literal(letters, ARRAY(sa.Text))).column_valued("letter")
    found = folding(function, Value(Kind.TEXT, "", letter), "").sql
    return {row[0]: row[1] for row in conn.execute(sa.select(letter, found))}


def _classes(letters: Iterable[str], key: Callable[[str], str | None]) -> set[frozenset[str]]:
    """Letters that are taken for each other."""
    classes = defaultdict(set)
    for letter in letters:
        classes[key(letter)].add(letter)
    return {frozenset(one) for one in classes.values()}
