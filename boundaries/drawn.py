"""What is drawn of each level in each millesime: how many territories, where, and a version that says when it changed."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from boundaries.bands import BANDS, EXACT
from boundaries.layers import DETAILS, MOST, MOST_NAMES, WHOLE
from boundaries.levels import Level
from boundaries.tables import Millesime, Outline, Zoning
from geo.grids import GRIDS, Box, Grid
from geo.layers import Rows
from geo.tiles import BUFFER, EXTENT, OVERHANG, placed

WRITING = 2  # to be raised when tiles are written otherwise from the same data: browsers keep them for a year
MADE = WRITING, BANDS, DETAILS, MOST, WHOLE, MOST_NAMES, EXTENT, BUFFER, OVERHANG


@dataclass(frozen=True)
class Drawn:
    """A level in a millesime: its version, how many territories, and where in each grid, in the grid's own system.

    The version changes when anything in the level's tiles may: limits, composition of its zoning, numbers of its
    territories, how tiles are made of them (`MADE`); not when another level's zoning is loaded. A grid that nothing lies
    in has no box.
    """

    version: str
    count: int
    boxes: Mapping[str, Box]

    def __hash__(self) -> int:
        return hash(self.version)


def drawn(conn: Connection) -> dict[tuple[int, Level], Drawn]:
    """Return what is drawn, by millesime and level."""
    limits = dict(conn.execute(sa.select(Millesime.year, Millesime.limits_version)).all())
    zonings: dict[tuple[int, str], list[tuple[str, str]]] = {}
    for zoning in conn.execute(
        sa.select(Zoning.millesime, Zoning.level, Zoning.liste, Zoning.digest).order_by(Zoning.liste)
    ):
        zonings.setdefault((zoning.millesime, zoning.level), []).append((zoning.liste, zoning.digest))
    found = {}
    for row in conn.execute(_held()):
        parts = repr((MADE, limits[row.millesime], zonings.get((row.millesime, row.level)), row.ids))
        boxes = {}
        for name, grid in GRIDS.items():
            corners = [getattr(row, f"{name}_{corner}") for corner in _CORNERS]
            box = None if corners[0] is None else grid.inside((corners[0], corners[1], corners[2], corners[3]))
            if box is not None:
                boxes[name] = box
        found[row.millesime, Level(row.level)] = Drawn(
            hashlib.sha256(parts.encode()).hexdigest()[:12], row.territories, boxes
        )
    return found


def parts(level: Level, millesime: int, grid: Grid) -> Rows:
    """Return the box of each part of what is drawn of a level, in a grid's system: west, south, east, north.

    A territory of several parts far from each other has as many boxes: the sea between them is in none.
    """
    dumped = sa.func.ST_Dump(Outline.geom)
    shapes = (
        sa.select(dumped.geom.label("geom"))
        .where(Outline.band == EXACT, Outline.millesime == millesime, Outline.level == level.value)
        .subquery()
    )
    return sa.select(*(corner(placed(shapes.c.geom, grid)).label(key) for key, corner in _CORNERS.items())).where(
        shapes.c.geom.op("&&")(sa.func.ST_MakeEnvelope(*grid.domain, 3857))
    )


_CORNERS = {"west": sa.func.ST_XMin, "south": sa.func.ST_YMin, "east": sa.func.ST_XMax, "north": sa.func.ST_YMax}


def _held() -> Rows:
    columns: list[ColumnElement[Any]] = []
    for name, grid in GRIDS.items():
        within = Outline.geom.op("&&")(sa.func.ST_MakeEnvelope(*grid.domain, 3857))
        box = sa.func.ST_Extent(Outline.geom).filter(within)
        columns += [corner(box).label(f"{name}_{key}") for key, corner in _CORNERS.items()]
    ids = sa.func.md5(
        sa.func.string_agg(sa.cast(Outline.territory_id, sa.Text), sa.text("',' ORDER BY territory_id"))
    )
    return (
        sa.select(
            Outline.millesime, Outline.level, sa.func.count().label("territories"), ids.label("ids"), *columns
        )
        .where(Outline.band == EXACT)
        .group_by(Outline.millesime, Outline.level)
    )
