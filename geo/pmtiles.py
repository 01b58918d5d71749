"""PMTiles archives (version 3): the tiles of a grid in one file that is read by ranges, in Hilbert's order.

The grid is that of the metadata; other programs take WebMercatorQuad for granted. A file appears whole or not at all.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer

from geo.grids import Box, Grid
from geo.gzipping import compressed
from geo.tiles import Tile

E7 = 10_000_000
Bounds = tuple[float, float, float, float]


@dataclass(frozen=True)
class Content:
    """What an archive says of itself: where it is in degrees, and its metadata."""

    bounds: Bounds
    metadata: Mapping[str, Any]


def covering(grid: Grid, boxes: Iterable[Box], zooms: range) -> list[Tile]:
    """Return the tiles that boxes, in metres of the grid's system, lie in, in the order of an archive."""
    known = list(boxes)
    found: list[Tile] = []
    for zoom in zooms:
        places: set[tuple[int, int]] = set()
        for box in known:
            held = grid.limits(box, zoom)
            for x in range(held.columns[0], held.columns[1] + 1):
                places.update((x, y) for y in range(held.rows[0], held.rows[1] + 1))
        found += [Tile(zoom, x, y, grid) for x, y in sorted(places, key=lambda at: zxy_to_tileid(zoom, *at))]
    return found


def write(
    path: Path, tiles: Iterable[Tile], read: Callable[[Tile], bytes], content: Content, done: Callable[[int], None]
) -> int:
    """Write the archive of tiles given in order, those that are empty left out; return how many it holds.

    `done` is told of each tile. What is there under this name before is replaced once everything is written.
    """
    with _whole(path) as beside, beside.open("wb") as file, ExitStack() as open_until_the_end:
        writer, count = Writer(file), 0  # type: ignore[no-untyped-call]
        open_until_the_end.callback(writer.tile_f.close)
        for tile in tiles:
            body = read(tile)
            if body:
                writer.write_tile(zxy_to_tileid(tile.z, tile.x, tile.y), compressed(body))  # type: ignore[no-untyped-call]
                count += 1
            done(1)
        if not count:
            writer.write_tile(0, compressed(b""))  # type: ignore[no-untyped-call]
        west, south, east, north = content.bounds
        header = {
            "tile_type": TileType.MVT,
            "tile_compression": Compression.GZIP,
            "min_lon_e7": round(west * E7),
            "min_lat_e7": round(south * E7),
            "max_lon_e7": round(east * E7),
            "max_lat_e7": round(north * E7),
            "center_zoom": 0,
            "center_lon_e7": round((west + east) / 2 * E7),
            "center_lat_e7": round((south + north) / 2 * E7),
        }
        writer.finalize(header, dict(content.metadata))  # type: ignore[no-untyped-call]
    return count


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """Give a path beside another, which it takes the place of in the end; nothing is left of it after a failure."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield beside
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
