"""The styles of the collections' tiles as QGIS reads them, with its own bindings where they are installed.

`ORES_QGIS_PYTHON` is the command of a Python that has them, where it is not the system's.
"""

import json
import os
import shlex
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.pages.legend import ABSENT, WORDS

PYTHON = tuple(shlex.split(os.environ.get("ORES_QGIS_PYTHON", "/usr/bin/python3")))
READ = """
import json, sys
from qgis.PyQt.QtGui import QImage
from qgis.core import QgsApplication, QgsMapBoxGlStyleConversionContext, QgsMapBoxGlStyleConverter
application = QgsApplication([], False)
application.initQgis()
folder = sys.argv[1]
context = QgsMapBoxGlStyleConversionContext()
context.setSprites(QImage(folder + "/motifs.png"), open(folder + "/motifs.json").read())
converter = QgsMapBoxGlStyleConverter()
done = converter.convert(json.load(open(folder + "/style.json")), context)
rules = [
    {
        "name": one.styleName(), "layer": one.layerName(), "filter": one.filterExpression(),
        "fills": [one.symbol().symbolLayer(i).layerType() for i in range(one.symbol().symbolLayerCount())],
        "colour": one.symbol().color().name(),
    }
    for one in converter.renderer().styles()
]
names = [[one.layerName(), one.labelSettings().fieldName] for one in converter.labeling().styles()]
print("READ" + json.dumps({"done": int(done), "warnings": converter.warnings(), "rules": rules, "names": names}))
"""
WITHOUT = "QGIS n’est pas là : apt-get install python3-qgis"


def has_qgis() -> bool:
    try:
        return (
            subprocess.run([*PYTHON, "-c", "import qgis.core"], capture_output=True, check=False).returncode == 0
        )
    except OSError:
        return False


def read(client: httpx.Client, collection: str, folder: Path) -> dict[str, Any]:
    """What QGIS makes of a style: its rules and its names, and what it did not understand."""
    style = client.get(f"/api/collections/{collection}/style.json?period=2022")
    (folder / "style.json").write_bytes(style.content)
    for name in ("motifs.json", "motifs.png"):
        (folder / name).write_bytes(client.get(f"{style.json()['sprite'][: -len('motifs')]}{name}").content)
    (folder / "read.py").write_text(READ, encoding="utf-8")
    environment = {"QT_QPA_PLATFORM": "offscreen", "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)}
    done = subprocess.run(
        [*PYTHON, str(folder / "read.py"), str(folder)],
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
    )
    told = [line for line in done.stdout.splitlines() if line.startswith("READ")]
    assert told, done.stderr
    return dict(json.loads(told[0].removeprefix("READ")))


@pytest.mark.skipif(not has_qgis(), reason=WITHOUT)
def test_qgis_reads_a_rule_for_each_line_of_the_legend(country: httpx.Client, tmp_path: Path) -> None:
    found = read(country, "densite", tmp_path)
    assert found["done"] == 0
    assert not [warning for warning in found["warnings"] if "font" not in warning]
    rules = {one["name"]: one for one in found["rules"]}
    style = json.loads((tmp_path / "style.json").read_text(encoding="utf-8"))
    classes = {
        layer["id"]: layer["paint"]["fill-color"] for layer in style["layers"] if "fill-color" in layer["paint"]
    }
    assert len(classes) > 2
    for name, colour in classes.items():
        assert rules[name]["colour"] == colour
        assert rules[name]["layer"] == "densite"
        assert "NOT IN ('missing'" in rules[name]["filter"]
    for status in ABSENT:
        rule = rules[WORDS[status].capitalize()]
        assert rule["filter"] == f"\"status\" IS '{status.value}'"
        assert "RasterFill" in rule["fills"], "a pattern, not a colour alone"
    assert found["names"] == [["densite-centres", "nom"]]
