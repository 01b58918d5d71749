"""Where the map of a millesime opens, whom its outlines are due to, and which territories cross its edge."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from boundaries.levels import Level
from boundaries.tables import Territory
from geo.errors import NotFound
from geo.mapstyle import Bounds

# A map of the country opens on its European part; the overseas regions are one gesture away.
OVERSEAS_REGIONS = ("01", "02", "03", "04", "06")
CREDITS = "Contours\u202f: IGN, Etalab"


@dataclass(frozen=True)
class Extent:
    """Where a map opens, and the places out of sight that it must lead to."""

    opening: Bounds
    elsewhere: dict[str, Bounds]


def extent(connection: Connection, millesime: int) -> Extent:
    """Return the extent of the regions of a millesime: overseas ones are elsewhere, if others are there.

    Raises NotFound when the millesime has no outlines.
    """
    box = sa.func.ST_Envelope(Territory.geom)
    rows = connection.execute(
        sa.select(
            Territory.code,
            Territory.nom,
            sa.func.ST_XMin(box).label("west"),
            sa.func.ST_YMin(box).label("south"),
            sa.func.ST_XMax(box).label("east"),
            sa.func.ST_YMax(box).label("north"),
        )
        .where(
            Territory.millesime == millesime,
            Territory.level == Level.REGION.value,
            Territory.in_scope,
            Territory.geom.is_not(None),
        )
        .order_by(Territory.code)
    ).all()
    if not rows:
        raise NotFound(f"La géographie au 1er janvier {millesime} n’a pas de contours : elle ne se dessine pas.")
    near = [row for row in rows if row.code not in OVERSEAS_REGIONS] or rows
    opening = (
        min(row.west for row in near),
        min(row.south for row in near),
        max(row.east for row in near),
        max(row.north for row in near),
    )
    away = {row.nom: (row.west, row.south, row.east, row.north) for row in rows if row not in near}
    return Extent(opening, away)


def straddling(connection: Connection, level: Level, millesime: int) -> dict[str, int]:
    """Return how many territories of a level cross the Region's border, by how much of them is here."""
    rows = connection.execute(
        sa.select(Territory.emprise, sa.func.count().label("total"))
        .where(
            Territory.millesime == millesime,
            Territory.level == level.value,
            Territory.straddles,
            Territory.in_scope,
        )
        .group_by(Territory.emprise)
    )
    return {row.emprise: row.total for row in rows}
