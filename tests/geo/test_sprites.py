"""The patterns of the maps as a sprite: what a browser reads of it, and what is drawn."""

import struct
import zlib

import numpy as np
import pytest

from geo.palettes import DASHES, LINES, PATTERNS
from geo.sprites import drawn, picture, places, segments


@pytest.mark.parametrize("ratio", [1, 2])
def test_the_picture_holds_every_pattern_where_the_index_says(ratio: int) -> None:
    png = picture(ratio)
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    index = places(ratio)
    assert list(index) == [pattern.name for pattern in PATTERNS]
    assert sum(one["width"] for one in index.values()) == width
    assert max(one["height"] for one in index.values()) == height
    body = zlib.decompress(png[png.index(b"IDAT") + 4 : png.index(b"IEND") - 8])
    assert len(body) == height * (1 + 4 * width)


def test_a_line_is_drawn_where_its_path_says() -> None:
    """A stroke of 1.2 at x = 3 of a tile of 6: the columns beside it are inked, the others have the background."""
    pixels = drawn(LINES, 1)
    assert (pixels[..., 3] == 255).all()
    assert [tuple(map(int, pixels[2, x, :3])) == (0xEC, 0xEA, 0xE4) for x in range(6)] == [
        True, True, False, False, True, True,
    ]  # fmt: skip


def test_what_is_laid_over_a_colour_lets_it_be_seen() -> None:
    opacity = drawn(DASHES, 2)[..., 3]
    assert 0 < np.count_nonzero(opacity) < opacity.size / 2
    assert opacity.max() == 255


def test_every_path_is_understood() -> None:
    assert segments("M1.5 3h3M3 1.5v3") == [(1.5, 3, 4.5, 3), (3, 1.5, 3, 4.5)]
    assert segments("M-1 3L0 2L4 6") == [(-1, 3, 0, 2), (0, 2, 4, 6)]
    for pattern in PATTERNS:
        assert len(segments(pattern.path)) == sum(pattern.path.count(letter) for letter in "LlhHvV"), pattern.name
