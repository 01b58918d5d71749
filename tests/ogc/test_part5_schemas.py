"""OGC API Features part 5, by the names of its requirements: schemas, core-roles-features, returnables, sortables."""

from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from geo.formats.units import ucum
from indicators.catalogue import catalogue

REL = "http://www.opengis.net/def/rel/ogc/1.0/"
RESOURCES = ("schema", "queryables", "sortables")
COLLECTIONS = ("communes", "epci", "densite", "grille_densite", "evolution_annuelle")


def schema_of(country: httpx.Client, collection: str, resource: str = "schema", **query: Any) -> dict[str, Any]:
    answer = country.get(f"/api/collections/{collection}/{resource}", params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/schema+json"
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize("resource", RESOURCES)
def test_req_returnables_queryables_and_sortables_link_and_op(
    country: httpx.Client, listed: dict[str, dict[str, Any]], resource: str
) -> None:
    """/req/returnables-and-receivables/link, op, response; /req/queryables/link…; /req/sortables/link…"""
    for one in listed.values():
        [link] = [link for link in one["links"] if link["rel"] == f"{REL}{resource}"]
        answer = country.get(link["href"], headers={"Accept": "application/schema+json"})
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/schema+json"
        assert answer.json()["$id"] == link["href"], "/req/schemas/json-schema B: no query in $id"


@pytest.mark.parametrize("resource", RESOURCES)
@pytest.mark.parametrize("collection", COLLECTIONS)
def test_req_schemas(country: httpx.Client, collection: str, resource: str) -> None:
    """/req/schemas/json-schema, properties, additional-keywords, role, role-id, property-seq, unit."""
    schema = schema_of(country, collection, resource)
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["type"] == "object"
    properties = schema["properties"]
    for name, one in properties.items():
        assert one["title"], name
        assert one["readOnly"] is True
        assert ("type" in one) != (one.get("format", "").startswith("geometry-")), name
        assert "$ref" not in one
    assert [name for name, one in properties.items() if one.get("x-ogc-role") == "id"] == ["code"]
    assert [one["x-ogc-propertySeq"] for one in properties.values()] == [*range(1, len(properties) + 1)]


def test_req_core_roles_features(country: httpx.Client) -> None:
    """/req/core-roles-features/role-primary-geometry: one, of the type that the features have."""
    for collection in COLLECTIONS:
        properties = schema_of(country, collection)["properties"]
        shaped = [one for one in properties.values() if one.get("x-ogc-role") == "primary-geometry"]
        assert [one["format"] for one in shaped] == ["geometry-multipolygon"]


def test_req_sortables_response(country: httpx.Client) -> None:
    """/req/sortables/response: no geometry, no list; what is sorted by is there, the rest is refused."""
    for collection in COLLECTIONS:
        named = schema_of(country, collection, "sortables")["properties"]
        everything = schema_of(country, collection)["properties"]
        assert set(everything) - set(named) == {"geom"}
        assert {one["type"] for one in named.values()} <= {"string", "integer", "number"}


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_req_returnables_describe_what_is_returned(country: httpx.Client, collection: str) -> None:
    """/req/returnables-and-receivables/response: features have these properties and no other, of these types."""
    schema = schema_of(country, collection)
    checked = {name: one for name, one in schema["properties"].items() if name != "geom"}
    # a value that is not there is null, which no type of a logical schema says
    nullable = {name: one | {"type": [one["type"], "null"]} for name, one in checked.items()}
    for one in nullable.values():
        for codes in ("enum", "oneOf"):
            if codes in one:
                one[codes] = [*one[codes], None if codes == "enum" else {"const": None}]
    validator = Draft202012Validator(
        {"type": "object", "properties": nullable, "additionalProperties": False, "required": list(checked)}
    )
    features = country.get(f"/api/collections/{collection}/items", params={"limit": 1000}).json()["features"]
    assert features
    for feature in features:
        validator.validate(feature["properties"])
        assert feature["geometry"]["type"] == "MultiPolygon"
        assert feature["id"] == feature["properties"]["code"]


def test_units_are_those_of_ucum(country: httpx.Client) -> None:
    """/req/schemas/unit: a code of UCUM, the French unit being in the title."""
    value = schema_of(country, "densite", period="2022")["properties"]["value"]
    assert value["title"] == "Densité de population 2022 (habitants au km²)"
    assert value["x-ogc-unit"] == "{habitants}/km2"
    assert value["description"] == catalogue()["densite"].definition
    for sheet in catalogue().values():
        assert ucum(sheet.unit).isascii()
        assert " " not in ucum(sheet.unit)


def test_codes_say_what_they_mean(country: httpx.Client) -> None:
    status = schema_of(country, "densite", period="2022")["properties"]["status"]
    assert {"const": "secret", "title": "secret statistique"} in status["oneOf"]
    assert status["enum"] == [one["const"] for one in status["oneOf"]]
    kind = schema_of(country, "grille_densite")["properties"]["value_2022"]
    sheet = catalogue()["grille_densite"]
    assert kind["oneOf"] == [{"const": code, "title": label} for code, label in sheet.categories.items()]
