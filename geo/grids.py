"""The grids that tiles are cut in (OGC 17-083r4, Two Dimensional Tile Matrix Set 2.0): one square, halved at each zoom.

WebMercatorQuad is the registered one. Lambert93Quad is this product's own, for metropolitan France in the legal system:
EPSG:2154, a square of 2 097 152 m (2^21) whose north-west corner is at X = 0, Y = 7 200 000, so that a cell of a tile of
256 cells is 8 192 m wide at zoom 0 and exactly 8 m at zoom 10.
"""

from dataclasses import dataclass
from functools import cache, lru_cache
from math import floor
from typing import Any

from geo.errors import NotFound
from geo.formats.crs import LAMBERT_93, WEB_MERCATOR, Crs

Box = tuple[float, float, float, float]  # west, south, east, north
CELLS = 256
PIXEL_M = 0.00028  # the pixel that scale denominators are defined with
HALF_EQUATOR_M = 20_037_508.342789244
REGISTER = "http://www.opengis.net/def/tilematrixset/OGC/1.0/"


@dataclass(frozen=True)
class Limits:
    """The tiles of a zoom that something may lie in: first and last column, first and last row."""

    zoom: int
    columns: tuple[int, int]
    rows: tuple[int, int]

    def hold(self, x: int, y: int) -> bool:
        """Return whether a column and a row are among them."""
        return self.columns[0] <= x <= self.columns[1] and self.rows[0] <= y <= self.rows[1]


@dataclass(frozen=True)
class Grid:
    """A grid: its system, its north-west corner and the side of its square in metres, and the zooms that are served.

    `zooms` is how many matrices its definition lists; `coarser` is how many zooms later than WebMercatorQuad it shows
    the same detail at the latitude of France; `domain` is where it may be used, in EPSG:3857.
    """

    id: str
    title: str
    crs: Crs
    west: float
    north: float
    side: float
    max_zoom: int
    zooms: int
    coarser: int
    domain: Box
    registered: bool = False

    @property
    def uri(self) -> str | None:
        """Return the URI under which it is registered, None for one of our own."""
        return f"{REGISTER}{self.id}" if self.registered else None

    def definition(self) -> dict[str, Any]:
        """Return its definition, in the JSON of Tile Matrix Set 2.0."""
        named = {"id": self.id, "title": self.title, **({"uri": self.uri} if self.uri else {})}
        return {
            **named,
            "crs": self.crs.uri,
            "orderedAxes": ["X", "Y"],
            **({"wellKnownScaleSet": _GOOGLE} if self.registered else {}),
            "tileMatrices": [self._matrix(zoom) for zoom in range(self.zooms)],
        }

    def envelope(self, zoom: int, x: int, y: int) -> Box:
        """Return where a tile lies, in metres of the grid's system.

        >>> LAMBERT_93_QUAD.envelope(1, 0, 0)
        (0.0, 6151424.0, 1048576.0, 7200000.0)
        """
        side = self.side / 2**zoom
        west, north = self.west + x * side, self.north - y * side
        return west, north - side, west + side, north

    def limits(self, box: Box, zoom: int) -> Limits:
        """Return the tiles that a box, in metres of the grid's system, lies in.

        >>> LAMBERT_93_QUAD.limits((355000, 6689000, 356000, 6690000), 10)
        Limits(zoom=10, columns=(173, 173), rows=(249, 249))
        """
        return _limits(self, box, zoom)

    def inside(self, box: Box) -> Box | None:
        """Return the part of a box in EPSG:3857 that the grid may be used in, in its own system; None if there is none.

        That of another system is the smallest that holds the box once its edges are curved.
        """
        west, south = max(box[0], self.domain[0]), max(box[1], self.domain[1])
        east, north = min(box[2], self.domain[2]), min(box[3], self.domain[3])
        if west > east or south > north:
            return None
        if self.crs is WEB_MERCATOR:
            return west, south, east, north
        west, south, east, north = _from_web(self.crs.srid).transform_bounds(
            west, south, east, north, densify_pts=41
        )
        return west, south, east, north

    def _matrix(self, zoom: int) -> dict[str, Any]:
        size, cell = 2**zoom, self.side / 2**zoom / CELLS
        return {
            "id": str(zoom),
            "scaleDenominator": cell / PIXEL_M,
            "cellSize": cell,
            "cornerOfOrigin": "topLeft",
            "pointOfOrigin": [self.west, self.north],
            "tileWidth": CELLS,
            "tileHeight": CELLS,
            "matrixWidth": size,
            "matrixHeight": size,
        }


_GOOGLE = "http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible"
_WORLD = (-HALF_EQUATOR_M, -HALF_EQUATOR_M, HALF_EQUATOR_M, HALF_EQUATOR_M)
WEB_MERCATOR_QUAD = Grid(
    "WebMercatorQuad",
    "Grille du web (Web Mercator)",
    WEB_MERCATOR,
    -HALF_EQUATOR_M,
    HALF_EQUATOR_M,
    2 * HALF_EQUATOR_M,
    max_zoom=14,
    zooms=25,
    coarser=0,
    domain=_WORLD,
    registered=True,
)
LAMBERT_93_QUAD = Grid(
    "Lambert93Quad",
    "Grille Lambert-93 (RGF93 v1), France métropolitaine",
    LAMBERT_93,
    0.0,
    7_200_000.0,
    2.0**21,
    max_zoom=10,
    zooms=15,
    coarser=4,
    domain=(-680_000.0, 5_010_000.0, 1_130_000.0, 6_730_000.0),  # 6,1° W to 10,1° E, 40,97° to 51,6° N
)
GRIDS = {grid.id: grid for grid in (WEB_MERCATOR_QUAD, LAMBERT_93_QUAD)}


def grid_of(name: str) -> Grid:
    """Return a grid by its identifier. Raises NotFound, naming those served."""
    found = GRIDS.get(name)
    if found is None:
        raise NotFound(f"Grille de tuiles inconnue : « {name[:60]} ». Grilles servies : {', '.join(GRIDS)}.")
    return found


@cache
def _from_web(srid: int) -> Any:
    """What transforms EPSG:3857 into a system: made once, which takes pyproj a hundred times as long as using it."""
    from pyproj import Transformer  # slow to import, and the grid of the web needs none

    return Transformer.from_crs(3857, srid, always_xy=True)


@lru_cache(10_000)
def _limits(grid: Grid, box: Box, zoom: int) -> Limits:
    side, last = grid.side / 2**zoom, (1 << zoom) - 1

    def place(distance: float) -> int:
        return int(min(max(floor(distance / side), 0), last))

    return Limits(
        zoom,
        (place(box[0] - grid.west), place(box[2] - grid.west)),
        (place(grid.north - box[3]), place(grid.north - box[1])),
    )
