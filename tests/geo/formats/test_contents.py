"""What each format says beside its features: titles, units, styles, names, and what people are spared."""

import csv
import io
import json
import sqlite3
import zipfile
from contextlib import closing
from dataclasses import replace
from datetime import date
from xml.etree import ElementTree as ET

import openpyxl
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely
import sqlalchemy as sa

from geo.errors import Invalid
from geo.formats import media_types as formats
from geo.formats.crs import CRS84, LAMBERT_93, WGS_84
from geo.formats.encoding import encoded, file_of, usual_crs
from geo.formats.layer import Field, Kind
from geo.formats.media_types import FORMATS


def whole(conn, layer, form, crs=None, members=None) -> bytes:
    return b"".join(encoded(conn, layer, form, crs, members))


def test_geojson_says_what_it_is(conn, layer):
    body = orjson.loads(whole(conn, layer, formats.GEOJSON, None, {"links": [{"rel": "self"}]}))
    assert [*body] == ["type", "links", "features", "numberReturned"]
    assert body["numberReturned"] == 4
    first, second, without, _ = body["features"]
    assert [*first] == ["type", "id", "geometry", "properties"]
    assert first["id"] == "01001"
    assert first["properties"] == {
        "code": "01001",
        "nom": "L’Île-d’Yeu",
        "population_2021": 2147483648,
        "population_2022": 0,
        "densite": 0.1 + 0.2,
        "statut": "observed",
        "littoral": True,
        "jour": "2025-01-01",
        "instant": "2025-06-01T10:00:00.123456+00:00",
    }
    assert second["properties"]["densite"] is None
    assert second["geometry"]["coordinates"][0][0][0] == [0.123457, 46]
    assert without["geometry"] is None


@pytest.mark.parametrize("form", [formats.GEOJSON, formats.JSONFG, formats.SEQUENCE])
@pytest.mark.parametrize(
    ("value", "written"),
    [("12", b"12.0"), ("0", b"0.0"), ("-3", b"-3.0"), ("12.5", b"12.5"),
     ("0.1::float8 + 0.2::float8", b"0.30000000000000004"),
     ("999999999999999", b"999999999999999.0"), ("1e15", b"1e+15"), ("1e300", b"1e+300"), ("NULL", b"null")],
)  # fmt: skip
def test_a_whole_number_that_may_have_decimals_is_not_taken_for_an_integer(conn, layer, form, value, written):
    """QGIS and GDAL take the type of a column from the first features, and would cut the decimals of the rest."""
    conn.execute(sa.text(f"UPDATE shapes SET densite = {value}".replace(":", r"\:")))  # noqa: S608
    body = whole(conn, layer, form)
    assert body.count(b'"densite":' + written + b",") == 4
    assert b'"population_2022":7,' in body


def test_geojson_in_lambert_93_says_so_to_readers_of_files(conn, layer):
    assert orjson.loads(whole(conn, layer, formats.GEOJSON, LAMBERT_93))["crs"] == {
        "type": "name",
        "properties": {"name": "urn:ogc:def:crs:EPSG::2154"},
    }
    for crs in (None, CRS84, WGS_84):
        assert "crs" not in orjson.loads(whole(conn, layer, formats.GEOJSON, crs))


def test_jsonfg_places(conn, layer):
    dated = replace(layer, day=date(2025, 1, 1))
    here = orjson.loads(whole(conn, dated, formats.JSONFG))
    assert here["conformsTo"] == ["http://www.opengis.net/spec/json-fg-1/1.0/conf/core"]
    assert "coordRefSys" not in here
    assert here["features"][0]["time"] == {"date": "2025-01-01"}
    assert here["features"][0]["place"] is None
    assert here["features"][0]["geometry"]["type"] == "MultiPolygon"
    there = orjson.loads(whole(conn, layer, formats.JSONFG, LAMBERT_93))
    assert there["coordRefSys"] == "http://www.opengis.net/def/crs/EPSG/0/2154"
    assert there["features"][0]["time"] is None
    assert there["features"][0]["geometry"] is None
    assert there["features"][0]["place"]["type"] == "MultiPolygon"


