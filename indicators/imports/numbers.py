"""Cells read as figures: what each literally says, its status, or why it says nothing that can be trusted.

Whole columns are read by Arrow kernels; only the texts that are not plain figures are looked at one by one, and
each once. A text that would have to be changed to be read has no value here: it has a `Problem`.
"""

import re
from dataclasses import dataclass
from enum import IntEnum
from functools import cache

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from indicators.imports.mapping import Mapping, Measure
from indicators.statuses import Status

STATUSES = tuple(Status)
CODE_OF = {status: np.int8(rank) for rank, status in enumerate(STATUSES)}
PRESENT = frozenset(
    {Status.OBSERVED, Status.PROVISIONAL, Status.ESTIMATED, Status.PARTIAL, Status.NOT_SIGNIFICANT}
)

LARGEST = 2.0**53  # beyond it, a float counts no more one by one: no figure of statistics is that large
SPACES = " \u00a0\u202f\u2009\u2007"
SPACE = f"[{SPACES}]"
HIDDEN = re.compile("[\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff\u00ad\x00-\x1f\x7f-\x9f]")


class Problem(IntEnum):
    """Why a cell gives no value as it stands."""

    NONE = 0
    UNREADABLE = 1
    OTHER_DECIMAL = 2
    AMBIGUOUS = 3
    PERCENT = 4
    HIDDEN = 5
    SHEET_ERROR = 6
    FORMULA = 7
    UNIT = 8
    MINUS = 9


@dataclass(frozen=True)
class Reading:
    """What one text says: a value, a status, a problem, and the text that is proposed instead."""

    value: float = float("nan")
    status: Status = Status.MISSING
    problem: Problem = Problem.NONE
    proposal: str | None = None


@dataclass(frozen=True)
class Manner:
    """How the figures of a measure may be written: with their percent sign, or as the words of a typology.

    Of a `whole` measure (a count), 1.234 may be a thousand: it is not read as a fraction.
    """

    percent: bool = False
    whole: bool = False
    words: tuple[tuple[str, float], ...] = ()

    @classmethod
    def of(cls, measure: Measure) -> "Manner":
        """Return the manner of a measure."""
        words = {word.strip().casefold(): value for word, value in measure.labels.items()}
        counted = measure.kind is not None and measure.kind.additive and measure.places == 0
        return cls(measure.unit_text.startswith("%"), counted and measure.factor == 1, tuple(words.items()))


PLAIN = Manner()


@dataclass(frozen=True)
class Figures:
    """A column read: value (NaN when absent), rank of the status in STATUSES, rank of the problem.

    `bare` are the cells that are a figure and nothing else, neither spaces nor signs.
    """

    value: NDArray[np.float64]
    status: NDArray[np.int8]
    problem: NDArray[np.int8]
    bare: NDArray[np.bool_]


def texts(cells: "pd.Series[str]") -> pa.Array:
    """Return the cells as an Arrow array of texts, absent cells being null."""
    array = pa.array(cells, type=pa.large_string(), from_pandas=True)
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def figures(column: pa.Array, mapping: Mapping, manner: Manner = PLAIN) -> Figures:
    """Return what a column of texts says."""
    count = len(column)
    value = np.full(count, np.nan)
    status = np.full(count, CODE_OF[Status.MISSING], dtype=np.int8)
    problem = np.zeros(count, dtype=np.int8)
    plain, padded = _forms(mapping.decimal, mapping.thousands)
    rest = _read(column, np.arange(count), plain, mapping, value, status)
    bare = ~np.isnan(value)
    if manner.whole:
        doubtful = pc.fill_null(pc.match_substring_regex(column, _whole(mapping.decimal)), False)
        rest = np.union1d(rest, doubtful.to_numpy(zero_copy_only=False).nonzero()[0])
        value[rest], status[rest] = np.nan, CODE_OF[Status.MISSING]
    elif len(rest):
        rest = _read(column.take(pa.array(rest)), rest, padded, mapping, value, status)
    if len(rest):
        others = column.take(pa.array(rest)).dictionary_encode()
        readings = [read(text, mapping, manner) for text in others.dictionary.to_pylist()]
        which = others.indices.to_numpy(zero_copy_only=False)
        value[rest] = np.array([reading.value for reading in readings])[which]
        status[rest] = np.array([CODE_OF[reading.status] for reading in readings], dtype=np.int8)[which]
        problem[rest] = np.array([reading.problem for reading in readings], dtype=np.int8)[which]
    return Figures(value, status, problem, bare)


def read(text: str, mapping: Mapping, manner: Manner = PLAIN) -> Reading:
    """Return what one text says.

    >>> french = Mapping(source="", decimal=",", thousands=" ")
    >>> read("12,5 p", french).status, read("s", french).status, read(" 1\u202f234 ", french).value
    (<Status.PROVISIONAL: 'provisional'>, <Status.SECRET: 'secret'>, 1234.0)
    >>> read("12.5", french).proposal, read("1.234", french).problem
    ('12,5', <Problem.AMBIGUOUS: 3>)
    """
    bare = text.strip(SPACES)
    if not bare:
        return Reading()
    for word, number in manner.words:
        if bare.casefold() == word:
            return Reading(number, Status.OBSERVED)
    if (sign := mapping.signs.get(bare.casefold())) is not None:
        return Reading(status=sign)
    value = _literal(bare, mapping, manner)
    if value is not None:
        return Reading(value, Status.OBSERVED)
    for suffix in sorted(mapping.suffixes, key=len, reverse=True):
        if bare.casefold().endswith(suffix):
            value = _literal(bare[: -len(suffix)].strip(SPACES), mapping, manner)
            if value is not None:
                return Reading(value, mapping.suffixes[suffix])
    return _doubtful(bare, mapping, manner)


