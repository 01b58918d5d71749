"""OGC API Tiles part 1 (20-057) and Tile Matrix Set 2.0, by the names of their abstract tests.

Classes: core, tileset, tilesets-list, geodata-tilesets, dataset-tilesets, collections-selection, mvt; tilematrixset,
json-tilematrixset, tilematrixsetlimits, json-tilematrixsetlimits, tilesetmetadata, json-tilesetmetadata.
"""

import math
from typing import Any

import httpx
import mapbox_vector_tile
import numpy as np
import pytest
import shapely
from lambert import lambert_93
from statuscountry import PLACES, STATUSES, YEAR
from toycountry import SIDE

from boundaries import layers
from geo.grids import GRIDS, LAMBERT_93_QUAD
from geo.tiles import EXTENT

MVT = "application/vnd.mapbox-vector-tile"
REL = "http://www.opengis.net/def/rel/ogc/1.0/"
GRID_IDS = ["WebMercatorQuad", "Lambert93Quad"]
# Tiles (the row, then the column) that hold the squares, but for a strip south of them in the web's grid.
WHOLE = {"WebMercatorQuad": "9/179/256", "Lambert93Quad": "1/0/0"}


def links(body: dict[str, Any], rel: str) -> list[dict[str, Any]]:
    return [link for link in body["links"] if link["rel"] == rel]


def got(client: httpx.Client, address: str, **query: Any) -> httpx.Response:
    answer = client.get(address, params=query or None)
    assert answer.status_code == 200, (address, answer.text[:300])
    return answer


def tile(client: httpx.Client, address: str, **query: Any) -> dict[str, Any]:
    answer = got(client, address, **query)
    assert answer.headers["content-type"] == MVT
    return dict(mapbox_vector_tile.decode(answer.content, default_options={"y_coord_down": True}))


def features(decoded: dict[str, Any], layer: str) -> dict[str, dict[str, Any]]:
    return {one["properties"]["code"]: one for one in decoded[layer]["features"]}


def filled(template: str, zoom: int, row: int, column: int) -> str:
    return (
        template.replace("{tileMatrix}", str(zoom))
        .replace("{tileRow}", str(row))
        .replace("{tileCol}", str(column))
    )


@pytest.mark.parametrize("grid", GRID_IDS)
@pytest.mark.parametrize("base", ["/api/collections/communes", "/api/collections/densite", "/api"])
def test_conf_core_tc_op_and_success(country: httpx.Client, base: str, grid: str) -> None:
    """/conf/core/tc-op, tc-success: a GET of the template is a tile, in the format that it says."""
    described = got(country, f"{base}/tiles/{grid}").json()
    [item] = links(described, "item")
    zoom, row, column = map(int, WHOLE[grid].split("/"))
    answer = got(country, filled(item["href"], zoom, row, column))
    assert answer.headers["content-type"] == item["type"] == MVT
    assert "immutable" in answer.headers["cache-control"]
    assert mapbox_vector_tile.decode(answer.content)


@pytest.mark.parametrize("grid", GRID_IDS)
def test_conf_core_tc_tilematrix_tilerow_tilecol_definition(country: httpx.Client, grid: str) -> None:
    """/conf/core/tc-tilematrix-definition, tc-tilerow-definition, tc-tilecol-definition: the row comes first."""
    zoom, row, column = (9, 179, 256) if grid == "WebMercatorQuad" else (6, 16, 14)
    answer = country.get(f"/api/collections/communes/tiles/{grid}/{zoom}/{column}/{row}")
    assert answer.status_code == 404, "the column and the row exchanged are another place"
    assert tile(country, f"/api/collections/communes/tiles/{grid}/{zoom}/{row}/{column}")["communes"]["features"]


