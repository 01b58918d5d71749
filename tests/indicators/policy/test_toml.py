"""The policy as a file: what is written is read back the same, and what is wrong is told with its place."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from somepolicies import policies

from boundaries.readers import Audience
from geo.errors import Invalid
from geo.toml import inline
from indicators.policy import Policies, Policy
from indicators.policy.toml import ACCEPTED, from_toml, to_toml

RULE = '[rules.F]\nsource = "essai"\nread_on = 2024-01-31\n'
ROW = '[[policies]]\nindicators = ["population"]\naudiences = ["public"]\n'


@given(policies())
@settings(max_examples=50)
def test_what_is_written_is_read_back(found: Policies) -> None:
    text = to_toml(found)
    again = from_toml(text)
    assert again == found
    assert again.digest == found.digest
    assert to_toml(again) == text


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.dates() | st.datetimes(),
    lambda some: st.lists(some, max_size=3) | st.dictionaries(st.text(max_size=5), some, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from([RULE, ROW]), st.sampled_from(sorted(ACCEPTED)), anything)
@settings(deadline=None)
def test_whatever_a_field_holds_is_taken_or_refused_in_french(table: str, name: str, value: object) -> None:
    try:
        from_toml(f"{table}{name} = {inline(value)}\n")
    except Invalid as refused:
        assert "reçu" in str(refused)  # noqa: PT017


def test_rows_that_ask_the_same_are_one_table() -> None:
    rows = [
        Policy(name, audience, rounding=5.0, embargo=datetime(2026, 12, 1, 7, tzinfo=UTC))
        for name in ("population", "densite")
        for audience in Audience
    ]
    assert to_toml(Policies(tuple(rows))).splitlines()[1:] == [
        "",
        "[[policies]]",
        'indicators = ["densite", "population"]',
        'audiences = ["public", "professional", "region"]',
        "rounding = 5",
        "embargo = 2026-12-01T08:00:00+01:00",
    ]


def test_a_moment_without_zone_is_that_of_paris() -> None:
    found = from_toml(ROW + "embargo = 2026-07-01T08:00:00\n").own("population", Audience.PUBLIC)
    assert found.embargo == datetime(2026, 7, 1, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a = ", "Le fichier essai.toml n’est pas du TOML lisible"),
        ("\n\na = [", "Le fichier essai.toml n’est pas du TOML lisible"),
        ("a = " + "[" * 100_000, "essai.toml n’est pas du TOML lisible"),
        ("a = " + "1" * 5_000, "essai.toml n’est pas du TOML lisible"),
        ("regles = 1", "« regles » n’existe pas ; sont acceptés : rules, policies"),
        ("rules = 3", "« rules » vaut « 3 »"),
        (
            RULE + "threshold = 1.5",
            "ligne 1, règle « F » : « threshold » vaut « 1.5 » ; est accepté : un nombre entier",
        ),
        (RULE + "threshold = true", "« threshold » vaut « True »"),
        (RULE + "seuil = 3", "« seuil » n’existe pas ; sont acceptés : source, read_on, threshold"),
        ('[rules.F]\nsource = "x"', "il manque « read_on » (une date (2024-01-31))"),
        (RULE.replace("2024-01-31", "20240131"), "« read_on » vaut « 20240131 » ; est accepté : une date"),
        (RULE + "dominance = [1]", "« dominance » vaut"),
        (RULE + "dominance = [1, 101]", "« dominance » vaut « 101 »"),
        (RULE + "dominance = [1, 0]", "la dominance (n, k) demande"),
        (RULE.replace("essai", "\\u0000"), "« source » vaut"),
        (
            ROW + "rounding = true",
            "ligne 1, table policies n° 1 : « rounding » vaut « True » ; est accepté : un nombre",
        ),
        (ROW + "rounding = nan", "« rounding » vaut « nan »"),
        (
            ROW + 'finest_level = "comune"',
            "« finest_level » vaut « comune » ; est accepté : commune, arrondissement",
        ),
        (
            ROW + "first_period = 2018",
            "« first_period » vaut « 2018 » ; est accepté : une année, entre guillemets",
        ),
        (ROW + "embargo = 2026", "« embargo » vaut « 2026 » ; est accepté : une date et une heure"),
        (ROW + 'embargo = "demain"', "« embargo » vaut « demain »"),
        (ROW + "embargo = 2026-01-01", "« embargo » vaut « 2026-01-01 »"),
        (ROW + 'shown = "non"', "« shown » vaut « non » ; est accepté : true ou false"),
        (ROW + 'rules = [{ rule = "G" }]', "Règle de secret inconnue : « G ». Règles définies : aucune."),
        (RULE + ROW + 'rules = [{ regle = "F" }]', "ligne 4, table policies n° 1 : il manque « rule »"),
        (
            RULE + ROW + 'rules = [{ rule = "F", a = 1 }]',
            "« a » n’existe pas ; sont acceptés : rule, respondents, largest",
        ),
        (
            ROW.replace("public", "tous"),
            "« audiences » vaut « tous » ; est accepté : une liste de public, professional",
        ),
        (
            ROW.replace('"population"', '"densite", "popu"'),
            "table policies n° 1 : Règle de diffusion (public) : indicateur",
        ),
        (ROW + "rounding = 2\n" + ROW + 'rounding = "3"', "ligne 5, table policies n° 2 : « rounding »"),
        (ROW + "rounding = 2\n" + ROW + "rounding = 3", "donnée deux fois"),
        (
            ROW.replace("public", "region") + "rounding = 3",
            "Fichier essai.toml : Population municipale (population) :",
        ),
        (
            "policies = [{ indicators = [], audiences = [] }]",
            "Fichier essai.toml, table policies n° 1 : « indicators »",
        ),
    ],
    ids=lambda given: given[-40:],
)
def test_what_is_wrong_is_told_with_its_place_and_what_is_accepted(text: str, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        from_toml(text, "essai.toml")
    assert said in str(refused.value)
    assert "essai.toml" in str(refused.value)
