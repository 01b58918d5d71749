"""What is timed: the requests of a map, each in a few variants that are different places of the Region."""

import math
from dataclasses import dataclass

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


def _around(zoom: int, longitude: float, latitude: float) -> tuple[int, int]:
    """The column and the row of the WebMercatorQuad tile that holds a point.

    >>> _around(8, -1.5536, 47.2173)
    (126, 89)
    """
    size = 2**zoom
    north = 1 - math.asinh(math.tan(math.radians(latitude))) / math.pi
    return int((longitude + 180) / 360 * size), int(north / 2 * size)
