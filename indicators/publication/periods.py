"""Periods and the dates they stand for."""

from datetime import date
from itertools import combinations

from indicators.catalogue import Indicator, catalogue


def reference_date(indicator: Indicator, period: str) -> date:
    """Return the day that a period of one year stands for.

    >>> from indicators.catalogue import indicator
    >>> reference_date(indicator("population"), "2022")
    datetime.date(2022, 1, 1)
    """
    month, day = map(int, indicator.reference_date.split("-"))
    return date(int(period), month, day)


def years_between(start: date, end: date) -> float:
    """Return the exact years between two dates: whole years, plus the part of the last one that has passed.

    >>> years_between(date(2016, 1, 1), date(2022, 1, 1)), years_between(date(2020, 1, 1), date(2020, 7, 1))
    (6.0, 0.4972677595628415)
    """
    whole = end.year - start.year - ((end.month, end.day) < (start.month, start.day))
    anniversary = _shifted(start, whole)
    following = _shifted(start, whole + 1)
    return whole + (end - anniversary).days / (following - anniversary).days


def denominator_period(indicator: Indicator, period: str, millesime: int) -> str:
    """Return the period of the denominator of a ratio: `denominator_lag` years later, or the geography's of a surface.

    >>> from indicators.catalogue import indicator
    >>> [denominator_period(indicator(name), "2018", 2021) for name in ("densite_medicale", "densite")]
    ['2019', '2021']
    """
    if catalogue()[str(indicator.denominator)].derivation == "area":
        return str(millesime)
    return str(int(period) + indicator.denominator_lag) if indicator.denominator_lag else period


def spans(indicator: Indicator, base: Indicator, periods: list[str]) -> list[tuple[str, str, float]]:
    """Return (first period, last period, years) of every pair that is far enough apart for a growth rate."""
    pairs = []
    for first, last in combinations(sorted(periods), 2):
        years = years_between(reference_date(base, first), reference_date(base, last))
        if years >= indicator.minimum_years:
            pairs.append((first, last, years))
    return pairs


def _shifted(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return day.replace(year=day.year + years, month=3, day=1)