def test_sequences_have_a_feature_a_line(conn, layer):
    lines = whole(conn, layer, formats.SEQUENCE).split(b"\n")
    assert lines.pop() == b""
    assert [line[:1] for line in lines] == [b"\x1e"] * 4
    assert [orjson.loads(line[1:])["id"] for line in lines] == ["01001", "01002", "2A004", "97411"]


def test_as_many_fields_as_there_are_periods(conn, layer):
    """json_build_object stops at fifty members."""
    many = tuple(Field(f"p{year}", str(year), Kind.NUMBER) for year in range(1900, 2026))
    added = layer.rows.add_columns(*(sa.literal(0.5).label(one.name) for one in many))
    wide = replace(layer, fields=(*layer.fields, *many), rows=added)
    for form in FORMATS:
        assert whole(conn, wide, form)
    assert orjson.loads(whole(conn, wide, formats.GEOJSON))["features"][0]["properties"]["p1950"] == 0.5


def test_csv_for_programs(conn, layer):
    body = whole(conn, layer, formats.CSV)
    rows = list(csv.DictReader(io.StringIO(body.decode())))
    assert b"\r\n" in body
    assert not body.startswith(b"\xef\xbb\xbf")
    assert [*rows[0]] == [one.name for one in layer.fields]
    assert rows[0]["code"] == "01001"
    assert rows[0]["littoral"] == "true"
    assert rows[0]["jour"] == "2025-01-01"
    assert rows[1]["densite"] == ""
    assert rows[1]["statut"] == "secret"
    assert rows[1]["nom"] == "'=1+1"
    assert rows[2]["nom"] == 'A;B,"C"\n<D> & E\\'
    assert rows[2]["population_2021"] == "-5"
    assert rows[3]["densite"] == "123456789.12345679"


def test_csv_that_a_french_excel_opens(conn, layer):
    body = whole(conn, layer, formats.CSV_EXCEL)
    assert body.startswith("\ufeffCode;Nom;Population 2021 (hab);".encode())
    rows = list(csv.DictReader(io.StringIO(body.decode("utf-8-sig")), delimiter=";"))
    assert rows[0]["Densité (hab/km²)"] == "0,30000000000000004"
    assert rows[0]["Statut"] == "observée"
    assert rows[1]["Statut"] == "secret statistique"
    assert rows[1]["Nom"] == "'=1+1"
    assert rows[0]["Littoral"] == "oui"
    assert rows[0]["Jour"] == "01/01/2025"


def test_people_read_the_words_of_a_number_that_is_a_code_and_programs_the_number(conn, layer, tmp_path):
    fields = [
        replace(one, labels={"1": "dense", "2": "rural"}) if one.name == "densite" else one for one in layer.fields
    ]
    conn.execute(
        sa.text("UPDATE shapes SET densite = CASE WHEN code = '01002' THEN NULL ELSE length(code) - 4 END")
    )
    coded = replace(layer, fields=tuple(fields))
    rows = csv.DictReader(io.StringIO(whole(conn, coded, formats.CSV_EXCEL).decode("utf-8-sig")), delimiter=";")
    assert [row["Densité (hab/km²)"] for row in rows] == ["dense", "", "dense", "dense"]
    book = openpyxl.load_workbook(file_of(conn, coded, formats.XLSX, tmp_path))
    assert [row[4].value for row in book["Données"].iter_rows(min_row=2)] == ["dense", None, "dense", "dense"]
    plain = csv.DictReader(io.StringIO(whole(conn, coded, formats.CSV).decode()))
    assert [row["densite"] for row in plain] == ["1.0", "", "1.0", "1.0"]


