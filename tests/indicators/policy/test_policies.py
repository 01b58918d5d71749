"""What is in force: worked by hand on the catalogue's own derivations, and laws that must hold for any policy."""

from datetime import UTC, date, datetime
from itertools import pairwise

import pytest
from hypothesis import given, settings
from somepolicies import policies

from boundaries.levels import Level
from boundaries.readers import Audience
from geo.errors import Invalid, NotFound
from indicators.catalogue import catalogue
from indicators.policy import AppliedRule, Policies, Policy
from indicators.policy.rows import FINEST_FIRST, strictest
from indicators.policy.storing import DEFAULT
from indicators.policy.toml import from_toml
from indicators.secrecy import Rule

PUBLIC, PROFESSIONAL, REGION = Audience
READ = date(2024, 1, 31)
UNITS = Rule("Unités", "essai", READ, threshold=11)
DOMINANCE = Rule("Entreprises", "essai", READ, threshold=3, dominance=(1, 85))
NOON = datetime(2026, 12, 1, 11, tzinfo=UTC)


def everyone(indicator: str, **asked: object) -> tuple[Policy, ...]:
    """The same row for the three audiences."""
    return tuple(Policy(indicator, audience, **asked) for audience in Audience)  # type: ignore[arg-type]


def test_every_level_has_its_place() -> None:
    assert sorted(FINEST_FIRST) == sorted(Level)


def test_nothing_said_is_open_to_everyone() -> None:
    policies = Policies()
    assert all(policies.is_open(name) for name in catalogue())
    assert policies.of("densite", PUBLIC) == Policy("densite", PUBLIC)
    assert Policies(everyone("population", shown=True)) == policies


def test_a_derived_indicator_inherits_the_strictest_of_its_inputs() -> None:
    """densite = population / surface; part_petites_communes = population_petites_communes / population, twice."""
    policies = Policies(
        (
            Policy("population", PUBLIC, Level.EPCI, "2010", "2020", 5, 200.0, embargo=NOON),
            Policy("surface", PUBLIC, Level.COMMUNE, "2012", "2022", 1),
            Policy("densite", PUBLIC, rounding=10, first_period="2011"),
        )
    )
    found = policies.of("densite", PUBLIC)
    assert found == Policy("densite", PUBLIC, Level.EPCI, "2012", "2020", 10, 200.0, embargo=NOON)
    assert policies.of("part_petites_communes", PUBLIC).rounding == 5
    assert policies.of("densite", REGION).restricts_nothing
    assert not policies.is_open("densite")
    assert not policies.is_open("part_petites_communes")
    assert policies.is_open("ventes_logements")
    assert policies.own("part_petites_communes", PUBLIC).restricts_nothing


def test_a_hidden_input_hides_what_is_computed_from_it() -> None:
    policies = Policies((Policy("ventes_logements", PUBLIC, shown=False),))
    for name in ("part_maisons_ventes", "prix_m2_logement", "prix_moyen_logement"):
        assert not policies.of(name, PUBLIC).shown, name
    assert policies.of("ventes_maisons", PUBLIC).shown


def test_a_later_denominator_narrows_by_its_own_year() -> None:
    """densite_medicale 2018 is the doctors of 2018 over the population of 2019."""
    policies = Policies((Policy("population", PUBLIC, first_period="2017", last_period="2020"),))
    found = policies.of("densite_medicale", PUBLIC)
    assert [found.visible_in(year) for year in ("2015", "2016", "2019", "2020")] == [False, True, True, False]


def test_an_index_gives_its_base_year_back() -> None:
    """indice_population is 100 in 2016: with the population of 2022, an index of 2022 gives that of 2016."""
    seen = Policies((Policy("population", PUBLIC, first_period="2016"),))
    hidden = Policies((Policy("population", PUBLIC, first_period="2017"),))
    assert seen.of("indice_population", PUBLIC).shown
    assert not hidden.of("indice_population", PUBLIC).shown
    assert (
        Policies((Policy("indice_population", PUBLIC, first_period="2018"),)).of("indice_population", PUBLIC).shown
    )


