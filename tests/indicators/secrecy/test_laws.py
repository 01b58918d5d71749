"""What holds of every release: nothing protected is recovered, hiding more never tells more, order changes nothing."""

import contextlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from suppression import margins

from indicators.secrecy import (
    Cells,
    Inconclusive,
    Relations,
    Standing,
    Unprotectable,
    alternative,
    audit,
    protect,
    report,
    rows,
    witnesses,
)
from indicators.secrecy.intervals import bounds
from indicators.secrecy.solver import Program

quick = settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def tables(draw) -> tuple[Cells, Relations]:
    """Tables with margins of 2 to 4 rows and columns, one to four of whose inner cells are primary."""
    height, width = draw(st.integers(2, 4)), draw(st.integers(2, 4))
    values = draw(
        st.lists(st.lists(st.integers(1, 60), min_size=width, max_size=width), min_size=height, max_size=height)
    )
    inner = [row + column for row in "wxyz"[:height] for column in "abcd"[:width]]
    secret = draw(st.lists(st.sampled_from(inner), min_size=1, max_size=4, unique=True))
    cells, relations = margins(values, "wxyz"[:height], "abcd"[:width])
    share = draw(st.sampled_from([0.0, 0.1, 0.5]))
    cells = cells.changed(
        floor=cells.value * (1 - share), ceiling=cells.value * (1 + share), width=np.full(len(cells), 2.0)
    )
    return cells.marked(secret, Standing.PRIMARY), relations


@quick
@given(tables(), st.booleans())
def test_no_protected_cell_is_recovered_and_published_cells_stay_as_they_are(table, best):
    cells, relations = table
    found = protect(cells, relations, best=best)
    assert audit(found.cells, relations) == []
    low, high = bounds(found.cells, relations, found.cells.protected)
    kept = found.cells.protected
    assert (low[kept] <= np.maximum(cells.floor, 0)[kept] + 1e-5).all()
    assert (high[kept] >= cells.ceiling[kept] - 1e-5).all()
    assert ((high - low)[kept] >= 2 - 1e-5).all()
    assert np.array_equal(found.cells.value, cells.value)
    assert np.array_equal(found.cells.protected, cells.protected)


@quick
@given(tables())
def test_the_optimum_is_at_most_the_heuristic(table):
    cells, relations = table
    assert protect(cells, relations).cost <= protect(cells, relations, best=False).cost + 1e-6


@quick
@given(tables(), st.data())
def test_hiding_more_never_tells_more(table, data):
    cells, relations = table
    published = [one for one, hidden in zip(cells.id, cells.hidden, strict=True) if not hidden]
    more = data.draw(st.lists(st.sampled_from(published), min_size=1, max_size=4, unique=True))
    low, high = bounds(cells, relations, cells.protected)
    lower, higher = bounds(cells.marked(more, Standing.SECONDARY), relations, cells.protected)
    kept = cells.protected
    assert (lower[kept] <= low[kept] + 1e-5).all()
    assert (higher[kept] >= high[kept] - 1e-5).all()


@quick
@given(tables(), st.data(), st.booleans())
def test_the_order_of_cells_and_relations_changes_nothing(table, data, best):
    cells, relations = table
    order = np.array(data.draw(st.permutations(range(len(cells)))))
    mixed = np.array(data.draw(st.permutations(range(len(relations)))))
    found = protect(cells, relations, best=best)
    again = protect(cells.taken(order), relations.taken(mixed).over(order), best=best)
    assert set(again.secondary) == set(found.secondary)


@quick
@given(tables())
def test_witnesses_make_an_audit_quicker_and_never_kinder(table):
    cells, relations = table
    found = protect(cells, relations)
    assert audit(found.cells, relations, witnesses=found.witnesses) == []
    for cell in found.secondary:
        spoilt = found.cells.marked([cell], Standing.PUBLISHED)
        with_help = audit(spoilt, relations, witnesses=found.witnesses)
        alone = audit(spoilt, relations)
        assert [(one.cell, one.exact) for one in with_help] == [(one.cell, one.exact) for one in alone]


