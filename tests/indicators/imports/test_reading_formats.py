"""Workbooks, Parquet, GeoPackage and JSON-stat: typed values as canonical text, and what is said of the rest."""

import datetime
import io
import json
import re
import zipfile
from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
import xlwt
from deliveredcells import rows
from shapely import Point

from indicators.imports.reading import read

ODS_CONTENT = """<?xml version="1.0" encoding="UTF-8"?>
<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:version="1.2"><office:body><office:spreadsheet>
<table:table table:name="Feuille1">
<table:table-row><table:table-cell/><table:table-cell office:value-type="string"><text:p>code</text:p>
</table:table-cell></table:table-row>
<table:table-row table:number-rows-repeated="2"><table:table-cell table:number-columns-repeated="2"/></table:table-row>
<table:table-row><table:table-cell office:value-type="float" office:value="1001"><text:p>1001</text:p></table:table-cell>
<table:table-cell table:formula="of:=1+1" office:value-type="float" office:value="0.1"><text:p>0,1</text:p>
</table:table-cell>
<table:table-cell office:value-type="date" office:date-value="2024-01-31"><text:p>31/01/24</text:p></table:table-cell>
</table:table-row></table:table></office:spreadsheet></office:body></office:document-content>""".replace(
    "\n<", "<"
)


def ods(content: str = ODS_CONTENT) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet", zipfile.ZIP_STORED)
        archive.writestr("content.xml", content)
        archive.writestr(
            "META-INF/manifest.xml",
            '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
        )
    return packed.getvalue()


