"""Laws that every filter obeys, on filters drawn at random over a layer with missing values."""

import contextlib
from typing import Any

import cql2 as library
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo.cql2 import JSON, BadFilter

DRAWN = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])

NUMBERS = st.sampled_from(["population", "densite", "part", "0", "100", "-2.5", "1e3"])
CALCULATIONS = st.recursive(
    NUMBERS,
    lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from(["+", "-", "*", "/", "%", "DIV"]), inner),
    max_leaves=3,
)
RAW_TEXTS = st.sampled_from(["nom", "nom_local", "code", "statut", "'a'", "'Saint-Étienne'", "'STRASSE'", "''"])
TEXTS = st.one_of(
    RAW_TEXTS,
    st.builds("CASEI({})".format, RAW_TEXTS),
    st.builds("ACCENTI({})".format, RAW_TEXTS),
    st.builds("ACCENTI(CASEI({}))".format, RAW_TEXTS),
)
PATTERNS = st.text("Sae%_\\'ß é", max_size=5).filter(lambda text: not text.endswith("\\"))
DAYS = st.sampled_from(["creation", "DATE('2020-01-01')", "DATE('2021-06-15')"])
TIMES = st.sampled_from(["INTERVAL(debut, fin)", "INTERVAL('2020-06-01T00:00:00Z', '..')", "INTERVAL('..', '..')"])
SHAPES = st.sampled_from(
    ["geom", "POINT(1 46)", "BBOX(0.5, 45, 2.5, 46)", "LINESTRING(0 45, 3 46)", "BBOX(0,45,1,46)"]
)
SIGNS = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])
NOT = st.sampled_from(["", "NOT "])
ATOMS = st.one_of(
    st.builds("{} {} {}".format, CALCULATIONS, SIGNS, CALCULATIONS),
    st.builds("{} {} {}".format, TEXTS, SIGNS, TEXTS),
    st.builds("{} {} {}".format, DAYS, SIGNS, DAYS),
    st.builds("{} {}BETWEEN {} AND {}".format, NUMBERS, NOT, NUMBERS, NUMBERS),
    st.builds("{} {}IN ({}, {})".format, TEXTS, NOT, TEXTS, TEXTS),
    st.builds("{} {}IN ({}, {})".format, NUMBERS, NOT, NUMBERS, NUMBERS),
    st.builds(
        lambda text, no, like: f"{text} {no}LIKE '{like.replace(chr(39), chr(39) * 2)}'", TEXTS, NOT, PATTERNS
    ),
    st.builds(
        "{} IS {}NULL".format, st.sampled_from(["nom", "population", "geom", "littoral", "(1 / population)"]), NOT
    ),
    st.builds(
        "{}({}, {})".format, st.sampled_from(["T_AFTER", "T_BEFORE", "T_INTERSECTS", "T_EQUALS"]), DAYS, DAYS
    ),
    st.builds(
        "{}({}, {})".format, st.sampled_from(["T_DURING", "T_MEETS", "T_OVERLAPS", "T_STARTS"]), TIMES, TIMES
    ),
    st.builds(
        "{}({}, {})".format,
        st.sampled_from(
            ["S_INTERSECTS", "S_WITHIN", "S_CONTAINS", "S_TOUCHES", "S_CROSSES", "S_OVERLAPS", "S_EQUALS"]
        ),
        SHAPES,
        SHAPES,
    ),
    st.sampled_from(["true", "false", "littoral", "littoral = false"]),
)
FILTERS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds("NOT ({})".format, inner),
        st.builds("({}) AND ({})".format, inner, inner),
        st.builds("({}) OR ({})".format, inner, inner),
    ),
    max_leaves=4,
)


def truth(ask: Any, text: str) -> dict[str, bool | None]:
    """What a filter says of each place: true, false, or nothing."""
    yes, no, unknown = ask(text), ask(f"NOT ({text})"), ask(f"({text}) IS NULL")
    assert sorted([*yes, *no, *unknown]) == list("abcdef")
    return {**dict.fromkeys(yes, True), **dict.fromkeys(no, False), **dict.fromkeys(unknown)}


