"""Fifty dirty files as producers send them: their ills are named, and nothing is repaired without being accepted."""

import io
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from deliveredcells import rows
from frenchreference import reference

from indicators.imports.diagnosis import Decisions, Diagnosis, Family, diagnose, propose
from indicators.imports.layout import key, layouts
from indicators.imports.mapping import Mapping
from indicators.imports.reading import read
from indicators.imports.reference import Reference
from indicators.imports.sheets import Delivered
from indicators.imports.values import values
from indicators.statuses import Status

DIRTY = Path(__file__).parent / "dirty"
SIDECARS = sorted(DIRTY.glob("*.toml"))
NAMED = 0.95


@cache
def france() -> Reference:
    return reference()


@cache
def region() -> Reference:
    return reference(region=True)


class Case:
    """A dirty file, what its sidecar says of it, and how it is read."""

    def __init__(self, sidecar: Path, folder: Path) -> None:
        self.said: dict[str, Any] = tomllib.loads(sidecar.read_text(encoding="utf-8"))
        self.path = sidecar.with_suffix("")
        if "sheet" in self.said:
            self.path = folder / sidecar.stem
            _workbook(self.said["sheet"], self.path)
        self.reference = region() if self.said.get("reference") == "region" else france()
        self.delivered: Delivered = read(self.path)
        self.mapping = self._mapping()
        self.diagnosis: Diagnosis = diagnose(self.delivered, self.mapping, self.reference, self._previous())

    def _mapping(self) -> Mapping:
        if "recipe" in self.said:
            return Mapping.model_validate(self.said["recipe"])
        changes = {name: self.said[name] for name in ("period", "millesime", "decimal") if name in self.said}
        return propose(self.delivered, self.reference).model_copy(update=changes)

    def _previous(self) -> pd.DataFrame | None:
        if "previous" not in self.said:
            return None
        frame = pd.read_csv(io.StringIO(self.said["previous"]), sep=";", dtype={"code": str})
        return frame.assign(indicator="population", period="2022", level="commune", status="observed")

    def named(self, ill: dict[str, Any]) -> bool:
        """Whether a finding says this ill, where it is, and proposes what is expected."""
        return any(
            finding.family == ill["family"]
            and ill.get("line") in (None, finding.line)
            and ("column" not in ill or key(finding.column) == key(ill["column"]))
            and ("proposed" not in ill or finding.proposed == ill["proposed"])
            for finding in self.diagnosis.findings
        )


def _workbook(sheets: list[dict[str, Any]], path: Path) -> None:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for sheet in sheets:
        page = book.create_sheet(sheet["name"])
        for line in sheet["rows"]:
            page.append([cell if cell != "" else None for cell in line])
    book.save(path)


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Case]:
    folder = tmp_path_factory.mktemp("dirty")
    return {sidecar.stem: Case(sidecar, folder) for sidecar in SIDECARS}


def test_the_ills_are_named(cases: dict[str, Case], capsys: pytest.CaptureFixture[str]):
    ills = [(name, ill) for name, case in cases.items() for ill in case.said["ill"]]
    missed = [(name, ill) for name, ill in ills if not cases[name].named(ill)]
    share = 1 - len(missed) / len(ills)
    with capsys.disabled():
        print(f"\n{len(ills)} maux dans {len(cases)} fichiers, {share:.1%} nommés ; manqués : {missed}")  # noqa: T201
    assert len(cases) >= 40
    assert share >= NAMED


def test_every_family_is_met(cases: dict[str, Case]):
    met = {ill["family"] for case in cases.values() for ill in case.said["ill"]}
    assert met >= set(Family)


