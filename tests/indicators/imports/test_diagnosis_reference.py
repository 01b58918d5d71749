"""What deliveries are read against, from the database, and the postal codes that are loaded with the codes."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa
from toycountry import country

from boundaries.levels import Level
from boundaries.load import load
from boundaries.sources import registry
from boundaries.tables import PostalCode
from geo.progress import silent
from indicators.imports.reference import read_reference


@pytest.fixture
def loaded_toy(conn: sa.Connection) -> sa.Connection:
    for millesime in (2023, 2024):
        delivery = country(millesime, outlines=False)
        postal = pd.DataFrame(
            {"postal_code": ["44150", "44150", "35000"], "commune": ["44001", "44002", "35002"]}, dtype=str
        )
        load(conn, replace(delivery, postal=postal), "52", silent)
    return conn


def test_everything_loaded_is_there(loaded_toy: sa.Connection):
    found = read_reference(loaded_toy)
    assert set(found.millesimes) >= {2023, 2024}
    assert found.codes(2023, Level.COMMUNE)["44001"] == "Commune 44001"
    assert "35001" in found.codes(2023, Level.COMMUNE)  # completes an EPCI
    assert "35001" not in found.expected[2023, Level.COMMUNE]
    assert found.parents[2023, Level.EPCI]["35001"] == "200000001"
    assert found.parents[2024, Level.DEPARTEMENT]["44005"] == "44"
    assert 2023 not in found.whole
    assert found.successors(2024, "49002") == {"49001": 1.0}
    assert found.successors(2023, "44005") == {"44003": 1.0}
    assert found.successors(2024, "99999") == {}


def test_postal_codes_of_what_is_loaded_are_kept(loaded_toy: sa.Connection):
    assert read_reference(loaded_toy).postal[2024] == {"44150": ("44001", "44002")}
    load(loaded_toy, country(2024, outlines=False), "52", silent)
    assert not loaded_toy.scalar(sa.select(sa.func.count()).where(PostalCode.millesime == 2024))


def test_the_registries_give_postal_codes(downloads: Path):
    postal = registry.read(None, 2025, downloads, silent, outlines=False).postal
    nantes = set(postal.loc[postal["commune"] == "44109", "postal_code"])
    assert nantes == {"44000", "44100", "44200", "44300"}
    assert postal.loc[postal["commune"] == "75101", "postal_code"].tolist() == ["75001"]
