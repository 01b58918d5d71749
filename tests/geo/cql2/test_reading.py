"""What is wrong with a filter is said in French, with its place; what is meant to hurt is refused, and quickly."""

import time
from typing import Any

import cql2 as library
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from geo.cql2 import JSON, TEXT, BadFilter, Queryable, condition
from geo.cql2.grouping import MAX_OPERATORS
from geo.cql2.reading import MAX_DEPTH, MAX_LENGTH, operands, tree


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Filtre vide"),
        ("   ", "Filtre vide"),
        ("nom == 'x'", "au caractère 6, près de «\u202f= 'x'\u202f»"),
        ("nom = 'x' AND", "au caractère 14, à la fin"),
        ("nom = 'x' nom = 'y'", "au caractère 11, près de «\u202fnom = 'y'\u202f»"),
        ("(nom = 'x') AND (population = 1 1)", "au caractère 33, près de «\u202f1)\u202f»"),
        ("nom = 'x'\nAND (nom = 'y' 'z')", "au caractère 26, près de «\u202f'z')\u202f»"),
        ("nom ILIKE 'x'", "au caractère 5, près de «\u202fILIKE 'x'\u202f»"),
        ("nom = 'x", "au caractère 7, près de «\u202f'x\u202f»"),
        ("(nom = 'x'", "Parenthèse ouverte au caractère 1 et jamais fermée"),
        ("nom = 'x')", "Parenthèse fermée au caractère 10 sans avoir été ouverte"),
        ("nom = 'a)' AND (1 = 1))", "Parenthèse fermée au caractère 23"),
        ("dep = '44'", "Propriété inconnue\u202f: «\u202fdep\u202f». Propriétés\u202f: code, nom,"),
        ("nom = '44' AND dep = '44'", "Emplacement\u202f: caractère 16"),
        ("nom = 'dep' AND \"dep\" = '44'", "Emplacement\u202f: caractère 17"),
        ('nom = "x"', "Propriété inconnue\u202f: «\u202fx\u202f»"),
        ("code = 44", "«\u202fcode\u202f» est un texte et «\u202f44\u202f» un nombre entier"),
        ("population = '44'", "Un texte s’écrit entre apostrophes"),
        ("littoral = 1", "«\u202flittoral\u202f» est un booléen"),
        ("nom = NULL", "écrire «\u202fpropriété IS NULL\u202f»"),
        ("geom = POINT(1 2)", "Une géométrie ne se compare que par"),
        ("geom = geom", "Une géométrie se compare par S_EQUALS"),
        ("creation = INTERVAL('..', '..')", "Un intervalle ne se compare que par"),
        ("creation = DATE('2020-02-30')", "Date mal formée\u202f: «\u202f2020-02-30\u202f»"),
        ("creation = '44'", "Date mal formée"),
        ("creation = DATE('20200228')", "Date mal formée"),
        ("debut = TIMESTAMP('2020-01-01')", "mal form"),
        ("creation = debut", "ne se comparent pas"),
        ("T_AFTER(creation, TIMESTAMP('2020-01-01T00:00:00Z'))", "deux dates ou deux instants"),
        ("T_AFTER(nom, DATE('2020-01-01'))", "Une date est attendue et «\u202fnom\u202f» est un texte"),
        ("T_AFTER(creation, 'hier')", "Date mal formée"),
        (
            "T_DURING(INTERVAL(creation, '2020-01-01T00:00:00Z'), INTERVAL('..', '..'))",
            "deux dates, ou deux instants",
        ),
        ("T_AFTER(creation, INTERVAL('2021-01-01', '2020-01-01'))", "finit avant de commencer"),
        ("population", "Une condition est attendue et «\u202fpopulation\u202f» est un nombre entier"),
        ("population AND true", "Une condition est attendue"),
        ("nom + 1 = 2", "«\u202f+\u202f» calcule sur des nombres"),
        ("CASEI(population) = 'x'", "CASEI attend un texte"),
        ("population LIKE '1%'", "LIKE compare des textes"),
        ("nom LIKE nom_local", "Le modèle de LIKE est un texte"),
        ("nom LIKE 'x\\'", "barre oblique inverse"),
        ("nom IN ('a', 1)", "ne se comparent pas"),
        (
            "Buffer(geom) = 1",
            "Opération inconnue\u202f: «\u202fBuffer\u202f». Fonctions acceptées\u202f: ACCENTI,",
        ),
        ("A_CONTAINS(nom, ('a', 'b'))", "Opération inconnue"),
        ("CASEI(nom, nom) = 'x'", "attend 1 argument(s)"),
        ("S_INTERSECTS(geom)", "attend 2 argument(s)"),
        ("nom = 'a\0b'", "Le caractère 9 du filtre («\u202fU+0000\u202f») n’est pas accepté"),
        ("\U00100000 = 1", "n’est pas accepté"),
        ("population = 1e400", "Un nombre du filtre est trop grand"),
        ("1 < 2 < 3", "ne se comparent pas"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(properties: dict[str, Queryable], text: str, said: str) -> None:
    with pytest.raises(BadFilter) as caught:
        condition(text, TEXT, properties)
    assert said in caught.value.detail


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        ('{"op": "=", "args": [', "n’est pas du JSON\u202f: il ne se lit plus au caractère 22"),
        ("NaN", "n’est pas du JSON"),
        ('{"op": "=", "args": [{"property": "dep"}, "44"]}', "Emplacement\u202f: «\u202f/args/0\u202f»"),
        ('{"op": "and", "args": [true, {"op": "=", "args": [{"property": "nom"}, 1]}]}', "«\u202f/args/1\u202f»"),
        ('{"op": "=", "args": {"property": "nom"}}', "attend 2 argument(s)"),
        ('{"op": "and", "args": [true]}', "attend au moins 2 argument(s)"),
        ('{"op": ["x"], "args": []}', "Opération inconnue"),
        ('{"property": ["nom"]}', "Propriété inconnue"),
        ('{"op": "in", "args": [{"property": "nom"}, []]}', "IN attend une liste"),
        ('{"op": "=", "args": [{"property": "nom"}, "a\\u0000b"]}', "un caractère qui n’est pas accepté"),
        ('{"op": "=", "args": [{"date": 1}, 2]}', "Valeur non comprise"),
        (
            '{"op": "s_intersects", "args": [{"property": "geom"}, {"type": "Feature"}]}',
            "Une géométrie est attendue",
        ),
        ('{"op": "s_intersects", "args": [{"property": "nom"}, {"bbox": [1, 2, 3, 4]}]}', "est un texte"),
        ('{"op": "s_intersects", "args": [{"property": "geom"}, {"bbox": [1, 2, "3", 4]}]}', "BBOX attend quatre"),
        ('{"op": "t_after", "args": [{"property": "creation"}, {"interval": ["2020-01-01"]}]}', "deux bornes"),
        ("null", "NULL ne se compare pas"),
        ("[]", "Valeur non comprise"),
        ("1", "Une condition est attendue"),
    ],
)
def test_what_is_wrong_in_json_is_said_with_its_pointer(
    properties: dict[str, Queryable], tree: str, said: str
) -> None:
    with pytest.raises(BadFilter) as caught:
        condition(tree, JSON, properties)
    assert said in caught.value.detail


