"""Vector tiles from rows: any select with an id, properties and geometries in EPSG:3857 or in cells makes MVT layers.

Tiles follow Mapbox Vector Tile 2.1 in any of `geo.grids`: extent 4096, a buffer of 64 units around the tile,
beyond which geometries kept in cells may reach by `OVERHANG` (renderers clip them to the tile).
"""

from collections.abc import Sequence
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
# What never changes is written out: PostgreSQL reads parameters for every row, and each has to be sent.
_EXTENT: Any = sa.literal_column(str(EXTENT), sa.Integer)
_ONE: Any = sa.literal_column("1", sa.Integer)
_LOOKED_FOR: tuple[Any, ...] = sa.literal_column("'geom'"), sa.literal_column("'id'")  # columns, by ST_AsMVT
_NOTHING: Any = sa.literal_column("''::bytea")
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
        x < west + (column + _ONE) * _SIDE,
        y <= north - row * _SIDE,
        y > north - (row + _ONE) * _SIDE,
    )


def _once(value: ColumnElement[Any]) -> ColumnElement[Any]:
    """A value that PostgreSQL computes once for all the rows: as a subquery."""
    return sa.select(value).scalar_subquery()


@dataclass(frozen=True)
class TileLayer:
    """A named layer of a tile: what it shows of rows that it may share with other layers (see `encoded`).

    `told` names the columns that are its properties. `geom` is what is drawn of a row, in the cells of the tile: see
    `cut`, `moved` and `point`. `inside` says which rows it shows, every one where it is None.

    With a `limit`, so many are kept where there are more, those that are highest by what it ranks them by, the first
    before the others; what is left out is counted.
    """

    name: str
    told: tuple[str, ...]
    geom: ColumnElement[Any]
    inside: ColumnElement[bool] | None = None
    limit: tuple[int, Sequence[ColumnElement[Any]]] | None = None


def encoded(here: sa.CTE, layers: list[TileLayer]) -> Select[*tuple[Any, ...]]:
    """Return a select of one row: the bytes of the tile, empty when nothing lies in it, and what was left out.

    `here` has a column `id` (integer), and its rows come in the order of it, so that the same data make the same bytes on
    every server. The column `tile`, then a number, as a text, for each layer that has a limit, in their order. Its
    parameters are those of `Tile.parameters`, and whatever the rows have.
    """
    parts, counts = [], []
    whole = [layer for layer in layers if layer.limit is None]
    if whole:
        parts.append(_in_one_pass(here, whole))
    for layer in layers:
        if layer.limit is not None:
            most, ranks = layer.limit
            parts.append(_highest(here, layer, most, ranks))
            over = sa.select(sa.func.greatest(sa.func.count() - most, 0)).select_from(here)
            counts.append(sa.cast(_inside(over, layer).scalar_subquery(), sa.Text).label(f"{layer.name}-left"))
    return sa.select(_joined([part.scalar_subquery() for part in parts]).label("tile"), *counts)


def _in_one_pass(here: sa.CTE, layers: list[TileLayer]) -> Rows:
    """The bytes of several layers, whose rows are looked at once."""
    rows: Any = here
    made = []
    for rank, layer in enumerate(layers):
        features = _features(here, layer).correlate(here).lateral(f"features_{rank}")
        rows = rows.join(features, sa.true())
        layer_made = _layer(features, layer)
        made.append(layer_made if layer.inside is None else layer_made.filter(layer.inside))
    return sa.select(_joined(made)).select_from(rows)


def _highest(here: sa.CTE, layer: TileLayer, most: int, ranks: Sequence[ColumnElement[Any]]) -> Rows:
    """The bytes of a layer, of the rows that are ranked first."""
    order = [sa.nulls_last(rank.desc()) for rank in ranks]
    ranked = _inside(_features(here, layer), layer).order_by(*order, here.c.id)
    first = ranked.limit(most).subquery()
    return sa.select(_layer(sa.select(first).order_by(first.c.id).subquery("features"), layer))


def _features(here: sa.CTE, layer: TileLayer) -> Any:
    return sa.select(here.c.id, *(here.c[name] for name in layer.told), layer.geom.label("geom"))


def _inside(rows: Any, layer: TileLayer) -> Any:
    return rows if layer.inside is None else rows.where(layer.inside)


def _layer(features: Any, layer: TileLayer) -> Any:
    # ST_AsMVT skips what ST_AsMVTGeom left without geometry; asking for it here would compute every geometry twice.
    return sa.func.ST_AsMVT(features.table_valued(), layer.name, _EXTENT, *_LOOKED_FOR)


def _joined(parts: list[Any]) -> ColumnElement[Any]:
    """Bytes one after the other, none where a part is null."""
    one, *others = [sa.func.coalesce(part, _NOTHING) for part in parts]
    joined: ColumnElement[Any] = one
    for other in others:
        joined = sa.func.byteacat(joined, other)
    return joined


def cut(shape: ColumnElement[Any], grid: Grid) -> ColumnElement[Any]:
    """Return a stored geometry in the cells of the tile: cut, and made valid there."""
    return _cut(placed(shape, grid), _once(bounds(grid)))


def _cut(shape: Any, square: ColumnElement[Any]) -> ColumnElement[Any]:
    """A geometry in the cells of a tile, of which the square is given in the same system."""
    return sa.func.ST_AsMVTGeom(shape, square, _EXTENT, sa.literal_column(str(BUFFER)), sa.true())


def moved(shape: ColumnElement[Any], column: ColumnElement[int], row: ColumnElement[int]) -> ColumnElement[Any]:
    """Return a geometry in the cells of the tile, from those of the tile that holds a cell of the grid.

    It is given in whole numbers, y downwards, valid there: it only has to be moved where the tile is another, and cut
    where it reaches far out of the tile.
    """
    _, x, y = _PLACE
    elsewhere = sa.func.ST_Translate(shape, (column // _EXTENT - x) * _EXTENT, (row // _EXTENT - y) * _EXTENT)
    near = _square(OVERHANG)
    return sa.case(
        (sa.and_(holds_cell(column, row), shape.op("@")(near)), shape),
        (elsewhere.op("@")(near), elsewhere),
        # ST_AsMVTGeom turns it downwards again
        else_=_cut(sa.func.ST_Scale(elsewhere, _ONE, -_ONE), sa.func.ST_Scale(_square(0), _ONE, -_ONE)),
    )


def point(column: ColumnElement[int], row: ColumnElement[int]) -> ColumnElement[Any]:
    """Return a point of which the cell of the grid is given, in the cells of the tile."""
    _, x, y = _PLACE
    return sa.func.ST_MakePoint(column - x * _EXTENT, row - y * _EXTENT)


def holds_cell(column: ColumnElement[int], row: ColumnElement[int]) -> ColumnElement[bool]:
    """Return whether the tile that is asked holds a cell of the grid."""
    _, x, y = _PLACE
    return sa.and_(column // _EXTENT == x, row // _EXTENT == y)


def _square(around: int) -> ColumnElement[Any]:
    """The tile in its own cells, with some around it."""
    near: Any = sa.literal_column(str(-around))
    far: Any = sa.literal_column(str(EXTENT + around))
    return sa.func.ST_MakeEnvelope(near, near, far, far)
