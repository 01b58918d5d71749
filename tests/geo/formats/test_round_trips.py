"""Every format is read back as it was written: features, codes, values, statuses, geometry and system."""

import json
import tempfile
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd
import pyarrow as pa
import pyogrio
import pytest
import shapely
import sqlalchemy as sa

from geo.errors import Invalid
from geo.formats import media_types as formats
from geo.formats.crs import CRS84, LAMBERT_93, SYSTEMS, WGS_84, described, named
from geo.formats.encoding import encoded, usual_crs
from geo.formats.media_types import FORMATS, Format

SHAPED = [form for form in FORMATS if form.shaped]
CODES = ["01001", "01002", "2A004", "97411"]
FROM_SQL = "SELECT ST_AsBinary(ST_Transform(geom, :srid)) FROM shapes ORDER BY code"


def written(conn, layer, form: Format, folder: Path, crs=None) -> Path:
    path = folder / layer.filename(form.extension)
    path.write_bytes(b"".join(encoded(conn, layer, form, crs)))
    return path


def read(path: Path, form: Format) -> gpd.GeoDataFrame:
    if form == formats.GEOPARQUET:
        return gpd.read_parquet(path)
    if form == formats.ARROW:
        return gpd.GeoDataFrame.from_arrow(pa.ipc.open_stream(path).read_all())
    return gpd.read_file(path)


def by_code(frame: pd.DataFrame) -> pd.DataFrame:
    """In the order of codes: FlatGeobuf sorts by place."""
    return frame.sort_values("code").reset_index(drop=True)


def expected(conn, crs) -> list[shapely.Geometry | None]:
    return [shapely.from_wkb(shape) for (shape,) in conn.execute(sa.text(FROM_SQL), {"srid": crs.srid})]


@pytest.mark.parametrize("form", SHAPED, ids=lambda form: form.name)
@pytest.mark.parametrize("crs", [None, CRS84, LAMBERT_93, named("EPSG:3857")], ids=lambda crs: crs and crs.urn)
def test_features_come_back(conn, layer, tmp_path, form, crs):
    if form.lonlat and crs not in (None, CRS84):
        with pytest.raises(Invalid, match="toujours en longitude"):
            written(conn, layer, form, tmp_path, crs)
        return
    used = crs or usual_crs(form)
    frame = by_code(read(written(conn, layer, form, tmp_path, crs), form))
    assert list(frame["code"]) == CODES
    assert list(frame["statut"]) == ["observed", "secret", "observed", "observed"]
    if form == formats.CSV_WKT:
        assert frame.crs is None  # the standard has no place for it
    else:
        assert frame.crs.equals(described(used.srid), ignore_axis_order=True)
    exact = form in (formats.FLATGEOBUF, formats.GEOPACKAGE, formats.GEOPARQUET, formats.ARROW, formats.SHAPEFILE)
    step = 1e-9 if exact else 0.75 * 10**-used.decimals
    for shape, known in zip(frame.geometry, expected(conn, used), strict=True):
        if known is None:
            assert shape is None or shape.is_empty
        else:
            normal = shapely.normalize(shapely.multipolygons([shape]) if shape.geom_type == "Polygon" else shape)
            assert shapely.equals_exact(normal, shapely.normalize(known), step, normalize=True)


@pytest.mark.parametrize("crs", SYSTEMS, ids=lambda crs: crs.urn)
def test_reunion_in_every_system(conn, layer, tmp_path, crs):
    """Oracle: PROJ through pyproj, and not through PostGIS."""
    there = gpd.GeoSeries([shapely.Point(55.4, -21)], crs="OGC:CRS84").to_crs(crs.srid).iloc[0]
    frame = read(written(conn, layer, formats.GEOPARQUET, tmp_path, crs), formats.GEOPARQUET)
    west, south = frame.set_index("code").geometry["97411"].geoms[0].exterior.coords[0]
    assert (west, south) == pytest.approx((there.x, there.y), abs=1e-8 if crs.geographic else 1e-3)


EXACT = [formats.GEOJSON, formats.JSONFG, formats.SEQUENCE, formats.CSV, formats.CSV_WKT, formats.FLATGEOBUF,
         formats.GEOPACKAGE, formats.GEOPARQUET, formats.ARROW, formats.KML, formats.XLSX]  # fmt: skip


@pytest.mark.parametrize("form", EXACT, ids=lambda form: form.name)
def test_numbers_keep_every_bit_and_nothing_stays_nothing(conn, layer, tmp_path, form):
    path = written(conn, layer, form, tmp_path)
    if form == formats.XLSX:
        frame = pd.read_excel(path, engine="calamine", dtype={"Code": str}).rename(
            columns={"Densité (hab/km²)": "densite"}
        )
        people, code = "Population 2021 (hab)", "Code"
    else:
        table = form in (formats.CSV, formats.CSV_WKT)
        frame = pd.read_csv(path, dtype={"code": str}) if table else read(path, form)
        people, code = "population_2021", "code"
    kept = frame.set_index(code)
    found = list(pd.to_numeric(kept["densite"])[["01001", "2A004", "97411"]])
    exact = [0.1 + 0.2, 1e-7, 123456789.123456789]
    assert found == (pytest.approx(exact, rel=1e-15) if form == formats.XLSX else exact)
    assert pd.isna(kept["densite"]["01002"])
    assert pd.isna(kept[people]["01002"])
    assert int(kept[people]["01001"]) == 2_147_483_648