def test_another_language_is_refused(properties: dict[str, Queryable]) -> None:
    with pytest.raises(BadFilter, match="Langages acceptés\u202f: cql2-text, cql2-json"):
        condition("true", "ecql", properties)


def test_the_name_of_the_draft_is_taken_for_the_language(ask: Any) -> None:
    """GDAL writes `filter-lang=cql-text`."""
    assert ask("(population >= 200)", "cql-text") == ["b", "c"]
    assert ask("nom ILIKE 'sAINT%' OR (nom ilike 'strasse')", "cql-text") == ["a", "c"]
    assert ask("NOT nom ILIKE 'sAINT%' AND nom NOT ILIKE 's%'", "cql-text") == ["b", "d", "e"]
    assert ask("nom <> 'x nom ILIKE ''y'''", "cql-text") == ["a", "b", "c", "d", "e"]


HOSTILE = {
    "parentheses": lambda n: "(" * n + "1 1" + ")" * n,
    "unclosed": lambda n: "(" * n,
    "negations": lambda n: "NOT (" * n + "1 1" + ")" * n,
    "nots": lambda n: "NOT " * n + "1 1",
    "signs": lambda n: "population = " + "-" * n + "1 1",
    "conjunctions": lambda n: "(true AND " * n + "1 1" + ")" * n,
    "disjunctions": lambda n: "true OR " * n + "1 1",
    "lists": lambda n: "population IN (population IN " * n + "(1 1" + "))" * n,
    "arrays": lambda n: "population = (1," * n + "2 2" + ")" * n,
    "functions": lambda n: "CASEI(" * n + "1 1" + ")" * n,
    "polygons": lambda n: "S_INTERSECTS(geom, POLYGON(" + "(" * n + "1" + ")" * n + "))",
    "collections": lambda n: "S_INTERSECTS(geom, " + "GEOMETRYCOLLECTION(" * n + "POINT(1 2)" + ")" * n + ")",
    "sums": lambda n: "1 + " * n + "1",
    "digits": lambda n: "population = " + "9" * n + " 9",
    "quotes": lambda n: "nom = " + "'" * (2 * n + 1),
    "commas": lambda n: "," * n,
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("size", [30, 300, 3_000, 30_000, MAX_LENGTH + 1])
def test_what_is_meant_to_hurt_is_refused_at_once(properties: dict[str, Queryable], name: str, size: int) -> None:
    """The parser alone takes hours for 40 parentheses around an error, and kills its process from 1,500 on."""
    started = time.process_time()
    with pytest.raises(BadFilter):
        condition(HOSTILE[name](size), TEXT, properties)
    assert time.process_time() - started < 2


@pytest.mark.parametrize("opened", ['{"op":"not","args":[', '{"op":"and","args":[true,', "["])
@pytest.mark.parametrize("size", [100, 1_000, 20_000])
def test_deep_json_is_refused(properties: dict[str, Queryable], opened: str, size: int) -> None:
    closed = "]" if opened == "[" else "]}"
    with pytest.raises(BadFilter):
        condition(opened * size + "1" + closed * size, JSON, properties)


def test_what_clients_write_is_accepted_at_its_limits(ask: Any) -> None:
    """QGIS and GDAL put parentheses around every pair of conditions."""
    terms = [f"(population = {number})" for number in range(MAX_OPERATORS // 2)]
    left = terms[0]
    for term in terms[1:]:
        left = f"({left} OR {term})"
    assert ask(left) == ["a", "b", "d"]
    assert ask("(" * 1_000 + "population = 100" + ")" * 1_000) == ["a"]
    assert ask("NOT (" * (MAX_DEPTH - 4) + "population = 100" + ")" * (MAX_DEPTH - 4)) == ["a"]
    assert ask("CASEI(" * (MAX_DEPTH - 2) + "nom" + ")" * (MAX_DEPTH - 2) + " = 'strasse'") == ["c"]
    assert ask(f"code IN ({','.join(repr(str(number)) for number in range(5_000))}, 'a')") == ["a"]
    assert ask(" AND ".join(["population + 1 > 0"] * 200)) == ["a", "b", "c", "d"]


def test_a_long_geometry_is_accepted(ask: Any) -> None:
    ring = [(0.5 + step / 10_000, 45.2) for step in range(2_000)] + [(0.7, 45.8), (0.5, 45.2)]
    text = ", ".join(f"{x} {y}" for x, y in ring)
    assert ask(f"S_WITHIN(POLYGON(({text})), geom)") == ["a"]


NAMES = st.sampled_from(["nom", "code", '"nom local"'])
LITERALS = st.sampled_from(["'x'", "'l''été'", "'(a'", "')'", "1", "-2.5", "'\"'"])
ATOMS = st.one_of(
    st.builds("{} = {}".format, NAMES, LITERALS),
    st.builds("{} IN ({}, ({}))".format, NAMES, LITERALS, LITERALS),
    st.builds("f({}, ({})) > ({} + 1) * 2".format, NAMES, LITERALS, NAMES),
    st.builds("{} NOT BETWEEN (1) AND ({})".format, NAMES, NAMES),
    st.just("S_INTERSECTS(geom, MULTIPOLYGON(((0 0, 1 0, 1 1, 0 0)), ((2 2, 3 2, 3 3, 2 2))))"),
    st.just("T_DURING(INTERVAL(a, b), INTERVAL('..', '2020-01-01'))"),
)
FILTERS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds("({})".format, inner),
        st.builds("NOT ({})".format, inner),
        st.builds("NOT({})".format, inner),
        st.builds("({}) AND ({})".format, inner, inner),
        st.builds("{} OR {}".format, inner, inner),
        st.builds("( \n({}) )".format, inner),
    ),
    max_leaves=6,
)


@given(FILTERS)
def test_a_text_is_read_as_the_parser_alone_reads_it(text: str) -> None:
    assert _flat(tree(text, TEXT)) == _flat(library.parse_text(text).to_json())


def _flat(node: Any) -> Any:
    """A tree where no conjunction is directly within another, nor a disjunction."""
    if isinstance(node, dict) and node.get("op") in ("and", "or"):
        return {"op": node["op"], "args": [_flat(part) for part, _ in operands(node)]}
    if isinstance(node, dict):
        return {name: _flat(part) for name, part in node.items()}
    return [_flat(part) for part in node] if isinstance(node, list) else node


def test_values_are_bound_and_never_written(properties: dict[str, Queryable]) -> None:
    texts = [
        "nom = 'O''; DROP TABLE x'",
        "nom IN ('O''; DROP')",
        "CASEI(nom) LIKE CASEI('DROP%')",
        "population = 4242",
    ]
    for text in texts:
        found = str(sa.select(1).where(condition(text, TEXT, properties)))
        assert "DROP" not in found
        assert "4242" not in found
