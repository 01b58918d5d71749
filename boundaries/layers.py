"""Territories as layers: features for GeoJSON, polygons and centres for tiles, and their extents."""

import hashlib
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from boundaries.bands import band_of, in_cells
from boundaries.levels import Level
from boundaries.places import Place, inside, parent_codes
from boundaries.tables import Membership, Millesime, Outline, Territory
from geo.grids import WEB_MERCATOR_QUAD, Grid
from geo.layers import Rows
from geo.tiles import Tile, TileLayer, cut, holds, holds_cell, moved, placed, point, reach

# What a territory says of itself in a tile beside its id, by zoom of WebMercatorQuad (its code as well from the widest
# view where values are joined). Its name is told by its point: by those of the largest up to 7, by all from 8.
DETAILS: tuple[tuple[int, tuple[str, ...]], ...] = (
    (0, ()),
    (8, ()),
    (9, ("code",)),
    (12, ("code", "nom", "departement", "region", "epci")),
)
MOST = 25_000  # territories of a layer of a tile: there are more in those of the whole of France alone
WHOLE = 4  # the last zoom of WebMercatorQuad whose tiles show so much of France
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

    `detail` is a rank in `DETAILS`, None for code and name whatever the zoom. `crowded` says that tiles
    may have more than `MOST` territories; `named` that points are there for names alone, and may be fewer in the widest
    views; `cells` that outlines are kept in the cells of the tiles that are asked (see `kept_in_cells`); `valued` that
    values are joined, and `circles` that they are drawn by points, the largest first.
    """

    level: Level
    name: str
    grid: Grid = WEB_MERCATOR_QUAD
    detail: int | None = None
    crowded: bool = False
    named: bool = False
    cells: bool = False
    valued: bool = False
    circles: bool = False


def may_be_crowded(grid: Grid, zoom: int) -> bool:
    """Return whether a tile of a zoom may have more than `MOST` territories, of a level that has so many."""
    return zoom + grid.coarser <= WHOLE


def kept_in_cells(grid: Grid, zoom: int) -> bool:
    """Return whether outlines are stored as the tiles of a zoom of a grid have them."""
    return grid is WEB_MERCATOR_QUAD and in_cells(zoom)


def tile_rows(shown: Shown, kept: "Rows | None" = None) -> Rows:
    """Return the territories that have something in a tile, unordered, with what its layers tell and draw of them.

    Their parameter is `sheet` (see `tile_parameters`), and those of the tile. `kept` is a select of ids: only those are
    shown.
    """
    told, told_by_points = _properties(shown)
    columns: list[Any] = [_told(name) for name in dict.fromkeys((*told, *told_by_points))]
    if any(most is not None for most in limits(shown)):
        columns += [Outline.surface, Outline.people]
    shapes = (Outline.cells, Outline.centre_x, Outline.centre_y) if shown.cells else (Outline.geom, Outline.centre)
    found = sa.select(Outline.territory_id.label("id"), *columns, *shapes).where(
        Outline.sheet == sa.bindparam("sheet", type_=sa.BigInteger), Outline.geom.op("&&")(reach(shown.grid))
    )
    return found if kept is None else found.where(Outline.territory_id.in_(kept))


def tile_layers(shown: Shown, here: sa.CTE) -> list[TileLayer]:
    """Return the two layers of a tile of such rows: polygons, and a point inside each for circles and names.

    Where values are joined, `here` has their columns `value` and `status`. Where there are too many territories, those of
    the largest value are kept if it is drawn as a circle, of the largest surface otherwise; names are those of the most
    people.
    """
    told, told_by_points = _properties(shown)
    value = ("value", "status") if shown.valued else ()
    value_of_points = value if shown.circles or shown.detail is None else ()
    if shown.cells:
        at = here.c.centre_x, here.c.centre_y
        polygon, centre, inside = moved(here.c.cells, *at), point(*at), holds_cell(*at)
    else:
        polygon, centre = cut(here.c.geom, shown.grid), cut(here.c.centre, shown.grid)
        inside = holds(placed(here.c.centre, shown.grid), shown.grid)
    most, most_points = limits(shown)

    def limit(most: int | None, *ranks: str) -> tuple[int, list[ColumnElement[Any]]] | None:
        if most is None:
            return None
        return most, [sa.func.abs(here.c.value) if name == "value" else here.c[name] for name in ranks]

    return [
        TileLayer(
            shown.name,
            (*told, *value),
            polygon,
            limit=limit(most, "value" if shown.valued and shown.circles else "surface"),
        ),
        TileLayer(
            centres_of(shown.name),
            (*told_by_points, *value_of_points),
            centre,
            inside,
            limit(most_points, *(("value",) if value_of_points else ("people", "surface"))),
        ),
    ]


def _properties(shown: Shown) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What polygons and points tell of a territory, beside its values."""
    told = said(shown.detail, valued=shown.valued)
    return told, ("nom",) if shown.named else tuple(dict.fromkeys((*told, "nom")))


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
    >>> [detail_of(WEB_MERCATOR_QUAD, z) for z in (0, 7, 8, 9, 12)], detail_of(LAMBERT_93_QUAD, 5)
    ([0, 0, 1, 2, 3], 2)
    """
    return max(rank for rank, (first, _) in enumerate(DETAILS) if first <= zoom + grid.coarser)


def said(detail: int | None, *, valued: bool) -> tuple[str, ...]:
    """Return the properties of a territory at a detail (see `Shown`), beside its values where they are joined.

    >>> said(0, valued=False), said(0, valued=True), said(None, valued=False)
    ((), ('code',), ('code', 'nom'))
    """
    if detail is None:
        return "code", "nom"
    return DETAILS[detail][1] or (("code",) if valued else ())


def _told(name: str) -> ColumnElement[Any]:
    """What is told of a territory under a name."""
    own: dict[str, Any] = {"code": Outline.code, "nom": Outline.nom}
    parents = {"departement": Level.DEPARTEMENT, "region": Level.REGION, "epci": Level.EPCI}
    found: ColumnElement[Any] = own[name] if name in own else parent_codes(parents[name], Outline).label(name)
    return found


def stored_version() -> Rows:
    """Return the version of the millesime that a tile's statement reads (parameter `millesime`)."""
    return sa.select(Millesime.version).where(Millesime.year == sa.bindparam("millesime", type_=sa.SmallInteger))


def tile_parameters(millesime: int, level: Level, tile: Tile) -> dict[str, int | float]:
    """Return what the parameters of a tile's layers stand for."""
    band = band_of(tile.z + tile.grid.coarser).zoom
    return {"millesime": millesime, "sheet": sheet(millesime, level, band), **tile.parameters}


def sheet(millesime: int, level: Level, band: int) -> int:
    """Return the number that `Outline.sheet` has for a millesime, a level and a band: each has its own."""
    digest = hashlib.md5(level.encode(), usedforsecurity=False).digest()
    return millesime << 40 | band << 32 | int.from_bytes(digest[:4])


def level_extent(level: Level, millesime: int) -> Rows:
    """Return the bounding box in EPSG:4326 of what is drawn of a level: xmin, ymin, xmax, ymax (null if nothing)."""
    box = sa.func.ST_Extent(Territory.geom)
    return sa.select(sa.func.ST_XMin(box), sa.func.ST_YMin(box), sa.func.ST_XMax(box), sa.func.ST_YMax(box)).where(
        Territory.millesime == millesime, Territory.level == level.value, Territory.in_scope
    )
