"""The known answers of the field: published tables whose patterns and intervals are in the literature."""

import numpy as np
import pytest
from suppression import margins, needing

from indicators.secrecy import Cells, Inconsistent, Standing, Unprotectable, audit, protect, rows
from indicators.secrecy.intervals import bounds

THREE = [[20, 50, 10], [8, 19, 22], [17, 32, 12]]
FOUR = [[30, 47, 64, 89], [90, 124, 5, 31], [92, 100, 59, 85], [800, 991, 651, 685]]


@pytest.mark.parametrize("amount", [1, 5, 8])
def test_three_by_three(amount):
    cells, relations = margins(THREE, "123", "ABC")
    found = protect(needing(cells, amount).marked(["2C"], Standing.PRIMARY), relations)
    assert found.optimal
    assert set(found.secondary) == {"2A", "3A", "3C"}
    assert found.cost == 37
    low, high = bounds(found.cells, relations, found.cells.hidden)
    at = cells.position("2C")
    assert (low[at], high[at]) == (pytest.approx(5), pytest.approx(30))
    assert audit(found.cells, relations) == []


def test_a_heuristic_is_never_cheaper_than_the_optimum_and_says_what_it_is():
    cells, relations = margins(THREE, "123", "ABC")
    found = protect(needing(cells, 5).marked(["2C"], Standing.PRIMARY), relations, best=False)
    assert not found.optimal
    assert "heuristique" in found.note
    assert found.cost >= 37
    assert audit(found.cells, relations) == []


def test_four_by_four_gives_47_back_exactly():
    cells, relations = margins(FOUR, "wxyz", "abcd")
    shown = cells.marked(["wa", "wb", "wc", "xa", "xc", "yb", "yd", "zb", "zd"], Standing.PRIMARY)
    told = audit(shown, relations)
    assert [(one.cell, one.exact, round(one.low, 6)) for one in told] == [("wb", True, 47.0)]
    assert "47" in told[0].sentence
    # either half of the table gives it: rows w and x less columns a and c, or columns b and d less rows y and z
    ways = [
        {"ligne w.", "ligne x.", "colonne .a", "colonne .c"},
        {"ligne y.", "ligne z.", "colonne .b", "colonne .d"},
    ]
    assert set(told[0].relations) in ways
    wider = shown.marked(["xd"], Standing.SECONDARY)
    low, high = bounds(wider, relations, wider.hidden)
    at = cells.position("wb")
    assert (low[at], high[at]) == (pytest.approx(0), pytest.approx(78))
    assert audit(wider, relations) == []


def test_a_protection_that_nothing_gives_stops_the_publication():
    cells, relations = margins(THREE, "123", "ABC", eligible=False)
    with pytest.raises(Unprotectable, match="« 2C »"):
        protect(needing(cells, 5).marked(["2C"], Standing.PRIMARY), relations)
    with pytest.raises(Unprotectable, match="« 2C »"):
        protect(needing(cells, 5).marked(["2C"], Standing.PRIMARY), relations, best=False)


def test_values_that_contradict_a_relation_are_named():
    cells, relations = margins(THREE, "123", "ABC")
    value = cells.value.copy()
    value[cells.position("2.")] += 1
    wrong = cells.changed(value=value, seen_low=value, seen_high=value)
    with pytest.raises(Inconsistent, match="ligne 2"):
        protect(wrong, relations)


def test_whole_numbers_narrow_what_fractions_leave():
    # 2 x a = b - c with b between 4 and 5: as whole numbers, a can only be 2
    cells = Cells.of(["a", "b"], [2, 4], standing=[1, 1], lower=[0, 3.5], upper=[9, 5.5])
    relations = rows(cells, [(["a", "b"], [2.0, -1.0])], 0.0, 0.0, ["a est la moitié de b"])
    assert audit(cells, relations) == []
    told = audit(cells, relations, integer=True)
    assert {(one.cell, one.low, one.high) for one in told} == {("a", 2, 2), ("b", 4, 4)}


def test_fifty_times_the_same_pattern():
    cells, relations = margins(FOUR, "wxyz", "abcd")
    marked = needing(cells, 12).marked(["wb", "xc", "yd"], Standing.PRIMARY)
    for best in (True, False):
        patterns = {protect(marked, relations, best=best).cells.standing.tobytes() for _ in range(50)}
        assert len(patterns) == 1


def test_protecting_twice_changes_nothing():
    cells, relations = margins(FOUR, "wxyz", "abcd")
    once = protect(needing(cells, 12).marked(["wb", "xc"], Standing.PRIMARY), relations)
    assert np.array_equal(protect(once.cells, relations).cells.standing, once.cells.standing)
