"""Hostile and broken files: a clear French error, in bounded time and memory, and nothing left on the disk."""

import gzip
import io
import json
import os
import sqlite3
import struct
import time
import zipfile
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
import xlwt

from geo.errors import Invalid, TooLarge
from indicators.imports.reading import limits, read

SECONDS = 40  # a processor may be shared with other tests


@pytest.fixture(autouse=True)
def nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    started = time.monotonic()
    yield
    assert not list(scratch.iterdir())
    assert time.monotonic() - started < SECONDS


def exhaust(path: Path) -> None:
    for sheet in read(path).sheets:
        for _ in sheet.batches():
            pass


def refused(path: Path, content: bytes, kind: type[Exception] = Invalid) -> str:
    path.write_bytes(content)
    with pytest.raises(kind) as raised:
        exhaust(path)
    said = str(raised.value)
    assert str(path.parent) not in said
    assert path.name in said
    return said


def zipped(*members: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return packed.getvalue()


def workbook() -> bytes:
    packed = io.BytesIO()
    book = openpyxl.Workbook()
    for number in range(200):
        book.active.append([number, f"texte {number}"])
    book.save(packed)
    return packed.getvalue()


def repacked(content: bytes, part: str, change) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return zipped(*((name, change(archive.read(name)) if name == part else archive.read(name))
                        for name in archive.namelist()))  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("a.csv", b"<!DOCTYPE html><html><body>404</body></html>", "une page HTML"),
        ("a.xls", b"<html><table><tr><td>1</td></tr></table></html>", "une page HTML"),
        ("a.csv", b"%PDF-1.7\n1 0 obj", "un PDF"),
        ("a.xlsx", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "une image PNG"),
        ("a.csv", b"\xff\xd8\xff\xe0\0\x10JFIF", "une image JPEG"),
        ("a.xls", b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com"/>', "un fichier XML"),
        ("a.zip", b"7z\xbc\xaf\x27\x1c\0\x04", "une archive 7-Zip"),
        ("a.csv", b"Rar!\x1a\x07\x01\0", "une archive RAR"),
        ("a.json", b'{"type": "FeatureCollection", "features": []}', "un GeoJSON"),
        ("a.json", b'{"a": 1}', "un JSON"),
        ("a.json", b'[{"a": 1}]', "un JSON"),
        ("a.xlsx", zipped(("[Content_Types].xml", b""), ("word/document.xml", b"<a/>")), "un document Word"),
        ("a.ods", zipped(("mimetype", b"application/vnd.oasis.opendocument.text")), "un document OpenDocument"),
    ],
)
def test_what_is_no_table_is_named_for_what_it_is(tmp_path, name, content, what):
    assert what in refused(tmp_path / name, content)


def test_empty_file_folder_and_missing_file(tmp_path):
    assert "est vide (0\u202foctet)" in refused(tmp_path / "a.csv", b"")
    with pytest.raises(Invalid, match="est un dossier"):
        read(tmp_path)
    with pytest.raises(Invalid, match="n’existe pas"):
        read(tmp_path / "absent.csv")
    os.mkfifo(tmp_path / "tube")
    with pytest.raises(Invalid, match="n’est pas un fichier"):
        read(tmp_path / "tube")


def test_nul_bytes_are_refused_at_their_line(tmp_path):
    assert "octet nul à la ligne 3" in refused(tmp_path / "a.csv", b"a;b\n1;2\n3\0;4\n")
    assert "UTF-16 sans marque" in refused(tmp_path / "b.csv", "a;b\n1;2\n".encode("utf-16-le"))
    assert "octet nul" in refused(tmp_path / "c.csv", b"a;b\n" + b"1;2\n" * 600_000 + b"\0\n")


