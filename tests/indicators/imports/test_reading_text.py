"""Text tables: encoding, separator, quotes, ragged rows and line numbers, read as the file has them."""

import csv
import gzip
import io
import zipfile
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from deliveredcells import rows
from hypothesis import example, given
from hypothesis import strategies as st

from geo.errors import Invalid
from indicators.imports.reading import limits, read
from indicators.imports.reading.delimited import _parse
from indicators.imports.reading.lines import BLOCK_BYTES
from indicators.imports.reading.records import pieces
from indicators.imports.reading.separator import separator_of
from indicators.imports.sheets import Delivered


@pytest.fixture
def deliver(tmp_path: Path):
    numbers = count()

    def made(content: bytes | str, name: str = "table.csv") -> Delivered:
        path = tmp_path / f"{next(numbers)}"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read(path, name)

    return made


def only(delivered: Delivered) -> dict[int, list[str | None]]:
    (sheet,) = delivered.sheets
    return rows(sheet)


@pytest.mark.parametrize(
    ("encoded", "label", "bom"),
    [
        ("code;nom\n01;Évreux œ".encode(), "UTF-8", None),
        ("code;nom\n01;Évreux œ".encode("utf-8-sig"), "UTF-8", "UTF-8"),
        ("code;nom\n01;Évreux œ".encode("utf-16"), "UTF-16", "UTF-16"),
        (b"\xfe\xff" + "code;nom\n01;Évreux œ".encode("utf-16-be"), "UTF-16", "UTF-16"),
        ("code;nom\n01;Évreux œ".encode("cp1252"), "cp1252", None),
    ],
)
def test_encodings(deliver, encoded, label, bom):
    delivered = deliver(encoded)
    assert delivered.form["encoding"] == label
    assert delivered.form.get("bom") == bom
    assert only(delivered) == {1: ["code", "nom"], 2: ["01", "Évreux œ"]}


def test_latin1_is_told_from_cp1252_by_its_controls_even_at_the_end_of_the_file(deliver):
    text = "code;nom\n" + "44109;Orée-d’Anjou\n".replace("’", "'") * 200_000
    assert deliver(text.encode("latin-1")).form["encoding"] == "latin-1"
    assert deliver(text.encode("latin-1") + b"1;prix en \x80\n").form["encoding"] == "cp1252"


def test_a_stray_byte_in_utf8_is_read_as_cp1252_and_said(deliver):
    delivered = deliver("code;nom\n1;Évreux\n2;Orléans\n3;Sète\n".encode() + b"4;Mar\xe7on\n")
    assert only(delivered)[5] == ["4", "Marçon"]
    assert delivered.form["encoding"] == "UTF-8"
    assert "sauf 1 octet" in delivered.remarks[0]


@pytest.mark.parametrize(
    ("text", "separator"),
    [
        ("code;valeur\n01001;1,5\n01002;2,25\n", "point-virgule"),
        ("code,nom\n01001,a;b\n01002,c;d\n", "virgule"),
        ("code\tvaleur\n01001\t1,5\n", "tabulation"),
        ("code|valeur\n01001|1,5\n", "barre verticale"),
        ("Tableau 1, population\nSource : Insee, RP 2021\n\ncode;a;b\n1;1,5;2\n2;3,5;4\n3;1;1\n", "point-virgule"),
        ('"code","texte"\n"1","a;b;c;d"\n"2","a;b;c;d\ne;f"\n', "virgule"),
        ("code\n01001\n01002\n", "aucun"),
    ],
)
def test_separators(deliver, text, separator):
    assert deliver(text).form["separator"] == separator


def test_separator_of_a_list_of_values_inside_a_column():
    assert separator_of(["code;membres\n", "1;a,b,c\n", "2;d,e,f\n"]) == ";"


def test_ragged_rows_are_kept_at_their_place_and_said(deliver):
    delivered = deliver("Titre\n\na;b;c\n1;2;3\n4;5\n6;7;8;9\n10;11;12\n13;14;15\n")
    assert only(delivered) == {
        1: ["Titre", None, None, None],
        2: [None] * 4,
        3: ["a", "b", "c", None],
        4: ["1", "2", "3", None],
        5: ["4", "5", None, None],
        6: ["6", "7", "8", "9"],
        7: ["10", "11", "12", None],
        8: ["13", "14", "15", None],
    }
    said = " ".join(delivered.remarks)
    assert "2 cellule(s) au lieu de 3\u202f: 5." in said
    assert "4 cellule(s) au lieu de 3\u202f: 6." in said


def test_quoted_cells_hold_separators_quotes_and_ends_of_lines(deliver):
    text = 'code;nom;v\r\n1;"a;b";3\r\n2;"dit ""le\r\ngrand""";4\r\n3;pouce 5" x;5\r\n4;;6\r\n'
    assert only(deliver(text)) == {
        1: ["code", "nom", "v"],
        2: ["1", "a;b", "3"],
        3: ["2", 'dit "le\r\ngrand"', "4"],
        5: ["3", 'pouce 5" x', "5"],
        6: ["4", None, "6"],
    }


def test_lines_ended_by_carriage_returns_alone(deliver):
    assert only(deliver("a;b\r1;2\r3;4")) == {1: ["a", "b"], 2: ["1", "2"], 3: ["3", "4"]}


