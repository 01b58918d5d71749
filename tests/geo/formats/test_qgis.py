"""The QGIS style of a layer: the classes of the site, and every absence told apart; read by QGIS itself where it is."""

import json
import subprocess
import textwrap
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from geo.classes import index_of
from geo.formats import media_types as formats
from geo.formats.encoding import file_of
from geo.formats.qgis import Drawing, circle_rule, class_rules, diameter, legend_rule, pattern_rule, style
from geo.formats.qgissymbols import Fill
from geo.palettes import LINES

INNER, COLOURS, LABELS = [1e-3, 100.5], ["#f3efe4", "#519b9b", "#0b4056"], ["peu", "moyen", "beaucoup"]
SYSTEM_PYTHON, BINDINGS = "/usr/bin/python3", Path("/usr/lib/python3/dist-packages/qgis")
READ = textwrap.dedent("""
    import json, os, sys
    from qgis.core import QgsApplication, QgsExpression, QgsExpressionContext, QgsVectorLayer
    QgsApplication.setPrefixPath("/usr", True)
    app = QgsApplication([], False)
    app.initQgis()
    layer = QgsVectorLayer(sys.argv[1] + "|layername=communes", "communes", "ogr")
    renderer = layer.renderer()
    root = renderer.rootRule()
    rules = root.children()
    drawn = {}
    for feature in layer.getFeatures():
        context = QgsExpressionContext()
        context.setFields(layer.fields())
        context.setFeature(feature)
        held = [rule.label() for rule in rules if QgsExpression(rule.filterExpression()).evaluate(context)]
        drawn[feature["code"]] = held
    print(json.dumps({
        "valid": layer.isValid(), "crs": layer.crs().authid(), "kind": renderer.type(), "drawn": drawn,
        "aliases": {field.name(): field.alias() for field in layer.fields()},
        "colours": [rule.symbol().color().name() for rule in rules],
    }), flush=True)
    os._exit(0)  # PyQGIS falls over its own objects when it is torn down
""")


def qml(fields=()) -> str:
    rules = class_rules('"densite"', INNER, COLOURS, LABELS, "\"statut\" <> 'secret'")
    return style(Drawing((*rules, pattern_rule("statut", "secret", "secret statistique", LINES))), fields)


def circles(fields=()) -> str:
    ground, size = Fill("#f7f5ef", outline="#cfcabb"), diameter('"densite"', 400.0, 30.0)
    rules = (
        circle_rule('"densite" > 0', "Densité", ground, "#1a5f71", size),
        legend_rule("100", ground, "#1a5f71", "7.9375"),
    )
    return style(Drawing(rules, 'abs("densite")'), fields)


def test_classes_are_those_of_the_site():
    """A rule holds where `index_of` says so; expressions of this form mean the same in Python."""
    rules = class_rules("v", INNER, COLOURS, LABELS)
    for value in (-1.0, 0.0, 1e-3, 0.0011, 100.49999, 100.5, 1e9):
        told = {rule.label: rule.expression.replace("AND TRUE", "").replace("AND", "and") for rule in rules}
        held = [label for label, expression in told.items() if eval(expression, {"v": value})]  # noqa: S307
        assert held == [LABELS[index_of(INNER, value)]]


def test_qml_is_xml():
    root = ET.fromstring(qml())  # noqa: S314
    rules = list(root.iter("rule"))
    assert [rule.get("label") for rule in rules] == [*LABELS, "secret statistique"]
    assert {rule.get("symbol") for rule in rules} == {symbol.get("name") for symbol in root.iter("symbol")}


def test_circles_are_drawn_above_every_ground_the_largest_first():
    root = ET.fromstring(circles())  # noqa: S314
    [made] = root.iter("renderer-v2")
    assert made.get("symbollevels") == "1"
    passes = {layer.get("class"): layer.get("pass") for layer in root.iter("layer")}
    assert passes["SimpleFill"] < passes["CentroidFill"]
    assert made.findtext("orderby/orderByClause") == 'abs("densite")'
    assert made.find("orderby/orderByClause").get("asc") == "0"
    assert [rule.get("filter") for rule in root.iter("rule")] == ['"densite" > 0', "FALSE"]


@pytest.mark.skipif(not BINDINGS.is_dir(), reason="QGIS (Debian’s python3-qgis) is not installed")
def test_qgis_opens_a_geopackage_with_its_style(conn, metropolitan, tmp_path: Path):
    path = file_of(
        conn, replace(metropolitan, style=lambda conn: qml(metropolitan.fields)), formats.GEOPACKAGE, tmp_path
    )
    environment = {"QT_QPA_PLATFORM": "offscreen", "XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path)}
    done = subprocess.run(
        [SYSTEM_PYTHON, "-c", READ, str(path)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    seen = json.loads(done.stdout.splitlines()[-1])
    assert seen["valid"]
    assert seen["crs"] == "EPSG:2154"
    assert seen["kind"] == "RuleRenderer"
    assert seen["drawn"] == {"01001": ["moyen"], "01002": ["secret statistique"], "2A004": ["peu"]}
    assert seen["colours"] == [*COLOURS, LINES.background]
    assert seen["aliases"]["densite"] == "Densité (hab/km²)"
