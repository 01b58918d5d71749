"""Territories as layers: features for GeoJSON, polygons and centres for tiles, and their extents."""

import sqlalchemy as sa

from boundaries.bands import band_of
from boundaries.levels import Level
from boundaries.places import Place, inside, parent_codes
from boundaries.tables import Millesime, Outline, Territory
from geo.layers import Rows
from geo.tiles import BOUNDS, REACH, Tile, TileLayer


def features(level: Level, millesime: int, within: Place | None) -> Rows:
    """Return the layer of a level with its geometry in EPSG:4326, unordered."""
    return sa.select(
        Territory.id.label("fid"),
        Territory.code,
        Territory.nom,
        parent_codes(Level.DEPARTEMENT).label("departement"),
        parent_codes(Level.REGION).label("region"),
        parent_codes(Level.EPCI).label("epci"),
        Territory.millesime,
        Territory.emprise,
        Territory.geom,
    ).where(Territory.millesime == millesime, Territory.level == level.value, inside(within, millesime))


def touching(rows: Rows, box: tuple[float, float, float, float]) -> Rows:
    """Return the features whose geometry meets a box (west, south, east, north in EPSG:4326)."""
    return rows.where(sa.func.ST_Intersects(Territory.geom, sa.func.ST_MakeEnvelope(*box, 4326)))


def tile_layers(level: Level) -> list[TileLayer]:
    """Return the two layers of a geometry tile: polygons, and a point inside each for circles and labels.

    Their parameters are `millesime` and `band` (see `tile_parameters`), and those of the tile.
    """
    here = (
        Outline.millesime == sa.bindparam("millesime", type_=sa.SmallInteger),
        Outline.level == level.value,
        Outline.band == sa.bindparam("band", type_=sa.SmallInteger),
        Outline.geom.op("&&")(REACH),
    )
    polygons = sa.select(Outline.territory_id.label("id"), Outline.code, Outline.nom, Outline.geom).where(*here)
    centres = sa.select(
        Outline.territory_id.label("id"), Outline.code, Outline.nom, Outline.centre.label("geom")
    ).where(*here, sa.func.ST_Intersects(Outline.centre, BOUNDS))
    return [TileLayer(level.value, polygons), TileLayer(f"{level.value}-centres", centres)]


def stored_version() -> Rows:
    """Return the version of the millesime that a tile's statement reads (parameter `millesime`)."""
    return sa.select(Millesime.version).where(Millesime.year == sa.bindparam("millesime", type_=sa.SmallInteger))


def tile_parameters(millesime: int, tile: Tile) -> dict[str, int | float]:
    """Return what the parameters of a tile's layers stand for."""
    return {"millesime": millesime, "band": band_of(tile.z).number, **tile.parameters}


def level_extent(level: Level, millesime: int) -> Rows:
    """Return the bounding box in EPSG:4326 of what is drawn of a level: xmin, ymin, xmax, ymax (null if nothing)."""
    box = sa.func.ST_Extent(Territory.geom)
    return sa.select(sa.func.ST_XMin(box), sa.func.ST_YMin(box), sa.func.ST_XMax(box), sa.func.ST_YMax(box)).where(
        Territory.millesime == millesime, Territory.level == level.value, Territory.in_scope
    )