def test_rules_judge_the_cells_that_they_were_written_for() -> None:
    """The mean price inherits the rule of its weight; only the counts themselves must stay a threshold wide."""
    policies = Policies(everyone("ventes_logements", rules=(AppliedRule(UNITS, "ventes_logements"),)))
    (own,) = policies.of("ventes_logements", PUBLIC).rules
    (inherited,) = policies.of("prix_m2_logement", PUBLIC).rules
    assert (own.rule.count, own.respondents, own.judged) == (True, "ventes_logements", "ventes_logements")
    assert (inherited.rule.count, inherited.respondents) == (False, "ventes_logements")
    assert inherited.judged == "ventes_logements"
    assert policies.rules == (UNITS,)


def test_a_count_is_its_own_respondents() -> None:
    counted = Rule("Unités", "essai", READ, threshold=11, count=True)
    said = Policies(everyone("ventes_logements", rules=(AppliedRule(counted),)))
    assert said == Policies(everyone("ventes_logements", rules=(AppliedRule(UNITS, "ventes_logements"),)))


def test_rules_of_both_inputs_are_all_kept() -> None:
    rows = (
        *everyone("ventes_logements", rules=(AppliedRule(UNITS, "ventes_logements"),)),
        *everyone("ventes_maisons", rules=(AppliedRule(UNITS, "ventes_maisons"),)),
    )
    found = Policies(rows).of("part_maisons_ventes", REGION).rules
    assert [one.judged for one in found] == ["ventes_logements", "ventes_maisons"]


@pytest.mark.parametrize(
    "asked",
    [
        {"finest_level": Level.DEPARTEMENT},
        {"first_period": "2016"},
        {"last_period": "2016"},
        {"rounding": 5},
        {"minimum_population": 200.0},
        {"rules": (AppliedRule(UNITS, "population"),)},
        {"shown": False},
        {"embargo": NOON},
    ],
    ids=str,
)
def test_a_lower_audience_sees_a_part_of_what_a_higher_one_sees(asked: dict[str, object]) -> None:
    """Each restriction may be the public's alone; the Region's alone would show the public more."""
    rows = everyone("population", **asked)
    for kept in (rows, rows[:2], rows[:1]):
        assert not Policies(kept).is_open("population")
    for looser in (rows[1:], rows[2:], (rows[0], rows[2])):
        with pytest.raises(Invalid, match="verrait plus que"):
            Policies(looser)


def test_who_would_see_more_and_in_what_is_said() -> None:
    rows = (
        Policy("population", PUBLIC, Level.EPCI, rounding=5),
        Policy("population", REGION, Level.REGION, rounding=1),
    )
    with pytest.raises(Invalid) as refused:
        Policies((*rows, Policy("population", PROFESSIONAL, Level.EPCI, rounding=5)))
    assert "« professionnels de l’observation » verrait plus que « Conseil régional » (niveau le plus fin)" in str(
        refused.value
    )


def test_effective_policies_keep_the_order_of_audiences() -> None:
    rows = (
        Policy("population", PUBLIC, Level.EPCI, "2012", rounding=10, embargo=NOON),
        Policy("population", PROFESSIONAL, Level.COMMUNE, rounding=5),
        Policy("surface", PUBLIC, shown=False),
    )
    policies = Policies(rows)
    for name in catalogue():
        found = [policies.of(name, audience) for audience in Audience]
        for lower, higher in pairwise(found):
            assert strictest(lower, [higher]) == lower, name


