"""QGIS itself, where it is installed: it opens the layers of an indicator, and draws them as the site does.

`ORES_QGIS_PYTHON` is the command of a Python that has QGIS's bindings, where it is not the system's.
"""

import json
import math
import os
import re
import shlex
import subprocess
import textwrap
from pathlib import Path

import httpx
import pytest
from accesslog import AccessLog, run

from api.pages.french import rounded
from geo.classes import index_of

PYTHON = tuple(shlex.split(os.environ.get("ORES_QGIS_PYTHON", "/usr/bin/python3")))
COMPILES_FILTERS = 33_200  # the first version that sends filters in CQL2 to the server
BEGIN = textwrap.dedent("""
    import json, os, sys, tempfile, time
    from qgis.core import *
    QgsApplication.setPrefixPath("/usr", True)
    app = QgsApplication([], False)
    app.initQgis()
    def end(found):
        print(json.dumps(found), flush=True)
        os._exit(0)  # PyQGIS falls over its own objects when it is torn down
""")
OPENS = BEGIN + textwrap.dedent("""
    project = QgsProject.instance()
    with tempfile.NamedTemporaryFile("w", suffix=".qlr", encoding="utf-8") as file:
        file.write(sys.stdin.read())
        file.flush()
        done, message = QgsLayerDefinition.loadLayerDefinition(file.name, project, project.layerTreeRoot())
    shown = {node.layerId() for node in project.layerTreeRoot().findLayers() if node.itemVisibilityChecked()}
    found = {"done": done, "message": message, "layers": {}}
    for layer in project.mapLayers().values():
        renderer, held = layer.renderer(), {}
        rules = renderer.rootRule().children()
        for feature in layer.getFeatures():
            context = QgsExpressionContext()
            context.setFields(layer.fields())
            context.setFeature(feature)
            drawn = [rule for rule in rules if QgsExpression(rule.filterExpression()).evaluate(context)]
            sizes = []
            for rule in drawn:
                for part in rule.symbol().symbolLayers():
                    if part.subSymbol():
                        marker = part.subSymbol().symbolLayer(0)
                        size = marker.dataDefinedProperties().property(QgsSymbolLayer.PropertySize)
                        sizes.append(QgsExpression(size.expressionString()).evaluate(context))
            held[feature["code"]] = {"labels": [rule.label() for rule in drawn], "sizes": sizes}
        settings = QgsMapSettings()
        settings.setLayers([layer])
        settings.setOutputSize(__import__("qgis.PyQt.QtCore").PyQt.QtCore.QSize(500, 500))
        settings.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:2154"))
        transform = QgsCoordinateTransform(layer.crs(), settings.destinationCrs(), project)
        settings.setExtent(transform.transformBoundingBox(layer.extent()))
        job = QgsMapRendererSequentialJob(settings)
        job.start()
        job.waitForFinished()
        image = job.renderedImage()
        pixels = {image.pixelColor(x, y).name() for x in range(0, 500, 2) for y in range(0, 500, 2)}
        found["layers"][layer.metadata().identifier()] = {
            "valid": layer.isValid(), "title": layer.name(), "provider": layer.providerType(), "shown": layer.id() in shown,
            "crs": layer.crs().authid(), "drawn": held, "pixels": sorted(pixels),
            "rules": [[rule.label(), rule.filterExpression(), rule.symbol().color().name()] for rule in rules],
            "circles": [part.subSymbol().color().name() for rule in rules for part in rule.symbol().symbolLayers()
                        if part.subSymbol()],
            "aliases": {field.name(): field.alias() for field in layer.fields()},
        }
    end(found)
""")
FILTERS = BEGIN + textwrap.dedent("""
    api, collection, *expressions = sys.argv[1:]
    layer = QgsVectorLayer(f"restrictToRequestBBOX='1' typename='{collection}' url='{api}'", collection, "OAPIF")
    opened = layer.isValid()
    print("opened", flush=True)
    sys.stdin.readline()
    found = {}
    for expression in expressions:
        before = time.monotonic()
        assert layer.setSubsetString(expression)
        codes = sorted(feature["code"] for feature in layer.getFeatures())
        found[expression] = {"codes": codes, "seconds": time.monotonic() - before}
    end({"valid": opened, "crs": layer.crs().authid(), "found": found})
""")


def version() -> int:
    """The version of QGIS (34003 for 3.40.3), 0 where there is none."""
    done = subprocess.run(
        [*PYTHON, "-c", "from qgis.core import Qgis; print(Qgis.QGIS_VERSION_INT)"],
        capture_output=True,
        text=True,
        check=False,
    )
    return int(done.stdout) if done.returncode == 0 else 0


pytestmark = pytest.mark.skipif(
    version() == 0, reason="QGIS’s Python bindings (Debian’s python3-qgis) are not installed"
)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {
        "QT_QPA_PLATFORM": "offscreen",
        "XDG_RUNTIME_DIR": str(tmp_path),
        "HOME": str(tmp_path),
        "PATH": os.environ["PATH"],
    }


