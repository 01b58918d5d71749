"""The rows of a delivery as territories, periods and figures, block by block: what control and import both read.

Accepted repairs are applied here, cell by cell, before anything is read; nothing else changes a cell.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from boundaries.levels import Level
from geo.errors import Conflict, Invalid
from indicators.imports.findings import Repair
from indicators.imports.layout import Column, Layout, pattern_of
from indicators.imports.mapping import Mapping
from indicators.imports.numbers import CODE_OF, PRESENT, STATUSES, Figures, Manner, figures, texts
from indicators.imports.reference import Reference
from indicators.natures import Nature
from indicators.statuses import Status

LEVELS = tuple(Level)
RANK = {level: rank for rank, level in enumerate(LEVELS)}
PERIOD = re.compile(r"(\d{4}(?:-(?:\d{2}(?:-\d{2})?|[TQS]\d))?|\d{4}[-/_]\d{4})(?:\.0+)?")


@dataclass(frozen=True)
class Block:
    """Some rows of a table. Arrays have one element per row.

    `codes` are the codes once rolled up, `level` the rank in LEVELS of the territory that they are, -1 where they
    are none that is loaded; `kept` are the rows that the mapping asks for.
    """

    layout: Layout
    mapping: Mapping
    frame: pd.DataFrame
    codes: pa.Array
    level: NDArray[np.int8]
    kept: NDArray[np.bool_]

    @cached_property
    def lines(self) -> NDArray[np.int64]:
        """The line of each row in its file."""
        lines: NDArray[np.int64] = self.frame.index.to_numpy(dtype=np.int64)
        return lines

    @cached_property
    def periods(self) -> "NDArray[np.object_] | None":
        """The period that a column tells for each row; None where no column does, "" where it is unreadable."""
        if self.layout.period is None:
            return None
        told = self.cells(self.layout.period).dictionary_encode()
        known = np.array([period_of(text) for text in told.dictionary.to_pylist()] + [""], dtype=object)
        found: NDArray[np.object_] = known[ranks(told, len(known) - 1)]
        return found

    @cached_property
    def _cells(self) -> dict[int, pa.Array]:
        return {}

    @cached_property
    def _figures(self) -> dict[tuple[int, Manner], Figures]:
        return {}

    def cells(self, place: int) -> pa.Array:
        """The texts of a column."""
        if place not in self._cells:
            if place in self.frame.columns:
                self._cells[place] = texts(self.frame[place])
            else:  # a ragged file: these rows are shorter than the headings
                self._cells[place] = pa.nulls(len(self.frame), pa.large_string())
        return self._cells[place]

    def rows_of(self, column: Column) -> NDArray[np.bool_]:
        """The rows that a measure is about."""
        rows = self.kept
        for heading, pattern in column.measure.where.items():
            place = self.layout.place(heading)
            if place is not None:
                rows = rows & matches(self.cells(place), pattern)
        return rows

    def figures(self, column: Column) -> Figures:
        """What a column of figures says, with the statuses of the column of statuses."""
        how = Manner.of(column.measure)
        if (column.place, how) not in self._figures:
            read = figures(self.cells(column.place), self.mapping, how)
            self._figures[column.place, how] = self._flagged(read)
        return self._figures[column.place, how]

    def period_of(self, column: Column) -> "NDArray[np.object_] | str":
        """The period of a column's figures: its own, else that of each row, else that of the sheet or the file."""
        if column.period:
            return column.period
        return self.layout.said if self.periods is None else self.periods

    def _flagged(self, read: Figures) -> Figures:
        if self.layout.status is None:
            return read
        flags = self.cells(self.layout.status).dictionary_encode()
        known = self.mapping.flags
        told = [
            CODE_OF[known[text.strip()]] if text.strip() in known else -1 for text in flags.dictionary.to_pylist()
        ]
        said = np.array([*told, -1], dtype=np.int8)[ranks(flags, len(told))]
        here = ~np.isnan(read.value)
        present = np.isin(said, [CODE_OF[status] for status in PRESENT])
        # a figure that is flagged as secret or missing is not one to keep; an absent figure has no quality
        applies = (said >= 0) & (here | ~present)
        observed = here & (read.status != CODE_OF[Status.OBSERVED]) & (said == CODE_OF[Status.OBSERVED])
        status = np.where(applies & ~observed, said, read.status)
        value = np.where(applies & ~present, np.nan, read.value)
        return Figures(value, status, read.problem, read.bare)


def blocks(
    layout: Layout, mapping: Mapping, reference: Reference, accepted: Collection[Repair] = ()
) -> Iterator[Block]:
    """Yield the rows of a table, the accepted repairs made. Raises Conflict when a cell is not what it was."""
    millesime = mapping.millesime
    repairs = sorted(
        (repair for repair in accepted if repair.sheet == layout.sheet.name), key=lambda repair: repair.line
    )
    for rows in layout.batches():
        frame = _repaired(rows, repairs)
        if layout.code is None or layout.code not in frame.columns:
            codes = pa.nulls(len(frame), pa.large_string())
        else:
            codes = texts(frame[layout.code])
        if layout.table.roll_up == "iris":
            codes = rolled_up(codes)
        kept = np.ones(len(frame), dtype=bool)
        for place, pattern in layout.where:
            kept &= _fits(texts(frame[place]), pattern)
        level = resolve(layout, frame, codes, reference, millesime) if millesime else _nowhere(len(frame))
        yield Block(layout, mapping, frame, codes, level, kept)