@pytest.mark.parametrize("grid", GRID_IDS)
def test_conf_core_tc_error(country: httpx.Client, grid: str) -> None:
    """/conf/core/tc-error: 404 out of the matrix and out of the limits; nothing inside them is an empty 200."""
    base = f"/api/collections/communes/tiles/{grid}"
    described = got(country, base).json()
    held = {one["tileMatrix"]: one for one in described["tileMatrixSetLimits"]}
    deepest = GRIDS[grid].max_zoom
    limits = held[str(deepest)]
    for zoom, row, column in (
        (deepest + 1, 0, 0),
        (2, 4, 0),
        (2, 0, 4),
        (deepest, limits["minTileRow"] - 1, limits["minTileCol"]),
        (deepest, limits["maxTileRow"] + 1, limits["minTileCol"]),
        (deepest, limits["minTileRow"], limits["minTileCol"] - 1),
        (deepest, limits["minTileRow"], limits["maxTileCol"] + 1),
    ):
        answer = country.get(f"{base}/{zoom}/{row}/{column}")
        assert answer.status_code == 404, (zoom, row, column)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["cache-control"] == "no-store"
    # the squares east of 44 and Paris have nothing between them
    longitude, latitude = 5.5 * SIDE, 47 + 0.5 * SIDE
    if grid == "WebMercatorQuad":
        empty = got(country, f"{base}/14/{_row(latitude, 14)}/{int((longitude + 180) / 360 * 2**14)}")
        assert (empty.content, empty.headers["content-type"]) == (b"", MVT)
        assert empty.headers["etag"]


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/api/collections/communes/tiles/WorldCRS84Quad/0/0/0", 404),
        ("/api/collections/nulle-part/tiles/WebMercatorQuad/0/0/0", 404),
        ("/api/collections/communes/tiles/WebMercatorQuad/a/0/0", 400),
        ("/api/collections/communes/tiles/WebMercatorQuad/0/-1/0", 400),
        ("/api/collections/communes/tiles/WebMercatorQuad/0/0/0?f=png", 400),
        ("/api/collections/communes/tiles/WebMercatorQuad/0/0/0?truc=1", 400),
        ("/api/collections/communes/tiles/WebMercatorQuad/0/0/0?millesime=1999", 404),
        ("/api/collections/communes/tiles/WebMercatorQuad/0/0/0?millesime=0000", 400),
        ("/api/collections/communes/tiles/WebMercatorQuad/0/0/0?period=2022", 400),
        ("/api/collections/densite/tiles/WebMercatorQuad/0/0/0?period=1999", 404),
        ("/api/collections/densite/tiles/WebMercatorQuad/0/0/0?level=region", 404),
        ("/api/collections/densite/tiles/WebMercatorQuad/0/0/0?level=lune", 400),
        ("/api/collections/densite/tiles/WebMercatorQuad/0/0/0?level=region&period=2022&millesime=2023", 404),
        ("/api/collections/communes/tiles/WebMercatorQuad?f=html5", 400),
        ("/api/collections/communes/tiles/Lambert93Quad?f=tilejson", 400),
        ("/api/tiles/WebMercatorQuad/0/0/0?collections=communes,lune", 404),
        ("/api/tiles/WebMercatorQuad/0/0/0?collections=,", 400),
        ("/api/tileMatrixSets/WorldCRS84Quad", 404),
        ("/api/tileMatrixSets?truc=1", 400),
    ],
)
def test_what_is_wrong_is_refused_with_what_is_accepted(country: httpx.Client, address: str, status: int) -> None:
    answer = country.get(address)
    assert answer.status_code == status, answer.text[:300]
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.json()["detail"]) > 20


@pytest.mark.parametrize("grid", GRID_IDS)
@pytest.mark.parametrize("base", ["/api/collections/communes", "/api/collections/densite", "/api"])
def test_conf_tileset_description(country: httpx.Client, base: str, grid: str) -> None:
    """/conf/tileset/description, and what tilesetmetadata of Tile Matrix Set 2.0 wants of it."""
    body = got(country, f"{base}/tiles/{grid}").json()
    assert body["dataType"] == "vector"
    assert body["crs"] == GRIDS[grid].crs.uri
    [scheme] = links(body, f"{REL}tiling-scheme")
    assert body["tileMatrixSetURI"] == (GRIDS[grid].uri or scheme["href"]), "GDAL knows grids by it"
    assert got(country, scheme["href"]).json()["id"] == grid
    [item] = links(body, "item")
    assert item["templated"] is True
    assert all(f"{{{name}}}" in item["href"] for name in ("tileMatrix", "tileRow", "tileCol"))
    assert got(country, links(body, "self")[0]["href"]).json()["title"] == body["title"]
    layer = body["layers"][0]
    assert {"id", "dataType", "geometryDimension", "propertiesSchema"} <= set(layer)
    assert set(body["boundingBox"]) == {"lowerLeft", "upperRight", "crs", "orderedAxes"}


