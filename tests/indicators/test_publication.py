"""Series worked by hand on the toy country: conversion, aggregation, coverage, and what cannot be said."""

from dataclasses import dataclass

import pytest
import sqlalchemy as sa
from computed import computed
from computed import table as values_of
from deliveries import bring
from toycountry import POPULATIONS, country

from boundaries import sets
from boundaries.levels import Level
from boundaries.load import load
from boundaries.places import Place
from geo.errors import NotFound
from geo.progress import silent
from indicators import published
from indicators.aggregates import over_set
from indicators.catalogue import indicator as sheet
from indicators.publication import publish
from indicators.statuses import Status
from indicators.tables import Release

LATER = {"35001": 55, "44001": 110, "44002": 200, "44003": 250, "44004": 400, "44005": 60, "49001": 1210}


@dataclass(frozen=True)
class Read:
    value: float | None
    status: Status
    coverage: float


def read(conn: sa.Connection, indicator: str, level: Level, period: str, millesime: int) -> dict[str, Read]:
    table = values_of(conn, indicator, level, period, millesime)
    return {
        code: Read(value, status, coverage)
        for code, value, status, coverage in zip(
            table.codes, table.values, table.statuses, table.coverages, strict=True
        )
    }


@pytest.fixture
def two_years(conn: sa.Connection) -> sa.Connection:
    """The country in 2023 and 2024, populations of 2016 in the first and of 2022 in the second, published."""
    load(conn, country(2023), "52", silent)
    load(conn, country(2024), "52", silent)
    bring(conn, "2016", 2023, {code: float(value) for code, value in POPULATIONS.items()})
    bring(conn, "2022", 2024, {code: float(value) for code, value in LATER.items()})
    publish(conn, silent)
    return conn


def test_the_producers_values_are_untouched_in_their_own_geography(two_years: sa.Connection) -> None:
    communes = read(two_years, "population", Level.COMMUNE, "2016", 2023)
    assert communes["44003"] == Read(300.0, Status.OBSERVED, 1.0)
    assert "35001" not in communes


def test_a_merger_is_exact_and_a_split_is_estimated(two_years: sa.Connection) -> None:
    communes = read(two_years, "population", Level.COMMUNE, "2016", 2024)
    assert communes["49001"] == Read(1100.0, Status.OBSERVED, 1.0)
    assert communes["44003"] == Read(pytest.approx(240.0), Status.ESTIMATED, 1.0)
    assert communes["44005"] == Read(pytest.approx(60.0), Status.ESTIMATED, 1.0)


def test_the_total_of_an_epci_that_holds_every_part_of_a_split_is_exact(two_years: sa.Connection) -> None:
    epci = read(two_years, "population", Level.EPCI, "2016", 2024)
    assert epci["200000002"] == Read(pytest.approx(700.0, rel=1e-12), Status.OBSERVED, 1.0)


def test_an_epci_that_straddles_the_border_is_summed_whole(two_years: sa.Connection) -> None:
    assert read(two_years, "population", Level.EPCI, "2016", 2023)["200000001"].value == 350.0


@pytest.mark.parametrize("millesime", [2023, 2024])
@pytest.mark.parametrize(("period", "total"), [("2016", 2100.0), ("2022", 2230.0)])
def test_the_regions_total_is_the_same_in_every_geography(
    two_years: sa.Connection, period: str, total: float, millesime: int
) -> None:
    region = read(two_years, "population", Level.REGION, period, millesime)["52"]
    assert region == Read(pytest.approx(total, rel=1e-12), Status.OBSERVED, 1.0)
    communes = read(two_years, "population", Level.COMMUNE, period, millesime)
    assert sum(item.value or 0 for item in communes.values()) == pytest.approx(total, rel=1e-9)