def test_xlsx(tmp_path: Path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Données"
    sheet["B2"], sheet["C2"], sheet["D2"] = 1001, 0.1, True
    sheet["E2"], sheet["F2"] = datetime.date(2024, 1, 31), datetime.datetime(2024, 1, 31, 12, 30)
    sheet["B3"], sheet["C3"], sheet["D3"], sheet["E3"] = "01001", 123456789012345, 1e20, -1e-7
    sheet["B4"], sheet["C4"] = "=1+1", "#N/A"
    sheet["B5"] = "en-tête"
    sheet.merge_cells("B5:D5")
    book.create_sheet("Cachée").sheet_state = "hidden"
    path = tmp_path / "a.csv"
    book.save(path)
    delivered = read(path, "a.xlsx")
    assert delivered.form == {"format": "XLSX"}
    assert [sheet.name for sheet in delivered.sheets] == ["Données", "Cachée"]
    assert rows(delivered.sheets[0]) == {
        1: [None] * 6,
        2: [None, "1001", "0.1", "true", "2024-01-31", "2024-01-31T12:30:00"],
        3: [None, "01001", "123456789012345", "100000000000000000000", "-0.0000001", None],
        4: [None, None, "#N/A", None, None, None],
        5: [None, "en-tête", None, None, None, None],
    }
    assert rows(delivered.sheets[1]) == {}
    said = "\n".join(delivered.remarks)
    assert "masquée(s), lue(s) comme les autres\u202f: «\u202fCachée\u202f»" in said
    assert "cellules fusionnées" in said
    assert "1 cellule(s) sont des formules" in said
    assert "1 formule(s) sans résultat enregistré" in said
    assert "1 cellule(s) en erreur" in said


def test_the_result_that_a_formula_left_is_read_and_errors_of_formulas_kept(tmp_path: Path):
    book = openpyxl.Workbook()
    book.active["A1"], book.active["A2"], book.active["A3"] = "=6*7", "=1/0", "=NA()"
    book.save(tmp_path / "raw.xlsx")
    with zipfile.ZipFile(tmp_path / "raw.xlsx") as raw, zipfile.ZipFile(tmp_path / "a.xlsx", "w") as done:
        for part in raw.namelist():
            text = re.sub(rb"<v ?/>|<v></v>", b"<v />", raw.read(part))  # as either library of XML writes it
            text = text.replace(b"<f>6*7</f><v />", b"<f>6*7</f><v>42</v>").replace(
                b'<c r="A2"><f>1/0</f><v />', b'<c r="A2" t="e"><f>1/0</f><v>#DIV/0!</v>'
            )
            done.writestr(
                part,
                text.replace(b'<c r="A3"><f>', b'<c t="e" r="A3"><f>').replace(
                    b"<f>NA()</f><v />", b"<f>NA()</f><v>#N/A</v>"
                ),
            )
    delivered = read(tmp_path / "a.xlsx")
    assert rows(delivered.sheets[0]) == {1: ["42"], 2: ["#DIV/0!"], 3: ["#N/A"]}
    assert "3 cellule(s) sont des formules" in delivered.remarks[0]


def test_xls(tmp_path: Path):
    book = xlwt.Workbook()
    for name in ("2023", "2022"):
        sheet = book.add_sheet(name)
        sheet.write(1, 1, 1001)
        sheet.write(1, 2, 0.1)
        sheet.write(2, 1, f"été {name}")
        sheet.write(2, 2, datetime.date(2024, 1, 31), xlwt.easyxf(num_format_str="YYYY-MM-DD"))
        sheet.write(3, 1, xlwt.Formula("1+1"))
        sheet.row(3).set_cell_error(2, 0x2A if name == "2023" else 0x17)
    book.save(str(tmp_path / "a.xls"))
    delivered = read(tmp_path / "a.xls")
    assert delivered.form == {"format": "XLS"}
    assert [sheet.name for sheet in delivered.sheets] == ["2023", "2022"]
    assert rows(delivered.sheets[0]) == {
        1: [None, None, None],
        2: [None, "1001", "0.1"],
        3: [None, "été 2023", "2024-01-31"],
        4: [None, None, "#N/A"],
    }
    assert rows(delivered.sheets[1])[4][2] == "#REF!"
    assert "2 cellule(s) sont des formules" in delivered.remarks[0]
    assert "2 formule(s) sans résultat enregistré" in delivered.remarks[1]


def test_ods(tmp_path: Path):
    (tmp_path / "a.ods").write_bytes(ods())
    delivered = read(tmp_path / "a.ods")
    assert delivered.form == {"format": "ODS"}
    assert rows(delivered.sheets[0]) == {
        1: [None, "code", None],
        2: [None] * 3,
        3: [None] * 3,
        4: ["1001", "0.1", "2024-01-31"],
    }
    assert "1 cellule(s) sont des formules" in delivered.remarks[0]


def test_errors_of_ods_are_kept_where_they_are(tmp_path: Path):
    error = (
        '<table:table-cell table:number-columns-repeated="2" table:formula="of:=1/0" office:value-type="string" '
        'office:string-value="" calcext:value-type="error"><text:p>#DIV/0!</text:p></table:table-cell>'
        '<table:table-cell office:value-type="float" office:value="7"/>'
    )
    content = ODS_CONTENT.replace("</table:table-row></table:table>", error + "</table:table-row></table:table>")
    (tmp_path / "a.ods").write_bytes(
        ods(content.replace("office:version", 'xmlns:calcext="urn:x" office:version'))
    )
    delivered = read(tmp_path / "a.ods")
    assert rows(delivered.sheets[0])[4] == ["1001", "0.1", "2024-01-31", "#DIV/0!", "#DIV/0!", "7"]
    assert "2 cellule(s) en erreur" in delivered.remarks[1]


def test_a_workbook_in_an_archive_is_read_beside_its_tables(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("notes/classeur.ods", ods())
        archive.writestr("t.csv", "a;b\n1;2\n")
    delivered = read(tmp_path / "a.zip")
    assert [sheet.name for sheet in delivered.sheets] == ["Feuille1", "t.csv"]
    assert rows(delivered.sheets[0])[4][0] == "1001"


TYPED = {
    "code": ["01001", "2A004", None],
    "population": pd.array([1001, None, 3], dtype="Int64"),
    "taux": [1001.0, 0.1, None],
    "grand": [1e20, 1e-7, 0.30000000000000004],
    "jour": [datetime.date(2024, 1, 31), None, datetime.date(2025, 2, 1)],
    "oui": [True, False, None],
}
AS_TEXT = [
    ["code", "population", "taux", "grand", "jour", "oui"],
    ["01001", "1001", "1001", "100000000000000000000", "2024-01-31", "true"],
    ["2A004", None, "0.1", "0.0000001", None, "false"],
    [None, "3", None, "0.30000000000000004", "2025-02-01", None],
]


def test_parquet_and_geometry_left_aside(tmp_path: Path):
    frame = gpd.GeoDataFrame(TYPED, geometry=[Point(0, 0)] * 3, crs=4326)
    frame.to_parquet(tmp_path / "a.parquet")
    delivered = read(tmp_path / "a.parquet", "a.csv")
    assert delivered.form == {"format": "Parquet"}
    assert list(rows(delivered.sheets[0]).values()) == AS_TEXT
    assert "«\u202fgeometry\u202f»" in delivered.remarks[0]


def test_geopackage_with_a_layer_of_features_and_one_of_attributes(tmp_path: Path):
    path = tmp_path / "a.gpkg"
    columns = {"code": ["01001", "2A004"], "taux": [1001.0, 0.1], "nom": ["Évreux", None]}
    gpd.GeoDataFrame(columns, geometry=[Point(0, 0)] * 2, crs=4326).to_file(path, layer="communes")
    gpd.GeoDataFrame({"a": ["x"]}, geometry=[Point(1, 1)], crs=4326).to_file(path, layer="autre")
    before = path.read_bytes()
    delivered = read(path)
    assert [sheet.name for sheet in delivered.sheets] == ["autre", "communes"]
    assert rows(delivered.sheets[1]) == {
        1: ["fid", "code", "taux", "nom"],
        2: ["1", "01001", "1001", "Évreux"],
        3: ["2", "2A004", "0.1", None],
    }
    assert "géométrie de la couche «\u202fcommunes\u202f»" in delivered.remarks[1]
    assert path.read_bytes() == before
    assert [found.name for found in tmp_path.iterdir()] == ["a.gpkg"]


DATASET = {
    "version": "2.0",
    "class": "dataset",
    "label": "Population",
    "id": ["geo", "sexe", "an"],
    "size": [2, 2, 1],
    "dimension": {
        "geo": {"category": {"index": {"01002": 1, "01001": 0}}},
        "sexe": {"category": {"index": ["F", "M"]}},
        "an": {"category": {"label": {"2022": "2022"}}},
    },
    "value": [1, 2.50, None, 1001.0],
    "status": {"2": "s"},
}
LONG = [
    ["geo", "sexe", "an", "value", "status"],
    ["01001", "F", "2022", "1", None],
    ["01001", "M", "2022", "2.5", None],
    ["01002", "F", "2022", None, "s"],
    ["01002", "M", "2022", "1001", None],
]


def test_jsonstat_dataset_and_collection(tmp_path: Path):
    (tmp_path / "a.json").write_text(json.dumps(DATASET))
    delivered = read(tmp_path / "a.json")
    assert delivered.form["format"] == "JSON-stat"
    assert delivered.sheets[0].name == "Population"
    assert list(rows(delivered.sheets[0]).values()) == LONG
    sparse = {**DATASET, "value": {"3": 1001}, "status": {"2": "s"}}
    collection = {"version": "2.0", "class": "collection", "link": {"item": [DATASET, sparse]}}
    (tmp_path / "b.json").write_text(json.dumps(collection))
    delivered = read(tmp_path / "b.json")
    assert [sheet.name for sheet in delivered.sheets] == ["Population", "Population (2)"]
    assert list(rows(delivered.sheets[1]).values()) == [LONG[0], LONG[3], LONG[4]]


@pytest.mark.parametrize("name", ["a.parquet", "a.xlsx"])
def test_what_a_file_is_does_not_depend_on_its_name(tmp_path: Path, name: str):
    (tmp_path / name).write_text("code;valeur\n01001;1\n")
    assert read(tmp_path / name).form["format"] == "CSV"
