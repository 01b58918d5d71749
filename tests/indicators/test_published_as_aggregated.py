"""What is published of an EPCI is what `/aggregate` makes of its communes: one answer, whatever their statuses."""

import random

import pytest
import sqlalchemy as sa
from deliveries import bring
from toycountry import EPCI, POPULATIONS, country

from boundaries import sets
from boundaries.levels import Level
from boundaries.load import load
from boundaries.places import Place
from geo.progress import silent
from indicators import published
from indicators.aggregates import over_set
from indicators.catalogue import indicator as sheet
from indicators.passports import PassportId, read_passport
from indicators.publication import publish
from indicators.statuses import Status

PRESENT = (
    Status.OBSERVED,
    Status.OBSERVED,
    Status.OBSERVED,
    Status.PROVISIONAL,
    Status.ESTIMATED,
    Status.NOT_SIGNIFICANT,
    Status.PARTIAL,
)
ABSENT = (Status.SECRET, Status.MISSING)


def deliver(conn: sa.Connection, chance: random.Random, indicator: str, period: str, largest: float) -> None:
    """A delivery in which any commune may have any status, zero included; what has no object has none in all three."""
    objectless = random.Random(period).choice([*POPULATIONS, "none"])  # noqa: S311
    statuses = {code: chance.choice(PRESENT if chance.random() < 0.7 else ABSENT) for code in POPULATIONS}
    if objectless in statuses:
        statuses[objectless] = Status.NOT_APPLICABLE
    values = {
        code: None if status in (*ABSENT, Status.NOT_APPLICABLE) else float(chance.choice((0, 1, 7, largest)))
        for code, status in statuses.items()
    }
    bring(conn, period, 2023, values, statuses, indicator=indicator)


def test_an_epci_is_what_its_communes_make(conn: sa.Connection) -> None:
    load(conn, country(2023), "52", silent)
    periods = [str(year) for year in range(2000, 2016)]
    for period in periods:
        chance = random.Random(period)  # noqa: S311
        deliver(conn, chance, "ventes_maisons", period, 50.0)
        deliver(conn, chance, "ventes_logements", period, 90.0)
        deliver(conn, chance, "prix_m2_logement", period, 3_000.0)
    publish(conn, silent)
    for name in ("ventes_maisons", "part_maisons_ventes", "prix_m2_logement"):
        for epci in sorted(set(EPCI.values()) - {"200000003"}):  # its one commune keeps the producer's own mean
            place = Place(Level.EPCI, epci)
            members = sets.within(conn, Level.COMMUNE, place, 2023)
            for period, own in zip(periods, published.history(conn, name, place, 2023), strict=True):
                made = over_set(conn, sheet(name), members, period).made
                assert (own.value, own.status) == (pytest.approx(made.value), made.status), (name, epci, period)
                if own.value is not None:
                    assert own.coverage == pytest.approx(made.coverage), (name, epci, period)
                passport = read_passport(conn, PassportId(own.digest, place))
                assert passport["recomputed"] == pytest.approx(own.value), (name, epci, period)