@quick
@given(tables(), st.data())
def test_witnesses_of_a_pattern_that_is_there_change_no_verdict(table, data):
    cells, relations = table
    with contextlib.suppress(Unprotectable):
        cells = protect(cells, relations, best=False).cells
    masks = [one for one, stood in zip(cells.id, cells.standing, strict=True) if stood == Standing.SECONDARY]
    if masks:
        cells = cells.marked([data.draw(st.sampled_from(masks))], Standing.PUBLISHED)  # a spoilt pattern
    alone = audit(cells, relations)
    beside = audit(cells, relations, witnesses=witnesses(cells, relations))
    assert [(one.cell, one.exact) for one in beside] == [(one.cell, one.exact) for one in alone]


def test_a_program_without_an_answer_is_never_an_answer():
    cells = Cells.of(["a"], [1.0], standing=[1])
    relations = rows(cells, [(["a"], [1.0])], 0.0, 2.0, ["texte"])
    with pytest.raises(Unprotectable):
        protect(cells.changed(floor=np.array([-1.0]), ceiling=np.array([9.0])), relations)


def test_a_solver_out_of_time_publishes_nothing():
    cells, relations = margins([[5, 9], [7, 3]], "wx", "ab")
    with pytest.raises(Inconclusive, match="rien n’est publié"):
        protect(cells.marked(["wa"], Standing.PRIMARY), relations, seconds=0.0)
    matrix = relations.matrix[:1]
    contradictory = Program(matrix, np.array([1.0]), np.array([1.0]), np.zeros(9), np.zeros(9))
    with pytest.raises(Inconclusive, match="rien n’est publié"):
        contradictory.minimise(np.zeros(9))


def test_a_cell_missing_in_the_source_has_nothing_to_protect():
    cells, relations = margins([[5, 9, 4], [7, 3, 8]], "wx", "abc")
    value = cells.value.copy()
    value[cells.position("wb")] = np.nan
    cells = cells.changed(value=value, floor=value, ceiling=value, seen_low=value, seen_high=value)
    cells = cells.marked(["wb"], Standing.MISSING).marked(["wa"], Standing.PRIMARY)
    told = audit(cells, relations)
    assert [one.cell for one in told] == ["wa"]
    assert told[0].low == pytest.approx(5)
    found = protect(cells, relations)
    assert audit(found.cells, relations) == []


def test_an_edition_is_attacked_without_its_hidden_values():
    cells, relations = margins(
        [[30, 47, 64, 89], [90, 124, 5, 31], [92, 100, 59, 85], [800, 991, 651, 685]], "wxyz", "abcd"
    )
    shown = cells.marked(["wa", "wb", "wc", "xa", "xc", "yb", "yd", "zb", "zd"], Standing.PRIMARY)
    blind = np.where(shown.hidden, np.nan, shown.value)
    edition = shown.changed(value=blind, floor=blind, ceiling=blind, seen_low=blind, seen_high=blind)
    told = audit(edition, relations)
    assert [(one.cell, one.exact, round(one.low, 6)) for one in told] == [("wb", True, 47.0)]


def test_what_is_lost_is_told_by_level_with_what_could_be_published_instead():
    cells, relations = margins(
        [[20, 50, 10], [8, 19, 22], [17, 32, 12]],
        "123",
        "ABC",
        level=["commune"] * 9 + ["EPCI"] * 7,
    )
    cells = cells.changed(floor=cells.value - 5, ceiling=cells.value + 5).marked(["2C"], Standing.PRIMARY)
    found = report(protect(cells, relations))
    assert [(one.level, one.cells, one.primary, one.secondary) for one in found.levels] == [
        ("commune", 9, 1, 3),
        ("EPCI", 7, 0, 0),
    ]
    assert found.cost == 37
    assert found.optimal
    assert any("9 cellules, dont 1 en secret primaire" in one for one in found.sentences)
    instead = alternative(cells, relations, "commune")
    assert instead.secondary == 0
    assert "commune" in instead.sentence
