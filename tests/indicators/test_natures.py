"""What each nature allows, and what is said of what it forbids."""

import itertools
from dataclasses import dataclass

import pytest

from geo.classes import Method
from indicators.catalogue import catalogue
from indicators.natures import (
    RULES,
    Conversion,
    Form,
    Nature,
    NatureForbids,
    Operation,
    aggregation,
    conversion,
    described,
    map_form,
    over_space,
    over_time,
    require_classes,
    require_rank,
    two_dates,
)


@dataclass(frozen=True)
class Card:
    """An indicator's sheet, as far as the rules read it."""

    nature: Nature
    numerator: str | None = None
    denominator: str | None = None
    weight: str | None = None
    base_period: str | None = None
    id: str = "essai"
    label: str = "Essai"
    unit: str = "%"
    decimals: int = 1


WHOLE = {nature: Card(nature, "un", "deux", "trois", "2016") for nature in Nature}
OWN = {
    Nature.STOCK: Operation.SUM,
    Nature.FLOW: Operation.SUM,
    Nature.RATIO: Operation.RATIO,
    Nature.DENSITY: Operation.RATIO,
    Nature.WEIGHTED_MEAN: Operation.WEIGHTED_MEAN,
    Nature.MEDIAN: None,
    Nature.INDEX: Operation.INDEX,
    Nature.TYPOLOGY: Operation.SHARES,
    Nature.GROWTH: Operation.GROWTH,
}


@pytest.mark.parametrize("nature", Nature)
def test_each_nature_has_one_operation_over_space_and_no_other(nature: Nature) -> None:
    own = OWN[nature]
    assert aggregation(WHOLE[nature]) is own
    if own is not None:
        assert over_space(WHOLE[nature]) is over_space(WHOLE[nature], own) is own
    for asked in Operation:
        if asked is own:
            continue
        with pytest.raises(NatureForbids) as refusal:
            over_space(WHOLE[nature], asked)
        said = refusal.value.detail
        assert " ne s’agrège pas" in said
        assert " À la place, demandez " in said
        assert said.endswith(".")
        assert refusal.value.members["accepted"] == ([own] if own else [])


@pytest.mark.parametrize(
    ("nature", "asked", "why", "instead"),
    [
        (Nature.MEDIAN, Operation.SUM, "aucune formule ne donne la médiane", "valeur que le producteur publie"),
        (Nature.MEDIAN, Operation.MEAN, "aucune formule ne donne la médiane", "valeur que le producteur publie"),
        (Nature.RATIO, Operation.MEAN, "même poids à un village et à une métropole", "rapport des sommes"),
        (Nature.DENSITY, Operation.MEAN, "moyenne de densités", "somme des surfaces"),
        (Nature.WEIGHTED_MEAN, Operation.MEAN, "moyenne sans poids", "pondérée par l’effectif"),
        (Nature.INDEX, Operation.MEAN, "moyenne d’indices", "recalculé sur les sommes"),
        (Nature.GROWTH, Operation.MEAN, "moyenne de taux", "calculé sur les sommes"),
        (Nature.TYPOLOGY, Operation.SUM, "aucun calcul ne se fait", "part des territoires de chaque catégorie"),
        (Nature.STOCK, Operation.MEAN, "dépend du découpage", "demandez la somme"),
    ],
)
def test_the_known_faults_are_refused_with_what_to_ask(
    nature: Nature, asked: Operation, why: str, instead: str
) -> None:
    with pytest.raises(NatureForbids) as refusal:
        over_space(WHOLE[nature], asked)
    assert why in refusal.value.detail
    assert instead in refusal.value.members["instead"]
    assert refusal.value.members["refused"] == asked


