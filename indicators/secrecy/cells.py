"""The cells of a release: what each holds, what is shown of it, what an attacker knows beforehand, what it needs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import Invalid, NotFound
from indicators.secrecy.errors import Inconsistent

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Indices = NDArray[np.int64]


class Standing(IntEnum):
    """Where a cell stands; inside only: a reader is served one undifferentiated `secret`.

    `WITHHELD` is hidden by policy (a level too fine for the audience): like a primary cell, it may not be
    recovered. `MISSING` has no value in the source: it is unknown to all, and has nothing to protect.
    """

    PUBLISHED = 0
    PRIMARY = 1
    SECONDARY = 2
    WITHHELD = 3
    MISSING = 4


SAID = {
    Standing.PUBLISHED: "publiée",
    Standing.PRIMARY: "secret primaire",
    Standing.SECONDARY: "secret secondaire",
    Standing.WITHHELD: "retenue par la politique de diffusion",
    Standing.MISSING: "absente de la source",
}


@dataclass(frozen=True, eq=False)
class Cells:
    """Arrays of one length n, one entry for each cell; build them with `Cells.of`, which fills the defaults.

    `value` is the true value (NaN: missing in the source, or not known to who audits); `cost` what is lost when the
    cell is hidden, in any unit of the caller's, above 0. `lower` and `upper` bound what an attacker knows
    beforehand. `seen_low` and `seen_high` bound what a reader learns of the cell when it is published: its value,
    or the interval that its rounding leaves. A protected cell (primary or withheld) is safe when the attacker's
    interval goes down to `floor`, up to `ceiling`, and is at least `width` wide; all three in the cell's unit.
    `eligible` cells may be hidden to protect others.
    """

    id: tuple[str, ...]
    value: Floats
    cost: Floats
    standing: NDArray[np.uint8]
    lower: Floats
    upper: Floats
    seen_low: Floats
    seen_high: Floats
    floor: Floats
    ceiling: Floats
    width: Floats
    eligible: Flags
    level: tuple[str, ...]
    label: tuple[str, ...]

    @classmethod
    def of(
        cls,
        id: Sequence[str],
        value: ArrayLike,
        *,
        standing: ArrayLike | None = None,
        cost: ArrayLike | None = None,
        lower: ArrayLike = 0.0,
        upper: ArrayLike = np.inf,
        step: ArrayLike = 0.0,
        seen: tuple[ArrayLike, ArrayLike] | None = None,
        floor: ArrayLike | None = None,
        ceiling: ArrayLike | None = None,
        width: ArrayLike = 0.0,
        eligible: ArrayLike = True,
        level: Sequence[str] | None = None,
        label: Sequence[str] | None = None,
    ) -> "Cells":
        """Return the cells, checked; scalars stand for every cell.

        `step` is the step to which a published value is rounded (0: shown exactly), unless `seen` gives the two
        bounds. Without `cost`, hiding a cell costs its absolute value plus one. Without `floor` and `ceiling`, a
        protected cell must only not be recovered: a `width` of 0 asks for any width above the tolerance.
        Raises Invalid for identifiers given twice, arrays of another length or bounds that the value contradicts.

        >>> cells = Cells.of(["a", "b"], [3, 12], standing=[1, 0], step=5)
        >>> cells.seen_low.tolist(), cells.seen_high.tolist()
        ([2.5, 7.5], [7.5, 12.5])
        """
        ids = tuple(id)
        if len(set(ids)) != len(ids):
            twice = next(one for index, one in enumerate(ids) if one in ids[:index])
            raise Invalid(f"Cellules du secret : l’identifiant « {twice} » est donné deux fois.")
        values = _floats(value, len(ids), "value")
        seen_low, seen_high = _shown(values, _floats(step, len(ids), "step"))
        if seen is not None:
            seen_low, seen_high = (_floats(bound, len(ids), "seen") for bound in seen)
        stood = np.broadcast_to(np.asarray(0 if standing is None else standing), len(ids)).astype(np.uint8)
        absent = np.isnan(values) & (stood == Standing.PUBLISHED)
        stood[absent] = Standing.MISSING
        cells = cls(
            id=ids,
            value=values,
            cost=np.abs(np.nan_to_num(values)) + 1 if cost is None else _floats(cost, len(ids), "cost"),
            standing=stood,
            lower=_floats(lower, len(ids), "lower"),
            upper=_floats(upper, len(ids), "upper"),
            seen_low=seen_low,
            seen_high=seen_high,
            floor=values.copy() if floor is None else _floats(floor, len(ids), "floor"),
            ceiling=values.copy() if ceiling is None else _floats(ceiling, len(ids), "ceiling"),
            width=_floats(width, len(ids), "width"),
            eligible=np.broadcast_to(np.asarray(eligible, bool), len(ids)).copy(),
            level=("",) * len(ids) if level is None else tuple(level),
            label=ids if label is None else tuple(label),
        )
        cells.check()
        return cells

    def __len__(self) -> int:
        return len(self.id)

    @cached_property
    def positions(self) -> dict[str, int]:
        """The place of each cell."""
        return {one: index for index, one in enumerate(self.id)}

    def position(self, id: str) -> int:
        """Return the place of a cell. Raises NotFound for an unknown one."""
        try:
            return self.positions[id]
        except KeyError:
            raise NotFound(f"Cellules du secret : « {id} » n’en est pas une.") from None

    def places(self, ids: Sequence[str]) -> Indices:
        """Return the places of several cells. Raises NotFound for an unknown one."""
        return np.array([self.position(one) for one in ids], dtype=np.int64)

    @property
    def hidden(self) -> Flags:
        """Which cells a reader does not see."""
        return np.asarray(self.standing != Standing.PUBLISHED)

    @property
    def protected(self) -> Flags:
        """Which cells may not be recovered: primary and withheld ones."""
        return np.asarray((self.standing == Standing.PRIMARY) | (self.standing == Standing.WITHHELD))

    def with_standing(self, standing: ArrayLike) -> "Cells":
        """Return the same cells, standing otherwise."""
        return replace(self, standing=np.asarray(standing, np.uint8))

    def marked(self, ids: Sequence[str], standing: Standing) -> "Cells":
        """Return the same cells, some of them standing otherwise."""
        changed = self.standing.copy()
        changed[self.places(ids)] = standing
        return self.with_standing(changed)

    def changed(self, **arrays: Any) -> "Cells":
        """Return the same cells with other arrays, checked."""
        cells = replace(self, **arrays)
        cells.check()
        return cells

    def taken(self, order: Indices) -> "Cells":
        """Return the cells of some places, in that order."""
        taken: dict[str, Any] = {}
        for name, kind in _KINDS.items():
            given = getattr(self, name)
            taken[name] = tuple(given[index] for index in order) if kind is tuple else given[order]
        return replace(self, **taken)

    def check(self) -> None:
        """Raise Invalid where lengths differ, and Inconsistent where a value contradicts what is said of it."""
        for name in _KINDS:
            if len(getattr(self, name)) != len(self):
                raise Invalid(f"Cellules du secret : « {name} » n’a pas une valeur par cellule.")
        known = np.isfinite(self.value)
        slack = 1e-9 * (1 + np.abs(self.value))
        outside = known & ((self.value < self.lower - slack) | (self.value > self.upper + slack))
        wrong = known & ((self.value < self.seen_low - slack) | (self.value > self.seen_high + slack))
        for flags, what in (
            (outside, "sort des bornes que l’attaquant est réputé connaître"),
            (wrong, "n’est pas dans l’intervalle de la valeur affichée"),
        ):
            if flags.any():
                raise Inconsistent(f"La valeur de la cellule « {self.label[int(np.argmax(flags))]} » {what}.")
        if (~(self.cost > 0)).any():
            raise Invalid(f"La cellule « {self.label[int(np.argmin(self.cost > 0))]} » doit coûter plus que zéro.")


_KINDS: dict[str, type] = {
    "id": tuple,
    "value": np.ndarray,
    "cost": np.ndarray,
    "standing": np.ndarray,
    "lower": np.ndarray,
    "upper": np.ndarray,
    "seen_low": np.ndarray,
    "seen_high": np.ndarray,
    "floor": np.ndarray,
    "ceiling": np.ndarray,
    "width": np.ndarray,
    "eligible": np.ndarray,
    "level": tuple,
    "label": tuple,
}


def _floats(given: ArrayLike, length: int, name: str) -> Floats:
    array = np.asarray(given, np.float64)
    if array.ndim and array.shape != (length,):
        raise Invalid(f"Cellules du secret : « {name} » n’a pas une valeur par cellule.")
    return np.broadcast_to(array, length).astype(np.float64)


def _shown(value: Floats, step: Floats) -> tuple[Floats, Floats]:
    safe = np.where(step > 0, step, 1.0)
    shown = np.where(step > 0, np.round(value / safe) * safe, value)
    return shown - step / 2, shown + step / 2
