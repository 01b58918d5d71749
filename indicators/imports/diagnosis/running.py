"""The control of a delivery: every sheet is read once, block by block, and every family of checks looks at it."""

from collections.abc import Collection

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from boundaries.levels import Level
from geo.errors import Invalid
from indicators.imports.blocks import RANK, Block, blocks, ranks, refuse_sums
from indicators.imports.diagnosis.cells import Cells
from indicators.imports.diagnosis.codes import Codes, Row, judge_millesime
from indicators.imports.diagnosis.coverage import look_for_missing
from indicators.imports.diagnosis.doubles import look_for_doubles
from indicators.imports.diagnosis.fitness import look_at_fitness
from indicators.imports.diagnosis.form import Shape, look_at_file, look_at_headings, units_in_headings
from indicators.imports.diagnosis.jumps import look_for_jumps
from indicators.imports.diagnosis.ledger import Ledger
from indicators.imports.diagnosis.totals import Columns, look_at_rows
from indicators.imports.findings import (
    MAX_REPAIRS,
    Diagnosis,
    Family,
    Finding,
    Found,
    Repair,
    Severity,
)
from indicators.imports.layout import Layout, layouts
from indicators.imports.mapping import Mapping
from indicators.imports.reference import Reference
from indicators.imports.sheets import Delivered


def diagnose(
    delivered: Delivered,
    mapping: Mapping,
    reference: Reference,
    previous: "pd.DataFrame | None" = None,
    accepted: Collection[Repair] = (),
) -> Diagnosis:
    """Return everything that is wrong or doubtful in a delivery read through a mapping, and the repairs proposed.

    `previous` are values of the last delivery, as `values` gives them. `accepted` repairs are made first: the
    control of a repaired delivery says what the repairs themselves bring, such as a code that now comes twice.
    """
    found = Found()
    look_at_file(delivered, mapping, found)
    millesime = _millesime(mapping, reference, found)
    try:
        refuse_sums(mapping)
    except Invalid as refusal:
        found.add(Finding(Family.LAYOUT, Severity.BLOCKING, refusal.detail))
    ledger = Ledger()
    rows = 0
    total_rows: dict[int, dict[int, tuple[Level, str]]] = {}
    communes: set[str] = set()
    laid = layouts(delivered, mapping)
    for layout in laid:
        look_at_headings(layout, mapping, found)
        units_in_headings(layout, found)
        _periods(layout, found)
        codes = Codes(layout, reference, millesime or 0, found, summing=mapping.duplicates == "sum")
        rows += _read(layout, mapping, reference, accepted, codes, ledger, found)
        codes.end()
        total_rows[id(layout)] = codes.totals
        if layout.table.level is Level.COMMUNE or Level.COMMUNE in layout.table.levels.values():
            communes |= codes.present | {row.code for row in codes.rows}
    look_at_fitness(ledger, found)
    if millesime is not None:
        judge_millesime(communes, millesime, reference, found)
        look_for_doubles(ledger, mapping, found)
        look_at_rows(ledger, reference, millesime, total_rows, found)
        look_for_missing(ledger, mapping, reference, found)
        look_for_jumps(ledger, previous, found)
    if found.overflow:
        sentence = (
            f"Plus de {MAX_REPAIRS} cellules seraient à corriger : le fichier est à refaire par son producteur, par "
            "exemple en exportant les codes comme du texte."
        )
        found.add(Finding(Family.LAYOUT, Severity.BLOCKING, sentence))
    figures = sum(len(chunk.who) for chunks in ledger.chunks.values() for chunk in chunks)
    return Diagnosis(
        file=delivered.name,
        sha256=delivered.sha256,
        findings=tuple(found.findings),
        counts=dict(found.counts),
        repairs=tuple(found.repairs.values()),
        summary={"sheets": len(laid), "rows": rows, "figures": figures, "series": len(ledger.chunks)},
    )


def _read(
    layout: Layout,
    mapping: Mapping,
    reference: Reference,
    accepted: Collection[Repair],
    codes: Codes,
    ledger: Ledger,
    found: Found,
) -> int:
    """Read a sheet for every check; return how many rows of figures it has."""
    shape, cells, columns = Shape(layout, found), Cells(layout, mapping, found), Columns(layout, found)
    for block in blocks(layout, mapping, reference, accepted):
        good = shape.look(block)
        rows = good & block.kept
        _codes(block, rows, codes, shape)
        _row_periods(block, rows, found)
        cells.flag(block)
        columns.look(block, rows)
        who = ledger.whose(block)
        for column in layout.columns:
            concerned = rows & block.rows_of(column)
            cells.look(block, column, concerned)
            ledger.add(block, column, who, concerned & (block.figures(column).problem == 0))
    shape.end()
    cells.end()
    return shape.rows


