"""The patterns of the maps as one picture (a sprite), for what draws tiles by itself: MapLibre, QGIS.

They are drawn from the same paths as on the site: straight strokes with round ends, over a background or nothing.
"""

import re
import struct
import zlib
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.palettes import PATTERNS, Pattern

Segment = tuple[float, float, float, float]
_STEP = re.compile(r"([MLlhHvV])([^MLlhHvV]*)")
_NUMBER = re.compile(r"-?\d*\.?\d+")
PNG = b"\x89PNG\r\n\x1a\n"


def places(ratio: int) -> dict[str, Any]:
    """Return where each pattern is in the picture of a pixel ratio, as a sprite's index says it.

    >>> places(2)["lignes"]
    {'x': 16, 'y': 0, 'width': 12, 'height': 12, 'pixelRatio': 2}
    """
    found, x = {}, 0
    for pattern in PATTERNS:
        side = pattern.size * ratio
        found[pattern.name] = {"x": x, "y": 0, "width": side, "height": side, "pixelRatio": ratio}
        x += side
    return found


@cache
def picture(ratio: int) -> bytes:
    """Return the picture of all the patterns at a pixel ratio, in PNG with transparency."""
    height = max(pattern.size for pattern in PATTERNS) * ratio
    whole = np.zeros((height, sum(pattern.size for pattern in PATTERNS) * ratio, 4), dtype=np.uint8)
    for pattern, place in zip(PATTERNS, places(ratio).values(), strict=True):
        side = place["width"]
        whole[:side, place["x"] : place["x"] + side] = drawn(pattern, ratio)
    return _png(whole)


def drawn(pattern: Pattern, ratio: int) -> NDArray[np.uint8]:
    """Return the pixels (row, column, RGBA) of a pattern: the part of each that its strokes cover is their opacity."""
    side = pattern.size * ratio
    centre = (np.arange(side) + 0.5) / ratio
    x, y = np.meshgrid(centre, centre)
    nearest = np.min([_distance(x, y, one) for one in segments(pattern.path)], axis=0)
    inked = np.clip((pattern.width / 2 - nearest) * ratio + 0.5, 0, 1)[..., None]
    ink, ground = _rgb(pattern.ink), _rgb(pattern.background or pattern.ink)
    under = 1.0 if pattern.background else 0.0
    opacity = inked + under * (1 - inked)
    colour = (ink * inked + ground * under * (1 - inked)) / np.where(opacity == 0, 1, opacity)
    return np.concatenate([colour, opacity * 255], axis=2).round().astype(np.uint8)


def segments(path: str) -> list[Segment]:
    """Return the strokes of a path of moves (M) and straight lines (L, l, h, H, v, V).

    >>> segments("M1 4h2M3 -1V7")
    [(1.0, 4.0, 3.0, 4.0), (3.0, -1.0, 3.0, 7.0)]
    """
    found: list[Segment] = []
    x = y = 0.0
    for letter, text in _STEP.findall(path):
        numbers = [float(number) for number in _NUMBER.findall(text)]
        across = letter in "hH"
        size = 1 if letter in "hHvV" else 2
        for rank in range(0, len(numbers), size):
            first = numbers[rank]
            if letter in "hHvV":
                ahead = (first, 0.0) if across else (0.0, first)
                target = (
                    (x + ahead[0], y + ahead[1]) if letter.islower() else ((first, y) if across else (x, first))
                )
            else:
                second = numbers[rank + 1]
                target = (x + first, y + second) if letter == "l" else (first, second)
            if letter != "M" or rank:  # points after that of a move are lines
                found.append((x, y, *target))
            x, y = target
    return found


def _distance(x: NDArray[Any], y: NDArray[Any], one: Segment) -> NDArray[Any]:
    x1, y1, x2, y2 = one
    length = (x2 - x1) ** 2 + (y2 - y1) ** 2
    along = np.clip(((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / length, 0, 1) if length else np.zeros_like(x)
    return np.asarray(np.hypot(x - x1 - along * (x2 - x1), y - y1 - along * (y2 - y1)))


def _rgb(colour: str) -> NDArray[Any]:
    return np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)], dtype=float)


def _png(pixels: NDArray[np.uint8]) -> bytes:
    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return PNG + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")
