"""What whole series say: totals, jumps, missing territories, doubles; and how the report says it."""

import csv
import io
from collections.abc import Sequence

import pandas as pd
from frenchreference import NANTES_METROPOLE, reference

from indicators.imports import report
from indicators.imports.diagnosis import Decisions, Diagnosis, Family, Severity, diagnose
from indicators.imports.findings import LISTED, Finding, Found
from indicators.imports.mapping import Mapping
from indicators.imports.reference import Reference
from indicators.imports.sheets import Delivered, Sheet

FRANCE = reference()


def file(**sheets: Sequence[Sequence[str | None]]) -> Delivered:
    made = []
    for name, rows in sheets.items():
        frame = pd.DataFrame([list(row) for row in rows], dtype=object)
        frame.index = pd.RangeIndex(1, len(frame) + 1)
        made.append(Sheet(name, lambda frame=frame: iter([frame])))
    return Delivered("a.xlsx", 1, "0" * 64, tuple(made), {})


def stock(level: str = "commune", **changes: object) -> Mapping:
    table = {"code": "code", "level": level, "measures": [MEASURE]}
    return Mapping.model_validate(
        {"source": "essai", "millesime": 2024, "period": "2022", "tables": [table], **changes}
    )


MEASURE = {"indicator": "emplois", "column": "v", "nature": "stock", "decimals": 0}


def of(diagnosis: Diagnosis, family: Family) -> list[Finding]:
    return [finding for finding in diagnosis.findings if finding.family is family]


def test_an_epci_among_communes_is_compared_with_its_communes():
    communes = [[code, "10"] for code in NANTES_METROPOLE]
    right = file(a=[["code", "v"], *communes, ["244400404", "80"]])
    wrong = file(a=[["code", "v"], *communes, ["244400404", "81"]])
    assert not of(diagnose(right, stock(), FRANCE), Family.TOTALS)
    found = of(diagnose(wrong, stock(), FRANCE), Family.TOTALS)
    assert [(finding.line, finding.given) for finding in found] == [(10, "81")]
    assert "la somme des 8 communes (EPCI 244400404) 80" in found[0].sentence


def test_a_total_is_not_compared_with_what_is_incomplete():
    """A secret commune is in the total and not in the sum: the two need not be equal."""
    rows = [["code", "v"], ["53130", "10"], ["53147", "s"], ["53", "25"]]
    assert not of(diagnose(file(a=rows), stock(), FRANCE), Family.TOTALS)
    missing = [["code", "v"], ["53130", "10"], ["53", "25"]]
    assert not of(diagnose(file(a=missing), stock(), FRANCE), Family.TOTALS)


def test_a_sheet_of_departements_verifies_that_of_communes():
    tables = [
        {"sheets": "communes", "code": "code", "level": "commune", "measures": [MEASURE]},
        {"sheets": "dep", "code": "code", "level": "departement", "measures": [MEASURE], "checked_only": True},
    ]
    delivered = file(communes=[["code", "v"], ["53130", "10"], ["53147", "5"]], dep=[["code", "v"], ["53", "16"]])
    found = of(diagnose(delivered, stock(tables=tables), FRANCE), Family.TOTALS)
    assert [(finding.sheet, finding.line) for finding in found] == [("dep", 2)]


def test_arrondissements_are_never_added_to_their_city():
    municipal = [[str(75101 + rank), "1"] for rank in range(20)]
    both = file(a=[["code", "v"], ["75056", "20"], *municipal, ["75", "20"]])
    without_city = file(a=[["code", "v"], *municipal, ["75", "20"]])
    added = file(a=[["code", "v"], ["75056", "20"], *municipal, ["75", "40"]])
    assert not of(diagnose(both, stock(), FRANCE), Family.TOTALS)
    assert not of(diagnose(without_city, stock(), FRANCE), Family.TOTALS)
    assert of(diagnose(added, stock(), FRANCE), Family.TOTALS)


def test_a_total_that_does_not_add_up_by_nature_is_not_compared():
    rows = [["code", "v"], ["53130", "10"], ["53147", "12"], ["53", "11"]]
    tables = [{"code": "code", "level": "commune", "measures": [{**MEASURE, "nature": "median"}]}]
    assert not of(diagnose(file(a=rows), stock(tables=tables), FRANCE), Family.TOTALS)