def test_a_density_is_a_ratio_of_sums(two_years: sa.Connection) -> None:
    surfaces = read(two_years, "surface", Level.COMMUNE, "2024", 2024)
    region = read(two_years, "densite", Level.REGION, "2022", 2024)["52"]
    surface = sum(item.value or 0 for item in surfaces.values())
    assert region.value == pytest.approx(2230 / surface, rel=1e-12)
    communes = read(two_years, "densite", Level.COMMUNE, "2022", 2024)
    assert communes["44005"].value == pytest.approx(60 / (surfaces["44005"].value or 0), rel=1e-12)


def test_a_growth_rate_is_over_the_exact_years_and_over_sums(two_years: sa.Connection) -> None:
    communes = read(two_years, "evolution_annuelle", Level.COMMUNE, "2016-2022", 2024)
    assert communes["44001"].value == pytest.approx(100 * (1.1 ** (1 / 6) - 1), rel=1e-12)
    assert communes["44002"] == Read(pytest.approx(0.0, abs=1e-12), Status.OBSERVED, 1.0)
    assert communes["44005"].status is Status.ESTIMATED
    region = read(two_years, "evolution_annuelle", Level.REGION, "2016-2022", 2023)["52"]
    assert region.value == pytest.approx(100 * ((2230 / 2100) ** (1 / 6) - 1), rel=1e-12)


def test_dates_too_close_have_no_growth_rate(two_years: sa.Connection) -> None:
    bring(two_years, "2020", 2023, {code: float(value) for code, value in POPULATIONS.items()})
    publish(two_years, silent)
    assert published.choices(two_years, "evolution_annuelle").periods_in(2024) == ["2016-2022"]


def test_what_is_missing_is_said_and_not_invented(conn: sa.Connection) -> None:
    load(conn, country(2023), "52", silent)
    bring(conn, "2020", 2023, {**POPULATIONS, "44002": None})
    publish(conn, silent)
    communes = read(conn, "population", Level.COMMUNE, "2020", 2023)
    assert communes["44002"] == Read(None, Status.MISSING, 0.0)
    region = read(conn, "population", Level.REGION, "2020", 2023)["52"]
    assert region == Read(1900.0, Status.PARTIAL, pytest.approx(5 / 6, abs=1e-6))
    assert read(conn, "densite", Level.COMMUNE, "2020", 2023)["44002"].status is Status.MISSING
    surfaces = read(conn, "surface", Level.COMMUNE, "2023", 2023)
    counted = sum(item.value or 0 for code, item in surfaces.items() if code != "44002")
    density = read(conn, "densite", Level.REGION, "2020", 2023)["52"]
    assert density == Read(pytest.approx(1900 / counted), Status.PARTIAL, pytest.approx(5 / 6, abs=1e-6))


def test_a_value_that_says_nothing_of_its_commune_counts_in_sums_alone(conn: sa.Connection) -> None:
    load(conn, country(2023), "52", silent)
    bring(conn, "2020", 2023, {**POPULATIONS}, {"44001": Status.NOT_SIGNIFICANT})
    publish(conn, silent)
    assert read(conn, "population", Level.COMMUNE, "2020", 2023)["44001"].status is Status.NOT_SIGNIFICANT
    assert read(conn, "population", Level.REGION, "2020", 2023)["52"].value == 2100.0
    assert read(conn, "densite", Level.COMMUNE, "2020", 2023)["44001"] == Read(None, Status.NOT_SIGNIFICANT, 0.0)
    assert read(conn, "densite", Level.DEPARTEMENT, "2020", 2023)["44"].status is Status.PARTIAL


def test_a_secret_stays_one_and_is_in_no_sum(conn: sa.Connection) -> None:
    load(conn, country(2023), "52", silent)
    bring(conn, "2020", 2023, {**POPULATIONS, "44001": None}, {"44001": Status.SECRET})
    publish(conn, silent)
    assert read(conn, "population", Level.COMMUNE, "2020", 2023)["44001"] == Read(None, Status.SECRET, 0.0)
    assert read(conn, "densite", Level.COMMUNE, "2020", 2023)["44001"].status is Status.SECRET
    assert read(conn, "population", Level.REGION, "2020", 2023)["52"].status is Status.PARTIAL


