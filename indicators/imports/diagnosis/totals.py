"""Totals within a delivery against what they are totals of: rows of departements or regions, columns of categories."""

import re
from collections import defaultdict
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from boundaries.levels import LABELS, Level
from indicators.imports.blocks import Block
from indicators.imports.diagnosis.ledger import Ledger, Series
from indicators.imports.findings import Family, Finding, Found, Severity
from indicators.imports.layout import Column, Layout, key
from indicators.imports.reference import Reference

TOTAL = re.compile(r"(^|— )(total|ensemble)\b", re.IGNORECASE)
ENOUGH = 3  # rows of the first block that must add up for a column to be taken for the total of the others
ABOVE = (Level.EPCI, Level.DEPARTEMENT, Level.REGION, Level.FRANCE)

TotalRows = Mapping[int, Mapping[int, tuple[Level, str]]]  # by id of layout, then by line


class Columns:
    """Columns of totals against the columns of their categories, row by row.

    Which columns make a total is said by the mapping (`total_of`), or found: a heading that says “Total” or
    “Ensemble” whose other columns under the same heading add up to it in most rows of the first block.
    """

    def __init__(self, layout: Layout, found: Found) -> None:
        self.layout = layout
        self.found = found
        self.parts: dict[Column, list[Column]] | None = None

    def look(self, block: Block, rows: NDArray[np.bool_]) -> None:
        """Compare the totals of some rows with their parts."""
        if self.parts is None:
            self.parts = self._parts(block, rows)
        for total, parts in self.parts.items():
            stated, summed = _sums(block, total, parts)
            wrong = rows & (np.abs(stated - summed) > _tolerance(stated, summed, len(parts)))
            for place in wrong.nonzero()[0]:
                sentence = (
                    f"Le total « {total.heading} » vaut {_text(stated[place])} et ses {len(parts)} parts "
                    f"{_text(summed[place])}."
                )
                self.found.add(
                    Finding(
                        Family.TOTALS,
                        Severity.TO_DECIDE,
                        sentence,
                        self.layout.sheet.name,
                        int(block.lines[place]),
                        total.heading,
                        _text(stated[place]),
                    )
                )

    def _parts(self, block: Block, rows: NDArray[np.bool_]) -> dict[Column, list[Column]]:
        found: dict[Column, list[Column]] = {}
        for column in self.layout.columns:
            if column.measure.total_of:
                wanted = {key(name) for name in column.measure.total_of}
                found[column] = [other for other in self.layout.columns if key(other.heading) in wanted]
            elif TOTAL.search(column.heading):
                parts = self._siblings(column)
                if len(parts) > 1 and _fits(block, rows, column, parts):
                    found[column] = parts
        return {total: parts for total, parts in found.items() if parts}

    def _siblings(self, column: Column) -> list[Column]:
        group = column.heading.rpartition(" — ")[0]
        return [
            other
            for other in self.layout.columns
            if other.place != column.place
            and other.period == column.period
            and other.heading.rpartition(" — ")[0] == group
            and not TOTAL.search(other.heading)
            and other.measure.where == column.measure.where
        ]


def look_at_rows(
    ledger: Ledger, reference: Reference, millesime: int, total_rows: TotalRows, found: Found
) -> None:
    """Compare the totals of territories that the delivery itself gives with the sums of the communes that it gives."""
    for series in ledger.series():
        if series.measure.kind is not None and series.measure.kind.additive:
            _compare(series, ledger, reference, millesime, total_rows, found)


def _compare(
    series: Series, ledger: Ledger, reference: Reference, millesime: int, total_rows: TotalRows, found: Found
) -> None:
    places = list(ledger.places)
    communes: dict[str, float] = {}
    stated: list[tuple[Level, str, int]] = []
    others: dict[int, float] = defaultdict(float)
    absent: set[int] = set()
    for position, who in enumerate(series.who.tolist()):
        chunk = series.chunks[series.chunk[position]]
        total = total_rows.get(id(chunk.layout), {}).get(int(series.line[position]))
        level, code = places[who] if who >= 0 else (None, "")
        value = float(series.value[position])
        if total is not None:
            stated.append((*total, position))
            continue
        if level in ABOVE:
            stated.append((level, code, position))
        elif level in (Level.COMMUNE, Level.ARRONDISSEMENT_MUNICIPAL):
            communes[code] = communes.get(code, 0.0) + value
        # everything that a sheet lists, territories loaded or not, is what its last line sums
        others[id(chunk.layout)] += 0.0 if np.isnan(value) else value
        if np.isnan(value):
            absent.add(id(chunk.layout))
    for level, code, position in stated:
        chunk = series.chunks[series.chunk[position]]
        value = float(series.value[position])
        is_total = int(series.line[position]) in total_rows.get(id(chunk.layout), {})
        if is_total and level is Level.FRANCE:
            summed = None if id(chunk.layout) in absent else others[id(chunk.layout)]
            what = "la somme des lignes"
        else:
            summed = _sum_of(communes, level, code, reference, millesime)
            what = f"la somme des communes ({LABELS[level][0]} {code})"
        if summed is None or np.isnan(value):
            continue
        if abs(value - summed) > _tolerance(value, summed, max(len(communes), 2)):
            sentence = (
                f"Le total vaut {_text(value)} et {what} {_text(summed)} : écart de {_text(value - summed)}."
            )
            where = (chunk.layout.sheet.name, int(series.line[position]), chunk.column.heading)
            found.add(Finding(Family.TOTALS, Severity.TO_DECIDE, sentence, *where, given=_text(value)))


def _sum_of(
    communes: dict[str, float], level: Level, code: str, reference: Reference, millesime: int
) -> float | None:
    """The sum of the communes of a territory, None unless each has its value; arrondissements stand for a city."""
    parents = reference.parents.get((millesime, level), {})
    known = reference.codes(millesime, Level.COMMUNE)
    if level is Level.FRANCE:
        members = list(known) if millesime in reference.whole else []
    else:
        members = [commune for commune, parent in parents.items() if parent == code and commune in known]
    if not members:
        return None
    total = 0.0
    for member in members:
        if member in communes:
            total += communes[member]
            continue
        parts = [
            part for part, city in reference.parents.get((millesime, Level.COMMUNE), {}).items() if city == member
        ]
        if not parts or any(part not in communes for part in parts):
            return None
        total += sum(communes[part] for part in parts)
    return None if np.isnan(total) else total


def _sums(block: Block, total: Column, parts: list[Column]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    stated = block.figures(total).value * total.measure.factor
    summed = np.sum([block.figures(part).value * part.measure.factor for part in parts], axis=0)
    return stated, summed


def _fits(block: Block, rows: NDArray[np.bool_], total: Column, parts: list[Column]) -> bool:
    stated, summed = _sums(block, total, parts)
    complete = rows & ~np.isnan(stated) & ~np.isnan(summed)
    equal = complete & (np.abs(stated - summed) <= _tolerance(stated, summed, len(parts)))
    return int(equal.sum()) >= ENOUGH and equal.sum() > complete.sum() / 2


def _tolerance(stated: "float | NDArray[np.float64]", summed: "float | NDArray[np.float64]", parts: int):  # type: ignore[no-untyped-def]
    """What rounding explains: nothing between whole numbers, half a unit of the last decimal for each part else."""
    whole = (np.floor(stated) == stated) & (np.abs(summed - np.round(summed)) < 1e-6)
    return np.where(whole, 1e-6 * np.maximum(1.0, np.abs(stated)) * 1e-3, 0.5 * parts)


def _text(value: float) -> str:
    return f"{value:.12g}".replace(".", ",")