@pytest.mark.parametrize("base", ["/api/collections/epci", "/api/collections/population", "/api"])
def test_conf_tilesets_list_tileset_links(country: httpx.Client, base: str) -> None:
    """/conf/tilesets-list/tileset-links: each has its type, its system, itself and its grid."""
    body = got(country, f"{base}/tiles").json()
    assert [links(one, "self")[0]["href"].rpartition("/")[2] for one in body["tilesets"]] == GRID_IDS
    for one in body["tilesets"]:
        assert one["dataType"] == "vector"
        assert one["crs"].startswith("http://www.opengis.net/def/crs/EPSG/0/")
        whole = got(country, links(one, "self")[0]["href"]).json()
        assert whole["crs"] == one["crs"]
        assert links(one, f"{REL}tiling-scheme")
        assert all(link["type"] == "application/json" for link in one["links"]), "GDAL looks for the type"


def test_a_collection_of_which_nothing_is_drawn_has_no_sets(country: httpx.Client) -> None:
    assert got(country, "/api/collections/petr/tiles").json()["tilesets"] == []
    answer = country.get("/api/collections/petr/tiles/WebMercatorQuad")
    assert (answer.status_code, "aucun" in answer.json()["detail"]) == (404, True)


def test_conf_geodata_tilesets_desc_links_and_operation(country: httpx.Client) -> None:
    """/conf/geodata-tilesets/desc-links, operation: the description of a collection leads to its sets."""
    for name in ("communes", "densite"):
        body = got(country, f"/api/collections/{name}").json()
        [found] = links(body, f"{REL}tilesets-vector")
        assert got(country, found["href"]).json()["tilesets"]


def test_conf_dataset_tilesets_landingpage_and_operation(country: httpx.Client) -> None:
    """/conf/dataset-tilesets/landingpage, operation: the landing page leads to the sets of everything."""
    body = got(country, "/api").json()
    [found] = links(body, f"{REL}tilesets-vector")
    assert len(got(country, found["href"]).json()["tilesets"]) == 2
    [schemes] = links(body, f"{REL}tiling-schemes")
    assert [one["id"] for one in got(country, schemes["href"]).json()["tileMatrixSets"]] == GRID_IDS


def test_conf_collections_selection_query_collections(country: httpx.Client) -> None:
    """/conf/collections-selection/query-collections, collections-response: those alone, the first one first."""
    base = "/api/tiles/WebMercatorQuad"
    asked = "regions,densite,communes"
    body = got(country, base, collections=asked).json()
    named = [layer["id"] for layer in body["layers"] if not layer["id"].endswith("-centres")]
    assert named == asked.split(",")
    [item] = links(body, "item")
    zoom, row, column = map(int, WHOLE["WebMercatorQuad"].split("/"))
    decoded = tile(country, filled(item["href"], zoom, row, column))
    assert [name for name in decoded if not name.endswith("-centres")] == asked.split(",")
    assert features(decoded, "densite")["44001"]["properties"]["value"] == 50.0
    alone = {
        name: got(country, f"/api/collections/{name}/tiles/WebMercatorQuad/{zoom}/{row}/{column}").content
        for name in asked.split(",")
    }
    whole = got(country, f"{base}/{zoom}/{row}/{column}", collections=asked).content
    assert whole == b"".join(alone.values())
    usual = tile(country, f"{base}/{zoom}/{row}/{column}")
    assert [name for name in usual if not name.endswith("-centres")] == [
        "communes",
        "epci",
        "departements",
        "regions",
    ]


