"""`datetime=`: an instant or an interval, by which the geography in force is chosen among the loaded ones.

A geography is in force from its 1 January until that of the next one that is loaded; the newest one, until now and
after. Days are those of Paris.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time

from geo.clock import PARIS
from geo.errors import Invalid

INSTANT = re.compile(
    r"\d{4}-\d{2}-\d{2}(?:[Tt]\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?(?:[Zz]|[+-]\d{2}:\d{2}))?", re.ASCII
)
OPEN = ("", "..")
DAY = "AAAA-MM-JJ"


@dataclass(frozen=True)
class Times:
    """From a day to another, these included; None for an end that is open."""

    start: date | None
    end: date | None

    def in_force(self, years: Iterable[int]) -> int | None:
        """Return the newest of these geographies that is in force at some time of the interval, or None.

        >>> Times(date(2024, 6, 1), date(2024, 7, 1)).in_force([2023, 2025]), Times(None, None).in_force([2023, 2025])
        (2023, 2025)
        >>> Times(None, date(2022, 12, 31)).in_force([2023, 2025]) is None
        True
        """
        begun = [year for year in years if self.end is None or date(year, 1, 1) <= self.end]
        return max(begun, default=None)


def times(text: str) -> Times:
    """Return what a text of RFC 3339 says: a day, an instant, or two of them separated by `/`, `..` for an open end.

    Raises Invalid for anything else, and for an interval that ends before it starts.

    >>> times("2023-01-01/.."), times("2022-12-31T23:30:00Z").start
    (Times(start=datetime.date(2023, 1, 1), end=None), datetime.date(2023, 1, 1))
    """
    parts = text.split("/")
    if len(parts) == 1:
        day = _moment(parts[0], text).date()
        return Times(day, day)
    if len(parts) != 2:
        raise _malformed(text)
    start, end = (None if part in OPEN else _moment(part, text) for part in parts)
    days = any(len(part) == len(DAY) for part in parts)  # a day lasts until its end
    if start and end and (start.date() > end.date() if days else start > end):
        raise Invalid(
            f"datetime = «\u202f{text[:60]}\u202f» finit avant de commencer\u202f: début/fin est attendu."
        )
    return Times(start.date() if start else None, end.date() if end else None)


def _moment(part: str, text: str) -> datetime:
    """Return an instant in Paris time, or the beginning of a day."""
    if not INSTANT.fullmatch(part):
        raise _malformed(text)
    try:
        if len(part) == len(DAY):
            return datetime.combine(date.fromisoformat(part), time.min, PARIS)
        moment = datetime.fromisoformat(part.upper())
    except ValueError:
        raise _malformed(text) from None
    try:
        return moment.astimezone(PARIS)
    except OverflowError:  # the last evening of the year 9999, which stands for an open end
        return moment.replace(tzinfo=PARIS)


def _malformed(text: str) -> Invalid:
    return Invalid(
        f"Date mal formée\u202f: datetime = «\u202f{text[:60]}\u202f». Formes attendues\u202f: 2024-01-01, "
        "2024-01-01T00:00:00Z, ou un intervalle 2023-01-01/2024-12-31, dont un bout ouvert s’écrit .."
    )
