"""Categories carried into another millesime: worked by hand, rule by rule."""

import pandas as pd
import pytest

from boundaries.passage import Kind
from boundaries.typology import Piece, Rule, converted_categories, converted_category

# 49001 (500 people, rural) absorbed 49002 (600, urbain) and 49003 (300, rural): 800 rural, 600 urbain
MERGER = [
    Piece("49001", "49001", 1, 500, "rural"),
    Piece("49002", "49001", 1, 600, "urbain"),
    Piece("49003", "49001", 1, 300, "rural"),
]


@pytest.mark.parametrize(
    ("rule", "category", "kind"),
    [
        (Rule.LARGEST_POPULATION, "rural", Kind.ESTIMATED),
        (Rule.ABSORBING, "rural", Kind.ESTIMATED),
        (Rule.ABSORBED, "urbain", Kind.ESTIMATED),
        (Rule.DIFFERENCE, None, Kind.IMPOSSIBLE),
    ],
)
def test_each_rule_decides_a_merger_in_its_way(rule: Rule, category: str | None, kind: Kind) -> None:
    assert converted_category(rule, MERGER) == (category, kind)


@pytest.mark.parametrize("rule", list(Rule))
def test_parts_that_agree_need_no_rule(rule: Rule) -> None:
    assert converted_category(rule, [MERGER[0], MERGER[2]]) == ("rural", Kind.EXACT)
    assert converted_category(rule, [Piece("49069", "49126", 1, None, "rural")]) == ("rural", Kind.EXACT)


@pytest.mark.parametrize("rule", list(Rule))
def test_a_part_takes_after_the_whole_that_was_split(rule: Rule) -> None:
    assert converted_category(rule, [Piece("85084", "85165", 0.1, 9400, "rural")]) == ("rural", Kind.ESTIMATED)


@pytest.mark.parametrize("rule", list(Rule))
def test_an_unknown_category_is_no_category(rule: Rule) -> None:
    assert converted_category(rule, [*MERGER, Piece("49004", "49001", 1, 1, None)]) == (None, Kind.IMPOSSIBLE)
    assert converted_category(rule, []) == (None, Kind.IMPOSSIBLE)


def test_equal_terms_and_people_not_counted_decide_nothing() -> None:
    equal = [Piece("1", "1", 1, 5, "a"), Piece("2", "1", 1, 5, "b")]
    uncounted = [Piece("1", "1", 1, 5, "a"), Piece("2", "1", 1, None, "b")]
    for pieces in (equal, uncounted):
        assert converted_category(Rule.LARGEST_POPULATION, pieces) == (None, Kind.IMPOSSIBLE)
        assert converted_category(Rule.ABSORBING, pieces) == ("a", Kind.ESTIMATED)
        assert converted_category(Rule.ABSORBED, pieces) == ("b", Kind.ESTIMATED)


def test_nobody_absorbs_where_the_new_commune_keeps_no_code() -> None:
    pieces = [piece._replace(target="49999") for piece in MERGER]
    assert converted_category(Rule.ABSORBING, pieces) == (None, Kind.IMPOSSIBLE)


def test_a_share_counts_for_the_people_that_it_brings() -> None:
    pieces = [Piece("1", "1", 0.5, 1000, "a"), Piece("2", "1", 1, 600, "b")]
    assert converted_category(Rule.LARGEST_POPULATION, pieces) == ("b", Kind.ESTIMATED)


def test_a_whole_frame_is_converted_at_once() -> None:
    frame = pd.DataFrame([*MERGER, Piece("85084", "85165", 0.1, 9400, "rural")], columns=Piece._fields)
    found = converted_categories(Rule.LARGEST_POPULATION, frame)
    assert found.to_dict("list") == {
        "target": ["49001", "85165"],
        "category": ["rural", "rural"],
        "kind": ["estimated", "estimated"],
    }
