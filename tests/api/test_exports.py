"""Collections in every format over HTTP: by `f=`, by Accept, paged by headers, and told when they cannot be."""

import html
import io
import re
import sqlite3
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree as ET

import geopandas as gpd
import httpx
import pandas as pd
import pytest

from api.spooling import Spool
from geo.formats.media_types import FORMATS

ITEMS = "/api/collections/communes/items"
SARTHE = {"within": "departement:72", "indicator": "densite:2022"}


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_every_format_by_its_word(client: httpx.Client, form) -> None:
    answer = client.get(ITEMS, params={**SARTHE, "f": form.name})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == form.media_type
    assert answer.headers["x-content-type-options"] == "nosniff"
    if form.name != "geojson":
        name = f"densite_communes_2022_geographie-2025_departement-72.{form.extension}"
        assert f'filename="{name}"' in answer.headers["content-disposition"]
    assert client.head(ITEMS, params={**SARTHE, "f": form.name}).content == b""


def test_a_geopackage_of_a_departement(client: httpx.Client, tmp_path: Path) -> None:
    answer = client.get(ITEMS, params=SARTHE, headers={"Accept": "application/geopackage+sqlite3"})
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert answer.headers["content-crs"] == "<http://www.opengis.net/def/crs/EPSG/0/2154>"
    path = tmp_path / "sarthe.gpkg"
    path.write_bytes(answer.content)
    frame = gpd.read_file(path, layer="communes")  # beside it is layer_styles, where QGIS looks for the style
    known = client.get(ITEMS, params={**SARTHE, "limit": 1000}).json()["features"]
    assert list(frame["code"]) == [item["id"] for item in known]
    assert frame.crs.to_epsg() == 2154
    mans = frame.set_index("code").loc["72181"]
    assert mans["nom"] == "Le Mans"
    assert mans["status"] == "observed"
    assert mans.geometry.area / 1e6 == pytest.approx(52.8, rel=0.02)
    assert frame["code"].str.fullmatch("72[0-9]{3}").all()


def test_a_geopackage_has_the_classes_of_the_map(client: httpx.Client, tmp_path: Path) -> None:
    path = tmp_path / "sarthe.gpkg"
    path.write_bytes(client.get(ITEMS, params={**SARTHE, "f": "gpkg"}).content)
    with closing(sqlite3.connect(path)) as file:
        [(qml,)] = file.execute("SELECT styleQML FROM layer_styles")
    labels = [rule.get("label") for rule in ET.fromstring(qml).iter("rule")]  # noqa: S314
    page = client.get("/cartes", params={"indicateur": "densite", "niveau": "commune", "periode": "2022"}).text
    assert len(labels) >= 7
    assert "secret statistique" in labels
    assert all(label in html.unescape(page) for label in labels[:3])


def test_the_same_figures_in_a_workbook_as_in_geojson(client: httpx.Client) -> None:
    body = client.get(ITEMS, params={**SARTHE, "limit": 1000}).json()
    known = {item["id"]: item["properties"]["value"] for item in body["features"]}
    sheet = client.get(ITEMS, params={**SARTHE, "f": "xlsx"}).content
    frame = pd.read_excel(io.BytesIO(sheet), engine="calamine", dtype={"Code": str}).set_index("Code")
    [heading] = [name for name in frame.columns if name.startswith("Densité")]
    assert frame[heading].to_dict() == pytest.approx(known)


def test_pages_of_a_binary_format_follow_by_headers(client: httpx.Client) -> None:
    codes: list[str] = []
    address: str | None = f"{ITEMS}?f=parquet&limit=500"
    while address:
        answer = client.get(address)
        codes += list(gpd.read_parquet(io.BytesIO(answer.content))["code"])
        found = re.search(r'<([^>]+)>; rel="next"; type="application/vnd.apache.parquet"', answer.headers["link"])
        address = found[1] if found else None
    assert len(codes) == len(set(codes)) == 1228
    assert codes == sorted(codes)


def test_axes_and_systems(client: httpx.Client) -> None:
    def corner(crs: str) -> list[float]:
        answer = client.get(f"{ITEMS}/44109", params={"crs": crs})
        assert answer.headers["content-crs"] == f"<{crs}>"
        return answer.json()["geometry"]["coordinates"][0][0][0]

    lon, lat = corner("http://www.opengis.net/def/crs/OGC/1.3/CRS84")
    assert -1.7 < lon < -1.4
    assert 47 < lat < 47.4
    assert corner("http://www.opengis.net/def/crs/EPSG/0/4326") == [lat, lon]
    x, y = corner("http://www.opengis.net/def/crs/EPSG/0/2154")
    assert 345_000 < x < 365_000
    assert 6_680_000 < y < 6_700_000


@pytest.mark.parametrize(
    ("given", "accept", "status", "said"),
    [
        ({"f": "docx"}, None, 400, "Formats servis"),
        ({}, "image/png", 406, "Types servis"),
        ({"crs": "EPSG:27572"}, None, 400, "Systèmes servis"),
        ({"f": "kml", "crs": "EPSG:2154"}, None, 400, "toujours en longitude"),
        ({"f": "gpkg", "within": "departement:99"}, None, 404, "99"),
        ({"f": "csv", "indicator": "inconnu:2022"}, None, 404, "inconnu"),
        ({"f": "csv", "limit": "0"}, None, 400, "au moins 1"),
        ({"f": "csv", "couleur": "1"}, None, 400, "Paramètre inconnu"),
    ],
)
def test_what_cannot_be_is_told(client: httpx.Client, given, accept, status, said) -> None:
    headers = {"Accept": accept} if accept else {}
    answer = client.get(ITEMS, params=given, headers=headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert said in answer.json()["detail"]


def test_texts_are_compressed_when_asked(client: httpx.Client) -> None:
    query = {**SARTHE, "f": "geojsonseq"}
    plain = client.get(ITEMS, params=query, headers={"Accept-Encoding": "identity"})
    packed = client.get(ITEMS, params=query, headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == plain.content
    assert "Accept" in plain.headers["vary"]


def test_a_slow_reader_keeps_no_connection() -> None:
    """What is encoded is encoded at once; the reader takes it when it likes."""
    closed = threading.Event()
    spool = Spool(b"0", (str(rank).encode() for rank in range(1, 10)), closed.set)
    assert closed.wait(5)
    assert b"".join(spool.read()) == b"0123456789"


def test_a_stream_that_breaks_does_not_end_as_if_it_were_whole() -> None:
    closed = threading.Event()

    def chunks():
        yield b"1"
        raise ValueError("lost")

    read = Spool(b"0", chunks(), closed.set).read()
    received = []
    with pytest.raises(ValueError, match="lost"):
        received += read
    assert closed.wait(5)


def test_a_reader_that_goes_stops_the_writer() -> None:
    closed = threading.Event()

    def endless():
        while True:
            time.sleep(0.001)
            yield b"x"

    read = Spool(b"0", endless(), closed.set).read()
    next(read)
    read.close()
    assert closed.wait(5)


def test_nothing_is_left_on_the_disk(client: httpx.Client) -> None:
    with client.stream("GET", ITEMS, params={"f": "gpkg"}) as answer:
        next(answer.iter_raw())
    assert client.get(ITEMS, params={**SARTHE, "f": "shapefile"}).status_code == 200
    assert not list(Path(tempfile.gettempdir()).glob("ores-export-*"))