def resolve(
    layout: Layout, frame: pd.DataFrame, codes: pa.Array, reference: Reference, millesime: int
) -> NDArray[np.int8]:
    """Return the rank in LEVELS of the territory that each code is, -1 where it is none that is loaded.

    A municipal arrondissement found among communes is one, beside its city, never a commune.
    """
    level = _nowhere(len(codes))
    if layout.table.level is not None:
        wanted = [(layout.table.level, np.ones(len(codes), dtype=bool))]
    elif layout.level is not None:
        told = texts(frame[layout.level])
        wanted = [
            (
                one,
                pc.fill_null(pc.equal(pc.utf8_trim_whitespace(told), label), False).to_numpy(zero_copy_only=False),
            )
            for label, one in layout.table.levels.items()
        ]
    else:
        return level
    for one, rows in wanted:
        both = (Level.COMMUNE, Level.ARRONDISSEMENT_MUNICIPAL) if one is Level.COMMUNE else (one,)
        for candidate in both:
            known = pa.array(sorted(reference.codes(millesime, candidate)), pa.large_string())
            found = pc.is_in(codes, value_set=known).to_numpy(zero_copy_only=False)
            level[found & rows & (level < 0)] = RANK[candidate]
    return level


def rolled_up(codes: pa.Array) -> pa.Array:
    """Return the communes of IRIS codes: their first five characters. What has not the form of an IRIS stays.

    >>> rolled_up(pa.array(["441090101", "44109_0101", "44001", "4400"], pa.large_string())).to_pylist()
    ['44109', '44109', '44001', '4400']
    """
    iris = pc.fill_null(pc.match_substring_regex(codes, "^[0-9][0-9AB][0-9]{3}_?[0-9]{4}$"), False)
    return pc.if_else(iris, pc.utf8_slice_codeunits(codes, 0, 5), codes)


def period_of(text: str) -> str:
    """Return the period that a cell tells, "" when it is none: a year, a month, a day, a quarter, two years.

    >>> period_of("2018.0"), period_of("2024-T1"), period_of("2018-2021"), period_of("total")
    ('2018', '2024-T1', '2018-2021', '')
    """
    found = PERIOD.fullmatch(text.strip())
    return found.group(1) if found else ""


def matches(cells: pa.Array, pattern: str) -> NDArray[np.bool_]:
    """Return the cells that fit a condition of a mapping, where `*` stands for anything."""
    return _fits(cells, pattern_of(pattern))


def refuse_sums(mapping: Mapping) -> None:
    """Raise Invalid when a mapping adds up what does not add up."""
    if mapping.duplicates != "sum":
        return
    for measure in (one for table in mapping.tables for one in table.measures):
        if measure.kind is None or not measure.kind.additive:
            nature = "nature inconnue" if measure.kind is None else f"nature « {measure.kind} »"
            raise Invalid(
                f"« {measure.indicator} » ne s’additionne pas ({nature}) : la recette ne peut pas sommer les lignes "
                f"d’un même territoire. Natures qui s’additionnent : « {Nature.STOCK} », « {Nature.FLOW} »."
            )


def _fits(cells: pa.Array, pattern: "re.Pattern[str]") -> NDArray[np.bool_]:
    told = cells.dictionary_encode()
    known = np.array([bool(pattern.match(text.strip())) for text in told.dictionary.to_pylist()] + [False])
    fits: NDArray[np.bool_] = known[ranks(told, len(known) - 1)]
    return fits


def ranks(encoded: pa.DictionaryArray, absent: int) -> NDArray[np.int64]:
    """Return the rank of each cell's text in the dictionary, `absent` where the cell is empty."""
    found: NDArray[np.int64] = pc.fill_null(encoded.indices, absent).to_numpy(zero_copy_only=False)
    return found


def _repaired(rows: pd.DataFrame, repairs: list[Repair]) -> pd.DataFrame:
    first, last = rows.index[0], rows.index[-1]
    here = [repair for repair in repairs if first <= repair.line <= last]
    if not here:
        return rows
    changed = rows.astype(object)
    for repair in here:
        before = changed.at[repair.line, repair.place]
        if (before if isinstance(before, str) else "") != repair.before:
            raise Conflict(
                f"Feuille « {repair.sheet} », ligne {repair.line}, colonne « {repair.column} » : la cellule ne "
                "contient plus la valeur à corriger. Relancez le contrôle."
            )
        changed.at[repair.line, repair.place] = repair.after
    return changed


def _nowhere(count: int) -> NDArray[np.int8]:
    return np.full(count, -1, dtype=np.int8)


def statuses(ranks: NDArray[np.int8]) -> pd.Categorical:
    """Return ranks in STATUSES as statuses."""
    return pd.Categorical.from_codes(ranks, categories=[str(status) for status in STATUSES])
