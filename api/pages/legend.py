"""The legend of a map: classes from high to low with their colours and counts, circles of reference, statuses."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from api.pages.french import decimals, exact, number
from geo.classes import Classes, Method, index_of
from geo.errors import Invalid
from geo.mapstyle import PLAIN
from geo.palettes import (
    CATEGORIES,
    CROSS,
    DASHES,
    DOTS,
    HATCH,
    LINES,
    PLUSES,
    SLASHES,
    ZIGZAG,
    Pattern,
    diverging,
    sequential,
)
from indicators.statuses import LABELS, Status

# How a territory without a figure is drawn; never with a colour of the ramp.
ABSENT: dict[Status, Pattern] = {
    Status.MISSING: HATCH,
    Status.SECRET: LINES,
    Status.NOT_SIGNIFICANT: CROSS,
    Status.NOT_APPLICABLE: DOTS,
    Status.IMPOSSIBLE: ZIGZAG,
}
# What is laid over the colour of a figure that is not a plain observation.
QUALIFIED: dict[Status, Pattern] = {
    Status.ESTIMATED: SLASHES,
    Status.PARTIAL: DASHES,
    Status.PROVISIONAL: PLUSES,
}
WORDS = LABELS | {
    Status.OBSERVED: "valeur observée",
    Status.ESTIMATED: "valeur estimée",
    Status.PARTIAL: "valeur partielle",
    Status.PROVISIONAL: "valeur provisoire",
    Status.NOT_SIGNIFICANT: "valeur non significative",
}

LARGEST_RADIUS, SMALLEST_LARGEST = 34.0, 9.0
CIRCLES_AREA = 42_000.0  # px² that all circles may cover on a map 720 px wide: about a sixth of what is drawn


@dataclass(frozen=True)
class Line:
    """One line of a legend: a swatch (a colour or a pattern), words, and how many territories have it."""

    label: str
    count: int
    colour: str | None = None
    pattern: str | None = None


@dataclass(frozen=True)
class Circle:
    """A circle of reference: the value it stands for, its radius in px and where it is drawn."""

    label: str
    value: float
    radius: float


def colours(classes: Classes, pivot: float | None) -> tuple[str, ...]:
    """Return the colour of each class, from low to high.

    With a pivot inside the values the ramp diverges: the class that holds it is neutral, the others take the
    side they are on (a pivot that is itself a limit has no neutral class).
    """
    if not classes.counts:
        return ()
    if pivot is None:
        return sequential(len(classes))
    below = index_of(classes.inner, pivot) if pivot > classes.limits[0] else 0
    neutral = classes.limits[0] <= pivot <= classes.limits[-1] and pivot not in classes.inner
    if pivot > classes.limits[-1]:
        below = len(classes)
    return diverging(below, neutral, len(classes) - below - int(neutral))


def class_lines(classes: Classes, ramp: Sequence[str], signed: bool = False) -> list[Line]:
    """Return the lines of the classes, from high to low."""
    lines = [
        Line(label, count, colour=colour)
        for label, count, colour in zip(class_labels(classes, signed), classes.counts, ramp, strict=True)
    ]
    return lines[::-1]


def categories_of(named: Mapping[int, str], figures: Sequence[float]) -> tuple[Classes, tuple[str, ...]]:
    """Return the classes of a typology, one for each category of its sheet, and their colours.

    Raises Invalid for more categories than there are colours told apart, or for a value that is none of them.

    >>> categories_of({1: "Rural", 2: "Urbain"}, [2.0, 2.0])[0].counts
    (0, 2)
    """
    if len(named) > len(CATEGORIES):
        raise Invalid(f"Une carte a au plus {len(CATEGORIES)} catégories ; celle-ci en aurait {len(named)}.")
    codes = sorted(named)
    found = Counter(figures)
    if unknown := sorted(set(found) - set(codes)):
        raise Invalid(f"La fiche de l’indicateur n’a pas de catégorie {exact(unknown[0])}.")
    limits = (*(float(code) for code in codes), float(codes[-1]))
    return Classes(Method.MANUAL, limits, tuple(found[code] for code in codes)), CATEGORIES[: len(codes)]


def category_lines(named: Mapping[int, str], classes: Classes, ramp: Sequence[str]) -> list[Line]:
    """Return the lines of the categories, in the order of their codes."""
    labels = [named[code] for code in sorted(named)]
    return [
        Line(label, count, colour=colour)
        for label, count, colour in zip(labels, classes.counts, ramp, strict=True)
    ]


def class_labels(classes: Classes, signed: bool = False) -> list[str]:
    """Return how each class reads, from low to high; limits are exact.

    >>> from geo.classes import Method
    >>> class_labels(Classes(Method.MANUAL, (2, 25, 1200, 5000), (1, 1, 1)))
    ['moins de 25', '25 à moins de 1\\u202f200', '1\\u202f200 et plus']
    >>> class_labels(Classes(Method.FISHER, (-3, -0.4, 0.05, 2), (1, 1, 1)), signed=True)
    ['moins de \u22120,40', '\u22120,40 à moins de +0,05', '+0,05 et plus']
    >>> class_labels(Classes(Method.FISHER, (62.0, 62.0), (1,)))
    ['62']
    """
    told = _told(classes, signed)
    if len(classes) == 1:
        return [told[0] if told[0] == told[1] else f"de {told[0]} à {told[1]}"]
    if not classes.counts:
        return []
    middle = [f"{low} à moins de {high}" for low, high in pairwise(told[1:-1])]
    return [f"moins de {told[1]}", *middle, f"{told[-2]} et plus"]


def _told(classes: Classes, signed: bool) -> list[str]:
    """Return the limits as they are read: exact, and with the same decimals where they are all small."""
    limits = classes.inner or classes.limits
    if not limits or max(abs(limit) for limit in limits) >= 100:
        return [exact(limit, signed) for limit in classes.limits]
    digits = max(decimals(limit) for limit in limits)
    return [number(limit, digits, signed) for limit in classes.limits]


def status_lines(statuses: Sequence[Status], present: Sequence[bool]) -> list[Line]:
    """Return the lines of the statuses; `present` says which territories have a figure.

    Absences and secrets are always told, zero included; the others where there are some.
    """
    found = Counter(zip(statuses, present, strict=True))
    absent = [
        Line(WORDS[status], found[status, False], pattern=pattern.name)
        for status, pattern in ABSENT.items()
        if found[status, False] or status in (Status.MISSING, Status.SECRET)
    ]
    return absent + [
        Line(WORDS[status], found[status, True], pattern=pattern.name)
        for status, pattern in QUALIFIED.items()
        if found[status, True]
    ]


def zero_lines(values: Sequence[float]) -> list[Line]:
    """Return the line of the zeros of a map of circles, where there are some: a circle of no area is not seen.

    >>> zero_lines([0.0, 3.0, 0.0])
    [Line(label='valeur nulle (sans cercle)', count=2, colour='#f7f5ef', pattern=None)]
    """
    zeros = sum(value == 0 for value in values)
    return [Line("valeur nulle (sans cercle)", zeros, colour=PLAIN)] if zeros else []


def reference_circles(values: Sequence[float], digits: int) -> list[Circle]:
    """Return up to three circles of round values, the largest first; areas are proportional to values.

    >>> [(c.label, round(c.radius, 1)) for c in reference_circles([325070, 12000, 300], 0)]
    [('200\\u202f000', 26.7), ('50\\u202f000', 13.3), ('10\\u202f000', 6.0)]
    """
    top = max((abs(value) for value in values), default=0.0)
    if not top:
        return []
    largest = largest_radius(values)
    chosen: list[float] = []
    for share in (1.0, 0.2, 0.04):
        value = _round_down(top * share)
        if value not in chosen and (digits or value >= 1):
            chosen.append(value)
    return [Circle(exact(value), value, radius(value, top, largest)) for value in chosen]


def largest_radius(values: Sequence[float]) -> float:
    """Return the radius in px of the largest value's circle: smaller where all circles would hide the map.

    >>> largest_radius([5, 1]), round(largest_radius([1.0] * 100), 1), largest_radius([1.0] * 10_000)
    (34.0, 11.6, 9.0)
    """
    top = max((abs(value) for value in values), default=0.0)
    if not top:
        return LARGEST_RADIUS
    discs = math.pi * sum(abs(value) for value in values) / top
    return max(SMALLEST_LARGEST, min(LARGEST_RADIUS, math.sqrt(CIRCLES_AREA / discs)))


def radius(value: float, top: float, largest: float) -> float:
    """Return the radius in px of a value's circle: its area is proportional to the value.

    >>> radius(100, 400, 30.0), radius(0, 0, 30.0)
    (15.0, 0.0)
    """
    return largest * math.sqrt(abs(value) / top) if top else 0.0


def _round_down(value: float) -> float:
    """Return the largest of 1, 2, 5 times a power of ten that does not exceed the value."""
    digits = f"{value:e}"
    leading, exponent = float(digits.split("e")[0]), int(digits.split("e")[1])
    step = next(step for step in (5, 2, 1) if step <= leading + 1e-9)
    return float(f"{step}e{exponent}")
