"""What people read of a value: its figure, or the sign that stands where the figure would; the same on every output.

Programs get the value and its status as they are (JSON, GeoJSON, tiles).
"""

from collections.abc import Mapping

from api.pages.french import rounded
from indicators.statuses import SIGNS, Status

# Territories without a figure are listed apart, after the others whatever the direction, grouped in this order.
APART = (Status.NOT_SIGNIFICANT, Status.SECRET, Status.MISSING, Status.IMPOSSIBLE, Status.NOT_APPLICABLE)


def figure(value: float | None, status: Status) -> float | None:
    """Return the value that may be read as one; a value that is not significant may not.

    >>> figure(0.0, Status.OBSERVED), figure(12.0, Status.NOT_SIGNIFICANT), figure(None, Status.SECRET)
    (0.0, None, None)
    """
    return None if status is Status.NOT_SIGNIFICANT else value


def group(value: float | None, status: Status) -> int:
    """Return where a value is listed: 0 for a figure, then one group for each reason not to have one.

    >>> group(0.0, Status.OBSERVED), group(None, Status.SECRET) == group(None, Status.MISSING)
    (0, False)
    """
    return 0 if figure(value, status) is not None else 1 + APART.index(status)


def cell(value: float | None, status: Status, decimals: int, categories: Mapping[int, str] | None = None) -> str:
    """Return what stands in the column of the values of a French spreadsheet: a figure, or the print sign.

    >>> cell(2.5, Status.PROVISIONAL, 0), cell(None, Status.NOT_APPLICABLE, 1), cell(-0.04, Status.OBSERVED, 1)
    ('3', '///', '0,0')
    >>> cell(2.0, Status.OBSERVED, 0, {1: "Rural", 2: "Urbain"})
    'Urbain'
    """
    read = figure(value, status)
    if read is not None and categories:
        return categories.get(int(read), f"{read:g}")
    return SIGNS[status] if read is None else f"{rounded(read, decimals):.{decimals}f}".replace(".", ",")