def test_conf_mvt_content(country: httpx.Client) -> None:
    """/conf/mvt/content: decoded by another program; integer ids, those of the territories, in both layers."""
    decoded = tile(country, f"/api/collections/communes/tiles/WebMercatorQuad/{WHOLE['WebMercatorQuad']}")
    polygons, points = features(decoded, "communes"), decoded["communes-centres"]["features"]
    assert decoded["communes"]["extent"] == EXTENT
    assert decoded["communes"]["version"] == 2
    held = got(country, "/api/territories", level="commune").json()["territories"]
    ids = {one["code"]: one["id"] for one in held}
    assert {code: one["id"] for code, one in polygons.items()} == {code: ids[code] for code in polygons}
    assert len(polygons) >= 12
    codes = {identity: code for code, identity in ids.items()}
    assert points
    assert all(one["properties"] == {"nom": f"Commune {codes[one['id']]}"} for one in points)
    assert all(one["geometry"]["type"] in ("Polygon", "MultiPolygon") for one in polygons.values())


@pytest.mark.parametrize("grid", GRID_IDS)
def test_conf_tms_tilematrixset_and_limits(country: httpx.Client, grid: str) -> None:
    """/conf/tilematrixset, json-tilematrixset, tilematrixsetlimits: the members of Tile Matrix Set 2.0."""
    body = got(country, f"/api/tileMatrixSets/{grid}").json()
    assert {"id", "title", "crs", "orderedAxes", "tileMatrices"} <= set(body)
    for zoom, one in enumerate(body["tileMatrices"]):
        assert one["id"] == str(zoom)
        assert one["scaleDenominator"] == pytest.approx(one["cellSize"] / 0.00028)
        assert (one["tileWidth"], one["tileHeight"]) == (256, 256)
        assert one["matrixWidth"] == one["matrixHeight"] == 2**zoom
        assert one["cornerOfOrigin"] == "topLeft"
    held = got(country, f"/api/collections/regions/tiles/{grid}").json()["tileMatrixSetLimits"]
    assert [one["tileMatrix"] for one in held] == [str(zoom) for zoom in range(GRIDS[grid].max_zoom + 1)]
    for one in held:
        assert 0 <= one["minTileRow"] <= one["maxTileRow"] < 2 ** int(one["tileMatrix"])
        assert 0 <= one["minTileCol"] <= one["maxTileCol"] < 2 ** int(one["tileMatrix"])


def test_every_tile_with_something_is_within_the_limits(country: httpx.Client) -> None:
    """At zoom 9 all the tiles around are asked at the plain addresses, which have no limits."""
    body = got(country, "/api/collections/communes/tiles/WebMercatorQuad").json()
    held = body["tileMatrixSetLimits"][9]
    for row in range(176, 181):
        for column in range(254, 260):
            inside = (
                held["minTileRow"] <= row <= held["maxTileRow"]
                and held["minTileCol"] <= column <= held["maxTileCol"]
            )
            decoded = mapbox_vector_tile.decode(
                got(country, f"/api/tiles/{YEAR}/commune/9/{column}/{row}.mvt").content
            )
            assert inside or not decoded.get("commune-centres", {}).get("features")


def test_tiles_in_lambert_93_are_where_the_projection_puts_them(country: httpx.Client) -> None:
    """The corners of 44001, at longitude 0 and latitude 47, by IGN's formulas; a unit of this tile is 256 m."""
    zoom, row, column = map(int, WHOLE["Lambert93Quad"].split("/"))
    decoded = tile(country, f"/api/collections/communes/tiles/Lambert93Quad/{zoom}/{row}/{column}")
    west, _, east, north = LAMBERT_93_QUAD.envelope(zoom, column, row)
    unit = (east - west) / EXTENT
    shapes = [np.array(one["geometry"]["coordinates"][0]) for one in decoded["communes"]["features"]]
    for code, (x, y) in PLACES.items():
        corners = []
        for longitude, latitude in ((x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1)):
            easting, northing = lambert_93(longitude * SIDE, 47 + latitude * SIDE)
            corners.append(((easting - west) / unit, (north - northing) / unit))
        away = [max(np.abs(shape - corner).max(axis=1).min() for corner in corners) for shape in shapes]
        assert sum(far <= 0.51 for far in away) == 1, (code, corners)


