"""OGC API Features part 2, by the names of its abstract tests: systems that are said are honoured, axes included."""

from typing import Any

import httpx
import pytest
from pyproj import Transformer

from geo.formats.crs import CRS84, LAMBERT_93, SYSTEMS, WEB_MERCATOR, WGS_84, Crs

ITEMS = "/api/collections/communes/items"
NAMED = [CRS84, WGS_84, WEB_MERCATOR, LAMBERT_93]
KNOWN = pytest.mark.parametrize("crs", NAMED, ids=lambda crs: crs.title)


def moved(x: float, y: float, crs: Crs) -> tuple[float, float]:
    point = Transformer.from_crs("OGC:CRS84", crs.srid, always_xy=True).transform(x, y)
    return point[::-1] if crs.flipped else point


def first_corner(feature: dict[str, Any]) -> list[float]:
    corners: list[list[float]] = feature["geometry"]["coordinates"][0][0]
    return min(corners)


def test_conf_crs_crs_uri(country: httpx.Client, listed: dict[str, dict[str, Any]]) -> None:
    """/conf/crs/crs-uri and fc-md-storageCrs-valid-value: each collection lists what it is given in."""
    api = country.get("/api/collections").json()
    for one in listed.values():
        if one.get("itemType") != "feature":
            continue
        own = api["crs"] if one["crs"] == ["#/crs"] else one["crs"]
        assert set(own) == {crs.uri for crs in SYSTEMS}
        assert one["storageCrs"] in own


@KNOWN
def test_conf_crs_fc_crs_definition(country: httpx.Client, crs: Crs) -> None:
    """/conf/crs/fc-crs-definition, ogc-crs-header-value, geojson: coordinates and Content-Crs in what was asked for."""
    answer = country.get(ITEMS, params={"crs": crs.uri, "limit": 1})
    assert answer.headers["content-crs"] == f"<{crs.uri}>"
    [feature] = answer.json()["features"]
    assert first_corner(feature) == pytest.approx(moved(0, 47, crs), abs=0.02 if not crs.geographic else 1e-6)
    one = country.get(f"{ITEMS}/44001", params={"crs": crs.uri})
    assert one.headers["content-crs"] == f"<{crs.uri}>"
    assert one.json()["geometry"] == feature["geometry"]


def test_conf_crs_fc_crs_default_value(country: httpx.Client) -> None:
    """/conf/crs/fc-crs-default-value: CRS84, in bodies and headers."""
    answer = country.get(ITEMS, params={"limit": 1})
    assert answer.headers["content-crs"] == f"<{CRS84.uri}>"
    assert "crs" not in answer.json()
    assert first_corner(answer.json()["features"][0]) == [0, 47]


def test_conf_crs_fc_crs_valid_value(country: httpx.Client) -> None:
    """/conf/crs/fc-crs-valid-value and fc-bbox-crs-valid-value: what is not listed is refused, with what is."""
    unknown = "http://www.opengis.net/def/crs/EPSG/0/27572"
    for query in (
        {"crs": unknown},
        {"bbox": "0,0,1,1", "bbox-crs": unknown},
        {"filter": "true", "filter-crs": unknown},
    ):
        answer = country.get(ITEMS, params=query)
        assert answer.status_code == 400
        assert unknown in answer.json()["detail"]
        assert LAMBERT_93.uri in answer.json()["detail"]


@KNOWN
def test_conf_crs_fc_bbox_crs_action(country: httpx.Client, crs: Crs) -> None:
    """/conf/crs/fc-bbox-crs-definition and -action: the same features by a box in any system, axes as it has them."""
    box = (*moved(0.05, 47.05, crs), *moved(0.15, 47.15, crs))
    found = country.get(ITEMS, params={"bbox": ",".join(map(str, box)), "bbox-crs": crs.uri}).json()
    assert [one["id"] for one in found["features"]] == ["44001", "44002", "44005", "44006"]


def test_a_box_of_the_whole_view_of_a_client(country: httpx.Client) -> None:
    """A map that shows more than a system is used for asks for a box that goes out of it: what is inside is given."""
    for crs in (LAMBERT_93, WEB_MERCATOR):
        query = {"bbox": "-99999999,-99999999,99999999,99999999", "bbox-crs": crs.uri, "limit": 100}
        assert country.get(ITEMS, params=query).json()["numberReturned"] == 15, crs.title
        query["bbox"] = "99999998,99999998,99999999,99999999"
        assert country.get(ITEMS, params=query).json()["numberReturned"] == 0


def test_a_box_of_another_order_of_axes(country: httpx.Client) -> None:
    query = {"bbox": "47.01,0.01,47.09,0.09", "bbox-crs": WGS_84.uri}
    assert [one["id"] for one in country.get(ITEMS, params=query).json()["features"]] == ["44001"]
    said = country.get(ITEMS, params={"bbox": "1,2,3", "bbox-crs": WGS_84.uri}).json()["detail"]
    assert "sud,ouest,nord,est" in said
    assert "xmin,ymin,xmax,ymax" in country.get(
        ITEMS, params={"bbox": "2,1,0,3", "bbox-crs": LAMBERT_93.uri}
    ).json()["detail"]  # fmt: skip


def test_a_page_in_another_system_leads_to_pages_in_it(country: httpx.Client) -> None:
    found = country.get(ITEMS, params={"crs": LAMBERT_93.uri, "limit": 5}).json()
    assert found["crs"]["properties"]["name"] == LAMBERT_93.urn
    [following] = [link["href"] for link in found["links"] if link["rel"] == "next"]
    answer = country.get(following)
    assert answer.headers["content-crs"] == f"<{LAMBERT_93.uri}>"
    assert first_corner(answer.json()["features"][0])[1] > 6_000_000
