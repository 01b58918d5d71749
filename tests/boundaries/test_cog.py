"""Which millesime a list of codes is of: worked by hand, and on the lists of every year that INSEE's file gives."""

import csv
import time
from pathlib import Path

import pytest

from boundaries import events
from boundaries.cog import detect, existing
from boundaries.existence import Existence, listed, walked
from boundaries.listed_codes import read_codes, read_populations
from boundaries.movements import read
from geo.errors import Invalid

COG = Path(__file__).resolve().parents[2] / "../shared/data/cog"
FILE = COG / "insee_mvtcommunes_1943_2025-01-01_via_COGiter.csv"

# Les Essarts-en-Bocage are split in 2024, Orée d’Anjou changes code in 2025, 44005 merges into 44001 in 2024
LISTS = {
    2023: {"85084", "49069", "44001", "44005", "75056"},
    2024: {"85084", "85165", "85212", "49069", "44001", "75056"},
    2025: {"85084", "85165", "85212", "49126", "44001", "75056"},
}


@pytest.mark.parametrize("year", list(LISTS))
def test_a_whole_list_fits_its_own_millesime(year: int) -> None:
    found = detect(LISTS[year], LISTS)
    assert found.best == found.fitting == (year,)
    assert found.ranking[0].missing == 0


def test_the_codes_that_decide_are_told() -> None:
    assert detect(LISTS[2024], LISTS).reasons() == [
        "49069 n’existe plus à partir de 2025 (présent en 2024)",
        "85165, 85212 n’existent qu’à partir de 2024 (absents en 2023)",
    ]
    assert detect(LISTS[2023], LISTS).reasons()[0] == "44005 n’existe plus à partir de 2024 (présent en 2023)"


def test_a_list_of_communes_that_never_changed_fits_every_millesime() -> None:
    found = detect(["44001"], LISTS)
    assert found.fitting == (2023, 2024, 2025)
    assert found.best == (2024, 2025), "in 2023 the departement had one commune more, which the list lacks"
    assert found.reasons() == []


def test_the_nearest_millesime_is_told_where_none_fits() -> None:
    found = detect(["85084", "85165", "49069", "49126", "85999"], LISTS)
    assert found.fitting == ()
    assert [(fit.millesime, fit.unknown, fit.missing) for fit in found.ranking] == [
        (2025, ("49069", "85999"), 1),
        (2024, ("49126", "85999"), 1),
        (2023, ("49126", "85165", "85999"), 0),
    ]
    assert found.best == (2024, 2025)
    assert found.unknown == ("85999",)


def test_what_is_no_commune_is_set_aside() -> None:
    found = detect([" 44001 ", "44001", "", "1001", "total", "75101", "13055", "2A004"], LISTS)
    assert found.judged == 1
    assert found.malformed == ("1001", "total")
    assert found.arrondissements == ("75101",)
    assert found.elsewhere == ("13055", "2A004")


def test_nothing_to_judge_says_nothing() -> None:
    for codes in ([], ["99999"]):
        found = detect(codes, LISTS)
        assert (found.best, found.fitting, found.reasons()) == ((), (), [])
    assert detect(["44001"], {}).best == ()


@pytest.mark.parametrize(
    ("years", "told"),
    [
        ([2024, 2025], "n’existe qu’à partir de 2024 (absent en 2023)"),
        ([2019, 2021], "n’existe plus à partir de 2023 (présent en 2021)"),
        ([2021, 2023], "n’existe que de 2021 à 2023 (absent en 2019 et en 2024)"),
        ([2019, 2024, 2025], "n’existe que jusqu’en 2019 et qu’à partir de 2024".replace("que jusqu’en", "qu’en")),
        ([2019, 2021, 2025], "n’existe que jusqu’en 2021 et qu’à partir de 2025"),
    ],
)
def test_how_existence_is_said(years: list[int], told: str) -> None:
    assert existing(years, [2019, 2021, 2023, 2024, 2025]) == told


# The file


