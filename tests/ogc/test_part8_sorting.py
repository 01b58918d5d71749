"""OGC API Features part 8 (draft 24-030), by the names of its abstract tests: sortables, sorting, features-sorting."""

from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

SORTABLES = "http://www.opengis.net/def/rel/ogc/1.0/sortables"
COLLECTIONS = ("communes", "epci", "densite", "evolution_annuelle")


def items(country: httpx.Client, collection: str, **query: Any) -> list[dict[str, Any]]:
    answer = country.get(f"/api/collections/{collection}/items", params=query)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["features"])


def test_conf_sortables_get_sortables_uris(country: httpx.Client, listed: dict[str, Any]) -> None:
    """/conf/sortables/get-sortables-uris: a header of what can be sorted; /conf/features-sorting/get-collection: a link."""
    for name, one in listed.items():
        address = f"{country.base_url}/api/collections/{name}/sortables"
        assert [link["href"] for link in one["links"] if link["rel"] == SORTABLES] == [address]
        answer = country.head(f"/api/collections/{name}/items")
        assert answer.links[SORTABLES]["url"] == address


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_conf_sortables_get_sortables(country: httpx.Client, collection: str) -> None:
    """/conf/sortables/get-sortables: a JSON Schema of what may be sorted by, at its own address."""
    address = f"{country.base_url}/api/collections/{collection}/sortables"
    answer = country.get(address, headers={"Accept": "application/schema+json"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/schema+json")
    schema = answer.json()
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert (schema["$id"], schema["type"], schema["additionalProperties"]) == (address, "object", False)
    assert schema["properties"]
    assert all("type" in one for one in schema["properties"].values())


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_conf_sorting_sortby_param(country: httpx.Client, collection: str) -> None:
    """/conf/sorting/sortby-param: each sortable, both ways; /conf/sorting/expression-construction: nothing else."""
    sortables = country.get(f"/api/collections/{collection}/sortables").json()["properties"]
    for name in sortables:
        up = [one["properties"][name] for one in items(country, collection, sortby=name)]
        down = [one["properties"][name] for one in items(country, collection, sortby=f"-{name}")]
        held = sorted(value for value in up if value is not None)
        nothing = [None] * (len(up) - len(held))
        assert up == held + nothing, name
        assert down == held[::-1] + nothing, name
        assert items(country, collection, sortby=f"+{name}") == items(country, collection, sortby=name)
    for wrong in ("THIS IS NOT A SORTBY EXPRESSION", "this_is_not_a_sortable", "geom"):
        answer = country.get(f"/api/collections/{collection}/items", params={"sortby": wrong})
        assert answer.status_code == 400, wrong


def test_conf_sorting_sortby_order_default(country: httpx.Client, listed: dict[str, Any]) -> None:
    """/conf/sorting/sortby-order-default: the order that each collection declares is that of what does not ask for one."""
    for name, one in listed.items():
        assert one["defaultSortOrder"] == ["code"]
        assert country.get(f"/api/collections/{name}").json()["defaultSortOrder"] == ["code"]
        found = [feature["id"] for feature in items(country, name)]
        assert found == sorted(found)


def test_conf_features_sorting_sortby(country: httpx.Client) -> None:
    """/conf/features-sorting: several properties, the first before the others."""
    found = items(country, "communes", sortby="-departement,nom")
    told = [(one["properties"]["departement"], one["properties"]["nom"]) for one in found]
    assert told == sorted(sorted(told, key=lambda one: one[1]), key=lambda one: one[0], reverse=True)
    described = country.get("/api/description").json()["components"]["parameters"]["communes.sortby"]
    assert (described["style"], described["explode"], described["schema"]["minItems"]) == ("form", False, 1)
