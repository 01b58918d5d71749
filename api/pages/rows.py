"""The table of the values: the same figures as the map, in an order that the reader chooses, page by page."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from api.pages.figures import figure, group
from api.pages.french import named, percent
from api.pages.legend import WORDS
from api.pages.sentence import written
from indicators.catalogue import Indicator
from indicators.published import ValueTable
from indicators.statuses import SIGNS, Status

# Up to here the table is whole on one page; beyond, it is cut in pages of half as many rows.
WHOLE, PAGE = 2000, 1000


@dataclass(frozen=True)
class Row:
    """A territory as the table shows it; `sign` stands for the figure or after it, `note` says it in words."""

    code: str
    name: str
    departement: str
    figure: str
    sign: str
    note: str


@dataclass(frozen=True)
class Page:
    """The rows of one page, its number, how many pages there are, and which columns are worth showing."""

    rows: list[Row]
    number: int
    pages: int
    total: int
    with_departement: bool
    with_status: bool


def page_of(table: ValueTable, indicator: Indicator, order: str, wanted: int, signed: bool) -> Page:
    """Return a page of the table; past the last one, the last one."""
    ranks = _ranked(table, order)
    size = len(ranks) if len(ranks) <= WHOLE else PAGE
    pages = max(1, -(-len(ranks) // size)) if size else 1
    at = min(wanted, pages)
    rows = [_row(table, i, indicator, signed) for i in ranks[(at - 1) * size : at * size]]
    return Page(
        rows,
        at,
        pages,
        len(ranks),
        with_departement=any(table.departements),
        with_status=any(status != Status.OBSERVED for status in table.statuses),
    )


def note(status: Status, coverage: float | None) -> str:
    """Return a status in words, with the share covered where it is known and not whole.

    >>> note(Status.OBSERVED, 1.0), note(Status.PARTIAL, 0.98)
    ('', 'valeur partielle, 98\\u202f% du territoire couvert')
    """
    words = "" if status is Status.OBSERVED else WORDS[status]
    if coverage is None or coverage >= 1 or status is not Status.PARTIAL:
        return words
    return f"{words}, {percent(coverage)} du territoire couvert"


@lru_cache(maxsize=100_000)
def sort_key(name: str) -> str:
    """Return what a name is sorted by: without accents, capitals nor punctuation.

    >>> sorted(["Zoé", "Évron", "L’Île-d’Yeu", "Evran"], key=sort_key)
    ['Evran', 'Évron', 'L’Île-d’Yeu', 'Zoé']
    """
    flat = unicodedata.normalize("NFD", name.replace("œ", "oe").replace("Œ", "Oe")).casefold()
    return "".join(c if c.isalnum() else " " for c in flat if not unicodedata.combining(c))


def _ranked(table: ValueTable, order: str) -> Sequence[int]:
    ranks = range(len(table.codes))
    if order == "code":
        return sorted(ranks, key=lambda i: table.codes[i])
    by_name = sorted(ranks, key=lambda i: (sort_key(table.names[i]), table.codes[i]))
    if order == "nom":
        return by_name
    sign = 1 if order == "valeur-croissante" else -1
    groups = [group(value, Status(status)) for value, status in zip(table.values, table.statuses, strict=True)]
    return sorted(by_name, key=lambda i: (groups[i], sign * (table.values[i] or 0.0) if not groups[i] else 0.0))


def _row(table: ValueTable, i: int, indicator: Indicator, signed: bool) -> Row:
    status = Status(table.statuses[i])
    value = figure(table.values[i], status)
    sign = SIGNS[status].replace("...", "…")
    return Row(
        table.codes[i],
        named(table.names[i]),
        table.departements[i] or "",
        "" if value is None else written(value, indicator, signed),
        sign,
        note(status, table.coverages[i]),
    )
