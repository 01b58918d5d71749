"""The layers of an indicator for QGIS, as a file: where they are read from, and what they do not say."""

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

import httpx
import sqlalchemy as sa

from api.ogc.collected import collection_of
from api.qgislayers import KEY, layers_of


def definition(client: httpx.Client, name: str, **query: str) -> ET.Element:
    answer = client.get(f"/api/qgis/{name}.qlr", params=query)
    assert answer.status_code == 200, answer.text
    period = f"_{query['period']}" if query else ""
    assert f'filename="{name}{period}.qlr"' in answer.headers["content-disposition"]
    return ET.fromstring(answer.text)  # noqa: S314


def test_the_finest_level_is_read_through_the_api_and_the_others_whole(client: httpx.Client) -> None:
    layers = definition(client, "densite", period="2021").findall("maplayers/maplayer")
    root = str(client.base_url).rstrip("/")
    sources = [(one.findtext("provider"), one.findtext("datasource")) for one in layers]
    assert sources[0] == (
        "OAPIF",
        f"restrictToRequestBBOX='1' srsname='OGC:CRS84' typename='densite' url='{root}/api'",
    )
    assert [alias.get("field") for alias in layers[0].iter("alias")][-2:] == ["value_2023", "status_2023"]
    assert '"value_2021"' in layers[0].find("renderer-v2/rules/rule").get("filter")
    for provider, address in sources[1:]:
        assert provider == "ogr"
        query = parse_qs(urlsplit(address).query)
        assert query["period"] == ["2021"]
        answer = client.get(address).json()
        assert "next" not in {link["rel"] for link in answer["links"]}
        assert {"value", "status"} <= set(answer["features"][0]["properties"])


def test_every_layer_has_a_place_in_the_tree(client: httpx.Client) -> None:
    made = definition(client, "population")
    listed = [one.get("id") for one in made.iter("layer-tree-layer")]
    assert len(set(listed)) == len(listed) > 3
    assert listed == [one.findtext("id") for one in made.iter("maplayer")]
    assert [one.get("checked") for one in made.iter("layer-tree-layer")][:2] == ["Qt::Checked", "Qt::Unchecked"]


def test_who_reads_with_a_key_is_told_where_it_goes(loaded: sa.Engine) -> None:
    """Their layers without it would be those of the public, under the same name: they are none."""
    with loaded.connect() as conn:
        collected = collection_of("population", ["population"])
        found = layers_of(conn, "http://ores.test/", collected, 2025, None, keyed=True)
    assert all(f"cle={KEY}" in one.source.address for one in found)


def test_a_geopackage_of_a_stock_has_its_circles(client: httpx.Client, tmp_path: Path) -> None:
    path = tmp_path / "population.gpkg"
    asked = {"within": "departement:72", "indicator": "population:2022", "f": "gpkg"}
    path.write_bytes(client.get("/api/collections/communes/items", params=asked).content)
    with closing(sqlite3.connect(path)) as file:
        [(qml,)] = file.execute("SELECT styleQML FROM layer_styles")
    root = ET.fromstring(qml)  # noqa: S314
    assert "CentroidFill" in {layer.get("class") for layer in root.iter("layer")}
    [size] = {
        option.get("value")
        for rule in root.findall("renderer-v2/symbols/symbol")[:1]
        for option in rule.iter("Option")
        if option.get("name") == "expression"
    }
    assert 'sqrt(abs("value")' in size


def test_an_unknown_parameter_is_refused(client: httpx.Client) -> None:
    answer = client.get("/api/qgis/densite.qlr", params={"couleur": "bleu"})
    assert answer.status_code == 400
    assert "period" in answer.json()["detail"]
