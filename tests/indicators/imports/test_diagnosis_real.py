"""Producers' real files, read by the recipes that come with the product, against the whole of France."""

import functools
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import registryreference

from geo.errors import Invalid
from indicators.catalogue import indicator
from indicators.imports.diagnosis import Decisions, Diagnosis, Family, diagnose, propose
from indicators.imports.mapping import recipe, recipes
from indicators.imports.reading import read
from indicators.imports.reference import Reference
from indicators.imports.values import values

DATA = Path(__file__).resolve().parents[3] / "../shared/data"
PAYS_DE_LA_LOIRE = ("44", "49", "53", "72", "85")

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="les fichiers réels ne sont pas à côté du dépôt")


@pytest.fixture(scope="module")
def france(downloads: Path) -> Reference:
    return registryreference.reference(downloads, (2019, 2021, 2024, 2025))


Read = Callable[[str, str], tuple[Diagnosis, pd.DataFrame]]


@pytest.fixture(scope="module")
def imported(france: Reference) -> Read:
    @functools.cache
    def of(file: str, source: str) -> tuple[Diagnosis, pd.DataFrame]:
        delivered, mapping = read(DATA / file), recipe(source)
        diagnosis = diagnose(delivered, mapping, france)
        decisions = Decisions(accepted=frozenset({"vanished-code"}))
        accepted = diagnosis.accepted(decisions)
        frames = [
            frame.astype({"indicator": str, "period": str, "level": str, "status": str, "sheet": str})
            for frame in values(delivered, mapping, france, accepted)
        ]
        return diagnosis, pd.concat(frames, ignore_index=True)

    return of


def counted(diagnosis: Diagnosis, family: Family) -> int:
    return sum(count for (one, _), count in diagnosis.counts.items() if one is family)


def test_populations_sum_to_the_published_totals(imported: Read):
    diagnosis, told = imported("indicators/insee_populations_reference_2022_ensemble.zip", "insee_populations")
    assert counted(diagnosis, Family.TOTALS) == 0
    assert not diagnosis.blocking()
    assert len(told) == 3 * 34_960
    people = told[told["indicator"] == "population"]
    assert set(people["level"]) == {"commune", "arrondissement-municipal"}
    stated = pd.read_csv(_member("donnees_departements.csv"), sep=";", dtype={"DEP": str}).set_index("DEP")["PMUN"]
    departement = people["code"].str[:2].where(~people["code"].str.startswith("97"), people["code"].str[:3])
    sums = people.groupby(departement)["value"].sum()
    assert (sums == stated.reindex(sums.index)).all()
    assert len(sums) == 100
    assert people["value"].where(departement.isin(PAYS_DE_LA_LOIRE)).sum() == 3_879_216


def _member(name: str) -> io.BytesIO:
    with zipfile.ZipFile(DATA / "indicators/insee_populations_reference_2022_ensemble.zip") as archive:
        return io.BytesIO(archive.read(name))


def test_a_population_that_is_changed_no_longer_sums_up(imported: Read, france: Reference, tmp_path: Path):
    """The comparison is a real one: one inhabitant more and the departement is named."""
    source = DATA / "indicators/insee_populations_reference_2022_ensemble.zip"
    with zipfile.ZipFile(source) as archive, zipfile.ZipFile(tmp_path / "a.zip", "w") as changed:
        for name in ("donnees_communes.csv", "donnees_departements.csv", "donnees_regions.csv"):
            text = archive.read(name).decode()
            assert name != "donnees_communes.csv" or ";44109;Nantes;" in text
            changed.writestr(name, text.replace(";44109;Nantes;", ";44109;Nantes;1"))
    diagnosis = diagnose(read(tmp_path / "a.zip"), recipe("insee_populations"), france)
    assert counted(diagnosis, Family.TOTALS) == 2  # the departement and the Region


def test_filosofi_keeps_secret_what_is_secret(imported: Read):
    diagnosis, told = imported("indicators/insee_cc_filosofi_2021_COM.csv", "insee_filosofi")
    assert not diagnosis.blocking()
    assert set(told["period"]) == {"2021"}
    here = told[told["code"].str[:2].isin(PAYS_DE_LA_LOIRE) & (told["level"] == "commune")]
    secret = here[here["status"] == "secret"].groupby("indicator").size()
    assert (secret["taux_pauvrete"], secret["niveau_vie_median"]) == (932, 14)
    assert told.loc[told["status"] == "secret", "value"].isna().all()
    assert set(told["level"]) == {"commune", "arrondissement-municipal"}  # the producer's own, and no other
    assert (
        told.loc[(told["indicator"] == "niveau_vie_median") & (told["code"] == "01001"), "value"].item() == 25820
    )


def test_medians_are_not_summed(france: Reference):
    delivered = read(DATA / "indicators/insee_cc_filosofi_2021_COM.csv")
    summing = recipe("insee_filosofi").model_copy(update={"duplicates": "sum"})
    with pytest.raises(Invalid, match="ne s’additionne pas"):
        list(values(delivered, summing, france))
    assert diagnose(delivered, summing, france).blocking()


