"""Primary rules: thresholds, dominance, p per cent, populations, and the width that each asks."""

from datetime import date

import numpy as np
import pytest

from geo.errors import Invalid
from indicators.secrecy import Contributions, Rule, primary, strictest

DAY = date(2024, 1, 1)


def _rule(**given):
    return Rule("essai", "source", DAY, **given)


def _given(total, **arrays):
    return Contributions(np.array(total, float), **{name: np.array(one, float) for name, one in arrays.items()})


@pytest.mark.parametrize(
    ("threshold", "expected"), [(3, [False, True, True, False, False]), (11, [False, True, True, True, False])]
)
def test_fewer_than_the_threshold_but_not_none(threshold, expected):
    given = _given([0, 10, 20, 30, 40], respondents=[0, 1, 2, 3, 11])
    assert primary(given, _rule(threshold=threshold)).secret.tolist() == expected


def test_none_is_secret_only_where_the_rule_says_so():
    given = _given([0, 5], respondents=[0, 4])
    assert primary(given, _rule(threshold=3, zero_is_secret=True)).secret.tolist() == [True, False]


def test_weighted_respondents_are_compared_as_they_are():
    assert primary(_given([5, 5], respondents=[2.9, 3.0]), _rule(threshold=3)).secret.tolist() == [True, False]


def test_dominance_is_strict_and_weighted_totals_stand_against_unweighted_contributions():
    given = _given([100, 100, 100, 0], largest=[[85], [85.5], [120], [0]])
    assert primary(given, _rule(dominance=(1, 85))).secret.tolist() == [False, True, True, False]


def test_dominance_of_two():
    given = _given([100, 100], largest=[[50, 40], [50, 30]])
    assert primary(given, _rule(dominance=(2, 85))).secret.tolist() == [True, False]


def test_a_dominated_cell_leaves_room_up_to_where_the_rule_would_hold():
    found = primary(_given([100.0], largest=[[95.0]]), _rule(dominance=(1, 85), protection_pct=0))
    assert found.ceiling[0] == pytest.approx(95 / 0.85)
    assert found.floor[0] == 100


def test_p_per_cent():
    found = primary(_given([100, 100], largest=[[60, 36], [60, 30]]), _rule(p_percent=10, protection_pct=0))
    assert found.secret.tolist() == [True, False]
    assert found.ceiling[0] == pytest.approx(100 + 6 - 4)


def test_a_small_population_hides_whatever_it_holds():
    found = primary(_given([7, 7], population=[1_999, 2_000]), _rule(minimum_population=2_000))
    assert found.secret.tolist() == [True, False]


def test_a_count_is_as_wide_as_its_threshold_and_a_share_of_its_value():
    found = primary(_given([2, 10], respondents=[2, 10]), _rule(threshold=11, count=True, protection_pct=20))
    assert found.width.tolist() == [11, 11]
    assert found.floor.tolist() == [1.6, 8]
    assert found.ceiling.tolist() == [2.4, 12]


@pytest.mark.parametrize(
    ("rule", "what"),
    [
        ({"threshold": 3}, "répondants"),
        ({"dominance": (1, 85)}, "contributeurs"),
        ({"p_percent": 10.0}, "contributeurs"),
        ({"minimum_population": 50}, "population"),
    ],
)
def test_a_rule_is_never_passed_over_in_silence(rule, what):
    with pytest.raises(Invalid, match=what):
        primary(_given([1.0]), _rule(**rule))


def test_too_few_contributors_are_refused():
    with pytest.raises(Invalid, match="2 plus gros"):
        primary(_given([1.0], largest=[[1.0]]), _rule(dominance=(2, 85)))


@pytest.mark.parametrize("wrong", [{"threshold": -1}, {"dominance": (0, 85)}, {"dominance": (1, 120)}])
def test_wrong_rules_are_refused(wrong):
    with pytest.raises(Invalid, match="Règle de secret"):
        _rule(**wrong)


def test_a_derived_value_obeys_the_strictest_of_its_inputs():
    one = primary(_given([5, 5], respondents=[2, 9]), _rule(threshold=3, count=True))
    two = primary(_given([5, 5], respondents=[5, 9]), _rule(threshold=11, count=True, protection_pct=50))
    both = strictest([one, two])
    assert both.secret.tolist() == [True, True]
    assert both.width.tolist() == [11, 11]
    assert both.floor.tolist() == [2.5, 2.5]
