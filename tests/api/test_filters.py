"""Filters over HTTP: OGC API Features part 3, by the names of its abstract tests, on the communes of a Region."""

import time
from typing import Any

import httpx
import orjson
import pytest
from pyproj import Transformer

from geo.formats.crs import CRS84, LAMBERT_93, SYSTEMS, WEB_MERCATOR, WGS_84, Crs

COLLECTIONS = "/api/collections"
COMMUNES = f"{COLLECTIONS}/communes"
NAMES = ["code", "nom", "departement", "region", "epci", "millesime", "emprise", "geom"]
REGION = (-2.7, 46.2, 1.0, 48.7)  # around Pays de la Loire


def codes(client: httpx.Client, collection: str = "communes", **query: Any) -> list[str]:
    answer = client.get(f"{COLLECTIONS}/{collection}/items", params={"limit": 2_000, **query})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/geo+json"
    return [feature["id"] for feature in answer.json()["features"]]


def refused(client: httpx.Client, **query: Any) -> str:
    answer = client.get(f"{COMMUNES}/items", params=query)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    detail: str = answer.json()["detail"]
    return detail


def box(x1: float, y1: float, x2: float, y2: float, crs: Crs = CRS84) -> str:
    corners = [
        Transformer.from_crs(4326, crs.srid, always_xy=True).transform(*point) for point in ((x1, y1), (x2, y2))
    ]
    if crs.flipped:
        corners = [(y, x) for x, y in corners]
    return f"S_INTERSECTS(geom, BBOX({', '.join(str(n) for corner in corners for n in corner)}))"


@pytest.fixture(scope="module")
def every(client: httpx.Client) -> list[str]:
    return codes(client)


@pytest.fixture(scope="module")
def listed(client: httpx.Client) -> list[dict[str, Any]]:
    """The collections of territories."""
    found: list[dict[str, Any]] = client.get(COLLECTIONS).json()["collections"]
    return [one for one in found if one["itemType"] == "feature" and "periods" not in one]


def test_the_values_of_an_indicator_are_queryables(client: httpx.Client) -> None:
    schema = client.get(f"{COMMUNES}/queryables", params={"indicator": "densite:2022"}).json()
    assert list(schema["properties"]) == [*NAMES[:-1], "value", "status", "coverage", "geom"]
    assert schema["properties"]["value"]["type"] == "number"
    assert schema["properties"]["value"]["x-ogc-unit"] == "{habitants}/km2"
    assert "secret" in schema["properties"]["status"]["enum"]


def test_conf_filter_filter_param(client: httpx.Client, listed: list[dict[str, Any]]) -> None:
    """/conf/filter/filter-param and filter-lang-default."""
    for collection in listed:
        name = collection["id"]
        all_codes = codes(client, name)
        for query in ({}, {"filter-lang": "cql2-text"}):
            assert codes(client, name, filter="nom IS NULL", **query) == []
            assert codes(client, name, filter="nom IS NOT NULL", **query) == all_codes
    assert "au caractère 6" in refused(client, filter="THIS IS NOT A FILTER")
    assert "Filtre vide" in refused(client, filter="")
    assert "filter-lang" in refused(client, filter="true", **{"filter-lang": "ecql"})


def test_conf_filter_expression_construction(client: httpx.Client) -> None:
    """/conf/filter/expression-construction: what is no queryable is refused."""
    said = refused(client, filter="this_is_not_a_queryable IS NULL")
    assert "Propriété inconnue" in said
    assert ", ".join(NAMES) in said
    assert "value" not in said


def test_conf_filter_filter_crs_wgs84(client: httpx.Client, every: list[str]) -> None:
    """/conf/filter/filter-crs-wgs84: geometries are in CRS84 unless said otherwise."""
    assert codes(client, filter=box(*REGION)) == every
    assert "longitude puis latitude" in refused(
        client, filter="S_INTERSECTS(geom, BBOX(1000000, 1000000, 2000000, 2000000))"
    )


@pytest.mark.parametrize("crs", [CRS84, WGS_84, WEB_MERCATOR, LAMBERT_93], ids=lambda crs: crs.title)
def test_conf_filter_filter_crs_param(client: httpx.Client, every: list[str], crs: Crs) -> None:
    """/conf/filter/filter-crs-param: the same features in every system."""
    assert codes(client, filter=box(*REGION, crs), **{"filter-crs": crs.uri}) == every
    point = Transformer.from_crs(4326, crs.srid, always_xy=True).transform(-1.55, 47.22)
    x, y = point[::-1] if crs.flipped else point
    assert codes(client, filter=f"S_CONTAINS(geom, POINT({x} {y}))", **{"filter-crs": crs.uri}) == ["44109"]


def test_every_system_that_a_collection_names_is_taken(client: httpx.Client, listed: list[dict[str, Any]]) -> None:
    assert all(collection["crs"] == [crs.uri for crs in SYSTEMS] for collection in listed)
    for uri in listed[0]["crs"][:4]:
        assert codes(client, filter="nom = 'Nantes'", **{"filter-crs": uri}) == ["44109"]
    unknown = "http://www.opengis.net/def/crs/OGC/0/does_not_exist"
    assert unknown in refused(client, filter="true", **{"filter-crs": unknown})