TYPED = [formats.FLATGEOBUF, formats.GEOPACKAGE, formats.GEOPARQUET, formats.ARROW]


@pytest.mark.parametrize("form", TYPED, ids=lambda form: form.name)
def test_types_are_kept(conn, layer, tmp_path, form):
    path = written(conn, layer, form, tmp_path)
    if form in (formats.GEOPARQUET, formats.ARROW):
        table = pa.parquet.read_table(path) if form == formats.GEOPARQUET else pa.ipc.open_stream(path).read_all()
    else:
        _, table = pyogrio.read_arrow(path, layer="communes", read_geometry=False)
    kept = {row["code"]: row for row in table.to_pylist()}
    assert isinstance(kept["01001"]["population_2022"], int)
    assert kept["01001"]["littoral"] is True
    assert kept["2A004"]["littoral"] is False
    assert kept["01002"]["littoral"] is None
    assert pd.Timestamp(kept["01001"]["jour"]) == pd.Timestamp("2025-01-01")
    instant = pd.Timestamp(kept["01001"]["instant"])
    instant = instant if instant.tz else instant.tz_localize("UTC")
    assert abs(instant - pd.Timestamp("2025-06-01T10:00:00.123456Z")) < pd.Timedelta("1ms")
    assert kept["2A004"]["nom"] == 'A;B,"C"\n<D> & E\\'


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_a_layer_without_features(conn, layer, tmp_path, form):
    empty = replace(layer, rows=layer.rows.where(sa.false()))
    path = written(conn, empty, form, tmp_path)
    if form == formats.XLSX:
        assert pd.read_excel(path, engine="calamine").empty
    elif not form.shaped:
        assert len(path.read_text("utf-8-sig").splitlines()) == 1
    elif form == formats.SEQUENCE:
        assert path.read_bytes() == b""
    elif form == formats.JSONFG:  # of which GDAL finds no layer then
        assert orjson.loads(path.read_bytes())["features"] == []
    else:
        assert len(read(path, form)) == 0


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_a_subset_in_the_order_asked(conn, layer, tmp_path, form):
    """A layer cut and sorted by who asks stays so; FlatGeobuf sorts by place, a GeoPackage by `fid`."""
    part = layer.rows.order_by(None).order_by(sa.column("code").desc()).limit(2)
    path = written(conn, replace(layer, rows=part), form, tmp_path)
    if form == formats.XLSX:
        found = pd.read_excel(path, engine="calamine", dtype=str)["Code"]
    elif not form.shaped:
        found = pd.read_csv(path, dtype=str, sep=None, engine="python", encoding="utf-8-sig").iloc[:, 0]
    else:
        found = read(path, form)["code"]
    kept = sorted(found, reverse=True) if form in (formats.FLATGEOBUF, formats.GEOPACKAGE) else list(found)
    assert kept == ["97411", "2A004"]


@pytest.mark.parametrize("form", [form for form in FORMATS if not form.streamed], ids=lambda form: form.name)
def test_nothing_is_left_behind(conn, layer, form, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def left() -> list[Path]:
        return list(tmp_path.glob("ores-export-*"))

    before = left()
    whole = b"".join(encoded(conn, layer, form))
    assert whole
    assert left() == before
    given_up = encoded(conn, layer, form)
    next(given_up)
    given_up.close()
    assert left() == before
    broken = layer.rows.where(sa.literal(1) / sa.func.nullif(sa.column("fid"), 12) > sa.cast("x", sa.Integer))
    with pytest.raises(sa.exc.DBAPIError), conn.begin_nested():
        list(encoded(conn, replace(layer, rows=broken), form))
    assert left() == before


def test_axes_follow_the_authority_in_json_alone(conn, layer):
    def first(form, crs):
        body = b"".join(encoded(conn, layer, form, crs))
        feature = orjson.loads(body)["features"][3]
        return (feature.get("place") or feature["geometry"])["coordinates"][0][0][0]

    assert first(formats.GEOJSON, CRS84) == [55.4, -21]
    assert first(formats.GEOJSON, WGS_84) == [-21, 55.4]
    assert first(formats.JSONFG, CRS84) == [55.4, -21]
    assert first(formats.JSONFG, WGS_84) == [-21, 55.4]


def test_rings_turn_as_rfc_7946_wants(conn, layer, tmp_path):
    frame = read(written(conn, layer, formats.GEOJSON, tmp_path), formats.GEOJSON)
    [yeu] = frame.set_index("code").geometry["01001"].geoms
    assert yeu.exterior.is_ccw
    assert not yeu.interiors[0].is_ccw


def test_boxes_of_geoparquet(conn, layer, tmp_path):
    path = written(conn, layer, formats.GEOPARQUET, tmp_path)
    found = gpd.read_parquet(path, bbox=(55, -22, 56, -20))
    assert list(found["code"]) == ["97411"]
    boxes = pa.parquet.read_table(path)["bbox"].to_pylist()
    assert boxes[0] == {"xmin": -2, "ymin": 47, "xmax": -1, "ymax": 48}
    assert boxes[2] is None
    geo = json.loads(pa.parquet.read_schema(path).metadata[b"geo"])
    column = geo["columns"]["geometry"]
    assert geo["version"] == "1.1.0"
    assert column["bbox"] == [-2, -21, 55.6, 48]
    assert column["geometry_types"] == ["MultiPolygon"]
    assert pa.parquet.ParquetFile(path).metadata.row_group(0).column(0).compression == "ZSTD"
    assert np.isfinite(column["bbox"]).all()