@pytest.mark.parametrize("year", ["2020", "2021"])
def test_housing_prices_have_their_weights(imported: Read, year: str):
    diagnosis, told = imported(f"indicators/mericskay_indicateurs_dvf_communes_{year}.csv", "dvf_communes")
    assert counted(diagnosis, Family.UNNAMED_COLUMN) == 1
    assert set(told["period"]) == {year}
    wide = told.pivot_table(index="code", columns="indicator", values="value")
    assert indicator("prix_m2_logement").weight == "ventes_logements"
    priced = wide["prix_m2_logement"].notna()
    assert (wide.loc[priced, "ventes_logements"] > 0).all()
    raw = pd.read_csv(DATA / f"indicators/mericskay_indicateurs_dvf_communes_{year}.csv", dtype={"INSEE_COM": str})
    raw = raw.set_index("INSEE_COM")
    shared = wide.index.intersection(raw.index)
    assert len(shared) == len(wide) > 30_000
    for column, name in (("Prixm2Moyen", "prix_m2_logement"), ("Nb_mutations", "ventes_logements")):
        assert (raw.loc[shared, column].to_numpy() == wide.loc[shared, name].to_numpy()).all()


def test_facilities_are_counted_by_type_and_rolled_up(imported: Read):
    diagnosis, told = imported("indicators/insee_bpe_ens_2018_pdl.csv.gz", "insee_bpe")
    raw = pd.read_csv(DATA / "indicators/insee_bpe_ens_2018_pdl.csv.gz", sep=";", dtype=str)
    types = {"medecins_generalistes": "D201", "pharmacies": "D301", "boulangeries": "B203"}
    assert set(told["level"]) == {"commune"}
    for name, kind in types.items():
        mine, theirs = told[told["indicator"] == name], raw[raw["TYPEQU"] == kind]
        assert mine["value"].sum() == theirs["NB_EQUIP"].astype(float).sum()
        assert not mine.duplicated(["period", "code"]).any()
    nantes = raw[(raw["TYPEQU"] == "D301") & raw["DCIRIS"].str.startswith("44109")]["NB_EQUIP"].astype(float).sum()
    assert told[(told["indicator"] == "pharmacies") & (told["code"] == "44109")]["value"].item() == nantes
    # the file is older than the oldest list of codes: its vanished communes are proposed to those that took them over
    assert counted(diagnosis, Family.VANISHED_CODE) > 0
    assert counted(diagnosis, Family.UNKNOWN_CODE) == counted(diagnosis, Family.POSTAL_CODE) == 0


def test_the_workbook_of_fifty_sheets(imported: Read):
    diagnosis, told = imported("indicators/estim-pop-dep-sexe-gca-1975-2023.xls", "insee_estimations_population")
    assert counted(diagnosis, Family.TOTALS) == 0
    assert counted(diagnosis, Family.TOTAL_ROW) == 117
    assert told["period"].nunique() == 49
    people = told[(told["indicator"] == "population_estimee") & (told["code"] == "44")].set_index("period")[
        "value"
    ]
    assert people["1975"] < people["2023"]
    last = told[(told["period"] == "2023") & (told["indicator"] == "population_estimee")]
    assert (len(last), last["value"].sum()) == (101, 68_042_591)  # France métropolitaine et DOM, as printed
    assert told[told["code"] == "97"].empty


def test_perimeters_in_latin_1_are_read_by_member(imported: Read):
    diagnosis, told = imported("zonings/dgcl_perimetre-epci-a-fp_2025_latin1.csv", "dgcl_epci")
    assert counted(diagnosis, Family.FORMAT) == 1
    assert not diagnosis.blocking()
    people = told[told["indicator"] == "population"].set_index("code")["value"]
    assert people["01304"] == 2_862
    missing = [finding for finding in diagnosis.findings if finding.family is Family.MISSING_TERRITORY]
    islands = {finding.given for finding in missing if finding.given}
    assert islands == {"22016", "29083", "29155", "85113"}  # the four that belong to no EPCI


def test_the_density_grid_is_read_in_words(imported: Read):
    diagnosis, told = imported("zonings/anct_densite_bom.csv", "anct_densite")
    assert not diagnosis.blocking()
    assert told.loc[told["code"] == "44109", "value"].item() == 1
    assert set(told["value"]) == {1, 2, 3, 4, 5, 6, 7}


def test_a_recipe_that_says_another_geography_is_found_out(france: Reference):
    mapping = recipe("anct_densite").at(millesime=2024)
    diagnosis = diagnose(read(DATA / "zonings/anct_densite_bom.csv"), mapping, france)
    assert diagnosis.blocking()
    assert any(finding.family is Family.MILLESIME and finding.proposed == "2025" for finding in diagnosis.findings)


def test_files_without_recipe_are_laid_out(france: Reference):
    workbook = propose(read(DATA / "indicators/estim-pop-dep-sexe-gca-1975-2023.xls"), france)
    assert workbook.tables[0].header == (4, 5)
    assert (workbook.tables[0].level, workbook.tables[0].period_sheet) == ("departement", True)
    sdmx = propose(read(DATA / "indicators/melodi_DS_BPE_medecins_44_2024.csv"), france).tables[0]
    assert (sdmx.code, sdmx.period_column, sdmx.levels) == ("GEO", "TIME_PERIOD", {"COM": "commune"})
    filosofi = propose(read(DATA / "indicators/insee_cc_filosofi_2021_COM.csv"), france)
    assert (filosofi.decimal, filosofi.millesime, filosofi.tables[0].code) == (",", 2024, "CODGEO")


def test_every_recipe_comes_back_from_its_own_text():
    for one in recipes().values():
        assert type(one).from_toml(one.to_toml()) == one == type(one).from_json(one.to_json())
        for measure in (measure for table in one.tables for measure in table.measures):
            indicator(measure.indicator)
