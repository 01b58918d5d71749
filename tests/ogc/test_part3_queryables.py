"""OGC API Features part 3, queryables, by the names of its abstract tests; filters are in tests/api/test_filters.py."""

from typing import Any

import httpx
import pytest

REL = "http://www.opengis.net/def/rel/ogc/1.0/queryables"
TERRITORY = ["code", "nom", "departement", "region", "epci", "millesime", "emprise"]


def queryables(country: httpx.Client, collection: str, **query: Any) -> dict[str, Any]:
    answer = country.get(f"/api/collections/{collection}/queryables", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_conf_queryables_get_queryables_uris(country: httpx.Client, listed: dict[str, dict[str, Any]]) -> None:
    """/conf/queryables/get-queryables-uris, get-queryables-response."""
    for one in listed.values():
        [link] = [link for link in one["links"] if link["rel"] == REL]
        answer = country.get(link["href"], headers={"Accept": "application/schema+json"})
        assert answer.headers["content-type"] == link["type"] == "application/schema+json"
        schema = answer.json()
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert schema["$id"] == link["href"]
        assert schema["type"] == "object"
        assert schema["additionalProperties"] is False
        assert list(schema["properties"])[: len(TERRITORY)] == TERRITORY
        assert list(schema["properties"])[-1] == "geom"


@pytest.mark.parametrize("collection", ["communes", "densite", "grille_densite", "evolution_annuelle"])
def test_conf_queryables_are_what_a_filter_may_name(country: httpx.Client, collection: str) -> None:
    """/conf/queryables/queryables: each can be named; with additionalProperties false, nothing else can."""
    items = f"/api/collections/{collection}/items"
    for name in queryables(country, collection)["properties"]:
        answer = country.get(items, params={"filter": f"{name} IS NULL", "limit": 1})
        assert answer.status_code == 200, (name, answer.text)
    answer = country.get(items, params={"filter": "inconnue IS NULL"})
    assert answer.status_code == 400
    assert "inconnue" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("collection", "query", "expected"),
    [
        ("communes", "departement=49", ["49001", "49002"]),
        ("communes", "departement=49,75", ["49001", "49002", "75056"]),
        ("communes", "code=44001&departement=49", []),
        ("communes", "nom=Commune%2044002", ["44002"]),
        ("communes", "millesime=2023&epci=200000001", ["44001", "44002", "44003", "44004"]),
        ("densite", "value_2022=50", ["44001"]),
        ("densite", "period=2022&status=secret", ["44006"]),
        ("densite", "status_2022=secret,missing", ["44006", "44007"]),
        ("grille_densite", "value_2022=2&departement=44", ["44002"]),
    ],
)
def test_conf_queryables_query_parameters(
    country: httpx.Client, collection: str, query: str, expected: list[str]
) -> None:
    """/conf/queryables-query-parameters: a queryable is a parameter, and the parameters all hold."""
    answer = country.get(f"/api/collections/{collection}/items?{query}")
    assert answer.status_code == 200, answer.text
    assert [feature["id"] for feature in answer.json()["features"]] == expected


def test_conf_queryables_query_parameters_of_what_is_none(country: httpx.Client) -> None:
    for collection, query in (("communes", "value=1"), ("densite", "value=1")):
        answer = country.get(f"/api/collections/{collection}/items?{query}")
        assert answer.status_code == 400
        assert "departement" in answer.json()["detail"]


def test_the_periods_of_an_indicator_are_columns(country: httpx.Client) -> None:
    found = queryables(country, "densite")
    assert list(found["properties"]) == [
        *TERRITORY, "value_2016", "status_2016", "value_2022", "status_2022", "geom",
    ]  # fmt: skip
    one = queryables(country, "densite", period="2022")
    assert list(one["properties"]) == [*TERRITORY, "value", "status", "coverage", "geom"]
    joined = queryables(country, "communes", indicator="densite:2022")
    assert list(joined["properties"]) == list(one["properties"])
    assert list(queryables(country, "evolution_annuelle")["properties"])[-3:-1] == [
        "value_2016_2022", "status_2016_2022",
    ]  # fmt: skip


def test_wrong_coordinates_are_refused_with_what_there_is(country: httpx.Client) -> None:
    for query, status, said in (
        ("period=1999", 404, "Périodes : 2016, 2022"),
        ("millesime=2020", 404, "2023"),
        ("level=iris", 400, "commune"),
        ("level=region", 404, "Niveaux\u202f: commune, epci"),
        ("indicator=densite:2022", 400, "period"),
    ):
        answer = country.get(f"/api/collections/densite/queryables?{query}")
        assert answer.status_code == status, answer.text
        assert said in answer.json()["detail"]
    assert country.get("/api/collections/communes/queryables?period=2022").status_code == 400
