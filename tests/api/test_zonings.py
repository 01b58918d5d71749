"""Zonings at every address that serves territories."""

import time
from collections.abc import Iterator

import httpx
import pytest
from statuscountry import YEAR, served

from boundaries.levels import Level
from boundaries.zonings.composition import Composition, Terms
from boundaries.zonings.load import load
from geo.cluster import Cluster
from geo.progress import silent

ZONES = {
    Level.ZONE_EMPLOI: {"5201": ["44001", "44002", "44005", "44006"], "5202": ["49001", "49002", "44004"]},
    Level.PERIMETRE: {"nord": ["44009", "44010"], "sud": ["44010", "49001"]},
}


@pytest.fixture(scope="module")
def http(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with (
        served(cluster, tmp_path_factory.mktemp("zonings"), "zonings") as (url, engine),
        httpx.Client(base_url=url, timeout=60) as client,
    ):
        with engine.begin() as conn:
            for level, zones in ZONES.items():
                liste = "pays" if level is Level.PERIMETRE else ""
                terms = Terms(level, "Essai", 2020, YEAR, "Insee", "Licence Ouverte 2.0", "z.csv", "0" * 64, liste)
                pairs = frozenset((commune, zone) for zone, own in zones.items() for commune in own)
                names = {zone: f"Zone {zone}" for zone in zones}
                load(conn, terms, Composition(pairs, names), YEAR, silent)
        time.sleep(2)  # the server looks for new versions every second
        yield client


def test_the_zones_of_a_level_are_listed_with_their_departements(http: httpx.Client) -> None:
    body = http.get("/api/territories?level=zone-emploi").json()
    assert [(row["code"], row["departement"]) for row in body["territories"]] == [
        ("5201", "44"),
        ("5202", "44,49"),
    ]


def test_a_zone_says_what_it_is_made_of_and_which_zoning_it_is_of(http: httpx.Client) -> None:
    body = http.get("/api/territories/perimetre/pays.sud").json()
    assert [child["code"] for child in body["children"]["commune"]] == ["44010", "49001"]
    assert body["zoning"] == {
        "label": "Essai", "definition": 2020, "source": "Insee", "licence": "Licence Ouverte 2.0",
    }  # fmt: skip
    parents = http.get("/api/territories/commune/44010").json()["parents"]
    assert [item["code"] for item in parents if item["level"] == "perimetre"] == ["pays.nord", "pays.sud"]


def test_communes_are_found_within_a_zone(http: httpx.Client) -> None:
    body = http.get("/api/territories?level=commune&within=zone-emploi:5202").json()
    assert [row["code"] for row in body["territories"]] == ["44004", "49001", "49002"]
    wrong = http.get("/api/territories?level=commune&within=zone-emploi:52")
    assert wrong.status_code == 400


def test_zones_are_a_collection_and_tiles(http: httpx.Client) -> None:
    listed = {item["id"]: item["title"] for item in http.get("/api/collections").json()["collections"]}
    assert listed["zones-emploi"] == "Zones d’emploi"
    assert listed["scot"] == "SCoT"
    items = http.get("/api/collections/perimetres/items?limit=1").json()
    assert [feature["properties"]["code"] for feature in items["features"]] == ["pays.nord"]
    following = next(link["href"] for link in items["links"] if link["rel"] == "next")
    assert http.get(following).json()["features"][0]["properties"]["code"] == "pays.sud"
    assert http.get("/api/collections/perimetres/items/pays.sud").status_code == 200
    tile = http.get(f"/api/tiles/{YEAR}/zone-emploi/6/32/22.mvt")
    assert tile.status_code == 200
    assert b"zone-emploi" in tile.content


def test_zonings_are_listed_with_what_was_found(http: httpx.Client) -> None:
    body = http.get("/api/zonings").json()
    assert [(row["level"], row["liste"], row["zones"], row["communes"]) for row in body["zonings"]] == [
        ("perimetre", "pays", 2, 3),
        ("zone-emploi", "", 2, 7),
    ]
    sentences = {item["sentence"]: item["codes"] for item in body["zonings"][0]["report"]["limits"]}
    assert sentences["Communes dans plusieurs zones"] == ["44010 (nord, sud)"]
    assert len(sentences["Communes de la région dans aucune zone"]) == 12
