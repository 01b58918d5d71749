"""What the page says and draws of given values: sentences that are true, legends that add up, honest shapes."""

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.pages.distribution import BASE, WIDTH, histogram
from api.pages.french import count, exact, number, percent, rounded, typeset
from api.pages.legend import (
    class_labels,
    class_lines,
    colours,
    largest_radius,
    radius,
    reference_circles,
    status_lines,
)
from api.pages.sentence import Known, sentence
from boundaries.levels import Level
from geo.classes import Classes, Method, classify, index_of
from geo.palettes import NEUTRAL, sequential
from indicators.catalogue import catalogue
from indicators.statuses import Status

POPULATION, DENSITE = catalogue()["population"], catalogue()["densite"]
EVOLUTION = catalogue()["evolution_annuelle"]
values = st.lists(st.floats(-1e6, 1e6, allow_nan=False).map(lambda v: round(v, 3)), min_size=1, max_size=80)


def said(indicator: object, names: Sequence[str], figures: Sequence[float], total: int = 0) -> str:
    known = Known(names, figures, total or len(figures))
    return typeset(sentence(indicator, Level.COMMUNE, known))  # type: ignore[arg-type]


def test_a_stock_is_summed_and_shared() -> None:
    assert said(POPULATION, ["Nantes", "Rezé", "Bouaye"], [300, 60, 40]) == (
        "Les 3 communes de la carte réunissent 400\u00a0habitants\u202f; la valeur la plus élevée, "
        "300 (Nantes), en fait 75\u202f%."
    )


def test_a_stock_of_many_says_what_ten_make() -> None:
    assert said(POPULATION, [str(i) for i in range(100)], [10.0] * 99 + [1010.0]).endswith(
        "1\u202f010 (99), en fait 51\u202f%, et les dix plus élevées 55\u202f%."
    )


def test_territories_without_a_value_are_not_forgotten() -> None:
    assert said(POPULATION, ["a", "b"], [3, 1], total=5).startswith(
        "Les 2 communes qui ont une valeur (sur 5) réunissent 4"
    )
    assert said(DENSITE, ["a", "b"], [3, 1], total=5).startswith("Sur 2 communes qui ont une valeur (sur 5), ")


def test_equal_values_have_no_first() -> None:
    assert "toutes les valeurs sont égales à 5\u00a0habitants" in said(POPULATION, ["a", "b"], [5, 5])
    assert "(2 territoires)" in said(DENSITE, ["a", "b", "c"], [9, 9, 1])


def test_a_density_is_told_by_its_range_and_its_median() -> None:
    assert said(DENSITE, ["a", "b", "c"], [1.0, 50.0, 2000.5]) == (
        "Sur 3 communes, les valeurs vont de 1,0 (a) à 2\u202f000,5\u00a0habitants au km² (c)\u202f; "
        "la valeur médiane, qui les partage en deux moitiés, est de 50,0\u00a0habitants au km²."
    )


def test_a_growth_is_counted_by_the_sign_that_people_read() -> None:
    text = said(EVOLUTION, ["a", "b", "c", "d"], [1.2, 0.001, -0.001, -0.5])
    assert "positive dans 1, négative dans 1 et nulle dans 2" in text
    assert "de \u22120,50 (d) à +1,20\u202f% par an (a)" in text


def test_one_or_no_value() -> None:
    assert said(DENSITE, ["Pays de la Loire"], [120.7]) == "Pays de la Loire\u202f: 120,7\u00a0habitants au km²."
    assert said(DENSITE, [], []) == "Aucune valeur n’est publiée pour ce choix."


@given(values, st.integers(2, 7))
def test_the_legend_counts_every_value_once_and_its_labels_are_exact(figures: list[float], k: int) -> None:
    classes = classify(figures, Method.FISHER, k)
    lines = class_lines(classes, colours(classes, None))
    assert sum(line.count for line in lines) == len(figures)
    assert len({line.colour for line in lines}) == len(lines)
    for label, limit in zip(class_labels(classes)[1:], classes.inner, strict=True):
        assert exact(limit) in label or number(limit, 3) in label or label.split()[0].startswith(exact(limit))