@pytest.mark.parametrize(
    ("content", "name", "cells"),
    [
        ("44001\n85165\n", "", ["44001", "85165"]),
        ("CODGEO;LIBGEO\n44001;Abbaretz\n85165;L'Oie\n", "CODGEO", ["44001", "85165"]),
        (",code,pop\n0,44001,12\n1,85165,9\n", "code", ["44001", "85165"]),
        ("TYPECOM,COM\nCOM,44001\nCOMD,85165\nARM,75101\n", "COM", ["44001", "75101"]),
    ],
)
def test_the_column_of_codes_is_found(content: str, name: str, cells: list[str]) -> None:
    read = read_codes(content.encode("cp1252"), "Fichier")
    assert (read.name, read.cells) == (name, cells)


def test_the_column_may_be_named() -> None:
    content = b"residence;travail\n44001;85165\n"
    assert read_codes(content, "Fichier", "Travail").cells == ["85165"]
    with pytest.raises(Invalid, match="residence, travail"):
        read_codes(content, "Fichier", "commune")


@pytest.mark.parametrize("content", ["", "nom;population\nAbbaretz;2000\n", "code\n1001\n1002\n"])
def test_a_file_without_codes_is_refused(content: str) -> None:
    with pytest.raises(Invalid):
        read_codes(content.encode(), "Fichier")


def test_populations_are_read_with_french_numbers_and_unknown_is_not_zero() -> None:
    content = "\ufeffcode;population\n85084;6\u202f835\n85165;1264,5\n85212;\n85001;0\n"
    assert read_populations(content.encode(), "Fichier") == {
        "85084": 6835,
        "85165": 1264.5,
        "85212": None,
        "85001": 0,
    }


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("code,pop\n85084,1\n", "ligne 1.*population"),
        ("code,population\n85084,1\n8516,1\n", "ligne 3, colonne code"),
        ("code,population\n85084,1\n85084,1\n", "ligne 3.*deux fois"),
        ("code,population\n85084,-1\n", "ligne 2, colonne population"),
        ("code,population\n85084,beaucoup\n", "ligne 2, colonne population"),
    ],
)
def test_populations_that_cannot_be_read_are_refused(content: str, told: str) -> None:
    with pytest.raises(Invalid, match=told):
        read_populations(content.encode(), "Fichier")


# INSEE's own file


@pytest.fixture(scope="module")
def yearly() -> Existence:
    if not FILE.exists():
        pytest.skip("INSEE's file is not in ../shared/data")
    with (COG / "insee_v_commune_2025_via_COGiter.csv").open(encoding="utf-8") as lines:
        codes = [row["DEPCOM"] for row in csv.DictReader(lines) if row["TYPECOM"] == "COM"]
    return walked(events.steps(read(FILE.read_bytes())), 2025, codes, range(1943, 2026))


@pytest.mark.parametrize("year", [1943, 1975, 1999, 2015, 2019, 2023, 2024, 2025])
def test_the_list_of_a_year_is_recognised_among_eighty(yearly: Existence, year: int) -> None:
    codes = yearly.codes(year)
    found = detect(codes, yearly)
    assert year in found.best
    assert year in found.fitting
    assert all(yearly.codes(other) == codes for other in found.best), "years without a movement are alike"


def test_one_departement_is_enough(yearly: Existence) -> None:
    codes = [code for code in yearly.codes(2024) if code.startswith("85")]
    found = detect(codes, yearly)
    assert found.best == (2024,)
    assert "85165, 85212 n’existent que jusqu’en 2015 et qu’à partir de 2024" in found.reasons()
    loaded = {year: yearly.codes(year) for year in (2019, 2021, 2022, 2023, 2024, 2025)}
    assert "85165, 85212 n’existent qu’à partir de 2024 (absents en 2023)" in detect(codes, loaded).reasons()


def test_a_national_list_is_judged_quickly(yearly: Existence) -> None:
    codes = yearly.codes(2024)
    start = time.process_time()
    detect(codes, yearly)
    assert time.process_time() - start < 2
    start = time.process_time()
    detect(codes, listed({year: yearly.codes(year) for year in (2019, 2021, 2024)}))
    assert time.process_time() - start < 2