def test_conf_filter_mixing_expression(client: httpx.Client, every: list[str]) -> None:
    """/conf/filter/mixing-expression, on features (/conf/features-filter): a filter and the other parameters all hold."""
    assert codes(client, filter=box(*REGION), bbox=",".join(map(str, REGION))) == every
    assert codes(client, filter=box(*REGION), bbox="5,43,6,44") == []
    assert codes(client, filter="nom LIKE 'Saint-%'", within="departement:44") == codes(
        client, filter="nom LIKE 'Saint-%' AND departement = '44'"
    )


def test_a_filter_in_json(client: httpx.Client) -> None:
    tree = {
        "op": "=",
        "args": [{"op": "casei", "args": [{"property": "nom"}]}, {"op": "casei", "args": ["NANTES"]}],
    }
    assert codes(client, filter=orjson.dumps(tree).decode(), **{"filter-lang": "cql2-json"}) == ["44109"]
    assert "n’est pas du JSON" in refused(client, filter="nom = 'x'", **{"filter-lang": "cql2-json"})


def test_what_gdal_and_qgis_write(client: httpx.Client) -> None:
    assert codes(client, filter="nom = 'Nantes'", **{"filter-lang": "cql-text"}) == ["44109"]
    assert codes(client, filter="((nom = 'Nantes') AND (departement = '44'))") == ["44109"]
    assert codes(client, filter="(CASEI(\"nom\") LIKE CASEI('NANTES%'))") == ["44109"]
    assert codes(client, filter="(nom ILIKE 'NANTES%') AND departement = '44'", **{"filter-lang": "cql-text"}) == [
        "44109"
    ]


@pytest.mark.parametrize(
    ("collection", "name", "parent"),
    [
        ("communes", "departement", "44"),
        ("communes", "departement", "53"),
        ("communes", "region", "52"),
        ("communes", "epci", "244400404"),
        ("arrondissements", "departement", "49"),
    ],
)
def test_a_parent_is_found_by_its_index_as_without(
    client: httpx.Client, collection: str, name: str, parent: str
) -> None:
    """The negation of the negation takes no index."""
    found = codes(client, collection, filter=f"{name} = '{parent}'")
    assert found
    assert found == codes(client, collection, filter=f"NOT ({name} <> '{parent}')")
    assert found == codes(client, collection, filter=f"{name} IN ('{parent}', 'x')")
    others = codes(client, collection, filter=f"{name} <> '{parent}' OR {name} IS NULL")
    assert sorted(found + others) == codes(client, collection)


def test_an_epci_of_two_departements_is_named_by_both(client: httpx.Client) -> None:
    both = codes(client, "epci", filter="departement LIKE '%,%'")
    assert both
    answer = client.get(f"{COLLECTIONS}/epci/items/{both[0]}").json()
    joined = answer["properties"]["departement"]
    assert both[0] in codes(client, "epci", filter=f"departement = '{joined}'")
    assert both[0] not in codes(client, "epci", filter=f"departement = '{joined.partition(',')[0]}'")


def test_filters_on_the_values_of_an_indicator(client: httpx.Client) -> None:
    query = {"indicator": "densite:2022"}
    answer = client.get(f"{COMMUNES}/items", params={**query, "limit": 2_000}).json()
    values = {feature["id"]: feature["properties"]["value"] for feature in answer["features"]}
    assert codes(client, filter="value >= 1000", **query) == [c for c, v in values.items() if v and v >= 1000]
    assert codes(client, filter="value IS NULL", **query) == [c for c, v in values.items() if v is None]
    assert codes(client, filter="value / 2 BETWEEN 10 AND 11.5", **query) == [
        code for code, value in values.items() if value is not None and 20 <= value <= 23
    ]
    assert codes(client, filter="status <> 'observed' AND status <> 'computed'", **query) == [
        feature["id"]
        for feature in answer["features"]
        if feature["properties"]["status"] not in ("observed", "computed")
    ]


def test_a_filter_is_paged_and_exported(client: httpx.Client) -> None:
    kept = codes(client, filter="departement = '53'")
    found: list[str] = []
    address: str | None = f"{COMMUNES}/items?limit=100&filter=departement%20=%20'53'"
    while address:
        page = client.get(address).json()
        found += [feature["id"] for feature in page["features"]]
        address = next((link["href"] for link in page["links"] if link["rel"] == "next"), None)
    assert found == kept
    answer = client.get(f"{COMMUNES}/items", params={"filter": "departement = '53'", "f": "csv"})
    assert [line.split(",")[0] for line in answer.text.splitlines()[1:]] == kept


@pytest.mark.parametrize("form", ["geojson", "csv", "parquet"])
def test_what_cannot_be_computed_is_the_fault_of_the_filter(client: httpx.Client, form: str) -> None:
    assert "un nombre trop grand" in refused(client, filter="millesime ^ 1000 > 0", f=form)


def test_the_answer_comes_at_once(client: httpx.Client) -> None:
    started = time.perf_counter()
    assert len(codes(client, filter="departement = '44' AND nom LIKE 'Saint-M%'")) > 3
    assert time.perf_counter() - started < 0.5


def test_a_filter_meant_to_hurt_is_refused(client: httpx.Client) -> None:
    assert "caractère" in refused(client, filter="(" * 60 + "nom = 'x' 'y'" + ")" * 60)
