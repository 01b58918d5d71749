"""Colours stay apart for every reader: CIE2000 between classes in four visions and in grey, WCAG contrast."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from geo.errors import Invalid
from geo.palettes import CATEGORIES, NEUTRAL, PATTERNS, SEQUENTIAL, diverging, sequential

Triple = NDArray[np.float64]

# Linear RGB seen by a dichromat (Machado, Oliveira and Fernandes 2009, severity 1), and luminance alone.
VISIONS = {
    "ordinary": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]]
    ),
    "grey": np.tile([0.2126, 0.7152, 0.0722], (3, 1)),
}
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]]
)


def linear(colour: str) -> Triple:
    rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def lab(colour: str, vision: str = "ordinary") -> Triple:
    seen = np.clip(VISIONS[vision] @ linear(colour), 0, 1)
    t = TO_XYZ @ seen / np.array([0.95047, 1, 1.08883])
    f = np.where(t > 0.008856, np.cbrt(t), 7.787 * t + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def ciede2000(one: Triple, two: Triple) -> float:
    (l1, a1, b1), (l2, a2, b2) = one, two
    mean_c = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2
    g = 0.5 * (1 - np.sqrt(mean_c**7 / (mean_c**7 + 25**7)))
    a1, a2 = a1 * (1 + g), a2 * (1 + g)
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1, h2 = np.degrees(np.arctan2(b1, a1)) % 360, np.degrees(np.arctan2(b2, a2)) % 360
    turn = 0.0 if c1 * c2 == 0 else (h2 - h1 + 180) % 360 - 180
    h = h1 + h2 if c1 * c2 == 0 else (h1 + turn / 2) % 360
    big_h = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2))
    ml, mc = (l1 + l2) / 2, (c1 + c2) / 2
    t = (
        1
        - 0.17 * np.cos(np.radians(h - 30))
        + 0.24 * np.cos(np.radians(2 * h))
        + 0.32 * np.cos(np.radians(3 * h + 6))
        - 0.2 * np.cos(np.radians(4 * h - 63))
    )
    r = -2 * np.sqrt(mc**7 / (mc**7 + 25**7)) * np.sin(np.radians(60 * np.exp(-(((h - 275) / 25) ** 2))))
    dl = (l2 - l1) / (1 + 0.015 * (ml - 50) ** 2 / np.sqrt(20 + (ml - 50) ** 2))
    dc, dh = (c2 - c1) / (1 + 0.045 * mc), big_h / (1 + 0.015 * mc * t)
    return float(np.sqrt(dl**2 + dc**2 + dh**2 + r * dc * dh))


def contrast(one: str, two: str) -> float:
    light, dark = sorted((float(TO_XYZ[1] @ linear(c)) for c in (one, two)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def closest(ramp: tuple[str, ...], vision: str) -> float:
    seen = [lab(colour, vision) for colour in ramp]
    return min(ciede2000(a, b) for a, b in pairwise(seen))


@pytest.mark.parametrize(
    ("one", "two", "expected"),
    [  # Sharma, Wu and Dalal (2005), test data of the formula
        ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
        ((50.0, -1.0, 2.0), (50.0, 0.0, 0.0), 2.3669),
        ((2.0776, 0.0795, -1.135), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_the_distance_is_ciede2000(one: Triple, two: Triple, expected: float) -> None:
    assert ciede2000(np.array(one), np.array(two)) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("k", range(2, 8))
def test_sequential_classes_stay_apart(k: int, vision: str) -> None:
    ramp = sequential(k)
    assert len(ramp) == k
    assert closest(ramp, vision) > (6.5 if k == 7 else 7.5)
    lightness = [lab(colour, vision)[0] for colour in ramp]
    assert lightness == sorted(lightness, reverse=True)


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize(("below", "above"), [(1, 1), (2, 2), (3, 3), (1, 4), (6, 0), (0, 6), (2, 3)])
def test_diverging_classes_stay_apart(below: int, above: int, vision: str) -> None:
    ramp = diverging(below, True, above)
    assert len(ramp) == below + 1 + above
    assert ramp[below] == NEUTRAL
    assert closest(ramp, vision) > 8


@pytest.mark.parametrize("vision", [v for v in VISIONS if v != "grey"])
def test_both_sides_of_a_diverging_ramp_never_look_alike(vision: str) -> None:
    ramp = diverging(3, True, 3)
    assert min(ciede2000(lab(a, vision), lab(b, vision)) for a in ramp[:3] for b in ramp[4:]) > 15


@pytest.mark.parametrize("vision", [v for v in VISIONS if v != "grey"])
def test_categories_stay_apart(vision: str) -> None:
    seen = [lab(colour, vision) for colour in CATEGORIES]
    assert min(ciede2000(a, b) for i, a in enumerate(seen) for b in seen[i + 1 :]) > 6


def test_a_pattern_is_never_a_colour_of_a_ramp_and_is_seen() -> None:
    colours = {c for ramp in SEQUENTIAL.values() for c in ramp} | set(diverging(6, True, 6))
    for pattern in PATTERNS:
        assert {pattern.ink, pattern.background}.isdisjoint(colours)
        if pattern.background:
            assert contrast(pattern.ink, pattern.background) > 2.5


@pytest.mark.parametrize(
    ("text", "ground"),
    [
        ("#14212b", "#fbfaf6"),
        ("#14212b", "#ffffff"),
        ("#51606b", "#fbfaf6"),
        ("#51606b", "#ffffff"),
        ("#0f4c63", "#ffffff"),
        ("#ffffff", "#0f4c63"),
        ("#ffffff", "#14212b"),
        ("#cfd8dc", "#10181f"),
        ("#8fd0e6", "#10181f"),
    ],
)
def test_text_is_readable(text: str, ground: str) -> None:
    assert contrast(text, ground) >= 4.5


def test_too_many_classes_are_refused() -> None:
    with pytest.raises(Invalid):
        sequential(8)
    with pytest.raises(Invalid):
        diverging(7, True, 0)
