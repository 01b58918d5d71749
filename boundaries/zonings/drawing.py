"""The outlines of zones, dissolved from the same drawings of communes that are stored: borders are shared.

Communes outside the Region are stored whole but not drawn. Where a zone needs one, its drawing is made again with
its neighbours as the limits were: the same polygons in the same order give the same lines.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import shapely
import sqlalchemy as sa
from sqlalchemy import Connection

from boundaries.bands import BANDS
from boundaries.drawing import Drawing, drawing
from boundaries.levels import Level
from boundaries.tables import Membership, Outline, Territory
from geo import coverage
from geo.layers import Rows
from geo.progress import Progress

Members = Mapping[Level, Mapping[str, Sequence[str]]]


def outlines(conn: Connection, millesime: int, members: Members) -> Drawing:
    """Return the polygons of zones in EPSG:4326, from those of their communes."""
    return _dissolved(_shapes(conn, _polygons(millesime)), members)


def bands(conn: Connection, millesime: int, members: Members, progress: Progress) -> dict[int, Drawing]:
    """Return the drawings of zones for every band, in EPSG:3857, from those of their communes."""
    advance = progress(f"Zonages {millesime} : contours (dessins)", len(BANDS))
    wanted = {code for zones in members.values() for communes in zones.values() for code in communes}
    drawn = {}
    for band in BANDS:
        shapes = _shapes(conn, _stored(millesime, band.zoom))
        if around := wanted - shapes.keys():
            again = _drawn_again(conn, millesime, band.tolerance_m)
            shapes |= {code: again[code] for code in around}
        drawn[band.zoom] = _dissolved(shapes, members)
        advance(1)
    return drawn


def _dissolved(shapes: Mapping[str, object], members: Members) -> Drawing:
    rows = {code: row for row, code in enumerate(shapes)}
    groups = {
        level: {zone: np.array([rows[code] for code in communes]) for zone, communes in zones.items()}
        for level, zones in members.items()
    }
    return drawing(np.array([*shapes.values()], dtype=object), groups)


def _drawn_again(conn: Connection, millesime: int, tolerance_m: float) -> dict[str, object]:
    """Every commune simplified with its neighbours, as `boundaries.drawing` does: by municipal arrondissement."""
    shapes = _shapes(conn, _polygons(millesime))
    parts = _shapes(conn, _polygons(millesime, Level.ARRONDISSEMENT_MUNICIPAL))
    cities = dict(
        conn.execute(
            sa.select(Membership.code, Membership.parent_code).where(
                Membership.millesime == millesime,
                Membership.level == Level.ARRONDISSEMENT_MUNICIPAL.value,
                Membership.parent_level == Level.COMMUNE.value,
            )
        ).all()
    )
    units = {code: shape for code, shape in shapes.items() if code not in set(cities.values())} | parts
    flat = coverage.projected(np.array([*units.values()], dtype=object), 4326, 3857)
    simple = coverage.simplified(flat, tolerance_m)
    return coverage.dissolved(simple, np.array([cities.get(code, code) for code in units], dtype=object))


def _shapes(conn: Connection, rows: Rows) -> dict[str, object]:
    found = conn.execute(rows).all()
    shapes = shapely.from_wkb([bytes(row.wkb) for row in found])
    return dict(zip((row.code for row in found), shapes, strict=True))


def _polygons(millesime: int, level: Level = Level.COMMUNE) -> Rows:
    return (
        sa.select(Territory.code, sa.func.ST_AsBinary(Territory.geom).label("wkb"))
        .where(Territory.millesime == millesime, Territory.level == level.value, Territory.geom.is_not(None))
        .order_by(Territory.code)
    )


def _stored(millesime: int, band: int) -> Rows:
    return (
        sa.select(Outline.code, sa.func.ST_AsBinary(Outline.geom).label("wkb"))
        .where(Outline.millesime == millesime, Outline.level == Level.COMMUNE.value, Outline.band == band)
        .order_by(Outline.code)
    )