@given(policies())
@settings(max_examples=40)
def test_what_is_in_force_is_never_looser_than_what_it_comes_from(found: Policies) -> None:
    for name, sheet in catalogue().items():
        for audience in Audience:
            effective = found.of(name, audience)
            assert strictest(effective, [found.own(name, audience)]) == effective
            for source in filter(None, (sheet.numerator, sheet.denominator, sheet.weight)):
                above = found.of(source, audience)
                assert effective.shown <= above.shown
                assert not any(effective.visible_at(level) > above.visible_at(level) for level in Level)
                assert {one.judged for one in above.rules} <= {one.judged for one in effective.rules}
        for lower, higher in pairwise(found.of(name, audience) for audience in Audience):
            assert strictest(lower, [higher]) == lower


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (Policy("popu", PUBLIC, rounding=1), "indicateur inconnu, « popu »"),
        (Policy("population", PUBLIC, first_period="18"), "« 18 » n’est pas une année"),
        (Policy("population", PUBLIC, last_period="2018-T1"), "« 2018-T1 » n’est pas une année"),
        (Policy("population", PUBLIC, first_period="٢٠١٨"), "n’est pas une année"),
        (Policy("population", PUBLIC, first_period="2019", last_period="2018"), "vient après"),
        (Policy("population", PUBLIC, rounding=0), "« 0 » n’est pas un nombre positif"),
        (Policy("population", PUBLIC, rounding=float("nan")), "n’est pas un nombre positif"),
        (Policy("population", PUBLIC, minimum_population=float("inf")), "n’est pas un nombre positif"),
        (Policy("grille_densite", PUBLIC, rounding=2), "des catégories ne s’arrondissent pas"),
        (Policy("population", PUBLIC, embargo=datetime(2026, 12, 1)), "fuseau"),
        (Policy("population", PUBLIC, embargo=datetime(1, 1, 1, tzinfo=UTC)), "l’année 1"),
        (Policy("population", PUBLIC, rules=(AppliedRule(UNITS),)), "qui compte les unités"),
        (Policy("population", PUBLIC, rules=(AppliedRule(UNITS, "densite"),)), "ne compte pas d’unités"),
        (Policy("population", PUBLIC, rules=(AppliedRule(UNITS, "x"),)), "indicateur inconnu, « x »"),
        (Policy("population", PUBLIC, rules=(AppliedRule(DOMINANCE, "population"),)), "1 indicateurs, 0 donnés"),
        (
            Policy("population", PUBLIC, rules=(AppliedRule(DOMINANCE, "population", ("surface",)),)),
            "« surface » dit ce que détient un seul contributeur",
        ),
        (Policy("population", PUBLIC, rules=(AppliedRule(UNITS, "population"),) * 2), "appliquée deux fois"),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_what_cannot_be_applied_is_refused(row: Policy, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        Policies((row,))
    assert said in str(refused.value)


def test_a_dominance_is_applied_where_its_contributors_are_hidden() -> None:
    rows = (
        *everyone("surface", shown=False),
        *everyone("population", rules=(AppliedRule(DOMINANCE, "population", ("surface",)),)),
    )
    assert Policies(rows).of("population", PUBLIC).rules[0].largest == ("surface",)


def test_one_name_is_one_rule_and_one_place_one_row() -> None:
    with pytest.raises(Invalid, match="portent le nom « Unités »"):
        Policies((), (UNITS, Rule("Unités", "essai", READ, threshold=3)))
    with pytest.raises(Invalid, match="donnée deux fois"):
        Policies((Policy("population", PUBLIC, rounding=1), Policy("population", PUBLIC, rounding=5)))
    with pytest.raises(NotFound, match="Indicateur inconnu"):
        Policies().of("popu", PUBLIC)


def test_the_digest_is_of_what_is_asked_alone() -> None:
    rows = (*everyone("population", rounding=5), *everyone("surface", shown=False))
    digest = Policies(rows).digest
    assert digest == Policies(rows[::-1], (UNITS,)).digest
    assert digest != Policies(everyone("population", rounding=5)).digest
    asked = everyone("population", rules=(AppliedRule(UNITS, "population"),))
    stricter = Rule("Unités", "essai", READ, threshold=12)
    assert (
        Policies(asked).digest
        != Policies(everyone("population", rules=(AppliedRule(stricter, "population"),))).digest
    )


def test_embargo() -> None:
    policy = Policy("population", PUBLIC, embargo=NOON)
    assert policy.under_embargo(datetime(2026, 12, 1, 10, 59, tzinfo=UTC))
    assert not policy.under_embargo(NOON)
    assert not Policy("population", PUBLIC).under_embargo(NOON)


def test_the_policy_shipped_with_the_product() -> None:
    """Filosofi counts tax households: the decree asks for 50 of them, of every audience; the rest is open."""
    policies = from_toml(DEFAULT.read_text(encoding="utf-8"), DEFAULT.name)
    assert {rule.name: rule.threshold for rule in policies.rules} == {
        "Entreprises": 3,
        "DGFiP": 11,
        "IFI": 50,
        "Filosofi": 50,
        "Recensement, nationalité et migrations": 0,
    }
    concerned = {name for name, sheet in catalogue().items() if "Filosofi" in sheet.source}
    assert {name for name in catalogue() if not policies.is_open(name)} == concerned
    for name in concerned:
        for audience in Audience:
            found = policies.of(name, audience)
            assert {one.respondents for one in found.rules} == {"menages_fiscaux"}
            assert {one.rule.threshold for one in found.rules} == {50}