def test_ten_thousand_columns(tmp_path):
    said = refused(tmp_path / "a.csv", b";".join([b"x"] * 10_000) + b"\n", TooLarge)
    assert "a plus de 2\u202f000\u202fcolonnes (ligne 1)" in said
    book = openpyxl.Workbook()
    book.active.cell(1, 10_000, "x")
    book.save(tmp_path / "b.xlsx")
    assert "2\u202f000\u202fcolonnes" in refused(tmp_path / "b.xlsx", (tmp_path / "b.xlsx").read_bytes(), TooLarge)
    pd.DataFrame([[0] * 2500]).set_axis([f"c{n}" for n in range(2500)], axis=1).to_parquet(tmp_path / "c.parquet")
    said = refused(tmp_path / "c.parquet", (tmp_path / "c.parquet").read_bytes(), TooLarge)
    assert "2\u202f000\u202fcolonnes" in said


def test_one_endless_line(tmp_path):
    assert "une ligne de plus de 2\u202fMio" in refused(tmp_path / "a.csv", b"a;b\n" + b"x" * 3_000_000, TooLarge)
    gigabyte = gzip.compress(b"x" * 10_000_000) * 100  # a gzip file may have several members
    said = refused(tmp_path / "b.csv.gz", gigabyte, TooLarge)
    assert "archive piégée" in said


@pytest.mark.parametrize("text", ['a;b\n1;"2\n' + "3;4\n" * 5, 'a;b\n1;"2\n' + "3;4\n" * 90_000])
def test_a_quote_that_is_never_closed_is_named_with_its_line(tmp_path, text):
    assert "guillemet ouvert à la ligne 2 n’est pas refermé" in refused(tmp_path / "a.csv", text.encode())


def test_a_quote_that_swallows_lines_is_refused(tmp_path):
    text = "a;b;c\n" + "1;2;3\n" * 5 + '4;"cinq;6\n7;8;9\n10;11";12\n13;14;15\n'
    assert "le guillemet ouvert à la ligne 7 avale des lignes" in refused(tmp_path / "a.csv", text.encode())


def test_an_unknown_encoding_is_refused(tmp_path):
    assert "UTF-32" in refused(tmp_path / "a.csv", "a;b\n".encode("utf-32"))
    assert "ni latin-1, ni cp1252" in refused(tmp_path / "b.csv", b"a;b\n\x8d\xe9t\xe9;2\n")
    assert "ne se décode pas en UTF-16" in refused(tmp_path / "c.csv", "a;b\n1;2\n".encode("utf-16") + b"x")


def test_zip_bombs(tmp_path, monkeypatch):
    zeros = b"0;0\n" * 10_000_000
    assert "fois\u202f: c’est le fait d’une archive piégée" in refused(
        tmp_path / "a.zip", zipped(("a.csv", zeros)), TooLarge
    )
    assert "archive piégée" in refused(tmp_path / "b.csv.gz", gzip.compress(zeros), TooLarge)
    monkeypatch.setattr(limits, "INFLATED_RATIO", limits.Limit(10**9, ""))
    monkeypatch.setattr(limits, "INFLATED_BYTES", limits.Limit(1_000_000, "est trop gros décompressé"))
    assert "trop gros décompressé" in refused(tmp_path / "c.csv.gz", gzip.compress(zeros), TooLarge)


def test_what_inflates_is_counted_whatever_the_headers_claim(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "INFLATED_BYTES", limits.Limit(1_000_000, "est trop gros décompressé"))
    content = bytearray(zipped(("a.csv", b"0;0\n" * 1_000_000)))
    at = content.rfind(b"PK\x01\x02")
    struct.pack_into("<I", content, at + 24, 100)  # the size that the table of contents claims
    assert refused(tmp_path / "a.zip", bytes(content), Exception)


@pytest.mark.parametrize(
    "inner",
    [zipped(("b.csv", b"a;b\n")), gzip.compress(b"a;b\n1;2\n"), b"7z\xbc\xaf\x27\x1c\0\x04"],
    ids=["zip", "gzip", "7z"],
)
def test_nested_archives_are_refused(tmp_path, inner):
    name = "b.7z" if inner[:2] == b"7z" else "b.zip"
    said = refused(tmp_path / "a.zip", zipped((name, inner), ("c.csv", b"a;b\n1;2\n")))
    assert "archive dans une archive" in said
    assert "autre chose qu’une table" in refused(tmp_path / "c.csv.gz", gzip.compress(zipped(("b.csv", b"a;b\n"))))