def test_borders_are_shared_in_lambert_93(country: httpx.Client) -> None:
    decoded = tile(country, f"/api/collections/communes/tiles/Lambert93Quad/{WHOLE['Lambert93Quad']}")
    shapes = [shapely.Polygon(one["geometry"]["coordinates"][0]) for one in decoded["communes"]["features"]]
    assert len(shapes) == len(PLACES)
    assert shapely.coverage_is_valid(np.array(shapes, dtype=object))


def test_territories_overseas_are_in_no_tile_of_lambert_93(country: httpx.Client) -> None:
    held = got(country, "/api/collections/communes/tiles/Lambert93Quad").json()
    west, south = held["boundingBox"]["lowerLeft"]
    east, north = held["boundingBox"]["upperRight"]
    assert 400_000 < west < east < 600_000
    assert 6_600_000 < south < north < 6_750_000


def test_values_have_their_statuses_and_few_attributes_from_far(country: httpx.Client) -> None:
    base = "/api/collections/densite/tiles/WebMercatorQuad"
    near = features(tile(country, f"{base}/{WHOLE['WebMercatorQuad']}", period="2022"), "densite")
    for code, (value, status, _) in STATUSES.items():
        if code in near:
            told = near[code]["properties"]
            assert told["status"] == status.value
            assert told.get("value") == (None if value is None else value / 2)
            assert set(told) <= {"code", "nom", "value", "status"}
    far = tile(country, f"{base}/5/{_row(47.1, 5)}/16")
    assert {name for one in far["densite"]["features"] for name in one["properties"]} == {
        "code",
        "value",
        "status",
    }
    assert {name for one in far["densite-centres"]["features"] for name in one["properties"]} == {"nom"}
    close = tile(country, f"{base}/12/{_row(47.05, 12)}/{int((0.05 + 180) / 360 * 2**12)}")
    assert features(close, "densite")["44001"]["properties"] == {
        "code": "44001", "nom": "Commune 44001", "departement": "44", "region": "52", "epci": "200000001",
        "value": 50.0, "status": "observed",
    }  # fmt: skip


def test_the_properties_of_each_zoom_are_documented(country: httpx.Client) -> None:
    for grid in GRID_IDS:
        body = got(country, f"/api/collections/population/tiles/{grid}").json()
        for layer in body["layers"]:
            told = layer["propertiesSchema"]["properties"]
            for zoom in range(GRIDS[grid].max_zoom + 1):
                held = next(one for one in body["tileMatrixSetLimits"] if one["tileMatrix"] == str(zoom))
                address = filled(links(body, "item")[0]["href"], zoom, held["minTileRow"], held["minTileCol"])
                shown = tile(country, address).get(layer["id"], {"features": []})["features"]
                expected = {name for name, one in told.items() if int(one["x-minTileMatrix"]) <= zoom}
                assert {name for one in shown for name in one["properties"]} <= expected, (grid, layer["id"], zoom)
                full = {name for name in expected if name not in ("value", "epci")}  # they may be missing
                assert not shown or full <= {name for one in shown for name in one["properties"]}


def test_an_indicator_of_stocks_carries_its_values_in_points(country: httpx.Client) -> None:
    decoded = tile(
        country, f"/api/collections/population/tiles/WebMercatorQuad/{WHOLE['WebMercatorQuad']}", period="2022"
    )
    points = features(decoded, "population-centres")
    assert points["44011"]["properties"]["value"] == 1100.0
    assert points["44006"]["properties"] == {"code": "44006", "nom": "Commune 44006", "status": "secret"}


def test_the_level_and_the_period_are_chosen_or_said(country: httpx.Client) -> None:
    base = f"/api/collections/population/tiles/WebMercatorQuad/{WHOLE['WebMercatorQuad']}"
    usual = features(tile(country, base), "population")
    assert usual["44011"]["properties"]["value"] == 1100.0, "the latest period of the finest level"
    first = features(tile(country, base, period="2016"), "population")
    assert first["44011"]["properties"]["value"] == 1100.0 == 100.0 * 11
    assert first["44002"]["properties"]["value"] == 200.0
    epci = features(tile(country, base, level="epci", period="2016", millesime=YEAR), "population")
    assert epci["200000001"]["properties"]["value"] == 1000.0


