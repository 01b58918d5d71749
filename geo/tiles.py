"""Vector tiles from layers: any select with an id, properties and a geometry in EPSG:3857 becomes an MVT layer.

Tiles follow Mapbox Vector Tile 2.1 in any of `geo.grids`: extent 4096, a buffer of 64 units around the tile,
beyond which geometries kept in cells may reach by `OVERHANG` (renderers clip them to the tile).
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Select

from geo.errors import NotFound
from geo.grids import WEB_MERCATOR_QUAD, Grid
from geo.layers import Rows

EXTENT = 4096
BUFFER = 64
MAX_ZOOM = WEB_MERCATOR_QUAD.max_zoom
STORED = 3857  # the system of the geometries of layers
OVERHANG = 1024  # cells that a geometry in cells may reach beyond its tile before it is cut: cutting takes longest
EDGE_PARTS = 16  # an edge of a tile is a curve in another system: so many straight parts of it are searched in


@dataclass(slots=True)
class Tile:
    """A tile of a grid. Raises NotFound when it is out of the grid or too deep.

    Nothing changes it; a class that made sure of it would take four times as long to make one.
    """

    z: int
    x: int
    y: int
    grid: Grid = WEB_MERCATOR_QUAD

    def __post_init__(self) -> None:
        if not 0 <= self.z <= self.grid.max_zoom:
            raise NotFound(f"Niveau de zoom {self.z} hors de la plage servie (0 à {self.grid.max_zoom}).")
        size = 2**self.z
        if not (0 <= self.x < size and 0 <= self.y < size):
            raise NotFound(f"Tuile {self.z}/{self.x}/{self.y} hors de la grille (x et y de 0 à {size - 1}).")

    @property
    def parameters(self) -> dict[str, int | float]:
        """What `bounds`, `reach` and `holds` stand for in this tile."""
        side = self.grid.side / 2**self.z
        return {
            "z": self.z,
            "x": self.x,
            "y": self.y,
            "margin": side * BUFFER / EXTENT,
            "side": side,
        }


# Parameters, not values, so that a statement is written once and serves every tile.
_PLACE = [sa.bindparam(name, type_=sa.Integer) for name in ("z", "x", "y")]
_MARGIN = sa.bindparam("margin", type_=sa.Double)
_SIDE = sa.cast(
    sa.bindparam("side", type_=sa.Double), sa.Double
)  # told twice, or PostgreSQL takes it for an integer


@cache
def bounds(grid: Grid) -> ColumnElement[Any]:
    """Return the square of the tile that is asked, in the grid's system."""
    if grid.crs.srid == STORED:
        return sa.func.ST_TileEnvelope(*_PLACE)
    square = (grid.west, grid.north - grid.side, grid.west + grid.side, grid.north, grid.crs.srid)
    return sa.func.ST_TileEnvelope(*_PLACE, sa.func.ST_MakeEnvelope(*map(sa.literal_column, map(repr, square))))


@cache
def reach(grid: Grid) -> ColumnElement[Any]:
    """Return the tile with the buffer around it, in EPSG:3857: what a layer must be searched in."""
    around = sa.func.ST_Expand(bounds(grid), _MARGIN)
    if grid.crs.srid == STORED:
        return around
    part = sa.literal_column(repr(grid.side / EDGE_PARTS)) / sa.func.power(2.0, _PLACE[0])
    return sa.func.ST_Transform(sa.func.ST_Segmentize(around, part), STORED)


def placed(shape: Any, grid: Grid) -> ColumnElement[Any]:
    """Return a stored geometry in the grid's system; equal vertices stay equal, so borders stay shared."""
    return shape if grid.crs.srid == STORED else sa.func.ST_Transform(shape, grid.crs.srid)


def holds(point: ColumnElement[Any], grid: Grid) -> ColumnElement[bool]:
    """Return whether the tile that is asked holds a point of the grid's system: of tiles side by side, one does."""
    x, y = sa.func.ST_X(point), sa.func.ST_Y(point)
    _, column, row = _PLACE
    west: Any = sa.literal_column(repr(grid.west))
    north: Any = sa.literal_column(repr(grid.north))
    return sa.and_(
        x >= west + column * _SIDE,
        x < west + (column + 1) * _SIDE,
        y <= north - row * _SIDE,
        y > north - (row + 1) * _SIDE,
    )


