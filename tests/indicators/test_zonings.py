"""Indicators over zonings, worked by hand on the toy country: sums, ratios, statuses, and what a release owes them."""

import pytest
import sqlalchemy as sa
from computed import table
from deliveries import bring
from toycountry import POPULATIONS, country

from boundaries.levels import Level
from boundaries.load import load as load_limits
from boundaries.zonings.composition import Composition, Terms
from boundaries.zonings.load import load, remove
from geo.progress import silent
from indicators.publication import publish
from indicators.statuses import Status

ZONES = {
    "35001": "5201",
    "44001": "5201",
    "44002": "5201",
    "44003": "5202",
    "44004": "5202",
    "49001": "5203",
    "49002": "5203",
    "36001": "5203",
}


def lay(
    conn: sa.Connection, zones: dict[str, str], millesime: int = 2023, level: Level = Level.ZONE_EMPLOI
) -> None:
    terms = Terms(level, "Zones", 2020, millesime, "Insee", "Licence Ouverte 2.0", "zones.csv", "0" * 64)
    names = {zone: f"Zone {zone}" for zone in zones.values()}
    load(conn, terms, Composition(frozenset(zones.items()), names), millesime, silent)


def values(
    conn: sa.Connection,
    indicator: str,
    period: str = "2016",
    millesime: int = 2023,
    level: Level = Level.ZONE_EMPLOI,
) -> dict[str, tuple[float | None, Status]]:
    found = table(conn, indicator, level, period, millesime)
    return dict(zip(found.codes, zip(found.values, found.statuses, strict=True), strict=True))


@pytest.fixture
def zoned(conn: sa.Connection) -> sa.Connection:
    """The country in 2023 and 2024 with populations of 2016, and zones in 2023."""
    load_limits(conn, country(2023), "52", silent)
    load_limits(conn, country(2024), "52", silent)
    bring(conn, "2016", 2023, {code: float(value) for code, value in POPULATIONS.items()})
    lay(conn, ZONES)
    publish(conn, silent)
    return conn


def test_a_zone_holds_the_sum_of_its_communes(zoned: sa.Connection) -> None:
    # 5201: 50 + 100 + 200, 35001 of another region included; 5203: its part of the region, 500 + 600
    assert values(zoned, "population") == {
        "5201": (350.0, Status.OBSERVED),
        "5202": (700.0, Status.OBSERVED),
        "5203": (1100.0, Status.OBSERVED),
    }


def test_the_sum_over_zones_is_the_region_and_the_part_outside_it(zoned: sa.Connection) -> None:
    region = values(zoned, "population", level=Level.REGION)["52"][0]
    over_zones = [value or 0 for value, _ in values(zoned, "population").values()]
    assert region == 2100.0
    assert sum(over_zones) == region + POPULATIONS["35001"]


def test_a_ratio_over_a_zone_is_the_ratio_of_the_sums(zoned: sa.Connection) -> None:
    density = values(zoned, "densite")["5202"][0]
    surface = values(zoned, "surface", "2023")["5202"][0]
    assert surface is not None
    assert density == pytest.approx(700 / surface, rel=1e-12)


def test_any_partition_of_the_communes_conserves_the_total(zoned: sa.Connection) -> None:
    for zones in ("001122", "010101", "333333"):
        inside = [code for code in POPULATIONS if code != "35001"]
        lay(zoned, {code: f"000{zone}" for code, zone in zip(inside, zones, strict=True)})
        publish(zoned, silent)
        assert sum(value or 0 for value, _ in values(zoned, "population").values()) == 2100.0


def test_a_zone_that_holds_half_of_a_split_commune_is_an_estimate(zoned: sa.Connection) -> None:
    later = {"44001": "1", "44002": "1", "44003": "1", "44004": "1", "44005": "1", "49001": "2"}
    lay(zoned, later, 2024, Level.SCOT)
    lay(zoned, later | {"44005": "2"}, 2024, Level.PETR)
    publish(zoned, silent)
    # 44003 had 300 inhabitants in 2016; 240 and 60 live in its two parts in 2024
    together = values(zoned, "population", "2016", 2024, Level.SCOT)
    assert together == {
        "1": (pytest.approx(1000.0), Status.OBSERVED),
        "2": (pytest.approx(1100.0), Status.OBSERVED),
    }
    apart = values(zoned, "population", "2016", 2024, Level.PETR)
    assert apart == {"1": (pytest.approx(940.0), Status.ESTIMATED), "2": (pytest.approx(1160.0), Status.ESTIMATED)}


def test_a_zoning_loaded_or_removed_makes_another_release(zoned: sa.Connection) -> None:
    first = publish(zoned, silent)
    remove(zoned, 2023, Level.ZONE_EMPLOI)
    second = publish(zoned, silent)
    assert second != first
    assert not values(zoned, "population", level=Level.EPCI).keys() & {"5201"}
    lay(zoned, ZONES)
    assert publish(zoned, silent) != second
    assert values(zoned, "population")["5202"] == (700.0, Status.OBSERVED)
