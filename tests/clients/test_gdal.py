"""GDAL as an OGC API client: every collection opens, filters go to the server, coordinates come in Lambert-93."""

import textwrap

import httpx
import pytest
from accesslog import AccessLog, run

OPENS = textwrap.dedent("""
    import json, sys
    import pyogrio
    source = "OAPIF:" + sys.argv[1]
    found = {}
    for name, _ in pyogrio.list_layers(source):
        frame = pyogrio.read_dataframe(source, layer=name, max_features=3)
        found[name] = {"columns": list(frame.columns), "rows": len(frame)}
    print(json.dumps(found))
""")
READS = textwrap.dedent("""
    import json, sys
    import pyogrio
    source, layer, where, options = "OAPIF:" + sys.argv[1], sys.argv[2], sys.argv[3] or None, json.loads(sys.argv[4])
    frame = pyogrio.read_dataframe(source, layer=layer, where=where, **options)
    named = frame.set_index("code")
    bounds = {code: list(shape.bounds) for code, shape in named.geometry.items()}
    columns = [name for name in named.columns if name != "geometry"]
    print(json.dumps({
        "crs": frame.crs.to_epsg(), "bounds": bounds,
        "rows": json.loads(named[columns].to_json(orient="index")),
    }))
""")

TILES = textwrap.dedent("""
    import json, sys
    import pyogrio
    source, options = f"OGCAPI:{sys.argv[1]}/collections/{sys.argv[2]}", json.loads(sys.argv[3])
    found = {}
    for zoom in sys.argv[4:]:
        frame = pyogrio.read_dataframe(source, layer=f"Zoom level {zoom}", API="TILES", **options)
        crs = frame.crs.to_epsg()
        found[zoom] = {"crs": crs, "codes": sorted(set(frame["code"])), "bounds": list(frame.total_bounds)}
    print(json.dumps(found))
""")


def read(api: str, layer: str, where: str = "", **options: str) -> dict:
    import json

    return run(READS, api, layer, where, json.dumps(options))


def test_gdal_opens_every_collection(api: str, log: AccessLog) -> None:
    found = run(OPENS, api)
    listed = httpx.get(f"{api}/collections", timeout=60).json()["collections"]
    assert set(found) == {one["id"] for one in listed}
    for one in listed:
        seen = found[one["id"]]
        if one["itemType"] == "feature" and one["itemCount"]:
            assert {"code", "nom", "departement"} <= set(seen["columns"]), one["id"]
        assert (seen["rows"] > 0) == (one["itemCount"] > 0), one["id"]


@pytest.mark.parametrize(
    ("where", "kept"),
    [
        ("departement = '44'", lambda row: row["departement"] == "44"),
        ("nom LIKE 'Saint%'", lambda row: row["nom"].startswith("Saint")),
        (
            "value_2022 > 5000 AND departement <> '44'",
            lambda row: row["value_2022"] > 5_000 and row["departement"] != "44",
        ),
    ],
)
def test_a_filter_is_one_request(api: str, log: AccessLog, where: str, kept) -> None:
    """One request reads what is asked for; the one before it, of a few features, is by what GDAL learns the fields."""
    every = httpx.get(
        f"{api}/collections/population/items", params={"limit": 10_000, "skipGeometry": "true"}, timeout=60
    )
    wanted = {one["id"] for one in every.json()["features"] if kept(one["properties"])}
    log.lines.clear()
    found = read(api, "population", where)
    assert set(found["rows"]) == wanted
    assert 0 < len(wanted) < 1_228
    asked = log.items("population")
    filtered = [one for one in asked if "filter" in one or "departement" in one]
    assert len(filtered) == 1, log.lines
    assert all(int(one["limit"]) <= 20 for one in asked if one not in filtered), log.lines


def test_decimals_are_kept_where_the_first_features_have_none(api: str) -> None:
    """GDAL takes the types of fields from a few features: those of a commune that was split come long after."""
    every = httpx.get(
        f"{api}/collections/population/items", params={"limit": 10_000, "skipGeometry": "true"}, timeout=60
    ).json()["features"]
    found = read(api, "population")["rows"]
    assert len(found) == len(every)
    names = [name for name in every[0]["properties"] if name.startswith("value_")]
    told = {one["id"]: [one["properties"][name] for name in names] for one in every}
    assert any(value % 1 for values in told.values() for value in values if value is not None)
    assert all(value % 1 == 0 for values in list(told.values())[:20] for value in values)
    for code, values in told.items():
        read_by_gdal = [found[code][name] for name in names]
        for own, theirs in zip(values, read_by_gdal, strict=True):
            assert (own is None) == (theirs is None)
            assert own is None or theirs == pytest.approx(own, abs=1e-6)


def test_coordinates_are_those_of_lambert_93(api: str) -> None:
    """Easting first, as GDAL has it, and the same metres as the server says of Nantes."""
    found = read(api, "communes", "code = '44109'", CRS="EPSG:2154")
    assert found["crs"] == 2154
    west, south, east, north = found["bounds"]["44109"]
    assert 345_000 < west < east < 365_000
    assert 6_680_000 < south < north < 6_705_000
    own = httpx.get(
        f"{api}/collections/communes/items/44109",
        params={"crs": "http://www.opengis.net/def/crs/EPSG/0/2154"},
        timeout=60,
    ).json()
    points = [point for polygon in own["geometry"]["coordinates"] for ring in polygon for point in ring]
    xs, ys = zip(*points, strict=True)
    assert (west, south, east, north) == pytest.approx((min(xs), min(ys), max(xs), max(ys)), abs=0.01)


@pytest.mark.parametrize(("grid", "zooms"), [("Lambert93Quad", ("5", "6")), ("WebMercatorQuad", ("9", "10"))])
def test_tiles_are_read_in_either_grid(api: str, grid: str, zooms: tuple[str, ...]) -> None:
    """At the zooms that tell codes, where the grid's own box is told.

    GDAL takes for metres the degrees in which collections must say theirs.
    """
    import json

    described = httpx.get(f"{api}/collections/epci/tiles/{grid}", timeout=60).json()
    low, high = described["boundingBox"]["lowerLeft"], described["boundingBox"]["upperRight"]
    box = dict(zip(("MINX", "MINY", "MAXX", "MAXY"), map(str, (*low, *high)), strict=True))
    found = run(TILES, api, "epci", json.dumps({"TILEMATRIXSET": grid, **box}), *zooms)
    items = httpx.get(f"{api}/collections/epci/items", params={"skipGeometry": "true"}, timeout=60).json()
    codes = sorted(one["id"] for one in items["features"])
    nearly = (high[0] - low[0]) / 20  # the box is that of another system, carried
    for zoom, own in found.items():
        assert own["codes"] == codes, zoom
        assert own["crs"] == int(described["crs"].rpartition("/")[2])
        assert own["bounds"] == pytest.approx([*low, *high], abs=nearly)