def test_jumps_are_robust_to_the_common_evolution():
    """Everything doubles: the whole jumps, no territory does; then one triples beside nine that do not move."""
    codes = sorted(FRANCE.codes(2024, "commune"))[:20]
    before = pd.DataFrame(
        {
            "indicator": "emplois",
            "period": "2021",
            "level": "commune",
            "code": codes,
            "value": 100.0,
            "status": "observed",
        }
    )
    doubled = diagnose(file(a=[["code", "v"], *([code, "200"] for code in codes)]), stock(), FRANCE, before)
    assert [finding.line for finding in of(doubled, Family.JUMP)] == [None]
    one = [[code, "300" if rank == 3 else "101"] for rank, code in enumerate(codes)]
    found = of(diagnose(file(a=[["code", "v"], *one]), stock(), FRANCE, before), Family.JUMP)
    assert [finding.line for finding in found] == [5]
    assert "8 écarts médians" in found[0].sentence


def test_a_secret_that_becomes_zero_blocks():
    before = pd.DataFrame(
        {
            "indicator": ["emplois"],
            "period": ["2022"],
            "level": ["commune"],
            "code": ["44109"],
            "value": [float("nan")],
            "status": ["secret"],
        }
    )
    found = diagnose(file(a=[["code", "v"], ["44109", "0"]]), stock(), FRANCE, before)
    assert of(found, Family.SECRET_AS_ZERO)
    assert found.blocking()


def test_a_commune_that_has_none_is_told_and_does_not_wait():
    rows = [["code", "v"], ["53130", "10"]]
    lost = [
        finding
        for finding in of(diagnose(file(a=rows), stock(), FRANCE), Family.MISSING_TERRITORY)
        if finding.given
    ]
    assert [(finding.given, finding.severity) for finding in lost] == [("53147", Severity.TO_DECIDE)]
    zero = diagnose(file(a=rows), stock(absent="zero"), FRANCE)
    lost = [finding for finding in of(zero, Family.MISSING_TERRITORY) if finding.given]
    assert [finding.severity for finding in lost] == [Severity.NOTE]


def test_out_of_scope_is_counted_and_no_error():
    region: Reference = reference(region=True)
    rows = [["code", "v"], ["44109", "10"], ["35238", "5"], ["01001", "5"], ["98735", "1"]]
    found = diagnose(file(a=rows), stock(), region)
    assert found.counts[Family.OUT_OF_SCOPE, Severity.NOTE] == 3
    assert not found.blocking()


def test_the_report_is_harmless_and_complete():
    rows = [["code", "v"], ["1053", "=cmd|' /C calc'!A0"], ["44109", "-5"], ["44143", "12 x"]]
    diagnosis = diagnose(file(a=rows), stock(), FRANCE)
    text = report.as_csv(diagnosis)
    assert text.startswith("\ufefffamille;gravité;feuille;ligne;colonne;valeur lue;proposition;explication")
    lines = list(csv.reader(io.StringIO(text.lstrip("\ufeff")), delimiter=";"))
    assert len(lines) == 1 + sum(diagnosis.counts.values())
    assert all(cell[:1] not in "=@+" for line in lines for cell in line if cell)
    assert ["effectif négatif", "à décider", "a", "3", "v", "-5"] in [line[:6] for line in lines]
    zero = next(line for line in lines if line[0] == "zéro initial perdu")
    assert (zero[6], zero[9]) == ("01053", "à prendre")
    decided = report.as_json(diagnosis, Decisions(accepted=frozenset({zero[8]})))
    assert [one["decision"] for one in decided["findings"] if one["repair"] == zero[8]] == [True]
    assert decided["blocking"]
    said = report.text(diagnosis)
    assert "Zéro initial perdu — 1 (à décider)" in said
    assert "feuille a, ligne 2, colonne code : « 1053 »" in said
    assert "1 correction à décider — zéro initial perdu (1)" in said


def test_a_flood_of_findings_is_counted_whole_and_listed_in_part():
    found = Found()
    for line in range(LISTED + 7):
        found.add(Finding(Family.NEGATIVE, Severity.TO_DECIDE, "x", line=line))
    assert found.counts[Family.NEGATIVE, Severity.TO_DECIDE] == LISTED + 7
    diagnosis = Diagnosis("a", "0", tuple(found.findings), dict(found.counts))
    last = list(report.rows(diagnosis))[-1]
    assert last[7].startswith("7 autres constats en plus")
