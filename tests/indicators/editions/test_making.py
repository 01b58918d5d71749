"""Editions worked by hand on the toy country."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from deliveries import bring
from restricted import FEW, overwrite, restrict, series_of, shown, told, unmask
from toycountry import POPULATIONS, country

from boundaries.levels import Level
from boundaries.load import load
from boundaries.readers import Audience
from geo.errors import Invalid
from geo.progress import silent
from indicators.editions import Disclosed, audit_release
from indicators.editions.judging import judge
from indicators.editions.material import build, read_material
from indicators.policy import AppliedRule, read_policies
from indicators.publication import publish
from indicators.secrecy import Rule, protect
from indicators.tables import Event, Series

VENTES = {"35001": 20, "44001": 2, "44002": 30, "44003": 40, "44004": 50, "49001": 60, "49002": 70}


@pytest.fixture
def toy(conn: sa.Connection) -> sa.Connection:
    load(conn, country(2023), "52", silent)
    bring(conn, "2021", 2023, {code: float(value) for code, value in VENTES.items()}, indicator="ventes_logements")
    return conn


def test_a_small_count_is_hidden_with_the_cheapest_cell_that_keeps_it_so(toy: sa.Connection) -> None:
    restrict(toy, "ventes_logements")
    publish(toy, silent)
    for audience in Audience:
        # 44001 is in EPCI A and in 44 with 44002: the smaller of its neighbours closes both
        communes = shown(toy, audience, "ventes_logements", "2021", 2023)
        assert {code for code, (value, _) in communes.items() if value is None} == {"44001", "44002"}
        assert communes["44001"] == communes["44002"] == (None, "secret")
        assert communes["44003"] == (40.0, "observed")
        assert shown(toy, audience, "ventes_logements", "2021", 2023, "epci")["200000001"] == (52.0, "observed")
        assert audit_release(toy, audience) == []


def test_what_is_not_touched_stays_exactly_as_it_was(toy: sa.Connection) -> None:
    restrict(toy, "ventes_logements")
    publish(toy, silent)
    series = series_of(toy, Audience.PUBLIC, "ventes_logements", "2021", 2023)
    changed = toy.execute(
        sa.text(
            "SELECT t.code, e.status::text, e.coverage FROM indicators.series AS s "
            "JOIN indicators.value AS b ON b.series_id = s.base_id "
            "JOIN indicators.value AS e ON e.series_id = s.id AND e.territory_id = b.territory_id "
            "JOIN boundaries.territory AS t ON t.id = e.territory_id "
            "WHERE s.id = :series AND (e.value, e.status, e.coverage) IS DISTINCT FROM (b.value, b.status, b.coverage)"
            "ORDER BY t.code"
        ),
        {"series": series},
    ).all()
    assert [tuple(row) for row in changed] == [("44001", "secret", 0.0), ("44002", "secret", 0.0)]


def test_a_passport_and_a_digest_say_nothing_of_what_is_hidden(toy: sa.Connection) -> None:
    restrict(toy, "ventes_logements")
    first = publish(toy, silent)
    kept = series_of(toy, Audience.PUBLIC, "ventes_logements", "2021", 2023)
    row = toy.execute(sa.select(Series.digest, Series.passport).where(Series.id == kept)).one()
    assert row.passport.keys() == {"by", "formula", "method", "delivered_millesime"}
    # 3 and 29 in place of 2 and 30: nothing visible changes, and nothing is published
    values = VENTES | {"44001": 3, "44002": 29}
    bring(toy, "2021", 2023, {code: float(value) for code, value in values.items()}, indicator="ventes_logements")
    assert publish(toy, silent) == first
    assert audit_release(toy, Audience.PUBLIC) == []


def test_what_a_wider_edition_hides_is_hidden_to_a_more_public_one(toy: sa.Connection) -> None:
    restrict(toy, "ventes_logements")
    restrict(
        toy,
        "ventes_logements",
        (Audience.PUBLIC,),
        rules=(AppliedRule(FEW, respondents="ventes_logements"),),
        minimum_population=450.0,
    )
    publish(toy, silent)
    closed = {
        audience: {
            code
            for code, (value, _) in shown(toy, audience, "ventes_logements", "2021", 2023).items()
            if value is None
        }
        for audience in Audience
    }
    assert closed[Audience.REGION] == closed[Audience.PROFESSIONAL] == {"44001", "44002"}
    assert {"35001", "44001", "44002", "44003", "44004"} <= closed[Audience.PUBLIC]


def test_people_that_nobody_counted_are_not_shown_to_be_enough(toy: sa.Connection) -> None:
    toy.execute(sa.text("UPDATE boundaries.territory SET weight_population = NULL WHERE code = '49002'"))
    restrict(toy, "ventes_logements", minimum_population=150.0)
    publish(toy, silent)
    assert shown(toy, Audience.PUBLIC, "ventes_logements", "2021", 2023)["49002"] == (None, "secret")


def test_values_are_rounded_to_the_nearest_step_and_halves_to_the_even_one(toy: sa.Connection) -> None:
    restrict(toy, "ventes_logements", (Audience.PUBLIC,), rounding=20.0)
    publish(toy, silent)
    communes = shown(toy, Audience.PUBLIC, "ventes_logements", "2021", 2023)
    # 30 is between 20 and 40, 50 between 40 and 60, 70 between 60 and 80: to 40, 40 and 80
    assert {code: value for code, (value, _) in communes.items()} == {
        "35001": 20, "44001": 0, "44002": 40, "44003": 40, "44004": 40, "49001": 60, "49002": 80,
    }  # fmt: skip
    assert shown(toy, Audience.REGION, "ventes_logements", "2021", 2023)["44002"] == (30.0, "observed")


@pytest.mark.parametrize(
    "asked",
    [{"shown": False}, {"embargo": datetime(2199, 1, 1, tzinfo=UTC)}, {"last_period": "2020"}],
    ids=["not shown", "embargo", "period"],
)
def test_what_may_not_be_known_yet_is_not_listed(toy: sa.Connection, asked: dict[str, Any]) -> None:
    restrict(toy, "ventes_logements", (Audience.PUBLIC,), **asked)
    publish(toy, silent)
    assert series_of(toy, Audience.PUBLIC, "ventes_logements", "2021", 2023) is None
    assert shown(toy, Audience.PROFESSIONAL, "ventes_logements", "2021", 2023)["44001"] == (2.0, "observed")
    assert audit_release(toy, Audience.PUBLIC) == []


def test_a_level_too_fine_is_not_there_and_cannot_be_computed(toy: sa.Connection) -> None:
    restrict(toy, "ventes_logements", (Audience.PUBLIC,), finest_level=Level.EPCI)
    publish(toy, silent)
    assert shown(toy, Audience.PUBLIC, "ventes_logements", "2021", 2023) == {}
    # EPCI C is 49001 alone, and 49002 is what departement 49 holds besides
    assert shown(toy, Audience.PUBLIC, "ventes_logements", "2021", 2023, "epci")["200000003"] == (None, "secret")
    assert audit_release(toy, Audience.PUBLIC) == []


def test_a_rate_follows_what_it_is_computed_from(toy: sa.Connection) -> None:
    houses = {code: value // 2 for code, value in VENTES.items()}
    bring(toy, "2021", 2023, {code: float(value) for code, value in houses.items()}, indicator="ventes_maisons")
    restrict(toy, "ventes_logements")
    publish(toy, silent)
    # houses are open: a rate beside them would give the sales
    rates = shown(toy, Audience.PUBLIC, "part_maisons_ventes", "2021", 2023)
    assert {code for code, (value, _) in rates.items() if value is None} == {"44001", "44002"}


def test_a_growth_rate_tells_one_period_by_the_other(toy: sa.Connection) -> None:
    bring(toy, "2016", 2023, {code: float(value) for code, value in POPULATIONS.items()})
    bring(toy, "2022", 2023, {code: value * 1.1 for code, value in POPULATIONS.items()})
    restrict(toy, "population", (Audience.PUBLIC,), last_period="2020")
    publish(toy, silent)
    assert series_of(toy, Audience.PUBLIC, "population", "2016", 2023) is not None
    assert series_of(toy, Audience.PUBLIC, "population", "2022", 2023) is None
    assert series_of(toy, Audience.PUBLIC, "evolution_annuelle", "2016-2022", 2023) is None
    assert audit_release(toy, Audience.PUBLIC) == []


AGES = {"0_19": 300, "20_39": 200, "40_59": 250, "60_74": 150, "75_plus": 5}


def ages(conn: sa.Connection) -> None:
    for name, value in AGES.items():
        given = {"35": value + 1000.0, "44": float(value), "49": value + 500.0}
        bring(conn, "2021", 2023, given, indicator=f"population_{name}", level="departement")
    total = sum(AGES.values())
    given = {"35": total + 5000.0, "44": float(total), "49": total + 2500.0}
    bring(conn, "2021", 2023, given, indicator="population_estimee", level="departement")


def test_a_category_is_hidden_with_another_where_the_total_is_known(toy: sa.Connection) -> None:
    ages(toy)
    for name in AGES:
        restrict(toy, f"population_{name}")
    publish(toy, silent)
    closed = {
        name: {
            code
            for code, (value, _) in shown(
                toy, Audience.PUBLIC, f"population_{name}", "2021", 2023, "departement"
            ).items()
            if value is None
        }
        for name in AGES
    }
    assert "44" in closed["75_plus"]
    assert sum("44" in one for one in closed.values()) >= 2
    assert audit_release(toy, Audience.PUBLIC) == []


def test_a_category_alone_cannot_be_hidden_from_its_open_total(toy: sa.Connection) -> None:
    ages(toy)
    restrict(toy, "population_75_plus")
    with pytest.raises(Disclosed, match="somme de ses catégories") as refused:
        publish(toy, silent)
    assert "44" in str(refused.value)
    assert " 5" not in str(refused.value)


def test_what_an_older_release_shows_cannot_be_hidden_any_more(toy: sa.Connection) -> None:
    publish(toy, silent)
    restrict(toy, "ventes_logements")
    with pytest.raises(Disclosed, match=r"44001.*une autre publication que l’on peut encore lire"):
        publish(toy, silent)


def test_an_older_release_tells_in_a_geography_that_nothing_is_published_in_any_more(conn: sa.Connection) -> None:
    for year in (2022, 2023):
        load(conn, country(year), "52", silent)
    bring(conn, "2021", 2022, {code: float(value) for code, value in VENTES.items()}, indicator="ventes_logements")
    restrict(conn, "ventes_logements")
    publish(conn, silent)
    older = series_of(conn, Audience.PUBLIC, "ventes_logements", "2021", 2023)
    load(conn, country(2024), "52", silent)
    publish(conn, silent)
    assert series_of(conn, Audience.PUBLIC, "ventes_logements", "2021", 2023) is None
    assert audit_release(conn, Audience.PUBLIC) == []
    assert older is not None
    overwrite(conn, older, "commune", "44002", 30.0)
    found = audit_release(conn, Audience.PUBLIC)
    assert any("géographie 2022), commune Commune 44001" in one.label and one.exact for one in found)


PRICES = {"35001": 1500, "44001": 1900, "44002": 2000, "44003": 2200, "44004": 1300, "49001": 3100, "49002": 1400}


@pytest.fixture
def split(conn: sa.Connection) -> sa.Connection:
    """The same countries, where the commune that was split has few sales."""
    for year in (2023, 2024):
        load(conn, country(year), "52", silent)
    few = {code: float(value) for code, value in VENTES.items()} | {"44003": 4.0}
    bring(conn, "2021", 2023, few, indicator="ventes_logements")
    bring(conn, "2021", 2023, {code: float(one) for code, one in PRICES.items()}, indicator="prix_m2_logement")
    restrict(conn, "ventes_logements")
    publish(conn, silent)
    assert audit_release(conn, Audience.PUBLIC) == []
    return conn


def test_a_part_of_a_split_commune_tells_the_whole(split: sa.Connection) -> None:
    unmask(split, "ventes_logements", "44005", 2024)
    told(audit_release(split, Audience.PUBLIC), "2023), commune Commune 44003", "l’autre géographie")


def test_the_mean_of_a_part_is_that_of_the_whole(split: sa.Connection) -> None:
    unmask(split, "prix_m2_logement", "44003", 2024)
    told(audit_release(split, Audience.PUBLIC), "2024), commune Commune 44005", "même territoire")


def test_the_part_of_an_epci_in_a_departement_is_not_told_by_both_totals(conn: sa.Connection) -> None:
    # EPCI B is 44003, 44004 and 49002: its part in 44 is of two communes, 4 + 5 sales, fewer than 11 together
    delivery = country(2023)
    delivery.communes.loc[delivery.communes.code == "49002", "epci"] = "200000002"
    delivery.epci.loc[delivery.epci.code == "200000002", "members"] = 3
    load(conn, delivery, "52", silent)
    few = VENTES | {"44001": 25, "44003": 4, "44004": 5}
    bring(conn, "2021", 2023, {code: float(value) for code, value in few.items()}, indicator="ventes_logements")
    restrict(conn, "ventes_logements")
    publish(conn, silent)
    communes = shown(conn, Audience.PUBLIC, "ventes_logements", "2021", 2023)
    assert communes["44003"] == communes["44004"] == (None, "secret")
    # 79 in the EPCI less the 70 of 49002 would be the 9 of the part
    epci = shown(conn, Audience.PUBLIC, "ventes_logements", "2021", 2023, "epci")["200000002"]
    assert None in (epci[0], communes["49002"][0])
    assert audit_release(conn, Audience.PUBLIC) == []


def test_a_rule_without_what_it_judges_by_is_refused(toy: sa.Connection) -> None:
    restrict(toy, "ventes_logements", rules=(AppliedRule(FEW, respondents="menages_fiscaux"),))
    with pytest.raises(Invalid, match=r"Moins de 11.*menages_fiscaux.*Rien n’est publié"):
        publish(toy, silent)


def test_the_largest_contributor_of_a_territory_is_the_largest_of_its_communes(toy: sa.Connection) -> None:
    # of the 30 of 44002, one holds 27; of EPCI A, he holds 27 of 52
    largest = {"35001": 9.0, "44001": 1.0, "44002": 27.0, "44003": 9.0, "44004": 9.0, "49001": 9.0, "49002": 9.0}
    bring(toy, "2021", 2023, largest, indicator="ventes_maisons")
    restrict(toy, "ventes_maisons", shown=False)
    rule = Rule("Dominance", "essai", date(2024, 1, 1), dominance=(1, 85))
    restrict(toy, "ventes_logements", rules=(AppliedRule(rule, largest=("ventes_maisons",)),))
    publish(toy, silent)
    communes = shown(toy, Audience.PUBLIC, "ventes_logements", "2021", 2023)
    assert communes["44002"] == (None, "secret")
    assert shown(toy, Audience.PUBLIC, "ventes_logements", "2021", 2023, "epci")["200000001"] == (52.0, "observed")


def test_the_journal_says_what_was_lost(toy: sa.Connection) -> None:
    restrict(toy, "ventes_logements")
    publish(toy, silent)
    details = toy.scalar(sa.select(Event.details).where(Event.action == "published").order_by(Event.id.desc()))
    told = details["secrecy"]["public"]
    assert any("communes" in sentence and "1 en secret primaire" in sentence for sentence in told["sentences"])
    assert {level["level"]: level["primary"] for level in told["levels"]}["communes"] == 1


def test_the_same_values_hide_the_same_cells_fifty_times(toy: sa.Connection) -> None:
    restrict(toy, "ventes_logements", finest_level=Level.EPCI)
    publish(toy, silent)
    internal = toy.scalars(sa.select(Series.id).where(Series.edition == 0)).all()
    material = read_material(toy, internal)
    judged = judge(
        material.held, material.ground, read_policies(toy), Audience.PUBLIC, datetime.now(UTC), lambda *_: None
    )
    found = set()
    for rank in range(50):
        turned = material.held[rank % 3 :] + material.held[: rank % 3]
        system, relations = build(replace(material, held=turned), judged, [], {})
        found.add(protect(system.cells, relations).secondary)
    assert len({frozenset(one) for one in found}) == 1
    assert all(found)


def test_publishing_again_changes_nothing(toy: sa.Connection) -> None:
    restrict(toy, "ventes_logements")
    first = publish(toy, silent)
    listed = {audience: series_of(toy, audience, "ventes_logements", "2021", 2023) for audience in Audience}
    assert publish(toy, silent) == first
    bring(toy, "2016", 2023, dict.fromkeys(VENTES, 1000.0))
    assert publish(toy, silent) > first
    assert listed == {
        audience: series_of(toy, audience, "ventes_logements", "2021", 2023) for audience in Audience
    }