def _once(value: ColumnElement[Any]) -> ColumnElement[Any]:
    """A value that PostgreSQL computes once for all the rows: as a subquery."""
    return sa.select(value).scalar_subquery()


@dataclass(frozen=True)
class TileLayer:
    """A named layer of a tile: a select with columns `id` (integer), `geom` (EPSG:3857) and properties.

    Its rows come in the order of their ids, so that the same data make the same bytes on every server.

    `cells` says that `geom` is in the cells of the tiles that are asked instead, valid there: whole numbers, y downwards,
    from the corner of the grid. It then only has to be moved, and cut where it reaches far out of the tile.

    With `most`, the column `importance` says which features are kept, the highest first, when there are more: it is no
    property. What is left out is counted (see `encoded`).
    """

    name: str
    rows: Rows
    most: int | None = None
    cells: bool = False


def encoded(layers: list[TileLayer], grid: Grid = WEB_MERCATOR_QUAD) -> Select[*tuple[Any, ...]]:
    """Return a select of one row: the bytes of the tile, empty when nothing lies in it, and what was left out.

    The column `tile`, then a number, as a text, for each layer that has a limit, in their order. Its parameters are
    those of `Tile.parameters`, and whatever the layers have.
    """
    made = [_layer(layer, grid) for layer in layers]
    parts = [sa.func.coalesce(tile.scalar_subquery(), sa.literal(b"")) for tile, _ in made]
    joined: ColumnElement[Any] = parts[0]
    for part in parts[1:]:
        joined = sa.func.byteacat(joined, part)
    counts = [left for _, left in made if left is not None]
    return sa.select(joined.label("tile"), *counts)


def _layer(layer: TileLayer, grid: Grid) -> tuple[Rows, ColumnElement[str] | None]:
    rows: Any = layer.rows.subquery()
    left: ColumnElement[str] | None = None
    if layer.most is not None:
        every = layer.rows.cte(f"{layer.name}-here")
        over = sa.select(sa.func.greatest(sa.func.count() - layer.most, 0)).select_from(every)
        left = sa.cast(over.scalar_subquery(), sa.Text).label(f"{layer.name}-left")
        rows = sa.select(every).order_by(sa.nulls_last(every.c.importance.desc()), every.c.id).limit(layer.most)
        first = rows.subquery()
        rows = sa.select(first).order_by(first.c.id).subquery()
    drawn = _moved(rows.c.geom) if layer.cells else _cut(placed(rows.c.geom, grid), _once(bounds(grid)))
    columns = [column for column in rows.c if column.name not in ("geom", "importance")]
    features = sa.select(*columns, drawn.label("geom")).subquery("features")
    # ST_AsMVT skips what ST_AsMVTGeom left without geometry; asking for it here would compute every geometry twice.
    return sa.select(sa.func.ST_AsMVT(features.table_valued(), layer.name, EXTENT, "geom", "id")), left


def _cut(shape: Any, square: ColumnElement[Any]) -> ColumnElement[Any]:
    """A geometry in the cells of a tile, of which the square is given in the same system: cut, and made valid there."""
    return sa.func.ST_AsMVTGeom(shape, square, EXTENT, BUFFER, True)


def _moved(shape: Any) -> ColumnElement[Any]:
    """A geometry in the cells of a grid, in those of the tile."""
    _, x, y = _PLACE
    near, up = _once(_square(x, y, OVERHANG)), _once(sa.func.ST_Scale(_square(x, y, 0), 1, -1))
    return sa.case(
        (shape.op("@")(near), sa.func.ST_Translate(shape, x * -EXTENT, y * -EXTENT)),
        else_=_cut(sa.func.ST_Scale(shape, 1, -1), up),  # ST_AsMVTGeom turns it downwards again
    )


def _square(x: Any, y: Any, around: int) -> ColumnElement[Any]:
    return sa.func.ST_MakeEnvelope(
        x * EXTENT - around,
        y * EXTENT - around,
        x * EXTENT + (EXTENT + around),
        y * EXTENT + (EXTENT + around),
    )
