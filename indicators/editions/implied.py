"""The parts of EPCI that départements cut: nobody publishes them, and totals of both may tell them.

A part of a single commune is that commune. One of several is a cell of its own where rules make it secret: its few
units are known as soon as its sum is.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from boundaries.levels import Level
from indicators.editions.ground import Ground
from indicators.editions.held import Held
from indicators.secrecy import Primary
from indicators.secrecy.cells import Floats, Indices


@dataclass(frozen=True, eq=False)
class Implied:
    """Parts that rules make secret: their names, values and what they need, and the place of each commune's part."""

    names: tuple[str, ...]
    value: Floats
    floor: Floats
    ceiling: Floats
    width: Floats
    place: Indices
    unit: Indices


def implied(one: Held, ground: Ground, ruling: Callable[[Indices, Indices], Primary]) -> Implied | None:
    """Return the parts that rules make secret in a series that adds up over communes; None without any.

    `ruling` gives what rules ask of groups of communes: from the group of each, and the communes.
    """
    if one.by != "stock" or Level.COMMUNE.value not in [str(unit) for unit in one.passport["units"]]:
        return None
    rows = ground.kept(("fragments", one.millesime), lambda: fragments(ground, one.millesime))
    rows = rows[np.isfinite(one.values_at(rows.unit.to_numpy()))]
    if rows.empty:
        return None
    group, names = pd.factorize(rows.part, sort=True)
    unit = rows.unit.to_numpy()
    asked = ruling(group, unit)
    secret = np.flatnonzero(asked.secret)
    if not len(secret):
        return None
    value = np.bincount(group, one.values_at(unit), minlength=len(names)).astype(float)
    inside = asked.secret[group]
    return Implied(
        tuple(str(names[place]) for place in secret),
        value[secret],
        asked.floor[secret],
        asked.ceiling[secret],
        asked.width[secret],
        np.searchsorted(secret, group[inside]),
        unit[inside],
    )


def fragments(ground: Ground, millesime: int) -> pd.DataFrame:
    """Return the parts of several communes of the EPCI that several départements hold, with each commune: part, unit."""
    territory, unit = ground.parts(millesime)
    level = ground.of(territory, "level").astype(str)
    held = {
        one: pd.Series(ground.of(territory[level == one], "code"), index=unit[level == one], dtype=object)
        for one in (Level.EPCI.value, Level.DEPARTEMENT.value)
    }
    communes = list(ground.communes(millesime).values())
    both = pd.DataFrame({name: column.reindex(communes) for name, column in held.items()}).dropna()
    across = both.groupby(Level.EPCI.value)[Level.DEPARTEMENT.value].transform("nunique") > 1
    both = both[across]
    name = both[Level.EPCI.value] + " × " + both[Level.DEPARTEMENT.value]
    several = name.duplicated(keep=False)
    return pd.DataFrame({"part": name[several], "unit": name.index[several]}).sort_values(["part", "unit"])
