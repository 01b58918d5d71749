"""The passage between millesimes: known cases worked by hand, and the laws that any passage keeps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boundaries.passage import CodeList, Moves, backward, composed, forward, kind, passages


def converted(values: dict[str, float], moves: Moves) -> dict[str, float]:
    result: dict[str, float] = {}
    for code, value in values.items():
        for target, share in moves.get(code, {code: 1.0}).items():
            result[target] = result.get(target, 0.0) + value * share
    return result


def test_a_merger_is_exact_forward_and_estimated_back() -> None:
    old = CodeList(2023, {"49001": 500, "49002": 600})
    new = CodeList(2024, {"49001": 1100}, former={"49002": "49001"})
    assert forward(old, new) == {"49002": {"49001": 1.0}}
    assert backward(old, new) == {"49001": {"49001": pytest.approx(5 / 11), "49002": pytest.approx(6 / 11)}}


def test_les_essarts_are_split_by_the_population_of_their_parts() -> None:
    old = CodeList(2023, {"85084": 9399}, delegated={"85165": "85084", "85212": "85084"})
    new = CodeList(2024, {"85084": 6835, "85165": 1264, "85212": 1338})
    moves = forward(old, new)["85084"]
    assert moves == {
        "85084": pytest.approx(6835 / 9437),
        "85165": pytest.approx(1264 / 9437),
        "85212": pytest.approx(1338 / 9437),
    }
    assert backward(old, new) == {"85165": {"85084": 1.0}, "85212": {"85084": 1.0}}


def test_a_change_of_code_is_exact_both_ways() -> None:
    old = CodeList(2024, {"49069": 16413}, delegated={"49126": "49069"})
    new = CodeList(2025, {"49126": 17162}, former={"49069": "49126"})
    assert forward(old, new) == {"49069": {"49126": 1.0}}
    assert backward(old, new) == {"49126": {"49069": 1.0}}


def test_a_code_recycled_twice_comes_back_to_itself() -> None:
    lists = [
        CodeList(2019, {"27676": 100}, delegated={"27058": "27676"}),
        CodeList(2021, {"27058": 110}, former={"27676": "27058"}),
        CodeList(2023, {"27676": 120}, former={"27058": "27676"}),
    ]
    found = passages(lists)
    assert found[2019, 2021] == {"27676": {"27058": 1.0}}
    assert found[2019, 2023] == {}


def test_a_split_without_any_population_is_even() -> None:
    old = CodeList(2023, {"1": 0}, delegated={"2": "1"})
    assert forward(old, CodeList(2024, {"1": None, "2": 0}))["1"] == {"1": 0.5, "2": 0.5}


def test_a_weight_of_one_is_exact() -> None:
    assert (kind(1.0), kind(0.3)) == ("exact", "estimated")


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
    for (start, end), moves in passages(lists).items():
        codes = next(item.codes for item in lists if item.millesime == start)
        targets = next(item.codes for item in lists if item.millesime == end)
        values = {code: float(position + 1) for position, code in enumerate(sorted(codes))}
        for shares in moves.values():
            assert sum(shares.values()) == pytest.approx(1, abs=1e-12)
        result = converted(values, moves)
        assert sum(result.values()) == pytest.approx(sum(values.values()), rel=1e-9)
        assert result.keys() <= targets


@given(histories())
def test_passages_compose(lists: list[CodeList]) -> None:
    found = passages(lists)
    first, last = lists[0], lists[-1]
    if len(lists) < 3:
        return
    middle = lists[1]
    through = composed(
        found[first.millesime, middle.millesime], found[middle.millesime, last.millesime], first.codes
    )
    direct = found[first.millesime, last.millesime]
    assert through.keys() == direct.keys()
    for code, shares in direct.items():
        assert through[code] == pytest.approx(shares)
