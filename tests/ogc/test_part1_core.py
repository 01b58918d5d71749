"""OGC API Features part 1, core, by the names of its abstract tests: what describes, from the landing page on."""

from typing import Any

import httpx
import pytest

from api.ogc.collected import LEVELS
from api.ogc.describing import Described
from geo.errors import NotFound
from geo.formats.crs import SYSTEMS
from geo.formats.media_types import FORMATS

OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
SHEETS = {"population", "surface", "densite", "evolution_annuelle", "grille_densite"}


def links(body: dict[str, Any], rel: str) -> list[dict[str, str]]:
    return [link for link in body["links"] if link["rel"] == rel]


def answered(client: httpx.Client, href: str) -> httpx.Response:
    answer = client.get(href)
    assert answer.status_code == 200, (href, answer.text[:300])
    return answer


@pytest.fixture(scope="module")
def landing(country: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = country.get("/api").json()
    return found


def test_conf_core_root_op_and_success(country: httpx.Client, landing: dict[str, Any]) -> None:
    """/conf/core/root-op, root-success: links to the description, the conformance and the data."""
    assert answered(country, "/api").headers["content-type"] == "application/json"
    for rel in ("self", "service-desc", "service-doc", "conformance", "data"):
        assert links(landing, rel), rel
    assert [one["type"] for one in links(landing, "service-desc")] == [OPENAPI], "GDAL wants one and no more"
    assert landing["title"]
    assert landing["description"]
    assert all({"rel", "href", "type", "title"} <= set(one) for one in landing["links"])


def test_every_link_of_the_landing_page_leads_to_what_it_says(
    country: httpx.Client, landing: dict[str, Any]
) -> None:
    for one in landing["links"]:
        answer = answered(country, one["href"])
        given, said = answer.headers["content-type"], one["type"]
        # FastAPI writes its own description under a plainer name.
        assert given.partition(";")[0] == said.partition(";")[0] or "version=3.1" in said, one


def test_the_landing_page_still_says_what_is_loaded(landing: dict[str, Any]) -> None:
    assert landing["millesimes"] == {"2023": {"outlines": True}}
    assert landing["release"] == "toy"
    assert links(landing, "tiles")[0]["href"].endswith("/api/tiles/2023/commune/tilejson.json")


def test_conf_core_api_definition_op_and_success(country: httpx.Client, landing: dict[str, Any]) -> None:
    """/conf/core/api-definition-op, api-definition-success."""
    [desc] = links(landing, "service-desc")
    answer = answered(country, desc["href"])
    assert answer.headers["content-type"] == OPENAPI
    assert answer.json()["openapi"].startswith("3.0.")
    [doc] = links(landing, "service-doc")
    page = answered(country, doc["href"])
    assert page.headers["content-type"].startswith("text/html")
    assert "filter-lang" in page.text


def test_conf_core_conformance_op_and_success(country: httpx.Client, landing: dict[str, Any]) -> None:
    """/conf/core/conformance-op, conformance-success."""
    [found] = {one["href"] for one in links(landing, "conformance")}
    classes = answered(country, found).json()["conformsTo"]
    assert len(classes) == len(set(classes)) > 20
    assert "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core" in classes


def test_conf_core_http(country: httpx.Client) -> None:
    """/conf/core/http, query-param-unknown, query-param-invalid: refused, with what is accepted."""
    for address in ("/api?x=1", "/api/conformance?x=1", "/api/collections?x=1", "/api/collections/communes?x=1",
                    "/api/collections/communes/schema?x=1", "/api/description?x=1"):  # fmt: skip
        answer = country.get(address)
        assert answer.status_code == 400, address
        assert "Paramètres acceptés" in answer.json()["detail"]
    for address in ("/api?f=xml", "/api/collections?f=", "/api/collections/communes/schema?f=xml"):
        answer = country.get(address)
        assert answer.status_code == 400, address
        assert "« f »" in answer.json()["detail"]
    assert country.post("/api/collections").status_code == 405
    refused = country.get("/api/collections", headers={"Accept": "image/png"})
    assert refused.status_code == 406
    assert "application/json" in refused.json()["detail"]


def test_conf_core_fc_md_op_and_success(country: httpx.Client, listed: dict[str, dict[str, Any]]) -> None:
    """/conf/core/fc-md-op, fc-md-success, fc-md-items: every level and every indicator that is published."""
    assert set(listed) == {*LEVELS, *SHEETS}
    assert list(listed)[: len(LEVELS)] == list(LEVELS)
    body = country.get("/api/collections").json()
    assert links(body, "self")[0]["href"] == f"{country.base_url}/api/collections"
    assert links(body, "alternate")[0]["type"] == "text/html"


def test_conf_core_fc_md_items_links(country: httpx.Client, listed: dict[str, dict[str, Any]]) -> None:
    """/conf/core/fc-md-items-links: a link for each format, of the type that is answered."""
    for one in listed.values():
        items = links(one, "items")
        assert [link["type"] for link in items] == [*(form.essence for form in FORMATS), "text/html"]
    for link in links(listed["epci"], "items")[:-1]:
        assert answered(country, link["href"]).headers["content-type"].partition(";")[0] == link["type"]
    assert {link["type"] for link in links(listed["epci"], "items")} >= {
        "application/geo+json", "application/flatgeobuf", "application/fg+json",
    }  # fmt: skip


def test_conf_core_fc_md_extent(country: httpx.Client, listed: dict[str, dict[str, Any]]) -> None:
    """/conf/core/fc-md-extent: the boxes that the squares make, the years that they hold."""
    communes = listed["communes"]["extent"]
    assert communes["spatial"] == {
        "bbox": [[0.0, 47.0, 0.7, 47.3]],
        "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
    }
    assert communes["temporal"]["interval"] == [["2023-01-01T00:00:00Z", "2023-12-31T23:59:59Z"]]
    assert listed["communes"]["itemCount"] == 15
    assert listed["departements"]["itemCount"] == 3
    assert listed["scot"]["itemCount"] == 0
    assert "spatial" not in listed["scot"]["extent"], "nothing is drawn: there is no box"
    assert listed["densite"]["itemCount"] == 15
    for one in listed.values():
        found = country.get(f"/api/collections/{one['id']}/items", params={"limit": 1000}).json()
        assert len(found["features"]) == one["itemCount"], one["id"]


def test_conf_core_sfc_md_op_and_success(country: httpx.Client, listed: dict[str, dict[str, Any]]) -> None:
    """/conf/core/sfc-md-op, sfc-md-success: alone, a collection is described as in the list."""
    for one in listed.values():
        [own] = links(one, "self")
        assert answered(country, own["href"]).json() == one


def test_what_is_not_there_is_answered_alike_everywhere(country: httpx.Client) -> None:
    said = {
        country.get(f"/api/collections/{name}{rest}").json()["detail"].replace(name, "x")
        for name in ("boulangeries", "nulle-part")
        for rest in ("", "/queryables", "/schema", "/sortables")
    }
    assert len(said) == 1
    assert "Collection inconnue" in said.pop()
    assert country.get("/api/collections/boulangeries").status_code == 404


def test_a_collection_says_what_clients_look_for(listed: dict[str, dict[str, Any]]) -> None:
    """QGIS and GDAL read storageCrs, itemCount and enclosures; people read titles and sources."""
    for one in listed.values():
        assert one["itemType"] == "feature"
        assert one["crs"] == [system.uri for system in SYSTEMS]
        assert one["storageCrs"] == "http://www.opengis.net/def/crs/EPSG/0/2154"
        assert [link["type"] for link in links(one, "enclosure")] == [
            "application/geopackage+sqlite3", "application/vnd.apache.parquet",
        ]  # fmt: skip
        assert links(one, "license")[0]["href"].endswith(".pdf")
    densite = listed["densite"]
    assert densite["title"] == "Densité de population"
    assert densite["periods"] == ["2016", "2022"]
    assert densite["levels"] == ["commune", "epci"]
    assert densite["license"] == "Licence Ouverte 2.0"


def test_the_description_of_a_collection_changes_with_what_is_served(country: httpx.Client) -> None:
    first = country.get("/api/collections")
    assert country.get("/api/collections", headers={"If-None-Match": first.headers["etag"]}).status_code == 304
    assert "Accept" in first.headers["vary"]


def test_a_level_of_which_nothing_is_loaded_is_not_found() -> None:
    with pytest.raises(NotFound, match="Rien n’est encore chargé"):
        Described({}, True).one("communes")
    with pytest.raises(NotFound, match="Collection inconnue"):
        Described({}, True).one("nulle-part")
