"""What every audience's edition is made from, and the system of what one of them sees of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from indicators.editions.beside import pairs
from indicators.editions.earlier import read_past, remembered, repeated
from indicators.editions.ground import Ground, cities, read_ground
from indicators.editions.held import Held, in_order, newest_open, read_held, read_tied, within
from indicators.editions.judging import Judged
from indicators.editions.system import System, assemble
from indicators.editions.ties import sums_of, tie, unpublished
from indicators.secrecy import Relations, Standing, together
from indicators.secrecy.cells import Floats


@dataclass(frozen=True, eq=False)
class Material:
    """What every audience's edition is made from: series, ground, and the arrondissements of cities."""

    held: tuple[Held, ...]
    ground: Ground
    cities: pd.DataFrame


def read_material(conn: Connection, internal: Iterable[int]) -> Material:
    """Return internal series with all that they are tied to."""
    current = read_held(conn, internal, restricted=True)
    restricted = in_order([*read_past(conn, current), *current])
    held = (*read_tied(conn, restricted), *restricted)  # the open ones need nothing to be judged
    years = sorted({one.millesime for one in held})
    ground = read_ground(conn, years)
    there = ground.territories.index.to_numpy()
    return Material(tuple(within(one, there) for one in held), ground, cities(conn, years))


class Beside:
    """Finds the series by which rules judge another: of the same period and millesime, restricted or not."""

    def __init__(self, conn: Connection, held: Sequence[Held]) -> None:
        self.conn = conn
        self.known: dict[tuple[str, str, int], Held | None] = {one.key: one for one in held}

    def __call__(self, indicator: str, one: Held) -> Held | None:
        """Return the series of an indicator beside one, None without any."""
        key = (indicator, one.period, one.millesime)
        if key not in self.known:
            found = newest_open(self.conn, *key)
            self.known[key] = None if found is None else read_held(self.conn, [found], restricted=False)[0]
        return self.known[key]


def build(
    material: Material,
    judged: Mapping[int, Judged],
    below: Sequence[Mapping[int, Judged]],
    told: dict[int, Floats],
    shown: Mapping[int, Floats] | None = None,
) -> tuple[System, Relations]:
    """Return the system of one audience: its cells, and every relation that its readers may use."""
    judged = {one.id: _as_read(one, judged[one.id], told.get(one.id)) for one in material.held}
    extras, paired = pairs(material.held, material.ground)
    parts = [(one, found) for one in material.held if (found := judged[one.id].implied) is not None]
    extras += [unpublished(one, found) for one, found in parts]
    standing = {one.id: judged[one.id].standing for one in material.held}
    before, repeats = remembered(material.held, told, standing, material.ground)
    system = assemble(
        material.ground, material.held, judged, [*extras, *before], below=below, known=told, shown=shown
    )
    # what a reader finds written comes before what has to be computed: a disclosure is named by it
    relations = together(
        [*repeated(system, repeats), tie(system, paired, material.cities), *sums_of(system, parts)]
    )
    return system, relations


def _as_read(one: Held, judged: Judged, told: Floats | None) -> Judged:
    """What an audience may see of a series; of one that is past, what earlier releases told it, and no more."""
    if not one.past:
        return judged
    read = np.zeros(len(one.value), bool) if told is None else np.isfinite(told)
    hidden = np.where(judged.standing == Standing.PUBLISHED, Standing.MISSING, judged.standing)
    return replace(judged, standing=np.where(read, Standing.PUBLISHED, hidden).astype(np.uint8))
