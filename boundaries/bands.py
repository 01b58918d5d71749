"""The bands of zooms for which outlines are drawn, and how much each is simplified.

One display pixel of a 512-pixel tile is 40 075 017 / (512 x 2^z) metres of EPSG:3857: 2 446 m at z5, 1 223 m
at z6, 306 m at z8, 76 m at z10. Tolerances stay under one pixel of the highest zoom of their band.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Band:
    """A range of zooms that share one drawing."""

    number: int
    max_zoom: int
    tolerance_m: float


BANDS = (
    Band(0, max_zoom=5, tolerance_m=1200),
    Band(1, max_zoom=7, tolerance_m=450),
    Band(2, max_zoom=9, tolerance_m=110),
    Band(3, max_zoom=22, tolerance_m=0),
)


def band_of(zoom: int) -> Band:
    """Return the band that draws a zoom.

    >>> [band_of(z).number for z in (0, 5, 6, 8, 10, 14)]
    [0, 0, 1, 2, 3, 3]
    """
    return next(band for band in BANDS if zoom <= band.max_zoom)