def test_datetime_walks_through_the_geographies(country: httpx.Client) -> None:
    base = f"/api/collections/communes/tiles/WebMercatorQuad/{WHOLE['WebMercatorQuad']}"
    now = got(country, base).content
    assert got(country, base, datetime="2023-06-01").content == now
    assert country.get(base, params={"datetime": "1950-01-01"}).status_code == 404
    assert country.get(base, params={"datetime": "hier"}).status_code == 400


def test_a_filter_keeps_its_territories_alone(country: httpx.Client) -> None:
    base = f"/api/collections/densite/tiles/WebMercatorQuad/{WHOLE['WebMercatorQuad']}"
    decoded = tile(country, base, filter="departement = '49'")
    assert set(features(decoded, "densite")) == {"49001", "49002"}
    assert {one["properties"]["nom"] for one in decoded["densite-centres"]["features"]} == {
        "Commune 49001",
        "Commune 49002",
    }
    decoded = tile(country, base, period="2022", filter="value >= 150 AND status <> 'partial'")
    assert set(features(decoded, "densite")) <= {"44003", "44011", "75056"}
    assert country.get(base, params={"filter": "lune = 1"}).status_code == 400
    assert tile(country, base, filter="code = '99999'") == {}


def test_tilejson_says_what_maplibre_needs(country: httpx.Client) -> None:
    answer = got(country, "/api/collections/densite/tiles/WebMercatorQuad", f="tilejson")
    body = answer.json()
    assert answer.headers["content-type"] == "application/vnd.mapbox.tile+json"
    assert body["tilejson"] == "3.0.0"
    assert [layer["id"] for layer in body["vector_layers"]] == ["densite", "densite-centres"]
    assert set(body["vector_layers"][0]["fields"]) == {
        "code", "nom", "departement", "region", "epci", "value", "status",
    }  # fmt: skip
    west, south, east, north = body["bounds"]
    assert (west, south) == pytest.approx((0, 47), abs=1e-5)
    assert (east, north) == pytest.approx((7 * SIDE, 47 + 3 * SIDE), abs=1e-5)
    [template] = body["tiles"]
    zoom, row, column = map(int, WHOLE["WebMercatorQuad"].split("/"))
    address = template.replace("{z}", str(zoom)).replace("{x}", str(column)).replace("{y}", str(row))
    assert "immutable" in got(country, address).headers["cache-control"]


def test_what_is_left_out_of_a_tile_is_said(country: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of polygons the largest stay, of names those of most people, of circles the largest values; the rest is counted."""
    from api.ogc import tiling

    monkeypatch.setattr(layers, "MOST", 3)
    monkeypatch.setattr(tiling, "MOST", 3)
    monkeypatch.setattr(layers, "MOST_NAMES", 2)
    tiling._compiled.cache_clear()
    base = "/api/collections/communes/tiles/WebMercatorQuad"
    body = got(country, base).json()
    said = {layer["id"]: layer["x-limits"] for layer in body["layers"]}
    assert [one["features"] for one in said["communes"]] == [3]
    assert [one["features"] for one in said["communes-centres"]] == [2]
    answer = got(country, f"{base}/3/2/4")  # asked by no other test: nothing is kept of it
    decoded = mapbox_vector_tile.decode(answer.content)
    assert answer.headers["ores-left-out"] == f"communes={len(PLACES) - 3}, communes-centres={len(PLACES) - 2}"
    assert len(decoded["communes"]["features"]) == 3
    names = {one["properties"]["nom"] for one in decoded["communes-centres"]["features"]}
    assert names == {"Commune 49002", "Commune 75056"}, "of names, those of most people stay"
    circles = got(country, "/api/collections/population/tiles/WebMercatorQuad/3/2/4", period="2016")
    shown = features(dict(mapbox_vector_tile.decode(circles.content)), "population-centres")
    assert set(shown) == {"75056", "49002", "49001"}, "of circles, the largest values stay"
    tiling._compiled.cache_clear()


def _row(latitude: float, zoom: int) -> int:
    north = 1 - math.asinh(math.tan(math.radians(latitude))) / math.pi
    return int(north / 2 * 2**zoom)
