"""The distribution of the values beside the legend: a small histogram whose bars wear the colours of the map."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from api.pages.french import exact
from geo.classes import Floats, indexes_of

WIDTH, HEIGHT, BASE = 300.0, 84.0, 64.0
_BINS = 40


@dataclass(frozen=True)
class Bar:
    """A rectangle of one colour; bars of several classes are stacked, so that each value has its true colour."""

    x: float
    y: float
    width: float
    height: float
    colour: str


@dataclass(frozen=True)
class Tick:
    """A value under the axis; `anchor` keeps its text inside the drawing."""

    x: float
    label: str
    anchor: str


@dataclass(frozen=True)
class Histogram:
    """Bars and ticks in a drawing of WIDTH by HEIGHT; `logarithmic` must be said beside it."""

    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    median_x: float
    logarithmic: bool


def histogram(values: Sequence[float], inner: Sequence[float], ramp: Sequence[str]) -> Histogram | None:
    """Return the histogram of the values, or None where there are too few different ones to have a shape.

    `inner` and `ramp` are the limits and colours of the map, so that each value wears its own.
    """
    x = np.asarray(values, dtype=float)
    if np.unique(x).size < 5:
        return None
    logarithmic = is_logarithmic(x)
    # On a logarithmic axis, values of zero go with the smallest ones, and the page says so.
    low, high = float(x[x > 0].min() if logarithmic else x.min()), float(x.max())
    edges = np.geomspace(low, high, _BINS + 1) if logarithmic else np.linspace(low, high, _BINS + 1)
    place = np.clip(np.searchsorted(edges, x, side="right") - 1, 0, _BINS - 1)
    stacked = np.zeros((_BINS, len(ramp)), dtype=int)
    np.add.at(stacked, (place, indexes_of(inner, x)), 1)
    unit = (BASE - 4) / stacked.sum(axis=1).max()
    width = WIDTH / _BINS
    bars = []
    for i, row in enumerate(stacked):
        top = BASE
        for count, colour in zip(row, ramp, strict=True):
            if count:
                top -= count * unit
                bars.append(Bar(round(i * width, 2), round(top, 2), width - 0.6, round(count * unit, 2), colour))

    def position(value: float) -> float:
        start, stop, at = np.log((low, high, value)) if logarithmic else (low, high, value)
        return round(float((at - start) / (stop - start) * WIDTH), 2)

    ticks = [Tick(position(value), exact(value), "middle") for value in _round_values(low, high, logarithmic)]
    return Histogram(tuple(bars), tuple(_inside(ticks)), position(float(np.median(x))), logarithmic)


def is_logarithmic(x: Floats) -> bool:
    """Return whether the axis is logarithmic: no value negative, the highest above thirty times the median."""
    return bool(x.min() >= 0 and x.max() > 30 * np.median(x) > 0)


def _round_values(low: float, high: float, logarithmic: bool) -> list[float]:
    """Return two to five round values inside the range."""
    if logarithmic:
        powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
        found = [float(f"1e{power}") for power in powers if low <= float(f"1e{power}") <= high]
        return found[:: max(1, len(found) // 4)] or [float(f"{low:.2g}")]
    span = high - low
    exponent = int(np.floor(np.log10(span)))
    for factor, power in ((5, -1), (1, 0), (2, 0), (5, 0), (1, 1)):
        step = float(f"{factor}e{exponent + power}")
        ranks = range(int(np.ceil(low / step - 1e-9)), int(np.floor(high / step + 1e-9)) + 1)
        if len(ranks) <= 5:
            return [round(rank * step, 12) + 0.0 for rank in ranks]
    return []


def _inside(ticks: Sequence[Tick]) -> list[Tick]:
    """Return the ticks with texts kept inside the drawing and apart from each other."""
    kept: list[Tick] = []
    end = -np.inf
    for tick in ticks:
        half = 3.4 * len(tick.label)
        anchor = "start" if tick.x < half else "end" if tick.x > WIDTH - half else "middle"
        left = tick.x - {"start": 0.0, "middle": half, "end": 2 * half}[anchor]
        if left > end:
            kept.append(Tick(tick.x, tick.label, anchor))
            end = left + 2 * half + 6
    return kept
