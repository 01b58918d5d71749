"""OGC API Records, part 1 (20-004r1): each test is named after the requirement that it holds."""

import httpx
import pytest

from api.ogc.conformance import CLASSES
from api.ogc.records import geometry_of
from api.ogc.recordsearch import Sought, facets, sought
from geo.errors import Invalid

BASE = "/api/collections/catalogue"
CLASS = "http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/"
TILESETS = "http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector"


@pytest.fixture(scope="module")
def every(client: httpx.Client) -> dict[str, dict]:
    return {one["id"]: one for one in client.get(f"{BASE}/items", params={"limit": 1000}).json()["features"]}


def ids(client: httpx.Client, **query: str) -> list[str]:
    answer = client.get(f"{BASE}/items", params={"limit": "1000", **query})
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["features"]]


def test_conformance(client: httpx.Client) -> None:
    declared = client.get("/api/conformance").json()["conformsTo"]
    names = {uri.removeprefix(CLASS) for uri in declared if uri.startswith(CLASS)}
    assert names == {
        "record-core", "record-collection", "record-core-query-parameters", "records-api", "searchable-catalog", "json",
    }  # fmt: skip
    assert {CLASSES[f"{CLASS}{name}"] for name in names} == {"tests/ogc/test_records.py"}


def test_records_api_catalogs_response(client: httpx.Client) -> None:
    """/req/records-api/catalogs-response: the catalogue is among the collections."""
    listed = client.get("/api/collections").json()["collections"]
    [own] = [one for one in listed if one["itemType"] == "record"]
    assert own == client.get(BASE).json()
    landing = {one["rel"]: one["href"] for one in client.get("/api").json()["links"]}
    assert landing["data"].startswith(str(client.base_url))
    assert client.get(landing["http://www.opengis.net/def/rel/ogc/1.0/ogc-catalog"]).json() == own


def test_records_api_catalog_response(client: httpx.Client) -> None:
    """/req/records-api/catalog-response, /req/record-collection/mandatory-properties, itemType, links, contact."""
    answer = client.get(BASE)
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert body["id"] == "catalogue"
    assert body["type"] == "Collection"
    assert body["itemType"] == "record"
    assert body["title"]
    links = {one["rel"]: one["href"] for one in reversed(body["links"])}
    assert client.get(links["self"]).json() == body
    items = client.get(links["items"]).json()
    assert items["numberMatched"] == body["itemCount"]
    west, south, east, north = body["extent"]["spatial"]["bbox"][0]
    assert -3 < west < east < 1.5
    assert 46 < south < north < 49


def test_json_catalog_response(client: httpx.Client) -> None:
    assert client.get(BASE, params={"f": "json"}).json()["id"] == "catalogue"
    assert client.get(BASE, params={"f": "docx"}).status_code == 400


def test_records_api_records_op(client: httpx.Client, every: dict[str, dict]) -> None:
    """/req/records-api/records-op: as the items of features, with their counts and links."""
    answer = client.get(f"{BASE}/items", params={"limit": 7})
    assert answer.headers["content-type"] == "application/geo+json"
    body = answer.json()
    assert body["type"] == "FeatureCollection"
    assert body["numberReturned"] == len(body["features"]) == 7
    assert body["numberMatched"] == len(every)
    found: list[str] = []
    address: str | None = f"{BASE}/items?limit=7"
    while address:
        page = client.get(address).json()
        found += [one["id"] for one in page["features"]]
        address = next((one["href"] for one in page["links"] if one["rel"] == "next"), None)
    assert found == list(every)


def test_records_api_resource_name_mapping(client: httpx.Client, every: dict[str, dict]) -> None:
    """Each collection that has something has its record, whose id is the same."""
    listed = client.get("/api/collections").json()["collections"]
    assert list(every) == [one["id"] for one in listed if one["itemType"] == "feature" and one["itemCount"]]


def test_records_api_record_op(client: httpx.Client, every: dict[str, dict]) -> None:
    answer = client.get(f"{BASE}/items/densite")
    assert answer.headers["content-type"] == "application/geo+json"
    assert answer.json() == every["densite"]
    unknown = client.get(f"{BASE}/items/inconnu")
    assert unknown.status_code == 404
    assert "inconnu" in unknown.json()["detail"]


def test_records_api_record_response(every: dict[str, dict]) -> None:
    """/req/records-api/record-response: a link to itself, and to its catalogue."""
    for name, one in every.items():
        links = {link["rel"]: link["href"] for link in one["links"]}
        assert links["self"].endswith(f"{BASE}/items/{name}")
        assert links["collection"].endswith(BASE)


def test_record_core_mandatory_properties_record(every: dict[str, dict]) -> None:
    for one in every.values():
        assert one["type"] == "Feature"
        assert {"id", "time", "geometry", "properties", "links"} <= set(one)
        assert one["properties"]["type"] == "dataset"
        assert one["properties"]["title"]
        assert f"{CLASS}record-core" in one["conformsTo"]


