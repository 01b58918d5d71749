"""OGC API Features part 1, oas30, by the names of its abstract tests; and as QGIS and GDAL read the description."""

from typing import Any

import httpx
import pytest
from openapi_spec_validator import OpenAPIV30SpecValidator

from api.ogc.parameters import LONGEST_PAGE, PAGE
from geo.formats.crs import SYSTEMS
from geo.formats.media_types import FORMATS

NAMED = ("crs", "bbox", "bbox-crs", "filter", "filter-lang", "filter-crs", "datetime", "limit")


@pytest.fixture(scope="module")
def description(country: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = country.get("/api/description").json()
    return found


def asked(description: dict[str, Any], collection: str) -> dict[str, dict[str, Any]]:
    """The parameters of the items of a collection by name, as a client reads them."""
    found = {}
    for given in description["paths"][f"/collections/{collection}/items"]["get"]["parameters"]:
        name = given["$ref"].removeprefix("#/components/parameters/")
        one = description["components"]["parameters"][name]
        found[one["name"]] = one
    return found


def test_conf_oas30_oas_definition(country: httpx.Client, description: dict[str, Any]) -> None:
    """/conf/oas30/oas-definition-1, oas-definition-2, oas-impl: a valid description, at the address that is linked."""
    OpenAPIV30SpecValidator(description).validate()
    assert description["openapi"] == "3.0.3"
    assert description["servers"] == [{"url": f"{country.base_url}/api"}], "GDAL takes /api off what it looks for"
    answer = country.get("/api/description", headers={"Accept": "application/vnd.oai.openapi+json;version=3.0"})
    assert answer.headers["content-type"] == "application/vnd.oai.openapi+json;version=3.0"
    assert answer.json() == description


def test_every_path_without_parameters_answers(country: httpx.Client, description: dict[str, Any]) -> None:
    """What a client makes of the server and a path is an address of the interface, the landing page's included."""
    [server] = description["servers"]
    for path in ("/", "/conformance", "/collections", "/collections/communes/items"):
        answer = country.get(
            server["url"] + path, params={"limit": 1} if "items" in path else {}, follow_redirects=True
        )
        assert answer.status_code == 200, path


def test_conf_oas30_completeness(
    country: httpx.Client, description: dict[str, Any], listed: dict[str, Any]
) -> None:
    """/conf/oas30/completeness: every route of the interface is there, items collection by collection."""
    native = country.get("/api/openapi.json").json()["paths"]
    paths = set(description["paths"])
    for path in native:
        relative = path.removeprefix("/api") or "/"
        if not path.startswith("/api"):
            continue
        if not relative.startswith("/collections/{collection}/items"):
            assert relative in paths, relative
            continue
        for name in listed:
            assert relative.replace("{collection}", name) in paths
    assert not any(path.startswith("/collections/{collection}/items") for path in paths)
    operations = [path["get"]["operationId"] for path in description["paths"].values()]
    assert len(operations) == len(set(operations))


def test_conf_oas30_oas_exceptions_codes(description: dict[str, Any]) -> None:
    """/conf/oas30/oas-exceptions-codes: every operation says how it refuses."""
    for path in description["paths"].values():
        assert path["get"]["responses"]["default"] == {"$ref": "#/components/responses/probleme"}
    assert "application/problem+json" in description["components"]["responses"]["probleme"]["content"]


def test_qgis_reads_the_size_of_its_pages(description: dict[str, Any]) -> None:
    limit = description["components"]["parameters"]["limit"]["schema"]
    assert (limit["minimum"], limit["default"], limit["maximum"]) == (1, PAGE, LONGEST_PAGE)


def test_conf_core_fc_parameters_definition(description: dict[str, Any]) -> None:
    """/conf/core/fc-limit-definition, fc-bbox-definition, fc-time-definition: as the standard writes them."""
    found = asked(description, "communes")
    assert found["limit"]["schema"]["type"] == "integer"
    assert (found["bbox"]["schema"]["minItems"], found["bbox"]["schema"]["maxItems"]) == (4, 6)
    assert found["datetime"]["schema"]["type"] == "string"
    for name in ("limit", "bbox", "datetime"):
        assert (found[name]["in"], found[name]["style"], found[name]["explode"]) == ("query", "form", False)
        assert found[name]["required"] is False
    for name in ("crs", "bbox-crs", "filter-crs"):
        assert found[name]["schema"]["enum"] == [system.uri for system in SYSTEMS]


def test_gdal_finds_the_language_that_it_writes(description: dict[str, Any]) -> None:
    for name in ("communes", "densite"):
        language = asked(description, name)["filter-lang"]["schema"]
        assert language["enum"] == ["cql2-text", "cql2-json", "cql-text"]
        assert language["default"] == "cql2-text"


def test_qgis_finds_the_properties_of_each_collection(
    country: httpx.Client, description: dict[str, Any], listed: dict[str, Any]
) -> None:
    """What QGIS takes for a property is one, of the type that the queryables say.

    But for the two lists that parts 6 and 8 want written as it takes properties: no field has their names.
    """
    for name in listed:
        simple = {
            one["name"]: one["schema"]["type"]
            for one in asked(description, name).values()
            if one["in"] == "query" and one.get("style") == "form" and one.get("explode") is False
            and one["name"] not in (*NAMED, "properties", "sortby")
        }  # fmt: skip
        named = country.get(f"/api/collections/{name}/queryables").json()["properties"]
        assert simple == {one: schema["type"] for one, schema in named.items() if "type" in schema}
    assert "value_2016" in asked(description, "densite")


def test_what_is_described_is_accepted(country: httpx.Client, description: dict[str, Any]) -> None:
    """Every parameter, with a value that its schema allows, is no unknown one; all together but those that exclude."""
    values: dict[str, Any] = {
        "bbox": "-1,46,1,48", "datetime": "2023-06-01T00:00:00Z", "within": "departement:44", "as_of": "2026-01-01",
        "filter": "code = '44001'", "properties": "nom", "sortby": "-nom", "q": "commune", "cursor": None,
        "indicator": None, "code": "44001", "nom": "Commune 44001", "departement": "44,49", "region": "52",
        "epci": "200000001", "emprise": "territoire entier", "level": None, "period": None,
    }  # fmt: skip
    for name, one in asked(description, "communes").items():
        schema = one["schema"]
        value = values.get(name, schema.get("default", schema.get("minimum", (schema.get("enum") or ["true"])[0])))
        if name == "millesime":
            value = 2023
        if value is None:
            continue
        answer = country.get("/api/collections/communes/items", params={name: value})
        assert answer.status_code in (200, 404 if name == "as_of" else 200), (name, value, answer.text[:200])


def test_the_formats_of_items_are_described(description: dict[str, Any]) -> None:
    content = description["paths"]["/collections/epci/items"]["get"]["responses"]["200"]["content"]
    assert set(content) == {*(form.essence for form in FORMATS), "text/html"}


def test_the_description_is_small_enough_to_be_asked_for_at_each_connection(country: httpx.Client) -> None:
    first = country.get("/api/description", headers={"Accept-Encoding": "gzip"})
    assert int(first.headers["content-length"]) < 30_000
    again = country.get(
        "/api/description", headers={"If-None-Match": first.headers["etag"], "Accept-Encoding": "gzip"}
    )
    assert again.status_code == 304