def test_lines_stay_exact_from_block_to_block(deliver):
    lines = ["code;texte"]
    expected = {1: ["code", "texte"]}
    line = 2
    for number in range(80_000):
        if number % 7_000 == 5:
            lines.append(f'{number};"un\ndeux, ""trois""\nquatre"')
            expected[line] = [str(number), 'un\ndeux, "trois"\nquatre']
            line += 3
        else:
            lines.append(f'{number:05d};"{"é" * 40}"' if number % 2 else f"{number:05d};{'x' * 40}")
            expected[line] = [f"{number:05d}", ("é" if number % 2 else "x") * 40]
            line += 1
    text = "\n".join(lines).encode()
    assert len(text) > 2 * BLOCK_BYTES
    assert only(deliver(text)) == expected


def test_batches_can_be_asked_again(deliver):
    delivered = deliver("a;b\n1;2\n")
    assert only(delivered) == only(delivered)


def test_a_file_that_changes_meanwhile_is_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a;b\n1;2\n")
    delivered = read(path)
    path.write_text("a;b\n1;2\n3;4\n")
    with pytest.raises(Invalid, match="a changé pendant sa lecture"):
        rows(delivered.sheets[0])


def test_name_size_and_digest_are_those_of_the_file(deliver):
    delivered = deliver("a;b\n1;2\n", "Données 2024.csv")
    assert (delivered.name, delivered.size) == ("Données 2024.csv", 8)
    assert delivered.sha256 == "403bea5152c251c5bc7ef420d824d191605723f99392e83a0549ad58c6d46291"


def test_sdmx_csv_is_named_and_left_as_it_is(deliver):
    text = "STRUCTURE,STRUCTURE_ID,ACTION,GEO,OBS_VALUE\ndataflow,FR1:POP(1.0),I,44109,320732\n"
    delivered = deliver(text)
    assert delivered.form["format"] == "SDMX-CSV"
    assert only(delivered)[2] == ["dataflow", "FR1:POP(1.0)", "I", "44109", "320732"]


def test_tsv_and_gzip(deliver):
    assert deliver("a\tb\n1\t2\n", "a.tsv").form["format"] == "TSV"
    delivered = deliver(gzip.compress(b"a;b\n1;2\n"), "a.csv.gz")
    assert delivered.form["format"] == "CSV.GZ"
    assert delivered.sheets[0].name == "a.csv"
    assert only(delivered) == {1: ["a", "b"], 2: ["1", "2"]}


def test_an_archive_gives_one_sheet_per_table_and_says_what_it_leaves(deliver):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("2022/communes.csv", "a;b\n1;2\n")
        archive.writestr("2022/departements.csv", "a;b\n3;é\n".encode("latin-1"))
        archive.writestr("notice.pdf", b"%PDF-1.4 ...")
        archive.writestr("lisez-moi.txt", "Bonjour")
    delivered = deliver(packed.getvalue(), "insee.zip")
    assert [sheet.name for sheet in delivered.sheets] == ["2022/communes.csv", "2022/departements.csv"]
    assert rows(delivered.sheets[1])[2] == ["3", "é"]
    assert delivered.form["encoding"] == "UTF-8, latin-1"
    assert "notice.pdf" in delivered.remarks[-1]
    assert "lisez-moi.txt" in delivered.remarks[-1]


CELLS = st.text(alphabet='ab;,"\n é', max_size=6)


@given(st.lists(st.lists(CELLS, min_size=1, max_size=4), min_size=1, max_size=8))
def test_whatever_is_written_by_a_csv_writer_is_read_back(tmp_path_factory, table):
    whole = [["tête", "b", "c"]] * 20 + table
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=";", lineterminator="\n").writerows(whole)
    path = tmp_path_factory.mktemp("law") / "t.csv"
    path.write_bytes(written.getvalue().encode())
    if any("\n" in cell and cell.count(";") >= 2 for row in table for cell in row):
        return  # a cell that holds whole lines of the table is refused: it looks like a forgotten quote
    width = max(len(row) for row in whole)
    expected = [[cell or None for cell in row] + [None] * (width - len(row)) for row in whole]
    assert list(only(read(path)).values()) == expected


@given(st.text(alphabet='a;"\n\r', min_size=1, max_size=14))
@example('a;"')
@example('"a""";a\r\r\n\n"a\n";a')
def test_pieces_are_what_csv_reads(text: str):
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";", strict=False)
    expected: dict[int, list[str]] = {}
    begins = 1
    for row in reader:
        expected[begins] = row
        begins = reader.line_num + 1
    found: dict[int, list[str]] = {}
    half = text[: text.rfind("\n", 0, len(text) // 2) + 1]
    try:
        for piece in pieces(iter(filter(None, (half.encode(), text[len(half) :].encode()))), ";", "t"):
            for width in set(piece.lines.widths[piece.alone].tolist()):
                chosen = piece.alone & (piece.lines.widths == width)
                columns = _parse(piece.lines.only(chosen), ";", width)
                for row, line in enumerate(np.flatnonzero(chosen) + piece.first):
                    found[int(line)] = [column[row].as_py() or "" for column in columns]
            found.update(zip(piece.cut_lines, piece.cut_cells, strict=True))
    except Invalid:
        with pytest.raises(csv.Error):  # what is refused is what an exacting csv refuses: a quote is left open
            list(csv.reader(io.StringIO(text, newline=""), delimiter=";", strict=True))
        return
    assert dict(sorted(found.items())) == expected


def test_limits_are_counted_while_reading(deliver, monkeypatch):
    monkeypatch.setattr(limits, "ROWS", limits.Limit(3, "a trop de lignes"))
    with pytest.raises(limits.FileTooLarge, match="a trop de lignes"):
        deliver("a;b\n" * 4)