def test_record_core_contact(every: dict[str, dict]) -> None:
    for one in every.values():
        roles = {role for contact in one["properties"]["contacts"] for role in contact["roles"]}
        assert roles == {"producer", "publisher"}
    assert every["densite"]["properties"]["contacts"][0]["organization"] == "Insee, IGN, Etalab"


def test_record_core_license(every: dict[str, dict]) -> None:
    """An identifier of SPDX where there is one."""
    assert every["densite"]["properties"]["license"] == "etalab-2.0"
    assert every["densite"]["properties"]["rights"].startswith("Licence Ouverte 2.0")


def test_record_core_time_interval(every: dict[str, dict]) -> None:
    start, end = every["population"]["time"]["interval"]
    assert (start, end) == ("2016-01-01", "2023-12-31")
    assert every["communes"]["time"]["interval"] == ["2021-01-01", ".."]


def test_record_core_record_links(client: httpx.Client, every: dict[str, dict]) -> None:
    """What a record leads to is there: its collection, its data, its sheet, its map, its layers for QGIS."""
    links = {link["rel"]: link for link in every["densite"]["links"]}
    assert {"describes", "items", "enclosure", "describedby", "preview", "related", "license", TILESETS} <= set(
        links
    )
    for rel in ("describes", "describedby", "preview", "alternate", "related", TILESETS):
        answer = client.get(links[rel]["href"])
        assert answer.status_code == 200, rel
        assert answer.headers["content-type"].startswith(links[rel]["type"]), rel
    assert client.get(links["items"]["href"], params={"limit": 1}).json()["numberReturned"] == 1


def test_record_core_templated_link(client: httpx.Client, every: dict[str, dict]) -> None:
    """The template of the passports leads to that of any value."""
    [template] = every["population"]["linkTemplates"]
    assert "commune" in template["variables"]["level"]["enum"]
    address = template["uriTemplate"].replace("{level}", "commune").replace("{code}", "44109")
    passport = client.get(address).json()
    assert passport["indicator"] == "population"
    assert passport["territory"]["nom"] == "Nantes"


def test_record_core_query_parameters_q(client: httpx.Client) -> None:
    """/req/record-core-query-parameters/q-definition, q-response."""
    assert "densite" in ids(client, q="densité de population")
    assert ids(client, q="DENSITE DE POPULATION") == ids(client, q="densité  de   population")
    assert "densite" not in ids(client, q="population de densité")
    both = ids(client, q="densité de population,juridique de l’EPCI")
    assert {"densite", "nature_epci"} <= set(both)
    assert set(both) == set(ids(client, q="densité de population")) | set(ids(client, q="juridique de l'epci"))
    assert ids(client, q="ornithorynque") == []


def test_record_core_query_parameters_type(client: httpx.Client, every: dict[str, dict]) -> None:
    assert ids(client, type="dataset") == list(every)
    assert ids(client, type="service") == []
    assert ids(client, type="service,dataset") == list(every)


def test_record_core_query_parameters_ids(client: httpx.Client) -> None:
    assert ids(client, ids="epci,densite,inconnu") == ["epci", "densite"]


def test_record_core_query_parameters_external_ids(client: httpx.Client) -> None:
    assert ids(client, externalIds="indicateur:densite") == ["densite"]
    assert ids(client, externalIds="densite,commune") == ["communes", "densite"]
    assert "communes" in ids(client, externalIds="niveau:")
    assert "densite" not in ids(client, externalIds="niveau:")
    assert client.get(f"{BASE}/items", params={"externalIds": "a:b:c"}).status_code == 400


def test_record_core_query_parameters_bbox(client: httpx.Client, every: dict[str, dict]) -> None:
    drawn = [name for name, one in every.items() if one["geometry"] is not None]
    assert ids(client, bbox="-2,47,-1,48") == drawn
    assert ids(client, bbox="-2,47,0,-1,48,100") == drawn
    assert ids(client, bbox="5,47,6,48") == []
    assert ids(client, bbox="170,47,-1,48") == drawn  # over the antimeridian, and round to Nantes
    for wrong in ("1,2,3", "a,b,c,d", "1,50,2,40", "nan,0,1,1"):
        assert client.get(f"{BASE}/items", params={"bbox": wrong}).status_code == 400


def test_record_core_query_parameters_datetime(client: httpx.Client, every: dict[str, dict]) -> None:
    assert "population" in ids(client, datetime="2016-06-01")
    assert "communes" not in ids(client, datetime="2016-06-01")
    assert "communes" in ids(client, datetime="2031-01-01T00:00:00Z")
    assert set(ids(client, datetime="../..")) == {name for name, one in every.items() if one["time"]}
    for wrong in ("hier", "2024-13-01", "2024-01-01/2023-01-01", "2024"):
        assert client.get(f"{BASE}/items", params={"datetime": wrong}).status_code == 400


