"""Everything that one audience sees of what touches restricted values, as one system of cells and relations."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from boundaries.levels import LABELS, Level
from indicators.editions.ground import Ground
from indicators.editions.held import Held
from indicators.editions.judging import Judged, written
from indicators.secrecy import Cells, Relations, Standing, growth_factor
from indicators.secrecy.cells import Flags, Floats, Indices

HIDDEN_COST = 1.0


@dataclass(frozen=True, eq=False)
class Extra:
    """Cells that this edition serves to nobody, through which others are tied, in columns as those of `Cells`.

    Sums over the parts that count and sums of products have nothing to protect of their own; what an earlier release
    told is visible, within `reach` of the value.
    """

    id: tuple[str, ...]
    label: tuple[str, ...]
    level: str
    value: Floats
    standing: Standing = Standing.MISSING
    lower: float = 0.0
    reach: Floats | None = None
    floor: Floats | None = None
    ceiling: Floats | None = None
    width: Floats | None = None


@dataclass(frozen=True, eq=False)
class System:
    """The series in one order, the cell of each of their values, and the cells beside them.

    Cells of a series follow each other in the order of its territories, from `start[series id]`; `extras` come
    after. Relations are written by `indicators.editions.ties`. `zero` are the zeros that may be hidden as a last resort:
    hiding one hides little, and tells that there is something to hide.
    """

    ground: Ground
    held: tuple[Held, ...]
    judged: Mapping[int, Judged]
    start: Mapping[int, int]
    cells: Cells
    zero: Flags

    def named(self, template: str) -> Callable[[str], str]:
        """Return how a relation of a cell, given by its id, is named."""
        return lambda one: template.format(self.cells.label[self.cells.position(one)])

    def ids(self, one: Held, territory: Indices | None = None) -> list[str]:
        """Return the ids of the cells of a series, for some of its territories or all."""
        places = range(len(one.territory)) if territory is None else one.at(territory).tolist()
        return [self.cells.id[self.start[one.id] + place] for place in places]

    def ids_or_none(self, one: Held, territory: Indices) -> list[str]:
        """Return the ids of the cells of a series, empty for territories that it has no row of."""
        start = self.start[one.id]
        return [self.cells.id[start + place] if place >= 0 else "" for place in one.at(territory).tolist()]

    def of(self, one: Held, cells: Cells) -> np.ndarray:
        """Return the standing of each value of a series in some pattern of these cells."""
        start = self.start[one.id]
        return cells.standing[start : start + len(one.value)]

    def by_key(self) -> dict[tuple[str, str, int], Held]:
        """Return the series by indicator, period and millesime."""
        return {one.key: one for one in self.held}


def cell_ids(one: Held, ground: Ground) -> list[str]:
    """Return what names the cells of a series, whatever numbers the database gave."""
    return ground.kept(("ids", one.id), lambda: _ids(one, ground))


def _ids(one: Held, ground: Ground) -> list[str]:
    head = "|".join((one.sheet.id, one.period, str(one.millesime)))
    level, code = ground.of(one.territory, "level"), ground.of(one.territory, "code")
    return [f"{head}|{rank}|{place}" for rank, place in zip(level, code, strict=True)]


def cell_labels(one: Held, ground: Ground) -> list[str]:
    """Return what people call the cells of a series."""
    return ground.kept(
        ("labels", one.id), lambda: [f"{one.name}, {label}" for label in ground.of(one.territory, "label")]
    )


def assemble(
    ground: Ground,
    held: Sequence[Held],
    judged: Mapping[int, Judged],
    extras: Sequence[Extra],
    *,
    below: Sequence[Mapping[int, Judged]] = (),
    known: Mapping[int, Floats] | None = None,
    shown: Mapping[int, Floats] | None = None,
) -> System:
    """Return the system of an audience.

    `below` are the same series as judged for more public audiences, whose editions this one may read too: what two
    roundings leave of a value is what both leave. `known` gives, for some series, the half-width within which an
    earlier release that is still readable tells each value (NaN: not told): such cells are not hidden any more.
    `shown` gives the values as they are served, where they are not made from the true ones (an edition that is
    attacked as it is stored).
    """
    start: dict[int, int] = {}
    parts: list[dict[str, Any]] = []
    count = 0
    for one in held:
        start[one.id] = count
        count += len(one.value)
        before = None if known is None else known.get(one.id)
        served = None if shown is None else shown.get(one.id)
        parts.append(_cells(one, ground, judged[one.id], [each[one.id] for each in below], before, served))
    parts += [_extra(extra) for extra in extras]
    columns = {name: [part[name] for part in parts] for name in parts[0]}
    joined: dict[str, Any] = {
        name: [each for part in given for each in part]
        if name in ("id", "label", "level")
        else np.concatenate(given)
        for name, given in columns.items()
    }
    seen, zero = (joined.pop("seen_low"), joined.pop("seen_high")), joined.pop("zero")
    return System(ground, tuple(held), judged, start, Cells.of(**joined, seen=seen), zero)


def _cells(
    one: Held, ground: Ground, judged: Judged, below: Sequence[Judged], known: Floats | None, served: Floats | None
) -> dict[str, Any]:
    values = one.measure
    low, high = bounds_seen(one, judged.step) if served is None else _within(one, served, judged.step)
    for other in below:
        if other.listed and other.step and other.step != judged.step:
            more_low, more_high = bounds_seen(one, other.step)
            low, high = np.maximum(low, more_low), np.minimum(high, more_high)
    eligible = np.full(len(values), one.restricted)
    people = np.nan_to_num(ground.of(one.territory, "people").astype(float))
    if known is not None:
        told = np.isfinite(known)
        eligible &= ~told
        low = np.where(told, np.maximum(low, values - known), low)
        high = np.where(told, np.minimum(high, values + known), high)
    zero = eligible & (values == 0) & one.sheet.nature.additive
    least = 0.0 if one.by == "growth" or np.nanmin(values, initial=0.0) >= 0 else -np.inf
    return {
        "id": cell_ids(one, ground),
        "label": cell_labels(one, ground),
        "level": [LABELS[Level(level)][1] for level in ground.of(one.territory, "level")],
        "value": values,
        "standing": judged.standing,
        "cost": (people + 1) * (1 + len(one.sheet.parts)),
        "lower": np.full(len(values), least),
        "seen_low": low,
        "seen_high": high,
        "floor": judged.floor,
        "ceiling": judged.ceiling,
        "width": judged.width,
        "eligible": eligible & ~zero,
        "zero": zero,
    }


def _extra(extra: Extra) -> dict[str, Any]:
    count = len(extra.id)
    none = np.zeros(count)
    reach = none if extra.reach is None else extra.reach
    return {
        "id": extra.id,
        "label": extra.label,
        "level": [extra.level] * count,
        "value": extra.value,
        "standing": np.full(count, extra.standing, np.uint8),
        "cost": np.full(count, HIDDEN_COST),
        "lower": np.full(count, extra.lower),
        "seen_low": extra.value - reach,
        "seen_high": extra.value + reach,
        "floor": extra.value if extra.floor is None else extra.floor,
        "ceiling": extra.value if extra.ceiling is None else extra.ceiling,
        "width": none if extra.width is None else extra.width,
        "eligible": np.zeros(count, bool),
        "zero": np.zeros(count, bool),
    }


def bounds_seen(one: Held, step: float) -> tuple[Floats, Floats]:
    """Return the bounds of what a reader learns of each value of a series that is rounded to a step."""
    return _within(one, written(one, step), step)


def _within(one: Held, served: Floats, step: float) -> tuple[Floats, Floats]:
    low, high = served - step / 2, served + step / 2
    if one.by == "growth":
        years = float(one.passport["years"])
        return growth_factor(np.maximum(low, -100.0), years)[0], growth_factor(high, years)[0]
    return low, high


def loosened(cells: Cells, relations: Relations) -> Relations:
    """Return relations of a source with the gap that its own values leave: whoever reads them sees it too."""
    known = np.isfinite(cells.value)
    total = relations.matrix @ np.where(known, cells.value, 0.0)
    complete = (abs(relations.matrix) @ (~known).astype(float)) == 0
    return replace(
        relations,
        low=np.where(complete, np.minimum(relations.low, total), relations.low),
        high=np.where(complete, np.maximum(relations.high, total), relations.high),
    )
