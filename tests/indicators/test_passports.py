"""Passports: what every value came from, and that it can be computed again from that alone."""

import random

import pytest
import sqlalchemy as sa
from computed import table
from deliveries import VALIDATOR, bring
from toycountry import POPULATIONS, country

from boundaries.levels import Level
from boundaries.load import load
from boundaries.places import Place
from boundaries.tables import Territory
from geo.errors import Invalid, NotFound
from geo.progress import silent
from indicators.passports import PassportId, read_passport
from indicators.policy import import_policies
from indicators.publication import publish
from indicators.publication.filling import fill
from indicators.statuses import Status
from indicators.tables import Series, Value

SALES = {"35001": 0.0, "44001": 10.0, "44002": 30.0, "44003": 21.0, "44004": 20.0, "49001": 5.0, "49002": 15.0}


@pytest.fixture
def every_nature(conn: sa.Connection) -> sa.Connection:
    """Two geographies and something of every nature, with values that are missing, secret or say nothing."""
    load(conn, country(2023), "52", silent)
    load(conn, country(2024), "52", silent)
    import_policies(conn, "", VALIDATOR)  # no rule asks for the counts behind the medians
    people: dict[str, float | None] = {code: float(value) for code, value in POPULATIONS.items()}
    bring(conn, "2010", 2023, {code: float(value) * 0.9 for code, value in POPULATIONS.items()})
    bring(conn, "2016", 2023, people)
    bring(conn, "2022", 2023, {**people, "44001": None, "44002": 260.0}, {"49001": Status.NOT_SIGNIFICANT})
    bring(conn, "2020", 2023, dict(SALES), indicator="ventes_logements")
    bring(conn, "2020", 2023, {**dict.fromkeys(SALES, 7.0), "44001": None}, indicator="ventes_maisons")
    prices: dict[str, float | None] = {code: 100.0 + rank for rank, code in enumerate(SALES)}
    bring(conn, "2020", 2023, {**prices, "44002": None}, {"44002": Status.SECRET}, indicator="prix_m2_logement")
    bring(conn, "2021", 2023, dict(prices), indicator="niveau_vie_median")
    kinds: dict[str, float | None] = {code: float(1 + rank % 7) for rank, code in enumerate(SALES)}
    bring(conn, "2022", 2023, kinds, indicator="grille_densite")
    publish(conn, silent)
    for series_id in conn.scalars(sa.select(Series.id)).all():
        fill(conn, series_id)
    return conn


def published_values(conn: sa.Connection) -> list[sa.Row]:
    return list(
        conn.execute(
            sa.select(Series.digest, Series.indicator, Territory.level, Territory.code, Value.value)
            .join(Value, Value.series_id == Series.id)
            .join(Territory, Territory.id == Value.territory_id)
            .order_by(Series.digest, Territory.id)
        )
    )


def test_every_value_of_every_nature_is_computed_again_from_its_passport(every_nature: sa.Connection) -> None:
    rows = published_values(every_nature)
    assert len(rows) > 1000
    natures = set()
    for row in random.Random(52).sample(rows, 1000):  # noqa: S311
        passport = read_passport(every_nature, PassportId(row.digest, Place(Level(row.level), row.code)))
        natures.add((passport["nature"], passport["by"]))
        assert passport["value"] == row.value
        again = passport["recomputed"]
        assert again == (None if row.value is None else pytest.approx(row.value, rel=1e-9, abs=1e-12)), passport
    assert {by for _, by in natures} == {
        "stock", "area", "mean", "producer", "typology", "ratio", "growth", "index", "class", "epci_nature",
    }  # fmt: skip
    assert {nature for nature, _ in natures} >= {
        "stock", "flow", "ratio", "density", "weighted-mean", "median", "index", "typology", "growth",
    }  # fmt: skip


def test_a_passport_leads_to_the_line_of_the_file_and_to_the_validator(every_nature: sa.Connection) -> None:
    series = table(every_nature, "population", Level.COMMUNE, "2016", 2024).series
    passport = read_passport(every_nature, PassportId.parse(f"{series.digest}:commune:49001"))
    told = [(piece["code"], piece["value"], piece["weight"], piece["line"]) for piece in passport["inputs"]]
    assert told == [("49001", 500.0, 1.0, 7), ("49002", 600.0, 1.0, 8)]
    delivery = passport["deliveries"][0]
    assert (delivery["file"], delivery["sha256"], delivery["sheets"]) == ("toy", "0" * 64, ["toy"])
    assert delivery["validator"] == VALIDATOR.name
    assert [step["action"] for step in delivery["journal"]] == ["submitted", "controlled", "validated", "released"]
    assert passport["releases"][0]["withdrawn_at"] is None


def test_a_split_shows_its_weight(every_nature: sa.Connection) -> None:
    series = table(every_nature, "population", Level.COMMUNE, "2016", 2024).series
    passport = read_passport(every_nature, PassportId.parse(f"{series.digest}:commune:44005"))
    assert [(piece["code"], piece["to_code"], piece["weight"]) for piece in passport["inputs"]] == [
        ("44003", "44005", pytest.approx(0.2))
    ]
    assert (passport["status"], passport["recomputed"]) == ("estimated", pytest.approx(60.0))


def test_a_ratio_leads_to_the_passports_of_its_parts(every_nature: sa.Connection) -> None:
    series = table(every_nature, "densite", Level.EPCI, "2016", 2023).series
    passport = read_passport(every_nature, PassportId.parse(f"{series.digest}:epci:200000002"))
    assert [part["role"] for part in passport["components"]] == ["numérateur", "dénominateur"]
    for part in passport["components"]:
        assert read_passport(every_nature, PassportId.parse(part["passport"]))["value"] == part["value"]


def test_what_is_malformed_or_unknown_is_said(every_nature: sa.Connection) -> None:
    for text in ("x", "0123456789abcdef", "0123456789ABCDEF:commune:44001", "0123456789abcdef:commune:1"):
        with pytest.raises(Invalid, match="mal formé"):
            PassportId.parse(text)
    with pytest.raises(NotFound, match="Aucune série publiée"):
        read_passport(every_nature, PassportId.parse("0123456789abcdef:commune:44001"))