def test_record_core_query_parameters_limit(client: httpx.Client) -> None:
    body = client.get(f"{BASE}/items", params={"limit": "1000000"}).json()
    assert body["numberReturned"] == body["numberMatched"]
    for wrong in ("0", "-1", "dix"):
        assert client.get(f"{BASE}/items", params={"limit": wrong}).status_code == 400


def test_record_core_query_parameters_empty_value(client: httpx.Client, every: dict[str, dict]) -> None:
    """/req/record-core-query-parameters/empty-value: a parameter without a value is ignored."""
    nothing = dict.fromkeys(("q", "bbox", "datetime", "limit", "type", "ids", "externalIds", "f"), "")
    answer = client.get(f"{BASE}/items", params=nothing)
    assert answer.status_code == 200
    assert answer.json()["numberMatched"] == len(every)


def test_an_unknown_parameter_is_refused(client: httpx.Client) -> None:
    answer = client.get(f"{BASE}/items", params={"couleur": "bleu"})
    assert answer.status_code == 400
    assert "externalIds" in answer.json()["detail"]


def test_people_read_it_too(client: httpx.Client) -> None:
    page = client.get(f"{BASE}/items", params={"q": "densité"}, headers={"Accept": "text/html"})
    assert page.headers["content-type"].startswith("text/html")
    assert "Densité de population" in page.text
    assert "Zones d’emploi" not in page.text
    one = client.get(f"{BASE}/items/densite", params={"f": "html"}).text
    assert "Licence Ouverte 2.0" in one
    assert "/api/qgis/densite.qlr" in one
    assert client.get(BASE, params={"f": "html"}).status_code == 200


def test_facets_count_what_is_found(client: httpx.Client) -> None:
    body = client.get(f"{BASE}/items", params={"q": "population", "facets": "true", "limit": 1}).json()
    themes = {one["value"]: one["count"] for one in body["facets"]["themes"]["buckets"]}
    assert sum(themes.values()) == body["numberMatched"]
    assert "Population" in themes


def test_the_catalogue_is_described_to_clients(client: httpx.Client) -> None:
    """/req/record-core-query-parameters/*-definition: names, arrays separated by commas."""
    paths = client.get("/api/openapi.json").json()["paths"]
    told = {one["name"]: one for one in paths[f"{BASE}/items"]["get"]["parameters"]}
    assert {"q", "bbox", "datetime", "limit", "type", "ids", "externalIds"} <= set(told)
    for name in ("q", "type", "ids", "externalIds", "bbox"):
        assert told[name]["schema"]["type"] == "array"
        assert told[name]["style"] == "form"
        assert told[name]["explode"] is False


def record(name: str, **more: object) -> dict:
    properties = {
        "type": "dataset", "title": name, "description": "", "keywords": ["a"],
        "externalIds": [{"scheme": "s", "value": name}], "themes": [{"concepts": [{"id": "t"}], "scheme": ""}],
    }  # fmt: skip
    return {"id": name, "time": None, "geometry": None, "properties": properties, **more}


def test_what_has_no_place_or_time_is_in_none() -> None:
    records = [record("un")]
    assert sought(bbox="-180,-90,180,90").found_in(records) == []
    assert sought(when="../..").found_in(records) == []
    assert Sought().found_in(records) == records


def test_a_place_in_parts_is_met_in_each() -> None:
    """Between Guyane and the mainland there is nothing."""
    somewhere = record("un", geometry=geometry_of([(-54.6, 2.1, -51.6, 5.8), (-5.1, 41.3, 9.6, 51.1)]))
    assert sought(bbox="2,48,3,49").found_in([somewhere]) == [somewhere]
    assert sought(bbox="-53,3,-52,4").found_in([somewhere]) == [somewhere]
    assert sought(bbox="-30,20,-20,30").found_in([somewhere]) == []


def test_terms_do_not_go_from_one_text_to_the_next() -> None:
    one = record("population", time=None)
    assert sought(q="population a").found_in([one]) == []
    assert sought(q="zz, POPULATION").found_in([one]) == [one]


def test_facets_are_ranked() -> None:
    made = facets([record("un"), record("deux")])
    assert made["keywords"]["buckets"] == [{"value": "a", "count": 2}]
    with pytest.raises(Invalid):
        sought(external="a:b:c")


def test_a_record_names_the_producers_and_is_of_what_is_there(
    every: dict[str, dict], client: httpx.Client
) -> None:
    communes = every["communes"]["properties"]
    assert communes["contacts"][0] == {"organization": "Insee, IGN, Etalab", "roles": ["producer"]}
    assert "Insee, IGN, Etalab" in communes["rights"]
    listed = {one["id"]: one for one in client.get("/api/collections").json()["collections"]}
    assert listed["communes"]["attribution"] == "Insee, IGN, Etalab"
    assert listed["scot"]["itemCount"] == 0
    assert listed["scot"]["description"] == "Aucun territoire de ce niveau n’est chargé dans la géographie 2025."
    assert "scot" not in every
