"""Where the territories of each level are: one box for all of them, and one for each part of France that they lie in.

A box around metropolitan France and the overseas departements covers half of the world: whoever draws it sees nothing.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import ARRAY

from boundaries.levels import Level
from boundaries.tables import Territory
from geo.layers import Rows

CELL = 10.0  # degrees: territories are put together cell by cell before their boxes are read
APART = 4.0  # degrees between two parts: the Antilles are one, Guyane another, Corse is with the mainland
DECIMALS = 6

Box = tuple[float, float, float, float]  # west, south, east, north in EPSG:4326


@dataclass(frozen=True)
class Extent:
    """How many territories there are, and the boxes of the parts that they make, from west to east."""

    count: int
    parts: tuple[Box, ...]

    @property
    def boxes(self) -> list[Box]:
        """Return the box of all, then those of the parts where there are several; nothing where nothing is drawn.

        >>> Extent(2, ((0, 1, 2, 3), (10, 0, 11, 1))).boxes
        [(0, 0, 11, 3), (0, 1, 2, 3), (10, 0, 11, 1)]
        """
        if not self.parts:
            return []
        whole = _around(self.parts)
        return [whole, *self.parts] if len(self.parts) > 1 else [whole]

    @property
    def middles(self) -> list[tuple[float, float]]:
        """Return the middle of each part."""
        return [((west + east) / 2, (south + north) / 2) for west, south, east, north in self.parts]


def extents(conn: Connection, years: Iterable[int]) -> Mapping[tuple[int, Level], Extent]:
    """Return the extent of each level in some millesimes, by year and level; a level without territories is not there.

    Boxes never cross the antimeridian: west is west of east. They are rounded outwards.
    """
    found: dict[tuple[int, Level], list[sa.Row[tuple[object, ...]]]] = {}
    for row in conn.execute(cells(years)):
        found.setdefault((row.millesime, Level(row.level)), []).append(row)
    return {
        key: Extent(
            sum(row.territories for row in rows),
            parted([(row.west, row.south, row.east, row.north) for row in rows if row.west is not None]),
        )
        for key, rows in found.items()
    }


def held(conn: Connection, years: Iterable[int]) -> Mapping[Level, tuple[int, ...]]:
    """Return which of some millesimes have territories of each level, oldest first; zonings are often of one alone."""
    found: dict[Level, list[int]] = {}
    # One territory of each is looked for: to list what all of them are of would take longer than what follows.
    every = [(level.value, year) for year in years for level in Level]
    levels, own = sa.cast([level for level, _ in every], ARRAY(sa.Text)), [year for _, year in every]
    given = sa.func.unnest(levels, sa.cast(own, ARRAY(sa.SmallInteger)))
    pairs = given.table_valued("level", "year").render_derived("pairs")
    first = (
        sa.select(Territory.id)
        .where(Territory.millesime == pairs.c.year, Territory.level == pairs.c.level, Territory.in_scope)
        .limit(1)
        .lateral()
    )
    there = sa.select(pairs.c.level, pairs.c.year).select_from(pairs.join(first, sa.true()))
    for level, year in conn.execute(there.order_by(pairs.c.year)):
        found.setdefault(Level(level), []).append(year)
    return {level: tuple(own) for level, own in found.items()}


def cells(years: Iterable[int]) -> Rows:
    """Return the territories of some millesimes, cell by cell of a grid: how many, and the box around them."""
    west, south = sa.func.ST_XMin(Territory.geom), sa.func.ST_YMin(Territory.geom)
    east, north = sa.func.ST_XMax(Territory.geom), sa.func.ST_YMax(Territory.geom)
    return (
        sa.select(
            Territory.millesime,
            Territory.level,
            sa.func.count().label("territories"),
            sa.func.min(west).label("west"),
            sa.func.min(south).label("south"),
            sa.func.max(east).label("east"),
            sa.func.max(north).label("north"),
        )
        .where(Territory.millesime.in_(list(years)), Territory.in_scope)
        .group_by(Territory.millesime, Territory.level, sa.func.floor(west / CELL), sa.func.floor(south / CELL))
    )


def parted(boxes: Iterable[Box]) -> tuple[Box, ...]:
    """Return the boxes of the parts that some boxes make: those less than 4 degrees apart are of one part.

    >>> parted([(0, 46, 1, 47), (3, 46, 4, 47), (-54, 2, -51, 6)])
    ((-54.0, 2.0, -51.0, 6.0), (0.0, 46.0, 4.0, 47.0))
    """
    parts: list[Box] = []
    for box in boxes:
        # What a box brings together may reach further than it did: it is compared again with all that is left.
        while near := [part for part in parts if _near(box, part)]:
            box = _around([box, *near])
            parts = [part for part in parts if part not in near]
        parts.append(box)
    return tuple(sorted(map(_rounded, parts)))


def _near(one: Box, other: Box) -> bool:
    return all(one[axis] - APART <= other[axis + 2] and other[axis] - APART <= one[axis + 2] for axis in (0, 1))


def _around(boxes: Sequence[Box]) -> Box:
    wests, souths, easts, norths = zip(*boxes, strict=True)
    return min(wests), min(souths), max(easts), max(norths)


def _rounded(box: Box) -> Box:
    """Return a box rounded outwards, but for what binary numbers add to decimal ones."""
    scale = 10**DECIMALS
    west, south, east, north = (round(number * scale, 3) for number in box)
    return math.floor(west) / scale, math.floor(south) / scale, math.ceil(east) / scale, math.ceil(north) / scale
