"""Classes: known answers, Fisher against all partitions, and what no input may break."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.classes import (
    Classes,
    Method,
    classify,
    fisher_starts,
    index_of,
    indexes_of,
    shortest,
    suggested_count,
)
from geo.errors import Invalid

COMPUTED = [method for method in Method if method is not Method.MANUAL]
finite = st.floats(-1e9, 1e9, allow_nan=False).map(lambda v: round(v, 4))
tied = st.integers(-3, 3).map(float)
samples = st.lists(st.one_of(finite, tied), min_size=1, max_size=60)


def squared_error(values: np.ndarray, groups: np.ndarray) -> float:
    return sum(float(((values[groups == g] - values[groups == g].mean()) ** 2).sum()) for g in set(groups))


def best_error(values: list[float], k: int) -> float:
    x = np.array(sorted(values))
    distinct = np.unique(x)
    errors = [
        squared_error(x, np.searchsorted(np.array(limits), x, side="right"))
        for limits in combinations(distinct[1:], k - 1)
    ]
    return min(errors)


@settings(max_examples=150)
@given(st.lists(st.one_of(finite, tied), min_size=2, max_size=11), st.integers(2, 5))
def test_fisher_is_the_best_of_all_partitions(values: list[float], k: int) -> None:
    x = np.array(sorted(values))
    k = min(k, np.unique(x).size)
    if k < 2:
        return
    found = classify(values, Method.FISHER, k)
    scale = float(((x - x.mean()) ** 2).sum())
    assert squared_error(x, indexes_of(found.inner, x)) <= best_error(values, k) + 1e-9 * scale


def test_fisher_is_exact_far_from_zero() -> None:
    # The same shape shifted by a million must be cut at the same ranks: cumulated sums are centred first.
    values = np.array([1.0, 1.1, 1.2, 5.0, 5.1, 9.0, 9.2, 30.0])
    weights = np.ones(8)
    assert fisher_starts(values, weights, 4) == fisher_starts(values + 1e6, weights, 4) == [0, 3, 5, 7]


def test_fisher_of_many_values_is_not_worse_than_any_simple_method() -> None:
    values = np.round(np.random.default_rng(7).lognormal(6, 1.5, 20_000), 2)
    errors = {}
    for method in (Method.FISHER, Method.QUANTILES, Method.EQUAL, Method.GEOMETRIC, Method.HEAD_TAIL):
        found = classify(values, method, 6)
        errors[method] = squared_error(values, indexes_of(found.inner, values))
    assert min(errors, key=errors.__getitem__) is Method.FISHER


@settings(max_examples=200)
@given(samples, st.integers(2, 7), st.sampled_from(COMPUTED))
def test_no_empty_class_and_every_value_in_exactly_one(values: list[float], k: int, method: Method) -> None:
    if method is Method.GEOMETRIC:
        values = [abs(v) + 0.5 for v in values]
    found = classify(values, method, k)
    assert 1 <= len(found) <= max(k, 6)
    assert all(count > 0 for count in found.counts)
    assert sum(found.counts) == len(values)
    assert list(found.limits) == sorted(found.limits)
    assert len(set(found.inner)) == len(found.inner)
    assert all(np.isfinite(found.limits))
    assert (found.limits[0], found.limits[-1]) == (min(values), max(values))
    for value in values:
        i = index_of(found.inner, value)
        low, high = found.limits[i], found.limits[i + 1]
        assert low <= value < high or (i == len(found) - 1 and low <= value <= high)
    if method not in (Method.Q6, Method.HEAD_TAIL, Method.NESTED_MEANS) and len(found) < k:
        assert found.notes


@given(finite, finite, st.floats(0, 1))
def test_a_simplified_limit_stays_in_its_gap(a: float, b: float, share: float) -> None:
    below, upto = sorted((a, b))
    if below == upto:
        return
    assert below < shortest(below, upto, below + share * (upto - below)) <= upto


@pytest.mark.parametrize(
    ("method", "k", "inner"),
    [
        (Method.EQUAL, 4, (25, 50, 75)),
        (Method.QUANTILES, 4, (25, 50, 75)),
        (Method.Q6, 6, (5, 25, 50, 75, 95)),
        (Method.NESTED_MEANS, 4, (25, 50, 75)),
        (Method.HEAD_TAIL, 5, (50,)),
    ],
)
def test_known_limits_of_0_to_100(method: Method, k: int, inner: tuple[float, ...]) -> None:
    found = classify(list(range(101)), method, k)
    assert found.inner == pytest.approx(inner, abs=1)


def test_known_geometric_and_standard_deviation_limits() -> None:
    assert classify([1, 5, 50, 500, 1000], Method.GEOMETRIC, 3).inner == pytest.approx((10, 100), abs=10)
    values = np.random.default_rng(3).normal(100, 10, 5000)
    assert classify(values, Method.MEAN_SD, 4).inner == pytest.approx((90, 100, 110), abs=1.5)
    assert classify(values, Method.MEAN_SD, 5).inner == pytest.approx((85, 95, 105, 115), abs=1.5)


def test_head_tail_follows_a_heavy_tail() -> None:
    values = [1] * 90 + [10] * 9 + [100]
    assert classify(values, Method.HEAD_TAIL, 7).counts == (90, 9, 1)


def test_ties_stay_together_and_are_explained() -> None:
    found = classify([0] * 50 + [1] * 3 + [2], Method.QUANTILES, 5)
    assert found.counts == (50, 4)
    assert found.notes == ("2 classes au lieu de 5 : il n’y a pas assez de valeurs différentes.",)


@pytest.mark.parametrize("method", COMPUTED)
def test_degenerate_inputs(method: Method) -> None:
    assert classify([], method, 4) == Classes(method, (), (), ("Aucune valeur à classer.",))
    assert classify([7.5], method, 4).counts == (1,)
    assert classify([7.5] * 9, method, 4).limits == (7.5, 7.5)
    assert classify([1, 2], method, 7).counts == (1, 1)


def test_manual_limits_are_kept_whole_so_that_maps_can_be_compared() -> None:
    found = classify([120.7], Method.MANUAL, 2, manual=(25, 50, 80, 150, 350))
    assert found.inner == (25, 50, 80, 150, 350)
    assert found.counts == (0, 0, 0, 1, 0, 0)
    assert classify([25, 24.9], Method.MANUAL, 2, manual=(25,)).counts == (1, 1)


@pytest.mark.parametrize(
    ("values", "method", "k", "manual"),
    [
        ([1, 2], Method.FISHER, 1, ()),
        ([1, 2], Method.FISHER, 8, ()),
        ([1, float("nan")], Method.FISHER, 3, ()),
        ([0, 1, 2], Method.GEOMETRIC, 3, ()),
        ([1, 2], Method.MANUAL, 3, (2, 1)),
        ([1, 2], Method.MANUAL, 3, ()),
        ([1, 2], Method.MANUAL, 3, (1, 2, 3, 4, 5, 6, 7)),
    ],
)
def test_what_cannot_be_classed_is_refused(
    values: list[float], method: Method, k: int, manual: tuple[float, ...]
) -> None:
    with pytest.raises(Invalid):
        classify(values, method, k, manual)


def test_suggested_count_grows_slowly() -> None:
    counts = [suggested_count(n) for n in range(0, 3000)]
    assert counts == sorted(counts)
    assert (counts[0], counts[-1]) == (2, 6)