def test_a_workbook_runs_no_formula(conn, layer, tmp_path):
    book = openpyxl.load_workbook(file_of(conn, layer, formats.XLSX, tmp_path))
    assert book.sheetnames == ["Données", "À propos"]
    heading, first, second, *_ = book["Données"].iter_rows()
    assert [cell.value for cell in heading][:3] == ["Code", "Nom", "Population 2021 (hab)"]
    assert (first[0].value, first[0].data_type) == ("01001", "s")
    assert (second[1].value, second[1].data_type) == ("=1+1", "s")
    assert second[5].value == "secret statistique"
    assert second[4].value is None
    assert f"{first[8].value:%d/%m/%Y %H:%M}" == "01/06/2025 12:00"
    assert ("Licence", "Licence Ouverte 2.0") in list(book["À propos"].values)


def test_a_geopackage_has_titles_metadata_and_style(conn, metropolitan, tmp_path):
    styled = replace(metropolitan, style=lambda conn: "<qgis version='3.40'/>")
    path = file_of(conn, styled, formats.GEOPACKAGE, tmp_path)
    assert path.name == "densite_communes_2022_geographie-2025.gpkg"
    with closing(sqlite3.connect(path)) as file:
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert file.execute("PRAGMA foreign_key_check").fetchall() == []
        assert file.execute("SELECT fid, code FROM communes ORDER BY fid").fetchall()[0] == (11, "01001")
        titles = dict(file.execute("SELECT column_name, name FROM gpkg_data_columns"))
        assert titles["densite"] == "Densité (hab/km²)"
        style = "SELECT f_table_name, f_geometry_column, styleQML, useAsDefault FROM layer_styles"
        assert file.execute(style).fetchall() == [("communes", "geom", "<qgis version='3.40'/>", 1)]
        [(metadata,)] = file.execute(
            "SELECT metadata FROM gpkg_metadata JOIN gpkg_metadata_reference ON md_file_id = id "
            "WHERE table_name = 'communes'"
        )
        assert file.execute("SELECT identifier, description, srs_id FROM gpkg_contents").fetchall()[0] == (
            "Densité des communes en 2022", "Habitants par km² < ou > & ailleurs", 2154,
        )  # fmt: skip
    root = ET.fromstring(metadata)  # noqa: S314
    assert root.findtext("license") == "Licence Ouverte 2.0"
    assert root.findtext("abstract") == "Habitants par km² < ou > & ailleurs"
    assert pyogrio.read_info(path, layer="communes")["fid_column"] == "fid"


def test_titles_told_twice_break_no_geopackage(conn, layer, tmp_path):
    """In `gpkg_data_columns` a name is unique in its table."""
    same = replace(layer, fields=tuple(replace(one, title="Valeur", unit="") for one in layer.fields))
    path = file_of(conn, same, formats.GEOPACKAGE, tmp_path)
    assert list(pyogrio.read_info(path)["fields"]) == [one.name for one in layer.fields]


def test_a_flatgeobuf_has_titles_and_an_index(conn, layer, tmp_path):
    located = replace(layer, rows=layer.rows.where(sa.column("geom").is_not(None)))
    path = file_of(conn, located, formats.FLATGEOBUF, tmp_path)
    assert "Densité (hab/km²)".encode() in path.read_bytes()[:4000]
    assert "Population rapportée à la surface".encode() in path.read_bytes()[:4000]
    assert pyogrio.read_info(path)["capabilities"]["fast_spatial_filter"]
    assert list(pyogrio.read_dataframe(path, bbox=(55, -22, 56, -20))["code"]) == ["97411"]
    whole_layer = tmp_path / "whole"
    whole_layer.mkdir()
    unlocated = file_of(conn, layer, formats.FLATGEOBUF, whole_layer)
    assert pyogrio.read_info(unlocated)["features"] == 4


def test_geoparquet_has_titles(conn, layer):
    metadata = pq.read_metadata(pa.BufferReader(whole(conn, layer, formats.GEOPARQUET))).metadata
    assert metadata[b"title"].decode() == "Densité des communes en 2022"
    fields = {one["name"]: one for one in json.loads(metadata[b"fields"])}
    assert fields["densite"]["unit"] == "hab/km²"