@given(values, st.integers(2, 7), st.floats(-100, 100).map(lambda v: round(v, 1)))
def test_a_diverging_ramp_turns_at_its_pivot(figures: list[float], k: int, pivot: float) -> None:
    classes = classify(figures, Method.QUANTILES, k)
    ramp = colours(classes, pivot)
    assert len(ramp) == len(classes)
    assert len(set(ramp)) == len(ramp)
    inside = classes.limits[0] <= pivot <= classes.limits[-1] and pivot not in classes.inner
    assert (NEUTRAL in ramp) == inside
    if inside:
        assert ramp.index(NEUTRAL) == index_of(classes.inner, pivot)


def test_absences_are_always_said_even_when_there_is_none() -> None:
    statuses = [Status.OBSERVED, Status.ESTIMATED, Status.MISSING, Status.NOT_SIGNIFICANT]
    lines = status_lines(statuses, [True, True, False, False])
    assert [(line.label, line.count) for line in lines] == [
        ("donnée absente", 1),
        ("secret statistique", 0),
        ("valeur non significative", 1),
        ("valeur estimée", 1),
    ]
    assert all(line.colour is None and line.pattern for line in lines)


def test_circles_have_areas_proportional_to_values() -> None:
    assert math.isclose(radius(400, 400, 30) ** 2 / radius(100, 400, 30) ** 2, 4)
    assert radius(0, 400, 30) == 0
    assert largest_radius([1.0] * 1228) < largest_radius([1.0] * 5) == 34
    circles = reference_circles([3_907_156], 0)
    assert [circle.value for circle in circles] == [2_000_000, 500_000, 100_000]
    assert reference_circles([], 0) == []
    assert [circle.label for circle in reference_circles([3], 0)] == ["2"]


@given(st.lists(st.floats(0.01, 1e6), min_size=5, max_size=200, unique=True))
def test_the_histogram_shows_every_value_in_the_colour_of_its_class(figures: list[float]) -> None:
    classes = classify(figures, Method.QUANTILES, 4)
    drawn = histogram(figures, classes.inner, sequential(len(classes)))
    assert drawn
    heights: dict[str, float] = {}
    for bar in drawn.bars:
        assert 0 <= bar.x < WIDTH
        assert bar.y >= 0
        assert bar.y + bar.height <= BASE + 0.02
        heights[bar.colour] = heights.get(bar.colour, 0) + bar.height
    total = sum(heights.values())
    for colour, n in zip(sequential(len(classes)), classes.counts, strict=True):
        assert heights[colour] / total == pytest.approx(n / len(figures), abs=0.02)
    assert all(-0.5 <= tick.x <= WIDTH + 0.5 for tick in drawn.ticks)


def test_too_few_values_have_no_histogram() -> None:
    assert histogram([1, 2, 3, 4, 4, 4], (), ("#000000",)) is None


@given(st.floats(-1e9, 1e9), st.integers(0, 4))
def test_a_number_is_read_back_as_it_was_rounded(value: float, digits: int) -> None:
    text = number(value, digits)
    back = float(text.replace("\u202f", "").replace("\u2212", "-").replace(",", "."))
    assert back == pytest.approx(rounded(value, digits), abs=10**-digits / 100)
    assert abs(back - value) <= 0.5 * 10**-digits + 1e-5
    assert not (text.startswith("\u2212") and back == 0)


@given(st.floats(1e-9, 1 - 1e-9))
def test_a_share_is_never_told_as_nothing_or_all(share: float) -> None:
    assert percent(share) not in ("0\u202f%", "100\u202f%")


def test_counts_agree_with_their_noun() -> None:
    assert [count(n, "commune") for n in (0, 1, 2)] == ["0 commune", "1 commune", "2 communes"]


def test_a_single_class_is_told_by_its_value() -> None:
    assert class_labels(Classes(Method.FISHER, (120.7, 120.7), (1,))) == ["120,7"]
    assert class_labels(Classes(Method.FISHER, (), ())) == []


def test_zeros_find_their_place_on_a_logarithmic_axis() -> None:
    drawn = histogram([0.0, 0.0, 1, 2, 3, 5, 10_000], (4.0,), ("#000000", "#ffffff"))
    assert drawn
    assert drawn.logarithmic
    assert drawn.bars[0].x == 0
    assert drawn.bars[0].height == max(bar.height for bar in drawn.bars)
    assert all(math.isfinite(tick.x) for tick in drawn.ticks)
