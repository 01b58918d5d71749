"""Sets of tiles written as PMTiles archives, as an audience is served them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from api.dependencies import Series
from api.editions import OPTIONS
from api.ogc.archives import archive, former
from api.ogc.collected import collection_of
from api.ogc.tilesets import names_of, tile_set, tilejson
from api.ogc.tiling import TileSet, box_of, left_out, read_tile
from api.pages.extent import CREDITS
from api.securing import serving_url
from api.versions import read_versions
from boundaries.drawn import parts
from boundaries.levels import Level
from boundaries.readers import Audience
from geo.errors import Invalid, NotFound
from geo.grids import Grid
from geo.pmtiles import Content, covering, write
from geo.progress import Progress
from geo.tiles import Tile
from indicators.published import NotYetComputed
from indicators.releases import SETTING

USUAL_LAST = 12  # zoom of WebMercatorQuad beyond which clients enlarge the tiles: a unit of those is 2,4 m
TURNS = 20


def archiving_engine(owner: str, audience: Audience) -> sa.Engine:
    """Return an engine that reads the edition of an audience, as long as it takes: no request waits for it."""
    return sa.create_engine(
        serving_url(sa.make_url(owner), audience),
        isolation_level="REPEATABLE READ",
        connect_args={"options": f"{OPTIONS} -c {SETTING}={audience.edition}"},
    )


@dataclass(frozen=True)
class Order:
    """What is to be archived: collections and what is selected of them, in a grid, from a zoom to another."""

    collections: str
    grid: Grid
    millesime: int | None = None
    level: Level | None = None
    period: str | None = None
    first: int = 0
    last: int | None = None

    @property
    def zooms(self) -> range:
        """Return the zooms that are archived. Raises Invalid for those that the grid is not served at."""
        usual = max(USUAL_LAST - self.grid.coarser, 0)
        last = min(usual, self.grid.max_zoom) if self.last is None else self.last
        if not 0 <= self.first <= last <= self.grid.max_zoom:
            raise Invalid(
                f"Niveaux de zoom {self.first} à {last} : dans la grille {self.grid.id}, ils vont de 0 à "
                f"{self.grid.max_zoom}, le premier avant le dernier."
            )
        return range(self.first, last + 1)


@dataclass(frozen=True)
class Written:
    """An archive: its file, how many tiles it holds, and how many were left without some territories."""

    file: Path
    tiles: int
    incomplete: int


def export(
    engine: sa.Engine,
    audience: Audience,
    order: Order,
    folder: Path,
    file: Path | None,
    fill: Callable[[Sequence[int]], None],
    progress: Progress,
) -> Written:
    """Write the archive of sets of tiles, as what the engine reads is served, all of one state of the data.

    It goes where the interface finds it, in `folder`, in the place of those of before; or to `file` alone. `fill`
    computes series that nobody asked for before. Raises NotFound for what is not published or not drawn.
    """
    for _ in range(TURNS):
        try:
            with engine.connect() as conn:
                return _exported(conn, audience, order, folder, file, progress)
        except NotYetComputed as lacking:
            fill(lacking.series_ids)
    raise RuntimeError("series are still not computed")


def _exported(
    conn: sa.Connection, audience: Audience, order: Order, folder: Path, file: Path | None, progress: Progress
) -> Written:
    now = read_versions(conn)
    names = names_of(order.collections)
    if len(names) > 1 and (order.level is not None or order.period is not None):
        raise Invalid("Le niveau et la période se choisissent pour une seule collection à la fois.")
    sets = [tile_set(conn, now, name, order.millesime, order.level, order.period) for name in names]
    alone = [one for one, _ in sets]
    if box_of(alone, order.grid) is None:
        raise NotFound(f"Rien n’est dessiné dans la grille {order.grid.id}.")
    boxes = [tuple(row) for one in alone for row in conn.execute(parts(one.level, one.millesime, order.grid))]
    tiles = covering(order.grid, boxes, order.zooms)
    advance = progress("Tuiles écrites (tuiles)", len(tiles))
    incomplete = 0

    def read(tile: Tile) -> bytes:
        nonlocal incomplete
        found = [read_tile(conn, one, tile) for one in alone]
        incomplete += any(left_out(part) for part in found)
        return b"".join(part.body for part in found)

    target = file or archive(folder, audience, sets, order.grid)
    target.parent.mkdir(parents=True, exist_ok=True)
    title = ", ".join(collection_of(name, now.indicators).title for name in names)
    count = write(target, tiles, read, _content(title, order, sets), advance)
    if file is None:
        for old in former(folder, audience, sets, order.grid):
            old.unlink(missing_ok=True)
    return Written(target, count, incomplete)


def _content(title: str, order: Order, sets: Sequence[tuple[TileSet, Series | None]]) -> Content:
    told = tilejson(title, "", sets, {})
    west, south, east, north = told["bounds"]
    metadata = {
        "name": title,
        "attribution": CREDITS,
        "type": "overlay",
        "version": "1",
        "vector_layers": told["vector_layers"],
        "tileMatrixSet": order.grid.definition(),
    }
    return Content((west, south, east, north), metadata)