def test_from_nobody_there_is_no_growth_rate_and_zero_is_a_value(conn: sa.Connection) -> None:
    load(conn, country(2023), "52", silent)
    bring(conn, "2016", 2023, {**POPULATIONS, "44001": 0.0})
    bring(conn, "2022", 2023, {**POPULATIONS, "44002": 0.0})
    publish(conn, silent)
    growth = read(conn, "evolution_annuelle", Level.COMMUNE, "2016-2022", 2023)
    assert growth["44001"].status is Status.NOT_APPLICABLE
    assert growth["44002"] == Read(-100.0, Status.OBSERVED, 1.0)
    assert read(conn, "population", Level.COMMUNE, "2016", 2023)["44001"] == Read(0.0, Status.OBSERVED, 1.0)


def test_publishing_again_makes_no_new_release_and_a_change_supersedes(two_years: sa.Connection) -> None:
    first = publish(two_years, silent)
    assert publish(two_years, silent) == first
    bring(two_years, "2022", 2024, {**LATER, "44001": 111.0})
    second = publish(two_years, silent)
    assert second > first
    assert read(two_years, "population", Level.COMMUNE, "2022", 2024)["44001"].value == 111.0
    assert two_years.scalar(sa.select(sa.func.count()).select_from(Release)) == 2


def test_a_territorys_history_is_in_one_geography(two_years: sa.Connection) -> None:
    place = Place.parse("commune:49001")
    rows = computed(two_years, lambda: published.history(two_years, "population", place, 2024))
    assert [(row.period, row.value) for row in rows] == [("2016", 1100.0), ("2022", 1210.0)]


def test_what_is_not_published_is_named(two_years: sa.Connection) -> None:
    with pytest.raises(NotFound, match="Périodes : 2016, 2022"):
        published.table(two_years, "population", Level.COMMUNE, "2019", 2024)
    with pytest.raises(NotFound, match="Millésimes : 2023, 2024"):
        published.table(two_years, "population", Level.COMMUNE, "2016", 2021)
    with pytest.raises(NotFound, match="Indicateurs publiés : "):
        published.table(two_years, "chomage", Level.COMMUNE, "2016", 2024)


def test_a_commune_that_nobody_spoke_of_is_not_covered(conn: sa.Connection) -> None:
    # a commune that came into the lists after the delivery, or was out of what was loaded then
    load(conn, country(2023), "52", silent)
    load(conn, country(2024), "52", silent)
    told = {code: float(value) for code, value in POPULATIONS.items() if code != "44001"}
    bring(conn, "2016", 2023, told)
    bring(conn, "2020", 2023, dict(told), indicator="ventes_logements")
    bring(conn, "2020", 2023, dict.fromkeys(told, 10.0), indicator="prix_m2_logement")
    publish(conn, silent)
    for millesime in (2023, 2024):
        epci = read(conn, "population", Level.EPCI, "2016", millesime)
        assert epci["200000001"] == Read(250.0, Status.PARTIAL, pytest.approx(2 / 3, abs=1e-6))
        assert epci["200000002"] == Read(pytest.approx(700.0), Status.OBSERVED, 1.0)
        means = read(conn, "prix_m2_logement", Level.EPCI, "2020", millesime)
        assert means["200000001"] == Read(pytest.approx(10.0), Status.PARTIAL, pytest.approx(2 / 3, abs=1e-6))