def test_arrow_says_its_geometry(conn, layer):
    schema = pa.ipc.open_stream(whole(conn, layer, formats.ARROW, LAMBERT_93)).schema
    assert schema.field("geometry").metadata[b"ARROW:extension:name"] == b"geoarrow.wkb"
    assert json.loads(schema.field("geometry").metadata[b"ARROW:extension:metadata"])["crs"]["id"]["code"] == 2154
    assert schema.field("densite").metadata[b"GDAL:OGR:alternative_name"].decode() == "Densité (hab/km²)"


def test_a_shapefile_lists_the_names_it_cut(conn, metropolitan, tmp_path):
    long = metropolitan.rows.add_columns(sa.func.repeat("é", 120).label("commentaire_de_cent_vingt_signes"))
    fields = (*metropolitan.fields, Field("commentaire_de_cent_vingt_signes", "Commentaire"))
    path = file_of(conn, replace(metropolitan, rows=long, fields=fields), formats.SHAPEFILE, tmp_path, LAMBERT_93)
    with zipfile.ZipFile(path) as archive:
        stem = "densite_communes_2022_geographie-2025"
        assert archive.namelist() == [
            "champs.csv",
            *(f"{stem}.{part}" for part in ("cpg", "dbf", "prj", "shp", "shx")),
        ]
        assert archive.read(f"{stem}.cpg") == b"UTF-8"
        assert b'PROJCS["RGF_1993_Lambert_93"' in archive.read(f"{stem}.prj")
        listed = list(csv.DictReader(io.StringIO(archive.read("champs.csv").decode("utf-8-sig")), delimiter=";"))
    assert [(one["Champ"], one["Nom complet"]) for one in listed[2:4]] == [
        ("population", "population_2021"),
        ("populati_1", "population_2022"),
    ]
    found = pyogrio.read_dataframe(path)
    assert list(found.columns[1:-1]) == [one["Champ"] for one in listed]
    assert found["commentair"][0] == "é" * 120
    assert [path.name] == [left.name for left in tmp_path.iterdir() if left.is_file()]


def test_kml_has_titles_and_escapes(conn, layer):
    root = ET.fromstring(whole(conn, layer, formats.KML))  # noqa: S314
    space = "{http://www.opengis.net/kml/2.2}"
    titles = {
        field.get("name"): field.findtext(f"{space}displayName") for field in root.iter(f"{space}SimpleField")
    }
    assert titles["densite"] == "Densité (hab/km²)"
    marks = list(root.iter(f"{space}Placemark"))
    assert marks[2].findtext(f"{space}name") == 'A;B,"C"\n<D> & E\\'
    assert {data.get("name") for data in marks[1].iter(f"{space}SimpleData")} == {
        "code", "nom", "population_2022", "statut",
    }  # fmt: skip
    first = next(marks[0].iter(f"{space}coordinates")).text.split()[0]
    assert shapely.Point(*map(float, first.split(","))).equals(shapely.Point(-2, 47))


@pytest.mark.parametrize("form", [form for form in FORMATS if form.streamed], ids=lambda form: form.name)
def test_errors_come_before_any_byte(conn, layer, form):
    """An answer can still be an error as long as nothing was sent."""
    broken = replace(layer, rows=layer.rows.where(sa.cast(sa.column("nom"), sa.Integer) > 0))
    with pytest.raises(sa.exc.DataError), conn.begin_nested():
        next(encoded(conn, broken, form))


def test_a_format_of_one_system_refuses_another(conn, layer):
    with pytest.raises(Invalid, match="KML est toujours en longitude"):
        next(encoded(conn, layer, formats.KML, LAMBERT_93))
    assert next(encoded(conn, layer, formats.KML, CRS84))
    assert usual_crs(formats.GEOPACKAGE) == LAMBERT_93