def opened(api: str, name: str, environment: dict[str, str], **query: str) -> dict:
    answer = httpx.get(f"{api}/qgis/{name}.qlr", params=query, timeout=120)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/x-qgis-layer-definition"
    found = run(OPENS, given=answer.text, python=PYTHON, **environment)
    assert found["done"], found["message"]
    return found["layers"]


def site(api: str, **query: str) -> dict:
    """What the page of the map tells its script."""
    page = httpx.get(f"{api.removesuffix('/api')}/cartes", params=query, timeout=60).text
    return json.loads(
        re.search(r'<script type="application/json" id="etat"[^>]*>(.*?)</script>', page, re.DOTALL)[1]
    )


def values(api: str, name: str, **query: str) -> dict[str, tuple[float | None, str]]:
    body = httpx.get(f"{api}/indicators/{name}/values", params=query, timeout=60).json()
    return dict(zip(body["codes"], zip(body["values"], body["statuses"], strict=True), strict=True))


def test_classes_and_colours_are_those_of_the_site(api: str, environment: dict[str, str]) -> None:
    layers = opened(api, "densite", environment, period="2022")
    assert {name.split("_")[1] for name in layers} >= {"commune", "epci", "departement", "region"}
    assert [name for name, layer in layers.items() if layer["shown"]] == ["densite_commune_2022"]
    for name, layer in layers.items():
        assert layer["valid"], name
        level = name.split("_")[1]
        if level not in ("commune", "epci", "departement"):
            continue
        told = site(api, indicateur="densite", niveau=level, periode="2022")
        known = values(api, "densite", level=level, period="2022")
        assert set(layer["drawn"]) == set(known)
        classes = layer["rules"][: len(told["couleurs"])]
        assert [colour for _, _, colour in classes] == told["couleurs"]
        for code, (value, status) in known.items():
            drawn = layer["drawn"][code]["labels"]
            if value is None:
                assert drawn == [told["mots"][status]]
                continue
            rank = index_of(told["limites"], rounded(value, told["decimales"]))
            assert drawn[0] == classes[rank][0], (code, value)
        held = {layer["drawn"][code]["labels"][0] for code in known}
        seen = {colour for label, _, colour in classes if label in held}
        assert seen <= set(layer["pixels"]), name
    communes = layers["densite_commune_2022"]
    assert communes["provider"] == "OAPIF"
    assert communes["title"] == "Densité de population, par commune, 2022"
    assert communes["aliases"]["value_2022"] == "Densité de population 2022 (habitants au km²)"


def test_circles_have_the_areas_of_the_site(api: str, environment: dict[str, str]) -> None:
    layers = opened(api, "population", environment)
    for name in ("commune", "departement"):
        [layer] = [one for key, one in layers.items() if key.startswith(f"population_{name}_")]
        period = layer["title"].rpartition(", ")[2]
        told = site(api, indicateur="population", niveau=name, periode=period)
        known = values(api, "population", level=name, period=period)
        assert layer["circles"][0] == told["couleurs"][0]
        assert told["couleurs"][0] in layer["pixels"] or any(
            one not in ("#000000", "#ffffff") for one in layer["pixels"]
        )
        for code, (value, status) in known.items():
            sizes = layer["drawn"][code]["sizes"]
            if not value:
                assert sizes == [], (code, status)
                continue
            [size] = sizes
            radius_px = told["rayon"] * math.sqrt(value / told["maximum"])
            assert size == pytest.approx(2 * radius_px * 25.4 / 96, rel=1e-3)


def test_a_filter_of_qgis_is_one_request(api: str, log: AccessLog, environment: dict[str, str]) -> None:
    if version() < COMPILES_FILTERS:
        pytest.skip(f"QGIS {version()} filters by itself; from {COMPILES_FILTERS} on, the server does")
    wanted = {f"\"departement\" = '{code}'": code for code in ("44", "49", "53", "72", "85")}
    client = subprocess.Popen(
        [*PYTHON, "-c", FILTERS, api, "communes", *wanted],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert client.stdin is not None
    assert client.stdout is not None
    while client.stdout.readline().strip() != "opened":
        assert client.poll() is None
    log.lines.clear()
    told, _ = client.communicate("\n", timeout=120)
    opened = json.loads(told.splitlines()[-1])
    assert opened["valid"]
    assert opened["crs"] == "EPSG:2154"
    for expression, code in wanted.items():
        codes = opened["found"][expression]["codes"]
        assert len(codes) > 100
        assert all(one.startswith(code) for one in codes)
    assert len(opened["found"]["\"departement\" = '44'"]["codes"]) == 207
    assert len(log.items("communes")) == len(wanted), log.lines
    assert all("filter" in one for one in log.items("communes"))
    assert min(one["seconds"] for one in opened["found"].values()) < 0.5


def test_a_pack_that_does_not_exist(api: str) -> None:
    answer = httpx.get(f"{api}/qgis/inconnu.qlr", timeout=60)
    assert answer.status_code == 404
    assert "inconnu" in answer.json()["detail"]
    answer = httpx.get(f"{api}/qgis/densite.qlr", params={"period": "1850"}, timeout=60)
    assert answer.status_code == 404
    assert "2022" in answer.json()["detail"]
