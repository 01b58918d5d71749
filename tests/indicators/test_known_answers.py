"""The real populations of Pays de la Loire, against published totals."""

import zipfile
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa
from computed import table as values_of

from boundaries.levels import Level
from indicators.statuses import Status
from indicators.tables import Delivery, Import

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
TOTALS = {"2016": 3_737_632, "2019": 3_806_461, "2020": 3_832_120, "2022": 3_879_216, "2023": 3_907_156}
MILLESIMES = (2019, 2021, 2022, 2023, 2024, 2025)


@pytest.mark.parametrize("millesime", MILLESIMES)
@pytest.mark.parametrize("period", TOTALS)
def test_the_regions_total_is_the_same_in_every_geography(loaded: sa.Engine, period: str, millesime: int) -> None:
    with loaded.connect() as conn:
        for level in (Level.REGION, Level.DEPARTEMENT, Level.COMMUNE):
            table = values_of(conn, "population", level, period, millesime)
            assert sum(value or 0 for value in table.values) == pytest.approx(TOTALS[period], abs=1e-6)
            if level is not Level.COMMUNE:
                assert set(table.statuses) == {Status.OBSERVED}


@pytest.mark.parametrize("millesime", MILLESIMES)
def test_2021_lacks_two_communes_and_says_so(loaded: sa.Engine, millesime: int) -> None:
    with loaded.connect() as conn:
        region = values_of(conn, "population", Level.REGION, "2021", millesime)
        communes = values_of(conn, "population", Level.COMMUNE, "2021", millesime)
    assert region.values == [3_852_877.0]
    assert region.statuses == [Status.PARTIAL]
    assert region.coverages[0] == pytest.approx(1230 / 1232, abs=1e-6)
    if millesime >= 2024:
        missing = [
            code
            for code, status in zip(communes.codes, communes.statuses, strict=True)
            if status is Status.MISSING
        ]
        assert missing == ["85165", "85212"]
        assert communes.statuses[communes.codes.index("85084")] is Status.NOT_SIGNIFICANT


def test_only_the_communes_of_the_split_are_estimated(loaded: sa.Engine) -> None:
    with loaded.connect() as conn:
        table = values_of(conn, "population", Level.COMMUNE, "2016", 2025)
        epci = values_of(conn, "population", Level.EPCI, "2016", 2025)
    estimated = {
        code: value
        for code, value, status in zip(table.codes, table.values, table.statuses, strict=True)
        if status is Status.ESTIMATED
    }
    assert set(estimated) == {"85084", "85165", "85212"}
    assert sum(value or 0 for value in estimated.values()) == pytest.approx(8804, rel=1e-12)
    assert set(epci.statuses) == {Status.OBSERVED}


def test_both_versions_of_a_year_are_kept_and_one_is_released(loaded: sa.Engine) -> None:
    with loaded.connect() as conn:
        rows = conn.execute(
            sa.select(Import.period, Import.millesime, Delivery.state)
            .join(Delivery, Delivery.id == Import.delivery_id)
            .order_by(Import.id)
        ).all()
    released = [(row.period, row.millesime) for row in rows if row.state == "released"]
    assert released == [
        ("2016", 2019),
        ("2019", 2021),
        ("2020", 2022),
        ("2021", 2024),
        ("2022", 2024),
        ("2023", 2025),
    ]
    assert {(row.period, row.millesime) for row in rows if row.state == "draft"} == {
        ("2019", 2022), ("2020", 2023), ("2023", 2025),
    }  # fmt: skip


def test_the_density_of_the_region(loaded: sa.Engine) -> None:
    with loaded.connect() as conn:
        table = values_of(conn, "densite", Level.REGION, "2022", 2025)
    assert table.values[0] == pytest.approx(3_879_216 / 32_359.0, rel=1e-4)


@pytest.mark.skipif(not SHARED.exists(), reason="shared test data absent: ../shared/data")
def test_populations_2022_equal_insees_own_file(loaded: sa.Engine) -> None:
    archive = SHARED / "indicators" / "insee_populations_reference_2022_ensemble.zip"
    with zipfile.ZipFile(archive) as files:
        name = next(name for name in files.namelist() if "commune" in name.lower() and name.endswith(".csv"))
        frame = pd.read_csv(files.open(name), sep=";", dtype=str)
    frame = frame[frame["DEP"].isin(["44", "49", "53", "72", "85"])] if "DEP" in frame else frame
    codes = frame["DEPCOM"] if "DEPCOM" in frame else frame["COM"]
    expected = dict(zip(codes, frame["PMUN"].astype(int), strict=True))
    with loaded.connect() as conn:
        table = values_of(conn, "population", Level.COMMUNE, "2022", 2024)
    assert dict(zip(table.codes, table.values, strict=True)) == {code: expected[code] for code in table.codes}
