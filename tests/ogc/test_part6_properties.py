"""OGC API Features part 6 (draft 24-019), by the names of its requirements: properties, properties-features."""

from typing import Any

import httpx
import pytest

COLLECTIONS = ("communes", "epci", "densite", "evolution_annuelle")


def parameter(country: httpx.Client, path: str, name: str) -> dict[str, Any]:
    """A parameter as the description has it."""
    described = country.get("/api/description").json()
    given = [one["$ref"].rpartition("/")[2] for one in described["paths"][path]["get"]["parameters"]]
    [found] = [one for one in map(described["components"]["parameters"].get, given) if one["name"] == name]
    return dict(found)


@pytest.mark.parametrize("collection", COLLECTIONS)
@pytest.mark.parametrize("end", ["", "/{code}"])
def test_req_properties_parameter(country: httpx.Client, collection: str, end: str) -> None:
    """/req/properties/parameter: a list separated by commas, of what is returned."""
    found = parameter(country, f"/collections/{collection}/items{end}", "properties")
    assert (found["in"], found["required"], found["style"], found["explode"]) == ("query", False, "form", False)
    assert (found["schema"]["type"], found["schema"]["items"]["type"]) == ("array", "string")
    returned = country.get(f"/api/collections/{collection}/schema").json()["properties"]
    assert set(returned) - {"geom"} <= set(found["schema"]["items"]["enum"])


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_req_properties_response(country: httpx.Client, collection: str) -> None:
    """/req/properties/response: all without it, those alone that are selected with it, one by one."""
    items = f"/api/collections/{collection}/items"
    named = list(country.get(f"/api/collections/{collection}/schema").json()["properties"])
    [whole] = country.get(items, params={"limit": 1}).json()["features"]
    assert {*whole["properties"], "geom"} == set(named)
    for name in whole["properties"]:
        [found] = country.get(items, params={"limit": 1, "properties": name}).json()["features"]
        assert found == whole | {"properties": {name: whole["properties"][name]}}


def test_req_properties_features_request(country: httpx.Client) -> None:
    """/req/properties-features/request: of a collection and of a feature; per unknown-properties, a 400."""
    for end in ("", "/44001"):
        answer = country.get(f"/api/collections/communes/items{end}", params={"properties": "nom,code"})
        found = answer.json()
        first = found["features"][0] if not end else found
        assert first["properties"] == {"nom": "Commune 44001", "code": "44001"}
        assert country.get(answer.url.copy_set_param("properties", "nom,couleur")).status_code == 400