def _codes(block: Block, rows: NDArray[np.bool_], codes: Codes, shape: Shape) -> None:
    """Take note of the territories of a block, of their names, and of the rows whose code is none."""
    layout = block.layout
    if layout.code is None:
        return
    territory = rows & (block.level >= 0)
    told = block.codes.filter(pa.array(territory)).to_pylist()
    codes.met(zip(told, block.lines[territory].tolist(), strict=True))
    commune = block.level == RANK[Level.COMMUNE]
    if layout.name is not None:
        names = block.cells(layout.name)
        pairs = pd.DataFrame(
            {
                "code": block.codes.filter(pa.array(rows & commune)).to_pylist(),
                "name": names.filter(pa.array(rows & commune)).to_pylist(),
                "line": block.lines[rows & commune],
            }
        ).drop_duplicates(["code", "name"])
        for code, name, line in pairs.itertuples(index=False):
            codes.pairs.setdefault((code, name if isinstance(name, str) else ""), line)
    for place in _unexplained(block, rows & (block.level < 0), codes):
        code = block.codes[int(place)].as_py() or ""
        name = (block.cells(layout.name)[int(place)].as_py() or "") if layout.name is not None else ""
        if _shifted(block, int(place), codes):
            found = Finding(
                Family.SHIFTED,
                Severity.BLOCKING,
                "Le code n’est pas dans sa colonne mais dans celle d’à côté : la ligne est décalée.",
                layout.sheet.name,
                int(block.lines[place]),
                layout.headings[layout.code],
                code,
            )
            shape.found.add(found)
            continue
        cell = block.cells(layout.code)[int(place)].as_py() or ""
        codes.judge_later(Row(int(block.lines[place]), cell, code, name, _level(block, int(place))))


def _unexplained(block: Block, rows: NDArray[np.bool_], codes: Codes) -> list[int]:
    """The rows whose code has to be judged one by one: those of territories that were not loaded are counted."""
    places: list[int] = rows.nonzero()[0].tolist()
    if not places or block.layout.table.level is None:
        return places
    told = block.codes.dictionary_encode()
    which = ranks(told, -1)
    texts = told.dictionary.to_pylist()
    elsewhere = np.zeros(len(texts) + 1, dtype=bool)
    met, first, count = np.unique(which[rows], return_index=True, return_counts=True)
    lines = block.lines[rows][first]
    for rank, line, number in zip(met.tolist(), lines.tolist(), count.tolist(), strict=True):
        if rank >= 0:
            elsewhere[rank] = codes.elsewhere(texts[rank], line, number)
    return (rows & ~elsewhere[which]).nonzero()[0].tolist()


def _shifted(block: Block, place: int, codes: Codes) -> bool:
    """Whether a column next to that of the codes holds a commune code where that of the codes holds none."""
    layout = block.layout
    if layout.table.level is not Level.COMMUNE or layout.code is None:
        return False
    given = block.codes[place].as_py() or ""
    for beside in (layout.code - 1, layout.code + 1):
        if 0 <= beside < len(layout.headings) and not any(char.isdigit() for char in given):
            text = block.cells(beside)[place].as_py()
            if isinstance(text, str) and text in codes.communes:
                return True
    return False


def _level(block: Block, place: int) -> Level | None:
    table = block.layout.table
    if table.level is not None or block.layout.level is None:
        return table.level
    told = block.cells(block.layout.level)[place].as_py()
    return table.levels.get((told or "").strip())


def _millesime(mapping: Mapping, reference: Reference, found: Found) -> int | None:
    known = ", ".join(map(str, reference.millesimes)) or "aucun"
    if mapping.millesime in reference.millesimes:
        return mapping.millesime
    sentence = (
        f"La recette ne dit pas le millésime des codes. Millésimes chargés : {known}."
        if mapping.millesime is None
        else f"Le millésime {mapping.millesime} n’est pas chargé. Millésimes chargés : {known}."
    )
    found.add(Finding(Family.MILLESIME, Severity.BLOCKING, sentence, given=str(mapping.millesime or "")))
    return None


def _periods(layout: Layout, found: Found) -> None:
    """Say which columns have no period at all."""
    if layout.period is not None or layout.said:
        return
    for column in layout.columns:
        if not column.period:
            sentence = (
                f"La période de « {column.heading} » n’est dite ni par le titre, ni par une colonne, ni par la "
                "feuille, ni par la recette."
            )
            where = (layout.sheet.name, layout.table.header[-1], column.heading)
            found.add(Finding(Family.PERIOD, Severity.BLOCKING, sentence, *where))


def _row_periods(block: Block, rows: NDArray[np.bool_], found: Found) -> None:
    if block.layout.period is None or block.periods is None:
        return
    for place in (rows & (block.periods == "")).nonzero()[0]:
        given = block.cells(block.layout.period)[int(place)].as_py() or ""
        sentence = f"« {given} » n’est pas une période (une année, 2024-T1, 2018-2021…) : la ligne n’est pas lue."
        where = (block.layout.sheet.name, int(block.lines[place]), block.layout.headings[block.layout.period])
        found.add(Finding(Family.PERIOD, Severity.TO_DECIDE, sentence, *where, given=given))