@pytest.mark.parametrize(
    ("nature", "lacking"),
    [
        (Nature.RATIO, "son numérateur ni son dénominateur"),
        (Nature.DENSITY, "son numérateur ni son dénominateur"),
        (Nature.WEIGHTED_MEAN, "le poids de chaque moyenne"),
        (Nature.INDEX, "son numérateur ni sa période de référence"),
        (Nature.GROWTH, "son numérateur"),
    ],
)
def test_what_is_given_without_its_parts_is_refused_like_a_median(nature: Nature, lacking: str) -> None:
    bare = Card(nature)
    assert aggregation(bare) is None
    assert conversion(bare) is Conversion.IMPOSSIBLE
    assert conversion(WHOLE[nature]) is Conversion.RECOMPUTED
    with pytest.raises(NatureForbids, match=lacking) as refusal:
        over_space(bare)
    assert "valeur que le producteur publie" in refusal.value.members["instead"]
    assert described(bare)["aggregation"] is None


def test_a_ratio_that_lacks_one_part_names_it() -> None:
    with pytest.raises(NatureForbids, match="n’a pas son dénominateur,"):
        over_space(Card(Nature.RATIO, numerator="un"))


def test_over_time_stocks_are_never_summed_and_flows_are() -> None:
    stock, flow = WHOLE[Nature.STOCK], WHOLE[Nature.FLOW]
    assert over_time(stock) is Operation.LAST
    assert over_time(stock, Operation.MEAN) is Operation.MEAN
    assert over_time(flow) is Operation.SUM
    with pytest.raises(NatureForbids, match="serait compté à chaque date") as refusal:
        over_time(stock, Operation.SUM)
    assert refusal.value.members["accepted"] == ["last", "mean"]
    with pytest.raises(NatureForbids, match="la dernière période ne dit rien des autres"):
        over_time(flow, Operation.LAST)


@pytest.mark.parametrize("nature", sorted(set(Nature) - {Nature.STOCK, Nature.FLOW}))
def test_over_time_the_other_natures_have_a_value_for_each_period(nature: Nature) -> None:
    for asked in (None, *Operation):
        with pytest.raises(NatureForbids, match="chaque période a sa propre valeur"):
            over_time(WHOLE[nature], asked)


@pytest.mark.parametrize(("nature", "form"), list(itertools.product(Nature, Form)))
def test_the_map_has_one_form(nature: Nature, form: Form) -> None:
    own = map_form(WHOLE[nature])
    assert own is nature.map_form
    if form is own:
        assert map_form(WHOLE[nature], form) is own
    else:
        with pytest.raises(NatureForbids, match="À la place, demandez la carte par") as refusal:
            map_form(WHOLE[nature], form)
        assert refusal.value.members["accepted"] == [own]


def test_what_adds_up_is_never_a_choropleth_and_categories_have_neither_rank_nor_classes() -> None:
    assert {nature for nature in Nature if nature.additive} == {Nature.STOCK, Nature.FLOW}
    assert {nature for nature in Nature if nature.map_form is Form.CIRCLES} == {Nature.STOCK, Nature.FLOW}
    for nature in Nature:
        if nature is Nature.TYPOLOGY:
            with pytest.raises(NatureForbids, match="n’ont pas d’ordre"):
                require_rank(WHOLE[nature])
        else:
            require_rank(WHOLE[nature])
        if nature.map_form is Form.CHOROPLETH:
            require_classes(WHOLE[nature], Method.FISHER)
        else:
            with pytest.raises(NatureForbids, match="n’a pas de classes"):
                require_classes(WHOLE[nature], Method.FISHER)


@pytest.mark.parametrize(
    "period", ["2022", "2022-2016", "2022-2022", "2016-", "-2022", "2016-22", "0000-2022", "hier-demain"]
)
def test_a_rate_of_growth_needs_two_dates(period: str) -> None:
    with pytest.raises(NatureForbids, match="entre deux dates") as refusal:
        two_dates(WHOLE[Nature.GROWTH], period)
    assert "2016-2022" in refusal.value.members["instead"]
    assert two_dates(WHOLE[Nature.GROWTH], "2016-2022") == ("2016", "2022")


def test_every_nature_has_every_rule_and_every_sheet_is_described() -> None:
    assert set(RULES) == set(Nature)
    for rules in RULES.values():
        assert rules.label
        assert rules.instead.startswith("demandez ")
        assert rules.gaps
    for sheet in catalogue().values():
        told = described(sheet)
        assert told["map_form"] == sheet.nature.map_form
        assert told["rounding"]["decimals"] == sheet.decimals
