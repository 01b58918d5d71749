"""The passage between millesimes: code lists alone worked by hand, and the laws that shares keep when they compose."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boundaries.former_codes import CodeList, backward, forward
from boundaries.links import links
from boundaries.passage import WHOLE, Kind, Share, Shares, composed, rows, shared_out


def weights(shares: Shares) -> dict[str, dict[str, float]]:
    return {code: {target: share.weight for target, share in targets.items()} for code, targets in shares.items()}


def converted(values: dict[str, float], shares: Shares) -> dict[str, float]:
    result: dict[str, float] = {}
    for code, value in values.items():
        for target, share in shares.get(code, {code: WHOLE}).items():
            result[target] = result.get(target, 0.0) + value * share.weight
    return result


def test_a_merger_is_exact_forward_and_estimated_back() -> None:
    old = CodeList(2023, {"49001": 500, "49002": 600})
    new = CodeList(2024, {"49001": 1100}, former={"49002": "49001"})
    assert forward(old, new) == {"49002": {"49001": WHOLE}}
    back = {"49001": Share(5 / 11, Kind.ESTIMATED), "49002": Share(6 / 11, Kind.ESTIMATED)}
    assert backward(old, new) == {"49001": back}


def test_les_essarts_are_split_by_the_population_of_their_parts() -> None:
    old = CodeList(2023, {"85084": 9399}, delegated={"85165": "85084", "85212": "85084"})
    new = CodeList(2024, {"85084": 6835, "85165": 1264, "85212": 1338})
    assert weights(forward(old, new))["85084"] == {
        "85084": pytest.approx(6835 / 9437),
        "85165": pytest.approx(1264 / 9437),
        "85212": pytest.approx(1338 / 9437),
    }
    assert backward(old, new) == {"85165": {"85084": WHOLE}, "85212": {"85084": WHOLE}}


def test_a_change_of_code_is_exact_both_ways() -> None:
    old = CodeList(2024, {"49069": 16413}, delegated={"49126": "49069"})
    new = CodeList(2025, {"49126": 17162}, former={"49069": "49126"})
    assert forward(old, new) == {"49069": {"49126": WHOLE}}
    assert backward(old, new) == {"49126": {"49069": WHOLE}}


def test_a_code_recycled_twice_comes_back_to_itself() -> None:
    lists = [
        CodeList(2019, {"27676": 100}, delegated={"27058": "27676"}),
        CodeList(2021, {"27058": 110}, former={"27676": "27058"}),
        CodeList(2023, {"27676": 120}, former={"27058": "27676"}),
    ]
    found = links(lists)
    assert found[2019, 2021].shares == {"27676": {"27058": WHOLE}}
    assert found[2019, 2023].shares == {}


@pytest.mark.parametrize("people", [{"1": None, "2": 0}, {"1": 300, "2": None}, {"1": 0, "2": 0}])
def test_shares_are_never_made_up_where_a_part_is_not_counted(people: dict[str, float | None]) -> None:
    old = CodeList(2023, {"1": 400}, delegated={"2": "1"})
    shares = forward(old, CodeList(2024, people))
    assert {share.kind for share in shares["1"].values()} == {Kind.IMPOSSIBLE}
    assert sum(share.weight for share in shares["1"].values()) == 1
    assert [(row.target, row.weight) for row in rows(shares, {})] == [("1", None), ("2", None)]


def test_a_part_without_inhabitants_takes_nothing() -> None:
    assert shared_out({"a": 0, "b": 10}) == {"a": Share(0, Kind.ESTIMATED), "b": Share(1, Kind.ESTIMATED)}


def test_an_unknown_share_is_known_again_when_the_parts_are_put_back_together() -> None:
    parts = shared_out({"b": None, "c": None, "d": 1})
    gathered = {"b": {"e": WHOLE}, "c": {"e": WHOLE}, "d": {"e": WHOLE}}
    assert composed([{"a": parts}, gathered], ["a"]) == {"a": {"e": WHOLE}}
    some = composed([{"a": parts}, {"b": {"e": WHOLE}, "c": {"e": WHOLE}}], ["a"])
    assert {target: share.kind for target, share in some["a"].items()} == dict.fromkeys("de", Kind.IMPOSSIBLE)


def test_a_table_of_passage_names_communes_that_grew_and_those_that_end() -> None:
    old = CodeList(2023, {"49001": 500, "49002": 600})
    new = CodeList(2024, {"49001": 1100}, former={"49002": "49001"})
    there, back = forward(old, new), backward(old, new)
    assert rows(there, back) == [
        ("49001", "49001", 1.0, Kind.EXACT),
        ("49002", "49001", 1.0, Kind.EXACT),
    ]
    assert [tuple(row) for row in rows(back, there)] == [
        ("49001", "49001", 5 / 11, Kind.ESTIMATED),
        ("49001", "49002", 6 / 11, Kind.ESTIMATED),
    ]
    assert rows({"1": {}}, {}) == [("1", "", None, Kind.IMPOSSIBLE)]


def test_swapped_codes_move_at_the_same_time() -> None:
    swap: Shares = {"a": {"b": WHOLE}, "b": {"a": WHOLE}}
    assert composed([swap], ["a", "b"]) == swap
    assert composed([swap, swap], ["a", "b"]) == {}


@st.composite
def histories(draw: st.DrawFn) -> list[CodeList]:
    """Random code lists: at each step some communes merge, one may be split into its deleguees, some change code."""
    codes = {f"{number:05d}": draw(st.integers(0, 1000)) for number in range(draw(st.integers(2, 6)))}
    parts: dict[str, str] = {}
    lists = []
    fresh = 100
    for year in range(2020, 2020 + draw(st.integers(2, 4))):
        former: dict[str, str] = {}
        if year > 2020:
            act = draw(st.sampled_from(["merge", "split", "rename", "nothing"]))
            chosen = draw(st.sampled_from(sorted(codes)))
            if act == "merge" and len(codes) > 1:
                into = draw(st.sampled_from(sorted(set(codes) - {chosen})))
                codes = {code: people for code, people in codes.items() if code != chosen}
                codes[into] += draw(st.integers(0, 50))
                former[chosen] = into
                parts = {part: whole for part, whole in parts.items() if whole != chosen} | {chosen: into}
            elif act == "split" and chosen in parts.values():
                born = sorted(part for part, whole in parts.items() if whole == chosen)
                codes = codes | {part: draw(st.integers(0, 500)) for part in born}
                parts = {part: whole for part, whole in parts.items() if whole != chosen}
            elif act == "rename":
                fresh += 1
                name = f"{fresh:05d}"
                former[chosen] = name
                codes = {name if code == chosen else code: people for code, people in codes.items()}
                parts = {part: name if whole == chosen else whole for part, whole in parts.items()}
        lists.append(CodeList(year, dict(codes), former, dict(parts)))
    return lists


@given(histories())
def test_shares_sum_to_one_and_totals_are_conserved_both_ways(lists: list[CodeList]) -> None:
    for (start, end), link in links(lists).items():
        codes = next(item.codes for item in lists if item.millesime == start)
        targets = next(item.codes for item in lists if item.millesime == end)
        values = {code: float(position + 1) for position, code in enumerate(sorted(codes))}
        for shares in link.shares.values():
            assert sum(share.weight for share in shares.values()) == pytest.approx(1, abs=1e-12)
        result = converted(values, link.shares)
        assert sum(result.values()) == pytest.approx(sum(values.values()), rel=1e-9)
        assert result.keys() <= targets


@given(histories())
def test_passages_compose(lists: list[CodeList]) -> None:
    if len(lists) < 3:
        return
    found = links(lists)
    first, middle, last = lists[0], lists[1], lists[-1]
    steps = (found[first.millesime, middle.millesime], found[middle.millesime, last.millesime])
    through = weights(composed([link.shares for link in steps], first.codes))
    direct = weights(found[first.millesime, last.millesime].shares)
    assert through.keys() == direct.keys()
    for code, shares in direct.items():
        assert through[code] == pytest.approx(shares)