@DRAWN
@given(text=FILTERS)
def test_a_filter_is_the_same_in_text_and_in_json(ask: Any, text: str) -> None:
    tree = library.parse_text(text).to_json()
    assert ask(text) == ask(orjson.dumps(tree).decode(), JSON)


@DRAWN
@given(text=FILTERS)
def test_a_filter_written_again_from_its_tree_keeps_the_same(ask: Any, text: str) -> None:
    assert ask(text) == ask(library.parse_text(text).to_text())


@DRAWN
@given(first=FILTERS, second=FILTERS)
def test_conditions_combine_by_three_valued_logic(ask: Any, first: str, second: str) -> None:
    one, other = truth(ask, first), truth(ask, second)
    both, either = truth(ask, f"({first}) AND ({second})"), truth(ask, f"({first}) OR ({second})")
    for code in "abcdef":
        pair = (one[code], other[code])
        assert both[code] == (False if False in pair else None if None in pair else True)
        assert either[code] == (True if True in pair else None if None in pair else False)


@DRAWN
@given(first=FILTERS, second=FILTERS)
def test_de_morgan(ask: Any, first: str, second: str) -> None:
    assert ask(f"NOT (({first}) AND ({second}))") == ask(f"(NOT ({first})) OR (NOT ({second}))")
    assert ask(f"NOT (({first}) OR ({second}))") == ask(f"(NOT ({first})) AND (NOT ({second}))")
    assert ask(f"NOT (NOT ({first}))") == ask(first)


@DRAWN
@given(low=NUMBERS, value=NUMBERS, high=NUMBERS)
def test_between_is_two_comparisons(ask: Any, low: str, value: str, high: str) -> None:
    assert ask(f"{value} BETWEEN {low} AND {high}") == ask(f"{value} >= {low} AND {value} <= {high}")


@DRAWN
@given(value=TEXTS, first=TEXTS, second=TEXTS)
def test_in_is_equalities(ask: Any, value: str, first: str, second: str) -> None:
    assert ask(f"{value} IN ({first}, {second})") == ask(f"{value} = {first} OR {value} = {second}")
    assert ask(f"{value} NOT IN ({first}, {second})") == ask(f"{value} <> {first} AND {value} <> {second}")


@DRAWN
@given(first=SHAPES, second=SHAPES)
def test_relations_in_space_agree_with_each_other(ask: Any, first: str, second: str) -> None:
    assert ask(f"S_WITHIN({first}, {second})") == ask(f"S_CONTAINS({second}, {first})")
    assert ask(f"S_DISJOINT({first}, {second})") == ask(f"NOT S_INTERSECTS({first}, {second})")
    for symmetric in ("S_TOUCHES", "S_CROSSES", "S_OVERLAPS", "S_EQUALS"):
        assert ask(f"{symmetric}({first}, {second})") == ask(f"{symmetric}({second}, {first})")


@DRAWN
@given(
    text=st.one_of(
        st.text(max_size=30),
        st.lists(
            st.sampled_from(
                ["nom", "population", "geom", "'x'", "1", "(", ")", ",", "AND", "NOT", "=", "IN", "LIKE", "-"]
            )
        ).map(" ".join),
    )
)
def test_any_text_is_answered(ask: Any, text: str) -> None:
    with contextlib.suppress(BadFilter):
        ask(text)


@pytest.mark.parametrize(
    "text",
    [
        "densite * densite * densite * densite > 0",
        "(-2.5) ^ 0.5 > 0",
        "10 ^ 400 > 0",
        "densite * 1e300 > 0",
        "1e-300 * 1e-300 = 0",
    ],
)
def test_what_cannot_be_computed_is_said(ask: Any, text: str) -> None:
    with pytest.raises(BadFilter, match="un nombre trop grand, ou qui n’existe pas"):
        ask(text)
