"""Totals within a delivery against what they are totals of: rows of departements or regions, columns of categories."""

import re
from collections import defaultdict
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from boundaries.levels import LABELS, Level
from indicators.imports.blocks import Block
from indicators.imports.diagnosis.ledger import Chunk, Ledger, Series
from indicators.imports.findings import Family, Finding, Found, Severity
from indicators.imports.layout import Column, Layout, key
from indicators.imports.reference import Reference

TOTAL = re.compile(r"(total|ensemble)\b", re.IGNORECASE)
ENOUGH = 3  # rows of the first block that must add up for a column to be taken for the total of the others
EVERYTHING = (Level.FRANCE, "FR")
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
            elif _is_total(column):
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
            and not _is_total(other)
            and other.measure.where == column.measure.where
        ]


def _is_total(column: Column) -> bool:
    """Whether the last line of a heading says total."""
    return TOTAL.match(column.heading.rpartition(" — ")[2]) is not None


def look_at_rows(
    ledger: Ledger, reference: Reference, millesime: int, total_rows: TotalRows, found: Found
) -> None:
    """Compare the totals that the delivery itself gives with the sums of what it gives.

    A departement, an EPCI, a Region is compared with its communes, where each has its value. A row that says total
    is compared with the rows of its sheet: all of them, those above it, or those since the total before; it is
    named when it is none of these sums.
    """
    parts = (Level.COMMUNE, Level.ARRONDISSEMENT_MUNICIPAL)
    kinds = np.array([1 if level in parts else 2 if level in ABOVE else 0 for level, _ in ledger.places] + [0])
    places = list(ledger.places)
    for series in ledger.series():
        if series.measure.kind is None or not series.measure.kind.additive:
            continue
        kind = kinds[series.who]
        stated = [(*_place(places, series, position), position) for position in (kind == 2).nonzero()[0].tolist()]
        for start, chunk in zip(_starts(series), series.chunks, strict=True):
            lines = total_rows.get(id(chunk.layout), {})
            if not lines:
                continue
            is_total = np.isin(chunk.line, list(lines))
            for position in is_total.nonzero()[0].tolist():
                level, code = lines[int(chunk.line[position])]
                if (level, code) != EVERYTHING:
                    stated.append((level, code, start + position))
        if stated:
            _communes(series, places, kind == 1, stated, reference, millesime, found)
        _sheets(series, total_rows, found)


def _place(places: list[tuple[Level | None, str]], series: Series, position: int) -> tuple[Level, str]:
    level, code = places[int(series.who[position])]
    return level or Level.FRANCE, code


def _starts(series: Series) -> list[int]:
    return [0, *np.cumsum([len(chunk.who) for chunk in series.chunks]).tolist()][:-1]


def _communes(
    series: Series,
    places: list[tuple[Level | None, str]],
    commune: NDArray[np.bool_],
    stated: list[tuple[Level, str, int]],
    reference: Reference,
    millesime: int,
    found: Found,
) -> None:
    """Compare territories with their communes."""
    communes: dict[str, float] = defaultdict(float)
    for who, value in zip(series.who[commune].tolist(), series.value[commune].tolist(), strict=True):
        communes[places[who][1]] += value
    if not communes:
        return
    members = _members(reference, millesime)
    for level, code, position in stated:
        value = float(series.value[position])
        those = members.get((level, code), [])
        summed = _sum_of(communes, those, reference, millesime)
        if summed is None or np.isnan(value) or abs(value - summed) <= _tolerance(value, summed, len(those)):
            continue
        what = f"la somme des {len(those)} communes ({LABELS[level][0]} {code})"
        _differ(series, series.chunks[series.chunk[position]], position, value, what, summed, found)


def _sheets(series: Series, total_rows: TotalRows, found: Found) -> None:
    """Compare the rows that say total with the rows of their sheet."""
    by_layout: dict[int, list[int]] = defaultdict(list)
    for rank, chunk in enumerate(series.chunks):
        by_layout[id(chunk.layout)].append(rank)
    for layout, chunk_ranks in by_layout.items():
        lines = total_rows.get(layout, {})
        if not lines:
            continue
        mine = np.isin(series.chunk, chunk_ranks).nonzero()[0]
        order = mine[np.argsort(series.line[mine], kind="stable")]
        is_total = np.isin(series.line[order], list(lines))
        parts = np.where(is_total, 0.0, series.value[order])
        if np.isnan(parts).any():
            continue  # what is secret or missing is in the total and not in the sum
        running = np.cumsum(parts)
        since = 0.0
        for rank in is_total.nonzero()[0].tolist():
            position = int(order[rank])
            value = float(series.value[position])
            above = float(running[rank])
            sums = {"la somme des lignes": float(running[-1]), "la somme des lignes au-dessus": above}
            sums["la somme des lignes depuis le total précédent"] = above - since
            since = above
            if lines[int(series.line[position])] != EVERYTHING or np.isnan(value):
                continue
            what, summed = min(sums.items(), key=lambda one: abs(one[1] - value))
            if abs(value - summed) > _tolerance(value, summed, len(order)):
                _differ(series, series.chunks[series.chunk[position]], position, value, what, summed, found)


def _differ(
    series: Series, chunk: Chunk, position: int, value: float, what: str, summed: float, found: Found
) -> None:
    sentence = f"Le total vaut {_text(value)} et {what} {_text(summed)} : écart de {_text(value - summed)}."
    where = (chunk.layout.sheet.name, int(series.line[position]), chunk.column.heading)
    found.add(Finding(Family.TOTALS, Severity.TO_DECIDE, sentence, *where, given=_text(value)))


def _members(reference: Reference, millesime: int) -> dict[tuple[Level, str], list[str]]:
    """The communes of each territory above them; of the country where the whole of it is loaded."""
    known = reference.codes(millesime, Level.COMMUNE)
    found: dict[tuple[Level, str], list[str]] = defaultdict(list)
    for level in (Level.EPCI, Level.DEPARTEMENT, Level.REGION):
        for commune, parent in reference.parents.get((millesime, level), {}).items():
            if commune in known:
                found[level, parent].append(commune)
    if millesime in reference.whole:
        found[EVERYTHING] = list(known)
    return found


def _sum_of(
    communes: Mapping[str, float], members: list[str], reference: Reference, millesime: int
) -> float | None:
    """The sum of some communes, None unless each has its value; arrondissements stand for a city that is not there."""
    if not members:
        return None
    total = 0.0
    for member in members:
        if member in communes:
            total += communes[member]
            continue
        links = reference.parents.get((millesime, Level.COMMUNE), {})
        parts = [part for part, city in links.items() if city == member]
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
