"""The bands of zooms for which outlines are drawn, and how much each is simplified.

One display pixel of a 512-pixel tile is 40 075 017 / (512 x 2^z) metres of EPSG:3857: 2 446 m at z5, 1 223 m
at z6, 611 m at z7, 306 m at z8, 76 m at z10. A tolerance is the side of a square: what is smaller than it is taken
off outlines. It stays under a pixel and a half.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Band:
    """A range of zooms that share one drawing, named by the last of them."""

    zoom: int
    tolerance_m: float


BANDS = (
    Band(5, tolerance_m=2400),
    Band(6, tolerance_m=1600),
    Band(7, tolerance_m=900),
    Band(8, tolerance_m=450),
    Band(9, tolerance_m=220),
    Band(10, tolerance_m=60),
    Band(22, tolerance_m=0),
)
EXACT = BANDS[-1].zoom  # the band that nothing is simplified in


def band_of(zoom: int) -> Band:
    """Return the band that draws a zoom.

    >>> [band_of(z).zoom for z in (0, 5, 6, 8, 10, 14)]
    [5, 5, 6, 8, 10, 22]
    """
    return next(band for band in BANDS if zoom <= band.zoom)


def in_cells(zoom: int) -> bool:
    """Return whether outlines are stored in the very cells of the tiles of a zoom (`Outline.cells`).

    >>> [in_cells(z) for z in (4, 5, 10, 11, 22)]
    [False, True, True, False, False]
    """
    return zoom < EXACT and band_of(zoom).zoom == zoom