@pytest.mark.parametrize("name", ["../a.csv", "/etc/a.csv", "C:\\a.csv", "x/..\\..\\a.csv"])
def test_members_that_leave_the_archive_are_refused(tmp_path, name):
    assert "chemin qui sort de l’archive" in refused(tmp_path / "t.zip", zipped((name, b"a;b\n1;2\n")))
    assert sorted(found.name for found in tmp_path.iterdir()) == ["scratch", "t.zip"]


def test_links_passwords_and_twins_in_archives(tmp_path):
    link = zipfile.ZipInfo("a.csv")
    link.external_attr = 0o120777 << 16
    assert "un lien est refusé" in refused(tmp_path / "a.zip", zipped((link, b"/etc/passwd")))
    closed = bytearray(zipped(("a.csv", b"a;b\n1;2\n")))
    closed[6] |= 1
    closed[closed.rfind(b"PK\x01\x02") + 8] |= 1
    assert "mot de passe" in refused(tmp_path / "b.zip", bytes(closed))
    with pytest.warns(UserWarning, match="Duplicate name"):
        twins = zipped(("a.csv", b"a;b\n1;2\n"), ("a.csv", b"a;b\n3;4\n"))
    assert "deux fichiers du même nom" in refused(tmp_path / "c.zip", twins)


def test_too_many_members_and_no_table(tmp_path):
    many = zipped(*((f"{n}.csv", b"a;b\n1;2\n") for n in range(501)))
    assert "plus de 500\u202ffichiers" in refused(tmp_path / "a.zip", many, TooLarge)
    crowd = zipped(*((f"{n:05d}" * 20, b"") for n in range(10_000)))
    assert "table des matières" in refused(tmp_path / "b.zip", crowd, TooLarge)
    assert "aucune table" in refused(tmp_path / "c.zip", zipped(("a.pdf", b"%PDF-1.4")))
    assert "aucune table" in refused(tmp_path / "d.zip", zipped())


def test_entities_in_workbooks(tmp_path):
    bomb = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "' + b"x" * 1000 + b'">]>'
    part = "xl/worksheets/sheet1.xml"
    said = refused(tmp_path / "a.xlsx", repacked(workbook(), part, lambda text: bomb + text))
    assert "entités XML" in said
    part = "xl/sharedStrings.xml"
    said = refused(
        tmp_path / "b.xlsx", repacked(workbook(), "xl/styles.xml", lambda text: text.decode().encode("utf-16"))
    )
    assert "UTF-8" in said


def test_bombs_disguised_as_workbooks(tmp_path):
    cells = b"<row><c><v>0</v></c></row>" * 3_000_000
    part = "xl/worksheets/sheet1.xml"
    bomb = repacked(workbook(), part, lambda text: text.replace(b"<sheetData>", b"<sheetData>" + cells))
    assert "piégée" in refused(tmp_path / "a.xlsx", bomb, TooLarge)
    # Two cells at the two ends of the largest sheet: the parser would lay out the whole rectangle.
    far = b'<row r="1048576"><c r="A1048576"><v>1</v></c><c r="BXX1048576"><v>1</v></c></row>'
    wide = repacked(workbook(), part, lambda text: text.replace(b"</sheetData>", far + b"</sheetData>"))
    assert "livrez-le en CSV" in refused(tmp_path / "b.xlsx", wide, TooLarge)


