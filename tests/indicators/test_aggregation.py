"""Laws of putting values together: whatever the hierarchy, the order and what is wanting."""

import math
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import Invalid
from indicators.aggregation import (
    Aggregate,
    Values,
    along,
    growth,
    index,
    ratio,
    shares,
    total,
    weighted_mean,
)
from indicators.natures import Operation
from indicators.statuses import Status

ABSENT = (Status.SECRET, Status.MISSING, Status.NOT_APPLICABLE, Status.IMPOSSIBLE)
PRESENT = (Status.OBSERVED, Status.PROVISIONAL, Status.ESTIMATED, Status.NOT_SIGNIFICANT)

positive = st.floats(1e-3, 1e9)
pairs = st.lists(st.tuples(positive, positive), min_size=1, max_size=60)
present = st.tuples(st.floats(-1e9, 1e9), st.sampled_from(PRESENT))
absent = st.tuples(st.none(), st.sampled_from(ABSENT))
cells = st.lists(st.one_of(present, absent), max_size=40)


def column(rows: list[tuple[float | None, Status]]) -> Values:
    return Values.of([value for value, _ in rows], [status for _, status in rows])


def tree(draw: st.DrawFn, leaves: list[int]) -> list[list[int]]:
    """A partition of the leaves into groups, of any sizes."""
    groups: dict[int, list[int]] = {}
    for leaf in leaves:
        groups.setdefault(draw(st.integers(0, max(1, len(leaves) // 2))), []).append(leaf)
    return list(groups.values())


def of_totals(totals: list[Aggregate], units: list[float]) -> Values:
    return Values.of(
        [part.value for part in totals],
        [part.status for part in totals],
        [part.coverage for part in totals],
        units,
    )


@given(pairs, st.data())
def test_a_ratio_is_that_of_the_sums_whatever_the_hierarchy(
    leaves: list[tuple[float, float]], data: st.DataObject
) -> None:
    over, under = [a for a, _ in leaves], [b for _, b in leaves]
    expected = math.fsum(over) / math.fsum(under)
    direct = ratio(Values.of(over), Values.of(under))
    assert direct.value == pytest.approx(expected, rel=1e-12)
    rank = list(range(len(leaves)))
    for _ in range(data.draw(st.integers(1, 4))):  # communes, groups, groups of groups
        groups = tree(data.draw, rank)
        tops = [total(Values.of([over[i] for i in group])) for group in groups]
        bottoms = [total(Values.of([under[i] for i in group])) for group in groups]
        sizes = [float(len(group)) for group in groups]
        again = ratio(of_totals(tops, sizes), of_totals(bottoms, sizes))
        assert again.value == pytest.approx(expected, rel=1e-12)
        assert (again.status, again.coverage) == (Status.OBSERVED, 1.0)
        over = [float(top.value or 0) for top in tops]
        under = [float(bottom.value or 0) for bottom in bottoms]
        rank = list(range(len(groups)))


@given(pairs, st.data())
def test_a_weighted_mean_is_the_same_by_any_groups(leaves: list[tuple[float, float]], data: st.DataObject) -> None:
    whole = weighted_mean(Values.of([m for m, _ in leaves]), Values.of([w for _, w in leaves]))
    groups = tree(data.draw, list(range(len(leaves))))
    means = [
        weighted_mean(Values.of([leaves[i][0] for i in group]), Values.of([leaves[i][1] for i in group])).value
        for group in groups
    ]
    weights = [math.fsum(leaves[i][1] for i in group) for group in groups]
    assert weighted_mean(Values.of(means), Values.of(weights)).value == pytest.approx(whole.value, rel=1e-12)


@given(cells, st.data())
def test_the_union_of_the_parts_is_the_whole(rows: list[tuple[float | None, Status]], data: st.DataObject) -> None:
    # what has no object is no part of what is to be covered, so it is no unit either
    rows = [row for row in rows if row[1] is not Status.NOT_APPLICABLE]
    whole = total(column(rows))
    groups = tree(data.draw, list(range(len(rows))))
    parts = [total(column([rows[i] for i in group])) for group in groups]
    union = total(of_totals(parts, [float(len(group)) for group in groups]))
    scale = max((abs(value) for value, _ in rows if value is not None), default=1.0)
    if whole.value is None:
        assert union.value is None
    else:
        assert union.value == pytest.approx(whole.value, rel=1e-12, abs=1e-12 * scale * len(rows))
    assert union.coverage == pytest.approx(whole.coverage, abs=1e-12)


@given(cells, st.randoms(use_true_random=False))
def test_the_order_of_the_territories_changes_nothing(
    rows: list[tuple[float | None, Status]], random: object
) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert total(column(rows)) == total(column(shuffled))
    assert shares(column(rows)) == shares(column(shuffled))
    doubled = [(None if value is None else 2.0, status) for value, status in rows]
    twice = [(None if value is None else 2.0, status) for value, status in shuffled]
    assert ratio(column(rows), column(doubled)) == ratio(column(shuffled), column(twice))


@given(cells)
def test_a_share_lies_between_nothing_and_all_and_only_a_whole_has_a_plain_status(
    rows: list[tuple[float | None, Status]],
) -> None:
    for made in (total(column(rows)), ratio(column(rows), column(rows))):
        assert 0 <= made.coverage <= 1
        assert made.with_value + made.without_value == made.territories == len(rows)
        assert (made.value is None) == (made.status in ABSENT or made.with_value == 0)
        if made.status in (Status.OBSERVED, Status.PROVISIONAL, Status.ESTIMATED):
            assert made.coverage == 1
            assert not any(status is Status.SECRET for _, status in rows)


@given(st.lists(st.tuples(st.floats(-1e9, 1e9), st.just(Status.OBSERVED)), min_size=1, max_size=20))
def test_one_secret_makes_any_sum_partial(rows: list[tuple[float | None, Status]]) -> None:
    made = total(column([*rows, (None, Status.SECRET)]))
    assert made.status is Status.PARTIAL
    assert made.coverage == pytest.approx(len(rows) / (len(rows) + 1))


def test_zero_is_a_value_and_a_secret_is_not_zero() -> None:
    assert total(Values.of([0.0, 0.0])) == Aggregate(0.0, Status.OBSERVED, 1.0, 2, 2)
    assert total(Values.of([None], [Status.SECRET])) == Aggregate(None, Status.SECRET, 0.0, 1, 0)
    assert total(Values.of([None, None], [Status.MISSING, Status.SECRET])).status is Status.SECRET


def test_nothing_at_all_is_missing() -> None:
    assert total(Values.of([])) == Aggregate(None, Status.MISSING, 0.0, 0, 0)
    assert ratio(Values.of([]), Values.of([])).status is Status.MISSING
    assert shares(Values.of([])) == {}


def test_what_has_no_object_is_not_to_be_covered() -> None:
    made = total(Values.of([5, None], [Status.OBSERVED, Status.NOT_APPLICABLE]))
    assert (made.value, made.status, made.coverage, made.without_value) == (5.0, Status.OBSERVED, 1.0, 1)
    assert total(Values.of([None], [Status.NOT_APPLICABLE])).status is Status.NOT_APPLICABLE


def test_coverage_counts_communes_not_territories() -> None:
    made = total(Values.of([10, 20, None], None, [1, 0.5, 0], [3, 4, 5]))
    assert made.coverage == pytest.approx((3 + 2) / 12)
    assert made.status is Status.PARTIAL


def test_a_weak_value_weakens_the_sum() -> None:
    weak = (Status.OBSERVED, Status.PROVISIONAL)
    assert total(Values.of([1, 1], weak)).status is Status.PROVISIONAL
    assert total(Values.of([1, 1], (Status.ESTIMATED, Status.PROVISIONAL))).status is Status.ESTIMATED
    assert total(Values.of([1, 1], (Status.OBSERVED, Status.NOT_SIGNIFICANT))).status is Status.ESTIMATED
    assert total(Values.of([1], (Status.NOT_SIGNIFICANT,))).status is Status.NOT_SIGNIFICANT
    assert total(Values.of([1, 1], (Status.OBSERVED, Status.PARTIAL))).status is Status.PARTIAL


def test_a_ratio_uses_no_territory_that_has_one_side_only_or_a_part_of_it() -> None:
    over = Values.of([10, 20, 30, None], [Status.OBSERVED, Status.PARTIAL, Status.OBSERVED, Status.SECRET])
    under = Values.of([100, 100, None, 100])
    made = ratio(over, under)
    assert (made.value, made.status, made.coverage) == (0.1, Status.PARTIAL, 0.25)
    assert made.parts == {"numerator": 10.0, "denominator": 100.0}
    assert (made.with_value, made.without_value) == (1, 3)


def test_nothing_is_divided_by_zero() -> None:
    made = ratio(Values.of([3]), Values.of([0]))
    assert (made.value, made.status, made.coverage) == (None, Status.NOT_APPLICABLE, 1.0)
    assert weighted_mean(Values.of([3]), Values.of([0])).status is Status.NOT_APPLICABLE
    assert growth(Values.of([0]), Values.of([4]), 5).status is Status.NOT_APPLICABLE
    assert index(Values.of([4]), Values.of([0])).status is Status.NOT_APPLICABLE


def test_a_rate_of_growth_takes_exact_years() -> None:
    years = (date(2022, 1, 1) - date(2016, 1, 1)).days / 365.25
    made = growth(Values.of([100, 300]), Values.of([150, 350]), 6)
    assert made.value == pytest.approx(100 * (1.25 ** (1 / 6) - 1), rel=1e-14)
    assert years == pytest.approx(6, abs=0.01)
    assert made.parts == {"first": 400.0, "last": 500.0}
    with pytest.raises(Invalid, match="deux dates différentes"):
        growth(Values.of([1]), Values.of([1]), 0)


def test_a_negative_weight_is_refused() -> None:
    with pytest.raises(Invalid, match="poids est négatif"):
        weighted_mean(Values.of([1, 2]), Values.of([1, -1]))


def test_over_time_a_gap_is_said() -> None:
    years = [total(Values.of([4])), total(Values.of([None])), total(Values.of([8]))]
    mean = along(years, Operation.MEAN)
    assert (mean.value, mean.status, mean.coverage) == (6.0, Status.PARTIAL, pytest.approx(2 / 3))
    assert along(years, Operation.SUM).value == 12.0
    assert along(years[:2], Operation.LAST) == years[1]  # never a year before it


def test_shares_of_categories_add_up() -> None:
    found = shares(Values.of([1, 2, 2, 3, None]))
    assert found == {1.0: 0.25, 2.0: 0.5, 3.0: 0.25}
    assert math.fsum(found.values()) == 1