def _doubtful(bare: str, mapping: Mapping, manner: Manner) -> Reading:
    """What is not a figure as declared: what is wrong, and what it would have to be."""
    if bare.startswith("#"):
        return Reading(problem=Problem.SHEET_ERROR)
    if bare[0] in "=@" or (bare[0] in "+-" and re.search(r"[A-Za-z(]", bare)):
        return Reading(problem=Problem.FORMULA)
    if HIDDEN.search(bare):
        return _proposed(Problem.HIDDEN, HIDDEN.sub("", bare), mapping)
    if bare.endswith("%"):
        number = bare[:-1].strip(SPACES)
        value = _literal(number, mapping)
        if value is not None and manner.percent:
            return Reading(value, Status.OBSERVED)
        return _proposed(Problem.PERCENT, number, mapping)
    if re.match(r"[\u2212\u2013]\s*\d", bare):
        return _proposed(Problem.MINUS, "-" + bare[1:].strip(SPACES), mapping)
    if re.fullmatch(r"[+-]?\d{1,3}([.,]\d{3})+", bare):
        # 1.234: a thousand or a fraction; said by neither the file nor the recipe
        whole = re.sub(r"[.,]", "", bare)
        return Reading(problem=Problem.AMBIGUOUS, proposal=whole)
    unit = re.fullmatch(rf"([+-]?[\d.,{SPACES}]*\d){SPACE}*(€|k€|M€|euros?|hab\.?|ha|km²|km2|m²|m2|ans?)", bare)
    if unit:
        return _proposed(Problem.UNIT, unit.group(1), mapping)
    swapped = bare.translate(str.maketrans(",.", ".,"))
    if _literal(swapped, mapping) is not None:
        return Reading(problem=Problem.OTHER_DECIMAL, proposal=swapped)
    compact = re.sub(rf"(?<=\d)[{SPACES}'’](?=\d{{3}}(?:\D|$))", "", bare)
    for candidate in (compact, compact.replace(".", ","), compact.replace(",", ".")):
        if candidate != bare and re.fullmatch(rf"[+-]?\d+(?:{re.escape(mapping.decimal)}\d+)?", candidate):
            return Reading(problem=Problem.UNREADABLE, proposal=candidate)
    return Reading(problem=Problem.UNREADABLE)


def _proposed(problem: Problem, text: str, mapping: Mapping) -> Reading:
    """A problem, whose proposal is a text that reads as a figure; without one when it would not."""
    return Reading(problem=problem, proposal=text if _literal(text, mapping) is not None else None)


@cache
def _forms(decimal: str, thousands: str) -> tuple[str, str]:
    """The patterns of a plain figure, and of one with spaces around it or signs between its thousands."""
    end = rf"(?:{re.escape(decimal)}[0-9]+)?(?:[eE][+-]?[0-9]{{1,2}})?"
    grouped = ""
    if thousands and thousands != decimal:
        between = {" ": SPACE, "'": "['’]"}.get(thousands, re.escape(thousands))
        grouped = rf"|[0-9]{{1,3}}(?:{between}[0-9]{{3}})+"
    return rf"^[+-]?[0-9]+{end}$", rf"^{SPACE}*[+-]?(?:[0-9]+{grouped}){end}{SPACE}*$"


def _whole(decimal: str) -> str:
    """The pattern of what may be a fraction or thousands: 1.234 where the decimal sign is the point."""
    return rf"^{SPACE}*[+-]?[1-9][0-9]{{0,2}}{re.escape(decimal)}[0-9]{{3}}{SPACE}*$"


def _literal(text: str, mapping: Mapping, manner: Manner = PLAIN) -> float | None:
    """The figure that a text is, exactly as the mapping declares figures, or None."""
    form = _forms(mapping.decimal, mapping.thousands)[1]
    if not re.fullmatch(form, text) or (manner.whole and re.fullmatch(_whole(mapping.decimal), text)):
        return None
    for sign in SPACES + "'’" + (mapping.thousands if mapping.thousands != mapping.decimal else ""):
        text = text.replace(sign, "")
    number = float(text.replace(mapping.decimal, "."))
    return number if abs(number) <= LARGEST else None


def _read(
    column: pa.Array,
    places: NDArray[np.int64],
    pattern: str,
    mapping: Mapping,
    value: NDArray[np.float64],
    status: NDArray[np.int8],
) -> NDArray[np.int64]:
    """Read the cells of a form into `value` and `status`; return the places of those of another form."""
    fits = pc.fill_null(pc.match_substring_regex(column, pattern), False)
    found = fits.to_numpy(zero_copy_only=False)
    numbers = column.filter(fits)
    if pattern.startswith(f"^{SPACE}"):
        numbers = pc.replace_substring_regex(numbers, f"[{SPACES}'’]", "")
        if mapping.thousands in {".", ","} and mapping.thousands != mapping.decimal:
            numbers = pc.replace_substring(numbers, mapping.thousands, "")
    if mapping.decimal != ".":
        numbers = pc.replace_substring(numbers, mapping.decimal, ".")
    numbers = pc.utf8_ltrim(numbers, "+")
    read = pc.cast(numbers, pa.float64()).to_numpy(zero_copy_only=False)
    value[places[found]] = read
    if len(read) and np.abs(read).max() > LARGEST:
        value[places[found][np.abs(read) > LARGEST]] = np.nan
        found[found] = np.abs(read) <= LARGEST
    status[places[found]] = CODE_OF[Status.OBSERVED]
    absent = column.is_null().to_numpy(zero_copy_only=False)
    left: NDArray[np.int64] = places[~found & ~absent]
    return left
