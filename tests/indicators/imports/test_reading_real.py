"""Real files of producers go through whole: what was found of their form, their lines and their totals."""

from pathlib import Path

import pytest
from deliveredcells import rows

from indicators.imports.reading import read
from indicators.imports.sheets import Delivered

DATA = (Path(__file__).resolve().parents[4] / "shared" / "data").resolve()
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"real files of producers are absent ({DATA.name})")


def delivered(name: str) -> Delivered:
    return read(DATA / name)


def test_insee_populations_sum_to_the_published_departements():
    found = delivered("indicators/insee_populations_reference_2022_ensemble.zip")
    assert len(found.sheets) == 9
    assert (found.form["encoding"], found.form["separator"]) == ("UTF-8", "point-virgule")
    tables = {sheet.name: list(rows(sheet).values()) for sheet in found.sheets}
    sums: dict[str | None, int] = {}
    heading, *communes = tables["donnees_communes.csv"]
    dep, pmun = heading.index("DEP"), heading.index("PMUN")
    for row in communes:
        sums[row[dep]] = sums.get(row[dep], 0) + int(row[pmun] or 0)
    assert len(communes) == 34_960
    heading, *departements = tables["donnees_departements.csv"]
    dep, pmun = heading.index("DEP"), heading.index("PMUN")
    assert {row[dep]: int(row[pmun] or 0) for row in departements}.items() <= sums.items()


def test_filosofi_keeps_its_secrets_and_commas():
    found = delivered("indicators/insee_cc_filosofi_2021_COM.csv")
    table = rows(found.sheets[0])
    assert table[1][:4] == ["CODGEO", "NBMENFISC21", "NBPERSMENFISC21", "MED21"]
    assert table[2][:5] == ["01001", "346", "895", "25820", "s"]
    assert table[4][4] == "50,0"
    assert len(table) == 34_910
    assert not found.remarks


@pytest.mark.parametrize("year", [2020, 2021])
def test_dvf_has_an_unnamed_index_column(year: int):
    found = delivered(f"indicators/mericskay_indicateurs_dvf_communes_{year}.csv")
    table = rows(found.sheets[0])
    assert table[1][:3] == [None, "INSEE_COM", "Annee"]
    assert table[2][:3] == ["1", "01001", str(year)]
    assert found.form["separator"] == "virgule"


def test_bpe_in_gzip():
    found = delivered("indicators/insee_bpe_ens_2018_pdl.csv.gz")
    assert found.form == {"format": "CSV.GZ", "encoding": "UTF-8", "separator": "point-virgule"}
    assert rows(found.sheets[0])[2] == ["52", "44", "44001", "44001", "2018.0", "A206", "1.0"]


def test_the_workbook_of_fifty_sheets():
    found = delivered("indicators/estim-pop-dep-sexe-gca-1975-2023.xls")
    names = [sheet.name for sheet in found.sheets]
    assert len(names) == 50
    assert {str(year) for year in range(1975, 2024)} < set(names)
    table = rows(found.sheets[names.index("2023")])
    assert table[2][0] == "Année 2023"
    loire = next(row for row in table.values() if row[0] == "44")
    total = sum(int(cell) for cell in loire[2:7] if cell)
    assert int(loire[7] or 0) == total


def test_dgcl_is_in_a_single_byte_encoding():
    found = delivered("zonings/dgcl_perimetre-epci-a-fp_2025_latin1.csv")
    table = rows(found.sheets[0])
    assert table[2][6] == "15 156"
    assert any("Provence-Alpes" in (row[2] or "") or "é" in (row[2] or "") for row in table.values())
    assert found.form["encoding"] in ("latin-1", "cp1252")


def test_ze2020_has_five_lines_above_its_table():
    found = delivered("zonings/insee_ZE2020_au_01-01-2022.xlsx")
    table = rows(next(sheet for sheet in found.sheets if sheet.name == "Composition_communale"))
    assert table[6][:2] == ["CODGEO", "LIBGEO"]
    assert table[7][:2] == ["01001", "L'Abergement-Clémenciat"]
    assert len(table) == 34_961


def test_density_begins_with_a_mark_that_is_no_text():
    found = delivered("zonings/anct_densite_bom.csv")
    assert found.form["bom"] == "UTF-8"
    assert rows(found.sheets[0])[1][0] == "insee_com"
