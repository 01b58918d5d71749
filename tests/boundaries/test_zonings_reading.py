"""Lists of zonings as producers write them: encodings, separators, titles above, and what is refused."""

import gzip
import io
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boundaries.levels import Level
from boundaries.sources.fetch import local
from boundaries.zonings.asked import Asked, Columns, decisions
from boundaries.zonings.carrying import carried, whole_cities
from boundaries.zonings.listing import composed
from boundaries.zonings.reading import Table, read
from geo.errors import Invalid

ROWS = [("44001", "5216", "Châteaubriant"), ("44002", "5216", "Châteaubriant"), ("85003", "5213", "L’Île")]
PAIRS = {("44001", "5216"), ("44002", "5216"), ("85003", "5213")}


def file(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def text(separator: str, titles: str = "") -> str:
    lines = [separator.join(row) for row in [("CODGEO", "ZE2020", "LIBZE2020"), *ROWS]]
    return titles + "\r\n".join(lines) + "\r\n"


def table(path: Path, level: Level = Level.ZONE_EMPLOI, columns: Columns | None = None) -> Table:
    return read(local(path), level, columns or Columns())


@pytest.mark.parametrize(
    "content",
    [
        text(";").encode("utf-8"),
        text(",").encode("utf-8-sig"),
        text("\t").encode("cp1252"),
        gzip.compress(text(";").encode()),
        text(";", "Zones d’emploi 2020;;\r\nGéographie au 01/01/2022;;\r\n").encode("cp1252"),
    ],
    ids=["points-virgules", "marque", "tabulations", "comprimé", "titres"],
)
def test_a_list_is_read_whatever_its_form(tmp_path: Path, content: bytes) -> None:
    found = table(file(tmp_path, "zones.csv", content))
    composition, findings = composed(found, Level.ZONE_EMPLOI)
    assert composition.pairs == PAIRS
    assert composition.names == {"5216": "Châteaubriant", "5213": "L’Île"}
    assert findings == []
    assert found.year == 2020


def test_a_workbook_is_read_below_its_titles_and_numbers_gain_no_zero(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in [
        ["Zones d’emploi"],
        ["Code géographique", "Zone"],
        ["CODGEO", "ZE2020"],
        [1001, 8405],
        ["44001", "5216"],
    ]:
        sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    composition, findings = composed(table(file(tmp_path, "zones.xlsx", content.getvalue())), Level.ZONE_EMPLOI)
    assert composition.pairs == {("1001", "8405"), ("44001", "5216")}
    assert [str(finding) for finding in findings] == ["Zones sans nom (leur code en tient lieu) : 5216, 8405"]


def test_what_repeats_or_has_no_zone_or_two_names_is_said(tmp_path: Path) -> None:
    lines = "commune;code_insee;zone;nom_zone\nA;44001;a;Nord\nA;44001;a;Nord\nB;44002;a;nord\nC;44003;;\n;;;\n"
    composition, findings = composed(table(file(tmp_path, "z.csv", lines.encode()), Level.SCOT), Level.SCOT)
    assert composition.pairs == {("44001", "a"), ("44002", "a")}
    assert composition.names == {"a": "Nord"}
    assert [str(finding) for finding in findings] == [
        "Communes citées sans zone : 44003",
        "Communes citées plusieurs fois dans la même zone : 44001",
        "Zones nommées de plusieurs façons (le nom le plus fréquent est gardé) : a",
    ]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("vide.csv", b"", "Aucune ligne de titres"),
        ("autre.csv", b"codgeo;bv2022\n44001;44036\n", "Colonnes trouvées : codgeo, bv2022"),
        ("deux.csv", b"codgeo;ze2010;ze2020\n44001;1;2\n", r"ze2010, ze2020\) : choisissez avec --colonne"),
        ("sans.csv", b"codgeo;ze2020\n;5216\n", r"sans code de commune \(lignes : 2\)"),
        ("creux.csv", b"codgeo;ze2020\n44001;\n", "aucune ligne avec un code"),
        ("formes.gpkg", b"SQLite format 3\0", "contient des formes"),
        ("binaire.csv", b"\0\1\2", "n’est pas un texte"),
        ("abime.csv.gz", b"\x1f\x8b\x08\0\0\0", "tronqué ou abîmé"),
        ("abime.xlsx", b"PK\x03\x04rien", "n’est pas un classeur lisible"),
    ],
)
def test_what_is_no_list_is_refused_in_french(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        composed(table(file(tmp_path, name, content)), Level.ZONE_EMPLOI)


def test_what_is_asked_must_make_sense() -> None:
    with pytest.raises(Invalid, match="--liste"):
        Asked(Level.PERIMETRE, 2025, 2025, liste="Pays de Retz")
    with pytest.raises(Invalid, match="ne va qu’avec"):
        Asked(Level.SCOT, 2025, 2025, liste="retz")
    for wrong in (["85165"], ["85165=1", "85165=2"], ["=1"]):
        with pytest.raises(Invalid, match="COMMUNE=ZONE"):
            decisions(wrong)


def test_paris_lyon_and_marseille_are_whole() -> None:
    lyon = frozenset((f"6938{number}", "z") for number in range(1, 10))
    pairs, findings = whole_cities(lyon)
    assert pairs == {("69123", "z")}
    assert not any(finding.refused for finding in findings)
    _, findings = whole_cities(frozenset({("69381", "z")}))
    assert [finding.codes for finding in findings if finding.refused] == [("69123",)]


communes = st.sampled_from([f"4400{number}" for number in range(1, 7)])


@given(
    st.dictionaries(communes, st.sampled_from("ab"), min_size=1),
    st.dictionaries(communes, st.sampled_from([f"4410{number}" for number in range(1, 4)])),
)
def test_what_is_carried_without_a_word_is_what_every_origin_said(
    zones: dict[str, str], merged: dict[str, str]
) -> None:
    """Mergers only: a commune of the second year has a zone if, and only if, all it is made of agree on it."""
    moves = {code: {target: 1.0} for code, target in merged.items()}
    before = frozenset(f"4400{number}" for number in range(1, 7))
    pairs, findings = carried(frozenset(zones.items()), moves, before, (2022, 2025), {})
    made: dict[str, set[str | None]] = {}
    for code in before:
        made.setdefault(merged.get(code, code), set()).add(zones.get(code))
    agreed = {target: own for target, (own, *more) in ((t, [*o]) for t, o in made.items()) if own and not more}
    assert dict(pairs) == agreed
    assert any(finding.refused for finding in findings) == any(len(own) > 1 for own in made.values())