def test_nothing_is_repaired_that_was_not_accepted(cases: dict[str, Case]):
    """What every value says stands literally in its cells, and a figure that needs a repair gives none."""
    checked = 0
    for case in cases.values():
        if any(layout.absent for layout in layouts(case.delivered, case.mapping)):
            continue  # refused whole
        cells = {sheet.name: rows(sheet) for sheet in case.delivered.sheets}
        repaired = {(repair.sheet, repair.line, repair.place) for repair in case.diagnosis.repairs}
        laid = {layout.sheet.name: layout for layout in layouts(case.delivered, case.mapping)}
        for frame in values(case.delivered, case.mapping, case.reference):
            for row in frame.itertuples():
                layout = laid[row.sheet]
                line = cells[row.sheet][row.line]
                assert line[layout.code] == row.code
                places = [
                    column.place
                    for column in layout.columns
                    if column.measure.indicator == row.indicator and column.period in ("", row.period)
                ]
                assert any(_says(line[place], row, case.mapping, layout) for place in places), (
                    case.path.name,
                    row,
                )
                assert not any(
                    (row.sheet, row.line, place) in repaired and not pd.isna(row.value) for place in places
                )
                checked += 1
    assert checked > 150


def _says(cell: str | None, row: Any, mapping: Mapping, layout: Any) -> bool:
    """Whether a cell literally says a value, by another way of reading than the product's."""
    factor = layout.columns[0].measure.factor
    if pd.isna(row.value):
        text = (cell or "").strip().casefold()
        return text == "" or str(mapping.signs.get(text)) == row.status
    text = re.sub(r"\s", "", cell or "").casefold().replace("’", "'")
    if row.status != Status.OBSERVED:
        text = re.sub(r"(\(p\)|\(e\)|p|e)$", "", text)
    text = text.rstrip("%")
    if mapping.thousands.strip():
        text = text.replace(mapping.thousands, "")
    return float(text.replace(mapping.decimal, ".")) * factor == row.value


def test_accepted_repairs_are_made_and_those_alone(cases: dict[str, Case]):
    """Accepting a family changes what it names and nothing else; the new control proposes it no more."""
    case = cases["01_zeros_perdus.csv"]
    assert case.diagnosis.blocking()
    assert [value.code for value in _all(case)] == ["44109"]
    decisions = Decisions(accepted=frozenset({"lost-zero"}))
    assert not case.diagnosis.blocking(decisions)
    accepted = case.diagnosis.accepted(decisions)
    assert [value.code for value in _all(case, accepted)] == ["01001", "01002", "01053", "44109"]
    again = diagnose(case.delivered, case.mapping, case.reference, accepted=accepted)
    assert not again.repairs
    one = case.diagnosis.repairs[0]
    by_key = Decisions(accepted=frozenset({one.key}), refused=frozenset({"lost-zero"}))
    assert [value.code for value in _all(case, case.diagnosis.accepted(by_key))] == ["01001", "44109"]
    assert not case.diagnosis.blocking(by_key)


def test_a_repair_that_makes_a_double_is_seen_by_the_next_control(cases: dict[str, Case]):
    case = cases["03_code_postal_ambigu.csv"]
    accepted = case.diagnosis.accepted(Decisions(accepted=frozenset({"postal-code"})))
    assert [value.code for value in _all(case, accepted)] == ["44109", "44143", "44215", "44162"]


def test_every_accepted_repair_finds_its_cell(cases: dict[str, Case]):
    """Accepting all that is proposed never meets a cell that is not as the diagnosis said, and brings values."""
    for case in cases.values():
        if case.diagnosis.repairs and not any(layout.absent for layout in layouts(case.delivered, case.mapping)):
            accepted = case.diagnosis.accepted(Decisions(accepted=frozenset(Family)))
            assert len(accepted) == len(case.diagnosis.repairs)
            again = diagnose(case.delivered, case.mapping, case.reference, accepted=accepted)
            assert {repair.key for repair in again.repairs}.isdisjoint(repair.key for repair in accepted)


def test_refusing_to_leave_out_a_repeated_row_still_blocks(cases: dict[str, Case]):
    case = cases["10_doublon_identique.csv"]
    assert case.diagnosis.blocking(Decisions(refused=frozenset({"duplicate-same"})))
    accepted = Decisions(accepted=frozenset({"duplicate-same"}))
    assert not case.diagnosis.blocking(accepted)
    assert [value.code for value in _all(case, case.diagnosis.accepted(accepted))] == ["44109", "44143"]


def _all(case: Case, accepted: Any = ()) -> list[Any]:
    return [
        row
        for frame in values(case.delivered, case.mapping, case.reference, accepted)
        for row in frame.itertuples()
    ]
