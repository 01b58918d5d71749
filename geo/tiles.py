"""Vector tiles from layers: any select with an id, properties and a geometry in EPSG:3857 becomes an MVT layer.

Tiles follow Mapbox Vector Tile 2.1 in the WebMercatorQuad grid: extent 4096, a buffer of 64 units around the tile.
"""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Select

from geo.errors import NotFound
from geo.layers import Rows

EXTENT = 4096
BUFFER = 64
MAX_ZOOM = 14


@dataclass(frozen=True)
class Tile:
    """A tile of the WebMercatorQuad grid. Raises NotFound when it is out of the grid or too deep."""

    z: int
    x: int
    y: int

    def __post_init__(self) -> None:
        if not 0 <= self.z <= MAX_ZOOM:
            raise NotFound(f"Niveau de zoom {self.z} hors de la plage servie (0 à {MAX_ZOOM}).")
        size = 2**self.z
        if not (0 <= self.x < size and 0 <= self.y < size):
            raise NotFound(f"Tuile {self.z}/{self.x}/{self.y} hors de la grille (x et y de 0 à {size - 1}).")

    @property
    def parameters(self) -> dict[str, int | float]:
        """What `BOUNDS` and `REACH` stand for in this tile."""
        return {"z": self.z, "x": self.x, "y": self.y, "margin": 40_075_016.6856 / 2**self.z * BUFFER / EXTENT}


# The square of the tile that is asked, in EPSG:3857, and the same with the buffer around it: what a layer must be
# searched in. Parameters, not values, so that a statement is written once and serves every tile.
BOUNDS: ColumnElement[Any] = sa.func.ST_TileEnvelope(
    sa.bindparam("z", type_=sa.Integer), sa.bindparam("x", type_=sa.Integer), sa.bindparam("y", type_=sa.Integer)
)
REACH: ColumnElement[Any] = sa.func.ST_Expand(BOUNDS, sa.bindparam("margin", type_=sa.Double))


@dataclass(frozen=True)
class TileLayer:
    """A named layer of a tile: a select with columns `id` (integer), `geom` (EPSG:3857) and properties."""

    name: str
    rows: Rows


def encoded(layers: list[TileLayer]) -> Select[tuple[bytes]]:
    """Return a select of one row: the bytes of the tile, empty when nothing lies in it.

    Its parameters are those of `Tile.parameters`, and whatever the layers have.
    """
    parts = [sa.func.coalesce(_layer(layer).scalar_subquery(), sa.literal(b"")) for layer in layers]
    joined: ColumnElement[Any] = parts[0]
    for part in parts[1:]:
        joined = sa.func.byteacat(joined, part)
    return sa.select(joined.label("tile"))


def _layer(layer: TileLayer) -> Rows:
    rows = layer.rows.subquery()
    drawn = sa.func.ST_AsMVTGeom(rows.c.geom, BOUNDS, EXTENT, BUFFER, True)
    columns = [column for column in rows.c if column.name != "geom"]
    # In an order, so that the same data make the same bytes on every server.
    features = sa.select(*columns, drawn.label("geom")).order_by(rows.c.id).subquery("features")
    # ST_AsMVT skips what ST_AsMVTGeom left without geometry; asking for it here would compute every geometry twice.
    return sa.select(sa.func.ST_AsMVT(features.table_valued(), layer.name, EXTENT, "geom", "id"))
