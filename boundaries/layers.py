"""Territories as layers: features for GeoJSON, polygons and centres for tiles, and their extents."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from boundaries.bands import band_of
from boundaries.levels import Level
from boundaries.places import Place, inside, parent_codes
from boundaries.tables import Membership, Millesime, Outline, Territory
from geo.grids import WEB_MERCATOR_QUAD, Grid
from geo.layers import Rows
from geo.tiles import Tile, TileLayer, bounds, placed, reach

# What a territory says of itself in a tile, by zoom of WebMercatorQuad: from the widest view, from 8, and from 12.
DETAILS: tuple[tuple[int, tuple[str, ...]], ...] = (
    (0, ("code",)),
    (8, ("code", "nom")),
    (12, ("code", "nom", "departement", "region", "epci")),
)
MOST = 25_000  # territories of a layer of a tile; in the widest views of the whole of France alone are there more
MOST_NAMES = 200  # points that are there for names alone, in the widest views

PARENTS = (Level.DEPARTEMENT, Level.REGION, Level.EPCI)


def features(level: Level, millesime: int, within: Place | None) -> Rows:
    """Return the layer of a level with its geometry in EPSG:4326, unordered.

    Codes of parents are joined by commas: an EPCI may have several.
    """
    # One look at the parents of each, whatever the number of columns; none where no column of them is asked for.
    above = (
        sa.select(Membership.parent_level, Membership.parent_code)
        .where(
            Membership.millesime == Territory.millesime,
            Membership.level == Territory.level,
            Membership.code == Territory.code,
        )
        .correlate(Territory)
        .order_by(Membership.parent_level, Membership.parent_code)
        .subquery("above")
    )
    parents = sa.select(
        *(
            sa.func.string_agg(above.c.parent_code, ",", type_=sa.Text)
            .filter(above.c.parent_level == one.value)
            .label(one.value)
            for one in PARENTS
        )
    ).lateral("parents")
    return (
        sa.select(
            Territory.id.label("fid"),
            Territory.code,
            Territory.nom,
            *(parents.c[one.value] for one in PARENTS),
            Territory.millesime,
            Territory.emprise,
            Territory.geom,
        )
        .select_from(sa.outerjoin(Territory, parents, sa.true()))
        .where(Territory.millesime == millesime, Territory.level == level.value, inside(within, millesime))
    )


@dataclass(frozen=True)
class Shown:
    """What the tiles of a level show: the name of their layer, in which grid, and how much of each territory.

    `detail` is a rank in `DETAILS`, None for code and name whatever the zoom. `crowded` says that the level has more
    than `MOST` territories; `named` that points are there for names alone, and may be fewer in the widest views.
    """

    level: Level
    name: str
    grid: Grid = WEB_MERCATOR_QUAD
    detail: int | None = None
    crowded: bool = False
    named: bool = False


def tile_layers(shown: Shown, kept: "Rows | None" = None) -> list[TileLayer]:
    """Return the two layers of a geometry tile: polygons, and a point inside each for circles and names.

    Their parameters are `millesime` and `band` (see `tile_parameters`), and those of the tile. Where there are too many
    territories, those of the largest surface are kept. `kept` is a select of ids: only those are shown.
    """
    here = [
        Outline.millesime == sa.bindparam("millesime", type_=sa.SmallInteger),
        Outline.level == shown.level.value,
        Outline.band == sa.bindparam("band", type_=sa.SmallInteger),
        Outline.geom.op("&&")(reach(shown.grid)),
    ]
    if kept is not None:
        here.append(Outline.territory_id.in_(kept))
    inside = sa.func.ST_Intersects(placed(Outline.centre, shown.grid), bounds(shown.grid))
    told = ("code", "nom") if shown.detail is None else DETAILS[shown.detail][1]
    most, most_points = limits(shown)
    polygons = _territories(told, Outline.geom.label("geom"), most).where(*here)
    centres = _territories(
        tuple(dict.fromkeys((*told, "nom"))) if shown.named else told, Outline.centre.label("geom"), most_points
    ).where(*here, inside)
    return [TileLayer(shown.name, polygons, most), TileLayer(centres_of(shown.name), centres, most_points)]


def centres_of(name: str) -> str:
    """Return the name of the layer of points that goes with a layer of polygons."""
    return f"{name}-centres"


def limits(shown: Shown) -> tuple[int | None, int | None]:
    """Return how many polygons, and how many points, a tile may have; None where there cannot be too many."""
    most = MOST if shown.crowded else None
    return most, MOST_NAMES if shown.named and shown.detail == 0 else most


def detail_of(grid: Grid, zoom: int) -> int:
    """Return how much is said of a territory at a zoom of a grid, a rank in `DETAILS`.

    >>> from geo.grids import LAMBERT_93_QUAD
    >>> [detail_of(WEB_MERCATOR_QUAD, z) for z in (0, 7, 8, 12)], detail_of(LAMBERT_93_QUAD, 4)
    ([0, 0, 1, 2], 1)
    """
    return max(rank for rank, (first, _) in enumerate(DETAILS) if first <= zoom + grid.coarser)


def _territories(told: tuple[str, ...], shape: ColumnElement[Any], most: int | None) -> Rows:
    parents = {"departement": Level.DEPARTEMENT, "region": Level.REGION, "epci": Level.EPCI}
    columns: dict[str, Any] = {"code": Outline.code, "nom": Outline.nom}
    own: list[Any] = [
        columns[name] if name in columns else parent_codes(parents[name], Outline).label(name) for name in told
    ]
    ranked = [] if most is None else [sa.func.ST_Area(Outline.geom).label("importance")]
    return sa.select(Outline.territory_id.label("id"), *own, *ranked, shape)


def stored_version() -> Rows:
    """Return the version of the millesime that a tile's statement reads (parameter `millesime`)."""
    return sa.select(Millesime.version).where(Millesime.year == sa.bindparam("millesime", type_=sa.SmallInteger))


def tile_parameters(millesime: int, tile: Tile) -> dict[str, int | float]:
    """Return what the parameters of a tile's layers stand for."""
    return {"millesime": millesime, "band": band_of(tile.z + tile.grid.coarser).number, **tile.parameters}


def level_extent(level: Level, millesime: int) -> Rows:
    """Return the bounding box in EPSG:4326 of what is drawn of a level: xmin, ymin, xmax, ymax (null if nothing)."""
    box = sa.func.ST_Extent(Territory.geom)
    return sa.select(sa.func.ST_XMin(box), sa.func.ST_YMin(box), sa.func.ST_XMax(box), sa.func.ST_YMax(box)).where(
        Territory.millesime == millesime, Territory.level == level.value, Territory.in_scope
    )
