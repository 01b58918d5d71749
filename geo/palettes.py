"""The colours of the maps: ramps by number of classes, and the patterns that stand for an absence of value.

Every ramp was cut along one path of hues so that neighbouring classes stay apart (CIE2000) for five readers:
ordinary vision, protanopia, deuteranopia, tritanopia, and a print in grey; `tests/geo/test_palettes.py` holds
the thresholds. A pattern is drawn from one SVG path, the same in the legend and on the map; no pattern uses a
colour of a ramp.
"""

from dataclasses import dataclass

from geo.errors import Invalid

SEQUENTIAL: dict[int, tuple[str, ...]] = {
    1: ("#73aeab",),
    2: ("#bfd8ca", "#24707e"),
    3: ("#dfe6d9", "#4c9698", "#0c445a"),
    4: ("#ebebdf", "#7cb7ae", "#297984", "#0b4056"),
    5: ("#f3efe4", "#9ec9bc", "#519b9b", "#206a79", "#0b4056"),
    6: ("#f3efe4", "#aed0c2", "#6caea8", "#39878e", "#1a5f71", "#0b4056"),
    7: ("#f3efe4", "#b7d5c6", "#82bab1", "#529b9b", "#2a7a85", "#16586c", "#0b4056"),
}

NEUTRAL = "#f2efe9"
# The arms of a diverging ramp, from the neutral class outwards, by length: the same rank on both sides has
# the same strength, so two classes at the same distance of the pivot weigh the same.
_BELOW: dict[int, tuple[str, ...]] = {
    1: ("#be7740",),
    2: ("#be7740", "#5f2a0e"),
    3: ("#d59960", "#a45d2d", "#5f2a0e"),
    4: ("#dfab77", "#bd763f", "#975024", "#5f2a0e"),
    5: ("#e5b889", "#cc8c54", "#b06734", "#8e481f", "#5f2a0e"),
    6: ("#e8c094", "#d49960", "#bd7740", "#a45d2d", "#88421b", "#5f2a0e"),
}
_ABOVE: dict[int, tuple[str, ...]] = {
    1: ("#469399",),
    2: ("#469399", "#0b4056"),
    3: ("#73aeab", "#307985", "#0b4056"),
    4: ("#88bcb5", "#459298", "#276c7c", "#0b4056"),
    5: ("#99c6be", "#60a3a3", "#37838d", "#216476", "#0b4056"),
    6: ("#a5ccc4", "#72aeab", "#479399", "#307986", "#1d5e71", "#0b4056"),
}

# Categories without an order; at most seven, apart for colour-blind readers.
CATEGORIES = ("#0f4c63", "#d59960", "#73aeab", "#8e481f", "#b9b3a2", "#7a6aa0", "#e3d27f")

CIRCLE, CIRCLE_NEGATIVE = "#1a5f71", "#b06734"


def sequential(k: int) -> tuple[str, ...]:
    """Return `k` colours from light to dark.

    >>> sequential(2)
    ('#bfd8ca', '#24707e')
    """
    if k not in SEQUENTIAL:
        raise Invalid(f"Une carte a de 1 à {max(SEQUENTIAL)} classes ; « {k} » n’est pas possible.")
    return SEQUENTIAL[k]


def diverging(below: int, neutral: bool, above: int) -> tuple[str, ...]:
    """Return the colours of `below` classes, a neutral one holding the pivot (or none), and `above` classes.

    Both arms are cut from arms of the longer side's length, so the shorter one stops sooner and is not made
    stronger than it is.

    >>> diverging(1, True, 2)
    ('#be7740', '#f2efe9', '#469399', '#0b4056')
    >>> diverging(0, False, 1)
    ('#469399',)
    """
    longest = max(below, above)
    if longest > max(_ABOVE) or min(below, above) < 0:
        raise Invalid(f"Une carte a au plus {max(_ABOVE)} classes de chaque côté de son pivot.")
    if not longest:
        return (NEUTRAL,) if neutral else ()
    low, high = _BELOW[longest][:below], _ABOVE[longest][:above]
    return (*reversed(low), *((NEUTRAL,) if neutral else ()), *high)


@dataclass(frozen=True)
class Pattern:
    """A square tile of `size` px: a background (None: see-through) and one path, stroked in `ink`."""

    name: str
    size: int
    path: str
    ink: str
    width: float
    background: str | None


HATCH = Pattern("hachures", 8, "M-2 2L2 -2M-2 10L10 -2M6 10L10 6", "#767c80", 1.5, "#ffffff")
LINES = Pattern("lignes", 6, "M3 -1V7", "#8b8778", 1.2, "#eceae4")
CROSS = Pattern(
    "croix", 8, "M-2 2L2 -2M-2 10L10 -2M6 10L10 6M6 -2L10 2M-2 -2L10 10M-2 6L2 10", "#8a8f92", 1, "#ffffff"
)
DOTS = Pattern("points", 8, "M2 2h.01M6 6h.01", "#767c80", 2, "#ffffff")
ZIGZAG = Pattern("chevrons", 8, "M-1 3L0 2L4 6L8 2L9 3", "#767c80", 1.2, "#ffffff")
# Laid over the colour of a class whose values are not plain observations.
DASHES = Pattern("semis", 8, "M1 4h2M5 0h2M5 8h2", "#14212b", 1.4, None)
SLASHES = Pattern("biffures", 8, "M1 3l2 -2M5 7l2 -2", "#14212b", 1.2, None)
PLUSES = Pattern("croisettes", 12, "M1.5 3h3M3 1.5v3M7.5 9h3M9 7.5v3", "#14212b", 1.1, None)

PATTERNS = (HATCH, LINES, CROSS, DOTS, ZIGZAG, DASHES, SLASHES, PLUSES)
