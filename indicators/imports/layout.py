"""A table of the mapping laid on a sheet: where the headings are, which column is what, where the rows begin."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase, translate

import pandas as pd

from indicators.imports.mapping import Mapping, Measure, Table
from indicators.imports.sheets import Delivered, Sheet

YEAR = re.compile(r"(?<!\d)(19\d{2}|20\d{2})(?!\d)")
PIVOT = 60  # two digits up to it are 20yy


@dataclass(frozen=True, eq=False)
class Column:
    """A column of figures: its measure, its place, its heading as written, and the period that this tells."""

    measure: Measure
    place: int
    heading: str
    period: str


@dataclass(frozen=True)
class Layout:
    """Which column of a sheet is what. `absent` are the headings that the mapping names and the sheet lacks."""

    sheet: Sheet
    table: Table
    headings: tuple[str, ...]
    code: int | None
    name: int | None
    level: int | None
    period: int | None
    status: int | None
    where: tuple[tuple[int, "re.Pattern[str]"], ...]
    columns: tuple[Column, ...]
    absent: tuple[str, ...]
    said: str

    def batches(self) -> Iterator[pd.DataFrame]:
        """Yield the rows below the headings; columns are numbered from 0, the index is the line."""
        first = self.table.header[-1]
        for batch in self.sheet.batches():
            rows = batch if len(batch) and batch.index[0] > first else batch[batch.index > first]
            if len(rows):
                yield rows

    def place(self, heading: str) -> int | None:
        """The place of the column that has a heading, or None."""
        return _place(self.headings, heading)


def layouts(delivered: Delivered, mapping: Mapping) -> list[Layout]:
    """Return the tables of a mapping laid on the sheets whose names fit, in the order of the file."""
    found = []
    for sheet in delivered.sheets:
        for table in mapping.tables:
            if fnmatchcase(sheet.name, table.sheets):
                found.append(lay(sheet, table, mapping))
    return found


def lay(sheet: Sheet, table: Table, mapping: Mapping) -> Layout:
    """Return one table laid on one sheet; what is not found is listed, never guessed."""
    headings = headings_of(head(sheet, table.header[-1]), table.header)
    absent: list[str] = []

    def find(heading: str) -> int | None:
        if not heading:
            return None
        place = _place(headings, heading)
        if place is None:
            absent.append(heading)
        return place

    said = (_year(sheet.name) or "" if table.period_sheet else "") or table.period or mapping.period
    conditions = [(find(heading), pattern) for heading, pattern in table.where.items()]
    columns: list[Column] = []
    for measure in table.measures:
        for heading in measure.where:
            find(heading)
        matching = list(_matching(headings, measure))
        if not matching:
            absent.append(measure.column)
        columns += [Column(measure, place, headings[place], measure.period or year) for place, year in matching]
    return Layout(
        sheet=sheet,
        table=table,
        headings=headings,
        code=find(table.code),
        name=find(table.name),
        level=find(table.level_column),
        period=find(table.period_column),
        status=find(table.status_column),
        where=tuple((place, pattern_of(pattern)) for place, pattern in conditions if place is not None),
        columns=tuple(columns),
        absent=tuple(dict.fromkeys(absent)),
        said=said,
    )


def head(sheet: Sheet, lines: int) -> pd.DataFrame:
    """Return the rows of a sheet down to a line of the file."""
    rows: list[pd.DataFrame] = []
    for batch in sheet.batches():
        rows.append(batch[batch.index <= lines])
        if len(batch) and batch.index[-1] >= lines:
            break
    return pd.concat(rows) if rows else pd.DataFrame()


def headings_of(rows: pd.DataFrame, header: tuple[int, ...]) -> tuple[str, ...]:
    """Return one name per column. Cells of the upper heading lines hold for the columns on their right.

    >>> rows = pd.DataFrame([["Dép.", "Hommes", None], [None, "0 à 19 ans", "Total"]], index=[4, 5])
    >>> headings_of(rows, (4, 5))
    ('Dép.', 'Hommes — 0 à 19 ans', 'Hommes — Total')
    >>> headings_of(rows, (5,))
    ('colonne 1', '0 à 19 ans', 'Total')
    """
    names = [[] for _ in rows.columns]  # type: list[list[str]]
    for line in header:
        if line not in rows.index:
            continue
        last = ""
        for place, cell in enumerate(rows.loc[line]):
            text = tidy(cell)
            if text:
                last = text
            elif line != header[-1]:
                text = last
            if text and text not in names[place]:
                names[place].append(text)
    seen: dict[str, int] = {}
    found = []
    for place, parts in enumerate(names):
        name = " — ".join(parts) or f"colonne {place + 1}"
        seen[key(name)] = seen.get(key(name), 0) + 1
        found.append(name if seen[key(name)] == 1 else f"{name} ({seen[key(name)]})")
    return tuple(found)


def tidy(cell: object) -> str:
    """Return a heading without hidden characters, spaces of any kind counting as one.

    >>> tidy(" Code\\u00a0INSEE\\n(commune) ")
    'Code INSEE (commune)'
    """
    if not isinstance(cell, str):
        return ""
    seen = "".join(letter for letter in cell if unicodedata.category(letter) != "Cf")
    return " ".join(seen.split())


def key(heading: str) -> str:
    """Return what makes two headings the same: the text, without case."""
    return tidy(heading).casefold()


def pattern_of(text: str) -> "re.Pattern[str]":
    """Return the compiled form of a condition: a text, where `*` stands for anything."""
    return re.compile(translate(text))


def _place(headings: tuple[str, ...], heading: str) -> int | None:
    wanted = key(heading)
    return next((place for place, name in enumerate(headings) if key(name) == wanted), None)


def _matching(headings: tuple[str, ...], measure: Measure) -> Iterator[tuple[int, str]]:
    """Places of the columns of a measure, with the year that their heading tells."""
    wanted = key(measure.column)
    if "{yy" not in wanted:
        place = _place(headings, measure.column)
        if place is not None:
            yield place, ""
        return
    pattern = (
        re.escape(wanted).replace(r"\{yyyy\}", r"(?P<long>(?:19|20)\d\d)").replace(r"\{yy\}", r"(?P<short>\d\d)")
    )
    for place, name in enumerate(headings):
        found = re.fullmatch(pattern, key(name))
        if found:
            groups = found.groupdict()
            year = groups.get("long") or f"{'20' if int(groups['short']) <= PIVOT else '19'}{groups['short']}"
            yield place, year


def _year(text: str) -> str | None:
    found = YEAR.search(text)
    return found.group(1) if found else None