def test_a_stock_that_does_not_apply_or_cannot_be_converted_has_no_ratio_for_that_reason(
    conn: sa.Connection,
) -> None:
    load(conn, country(2023), "52", silent)
    houses: dict[str, float | None] = dict.fromkeys(POPULATIONS, 1.0) | {"44003": None, "44001": None}
    statuses = {"44003": Status.IMPOSSIBLE, "44001": Status.NOT_APPLICABLE}
    bring(conn, "2020", 2023, houses, statuses, indicator="ventes_maisons")
    bring(conn, "2020", 2023, dict.fromkeys(POPULATIONS, 4.0), indicator="ventes_logements")
    bring(conn, "2020", 2023, houses, statuses)
    publish(conn, silent)
    share = read(conn, "part_maisons_ventes", Level.COMMUNE, "2020", 2023)
    assert share["44003"] == Read(None, Status.IMPOSSIBLE, 0.0)
    assert share["44001"] == Read(None, Status.NOT_APPLICABLE, 0.0)
    whole = read(conn, "part_maisons_ventes", Level.EPCI, "2020", 2023)
    assert whole["200000001"] == Read(25.0, Status.OBSERVED, 1.0)  # of the two communes that it applies to
    counted = read(conn, "communes", Level.COMMUNE, "2020", 2023)
    assert counted["44003"] == Read(None, Status.IMPOSSIBLE, 0.0)
    assert counted["44001"] == Read(None, Status.NOT_APPLICABLE, 0.0)


def test_a_producers_own_mean_keeps_its_status_and_needs_no_weight(conn: sa.Connection) -> None:
    load(conn, country(2023), "52", silent)
    sales: dict[str, float | None] = dict.fromkeys(POPULATIONS, 10.0)
    bring(conn, "2020", 2023, {**sales, "49001": None}, {"49001": Status.SECRET}, indicator="ventes_logements")
    prices: dict[str, float | None] = {code: float(value) for code, value in POPULATIONS.items()}
    statuses = {"44001": Status.NOT_SIGNIFICANT, "44002": Status.NOT_APPLICABLE}
    bring(conn, "2020", 2023, {**prices, "44002": None}, statuses, indicator="prix_m2_logement")
    publish(conn, silent)
    communes = read(conn, "prix_m2_logement", Level.COMMUNE, "2020", 2023)
    assert communes["44001"] == Read(100.0, Status.NOT_SIGNIFICANT, 1.0)
    assert communes["44002"] == Read(None, Status.NOT_APPLICABLE, 0.0)
    assert communes["49001"] == Read(500.0, Status.OBSERVED, 1.0)
    epci = read(conn, "prix_m2_logement", Level.EPCI, "2020", 2023)
    assert epci["200000001"] == Read(50.0, Status.PARTIAL, 0.5)  # 35001 alone: a mean of 44001 would say nothing


def test_a_denominator_is_of_its_own_year_and_never_of_that_of_the_geography(conn: sa.Connection) -> None:
    load(conn, country(2023), "52", silent)
    load(conn, country(2024), "52", silent)
    bring(conn, "2018", 2023, dict.fromkeys(POPULATIONS, 1.0), indicator="medecins_generalistes")
    for year, times in (("2018", 1), ("2023", 5), ("2024", 6)):
        bring(conn, year, 2023, {code: float(value * times) for code, value in POPULATIONS.items()})
    publish(conn, silent)
    with pytest.raises(NotFound):  # the people of 1 January 2019 are not known
        published.choices(conn, "densite_medicale")
    bring(conn, "2019", 2023, {code: float(value * 2) for code, value in POPULATIONS.items()})
    publish(conn, silent)
    for millesime in (2023, 2024):
        told = read(conn, "densite_medicale", Level.DEPARTEMENT, "2018", millesime)
        assert told["44"].value == pytest.approx(10_000 * 4 / 2_000)
        made = over_set(
            conn,
            sheet("densite_medicale"),
            sets.chosen(conn, [Place(Level.DEPARTEMENT, "44")], millesime),
            "2018",
        )
        assert made.made.value == pytest.approx(told["44"].value)
        assert made.formula.endswith("somme de population 2019")