@pytest.mark.parametrize(
    "name", ["a.xlsx", "a.ods", "a.xls", "a.parquet", "a.gpkg", "a.zip", "a.csv.gz", "a.json"]
)
def test_truncated_files(tmp_path, name):
    whole = tmp_path / f"whole-{name}"
    table = pd.DataFrame({"code": [f"{n:05d}" for n in range(20_000)], "v": [n * 0.37 for n in range(20_000)]})
    if name == "a.xls":
        book = xlwt.Workbook()
        for row in range(2_000):
            book.add_sheet("f").write(row, 0, row) if not row else book.get_sheet(0).write(row, 0, row)
        book.save(str(whole))
    elif name == "a.parquet":
        table.to_parquet(whole)
    elif name == "a.gpkg":
        sqlite3_package(whole, table)
    elif name == "a.json":
        whole.write_text(json.dumps({"class": "dataset", "id": ["a"], "size": [3], "value": [1, 2, 3]}))
    elif name == "a.csv.gz":
        whole.write_bytes(gzip.compress(table.to_csv(sep=";").encode()))
    elif name == "a.zip":
        whole.write_bytes(zipped(("t.csv", table.to_csv(sep=";").encode())))
    else:
        content = workbook()
        whole.write_bytes(
            content if name == "a.xlsx" else zipped(("mimetype", b"x" * 100), ("content.xml", content))
        )
    content = whole.read_bytes()
    for share in (0.3, 0.9):
        assert "abîmé" in refused(tmp_path / name, content[: int(len(content) * share)])


def sqlite3_package(path: Path, table: pd.DataFrame) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE gpkg_contents (table_name TEXT, data_type TEXT)")
    connection.execute("INSERT INTO gpkg_contents VALUES ('t', 'attributes')")
    table.to_sql("t", connection, index=False)
    connection.commit()
    connection.close()


def test_sqlite_that_brings_code_is_not_run(tmp_path):
    path = tmp_path / "a.gpkg"
    connection = sqlite3.connect(path)
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"
    connection.executescript(
        "CREATE TABLE gpkg_contents (table_name TEXT, data_type TEXT);"  # noqa: S608 (a hostile file is made here)
        f"INSERT INTO gpkg_contents VALUES ('v', 'attributes'), ('t', 'attributes'); CREATE VIEW v AS {endless};"
        "CREATE TABLE t (a TEXT, b TEXT AS (hex(zeroblob(100000000))) VIRTUAL); INSERT INTO t VALUES ('x');"
    )
    connection.close()
    delivered = read(path)
    assert [sheet.name for sheet in delivered.sheets] == ["t"]
    assert any("«\u202fv\u202f»" in remark for remark in delivered.remarks)
    assert any("«\u202fb\u202f»" in remark for remark in delivered.remarks)
    connection = sqlite3.connect(tmp_path / "b.gpkg")
    connection.executescript(f"CREATE VIEW gpkg_contents AS {endless};")
    connection.close()
    assert "pas un GeoPackage" in refused(tmp_path / "b.gpkg", (tmp_path / "b.gpkg").read_bytes())


def test_deep_and_lying_json(tmp_path):
    assert "trop imbriqué" in refused(tmp_path / "a.json", b'{"a":' * 100_000 + b"1" + b"}" * 100_000)
    lying = {"class": "dataset", "id": ["a"], "size": [10**12], "dimension": {"a": {"category": {"index": ["x"]}}}}
    assert "cohérent" in refused(tmp_path / "b.json", json.dumps({**lying, "value": {"0": 1}}).encode())
    assert "cohérent" in refused(tmp_path / "c.json", json.dumps({**lying, "value": [1, 2], "size": [1]}).encode())


def test_a_workbook_under_password(tmp_path):
    # An encrypted XLSX is an OLE container with an EncryptedPackage stream; a BIFF one has a FILEPASS record.
    book = xlwt.Workbook()
    book.add_sheet("f").write(0, 0, 1)
    book.save(str(tmp_path / "a.xls"))
    content = (tmp_path / "a.xls").read_bytes()
    at = content.index(b"\x09\x08\x10\x00") + 20
    closed = (
        content[:at] + struct.pack("<HH", 0x2F, struct.unpack_from("<H", content, at + 2)[0]) + content[at + 4 :]
    )
    assert "mot de passe" in refused(tmp_path / "b.xls", closed)
    sealed = content.replace("Workbook".encode("utf-16-le"), "Wordbook".encode("utf-16-le"))
    assert "un document Office" in refused(tmp_path / "c.xls", sealed)


def test_a_file_of_more_than_500_megabytes_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "a.csv"
    with path.open("wb") as file:
        file.truncate(500_000_001)
    with pytest.raises(TooLarge, match="pèse plus de 500\u202fMo"):
        read(path)
