"""What is timed: the requests of a map, each in a few variants that are different places of the Region."""

import math
from dataclasses import dataclass

from pyproj import Transformer

from geo.grids import LAMBERT_93_QUAD

# One town in each departement of Pays de la Loire: longitude, latitude.
TOWNS = {
    "Nantes": (-1.5536, 47.2173),
    "Angers": (-0.5542, 47.4711),
    "Laval": (-0.7699, 48.0703),
    "Le Mans": (0.1973, 48.0077),
    "La Roche-sur-Yon": (-1.4264, 46.6705),
}
MILLESIME = 2025
JOINED = "densite:2022"


@dataclass(frozen=True)
class Case:
    """A kind of request: its French name, the paths to ask, and the limits it must keep."""

    name: str
    paths: tuple[str, ...]
    sql_ratio: float | None = None
    zipped_bytes: int | None = None


def cases(region: str) -> list[Case]:
    """Return every case; the whole of France has no limit of weight, a tile holds what it holds."""
    light = 150_000 if region == "52" else None
    return [
        Case("tuile z5", _tiles(5), zipped_bytes=light),
        Case("tuile z6", _tiles(6), zipped_bytes=light),
        Case("tuile z8", _tiles(8)),
        Case("tuile z10", _tiles(10)),
        Case("tuile jointe z8", _tiles(8, JOINED), sql_ratio=1.5),
        Case("tuile jointe z10", _tiles(10, JOINED), sql_ratio=1.5),
        Case("tuile jointe z12", _tiles(12, JOINED), sql_ratio=1.5),
        Case("tuile de collection z8", _of_collection(8), sql_ratio=1.5),
        Case("tuile de collection z10", _of_collection(10), sql_ratio=1.5),
        Case("tuile de collection z12", _of_collection(12), sql_ratio=1.5),
        Case("tuile en Lambert-93 z6", _in_lambert_93(6), sql_ratio=1.5),
        Case("communes en GeoJSON", (f"/api/collections/communes/items?millesime={MILLESIME}&limit=10000",)),
        Case(
            "document de valeurs",
            (f"/api/indicators/densite/values?level=commune&period=2022&millesime={MILLESIME}",),
        ),
    ]


def _tiles(zoom: int, indicator: str | None = None) -> tuple[str, ...]:
    """The tiles of a zoom that hold the towns, each once."""
    query = f"?indicator={indicator}" if indicator else ""
    found = dict.fromkeys(_around(zoom, *town) for town in TOWNS.values())
    return tuple(f"/api/tiles/{MILLESIME}/commune/{zoom}/{x}/{y}.mvt{query}" for x, y in found)


def _of_collection(zoom: int) -> tuple[str, ...]:
    """The tiles of the collection of an indicator that hold the towns, as its TileJSON writes them."""
    indicator, _, period = JOINED.partition(":")
    query = f"?level=commune&millesime={MILLESIME}&period={period}"
    found = dict.fromkeys(_around(zoom, *town) for town in TOWNS.values())
    return tuple(f"/api/collections/{indicator}/tiles/WebMercatorQuad/{zoom}/{y}/{x}{query}" for x, y in found)


def _in_lambert_93(zoom: int) -> tuple[str, ...]:
    """The tiles of communes in Lambert-93 that hold the towns."""
    to_grid = Transformer.from_crs(4326, LAMBERT_93_QUAD.crs.srid, always_xy=True)
    found = {}
    for town in TOWNS.values():
        x, y = to_grid.transform(*town)
        held = LAMBERT_93_QUAD.limits((x, y, x, y), zoom)
        found[held.rows[0], held.columns[0]] = None
    return tuple(f"/api/collections/communes/tiles/Lambert93Quad/{zoom}/{row}/{column}" for row, column in found)


def _around(zoom: int, longitude: float, latitude: float) -> tuple[int, int]:
    """The column and the row of the WebMercatorQuad tile that holds a point.

    >>> _around(8, -1.5536, 47.2173)
    (126, 89)
    """
    size = 2**zoom
    north = 1 - math.asinh(math.tan(math.radians(latitude))) / math.pi
    return int((longitude + 180) / 360 * size), int(north / 2 * size)
