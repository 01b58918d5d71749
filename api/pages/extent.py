"""Where the map of a millesime opens, whom its outlines are due to, and which territories cross its edge."""

import sqlalchemy as sa
from sqlalchemy import Connection

from boundaries.levels import Level
from boundaries.tables import Territory
from geo.errors import NotFound
from geo.maps import Bounds

# A map of the country opens on its European part; the overseas regions are one gesture away.
OVERSEAS_REGIONS = ("01", "02", "03", "04", "06")
CREDITS = "Contours : IGN, Etalab"


def opening_bounds(connection: Connection, millesime: int) -> Bounds:
    """Return west, south, east, north of the regions of a millesime, overseas ones left out if others are there.

    Raises NotFound when the millesime has no outlines.
    """
    box = sa.func.ST_Extent(Territory.geom)
    regions = sa.select(
        sa.func.ST_XMin(box), sa.func.ST_YMin(box), sa.func.ST_XMax(box), sa.func.ST_YMax(box)
    ).where(Territory.millesime == millesime, Territory.level == Level.REGION.value, Territory.in_scope)
    for chosen in (regions.where(Territory.code.not_in(OVERSEAS_REGIONS)), regions):
        west, south, east, north = connection.execute(chosen).one()
        if west is not None:
            return west, south, east, north
    raise NotFound(f"La géographie au 1er janvier {millesime} n’a pas de contours : elle ne se dessine pas.")


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
