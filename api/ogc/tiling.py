"""Tiles of sets: made by one statement that is written once, kept while their version lasts, several put together.

A set's version is that of what it shows alone (`boundaries.drawn`, and the digest of the series): after a release or a
load, the addresses of what has not changed stay as they were, in every process, without anybody being told.
"""

from collections.abc import Awaitable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from fastapi import Request
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import psycopg
from starlette.responses import Response

from api.documents import Document, answer_beside, document
from api.editions import Edition, edition_of
from api.versions import Versions
from boundaries import layers
from boundaries.drawn import Drawn
from boundaries.layers import MOST, Shown, centres_of, detail_of, kept_in_cells, limits, may_be_crowded
from boundaries.levels import Level
from geo.errors import NotFound
from geo.grids import Box, Grid, Limits
from geo.layers import Rows
from geo.tiles import Tile, encoded
from indicators import published
from indicators.published import Held

MEDIA_TYPE = "application/vnd.mapbox-vector-tile"
OF_ZOOM = {"z", "margin", "side"}  # parameters that every tile of a zoom has the same
LEFT_OUT = b"ores-left-out"  # the header that says which layers of a tile are not whole, and how many are left out


class Question(NamedTuple):
    """The statement of the tiles of a zoom, what goes in its $1, $2…, and which of them are of a tile alone.

    The last by their rank, with the name of what the tile has (its column `x` or its row `y`).
    """

    text: str
    values: list[bytes]
    places: list[tuple[int, str]]


@dataclass(frozen=True)
class TileSet:
    """What tiles show: a level in a millesime under the name of a collection, with the values of a series or not.

    `circles` says that values are drawn as circles, which points carry then; `plain` that code and name are told at
    every zoom, by polygons and points alike.
    """

    name: str
    level: Level
    millesime: int
    drawn: Drawn
    series: Held | None = None
    circles: bool = False
    plain: bool = False
    _questions: dict[tuple[str, int], "Question"] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @cached_property
    def version(self) -> str:
        """What identifies the content of the tiles."""
        return self.drawn.version if self.series is None else f"{self.drawn.version}-{self.series.digest}"

    @cached_property
    def identity(self) -> tuple[Hashable, ...]:
        """What tells its tiles from those of any other set."""
        return "tile", self.version, self.name, self.level.value, self.millesime, self.plain

    def shown(self, grid: Grid, zoom: int) -> Shown:
        """Return what is shown of the level at a zoom."""
        return Shown(
            self.level,
            self.name,
            grid,
            None if self.plain else detail_of(grid, zoom),
            crowded=self.crowded(grid, zoom),
            named=self.named,
            cells=kept_in_cells(grid, zoom),
            valued=self.series is not None,
            circles=self.circles,
        )

    def crowded(self, grid: Grid, zoom: int) -> bool:
        """Return whether a tile of a zoom may have more territories than it is let have."""
        return not self.plain and self.drawn.count > MOST and may_be_crowded(grid, zoom)

    def question(self, grid: Grid, zoom: int) -> "Question":
        """Return what is asked of PostgreSQL for the tiles of a zoom."""
        found = self._questions.get((grid.id, zoom))
        if found is None:
            found = self._questions[grid.id, zoom] = _question(self, Tile(zoom, 0, 0, grid))
        return found

    @property
    def named(self) -> bool:
        """Return whether points are there for names."""
        return not self.plain and not self.circles


async def tile_answer(
    request: Request, now: Versions, sets: Sequence[TileSet], tile: Tile, version: str | None
) -> Response:
    """Return a tile of one set, or of several, their layers one after the other; immutable at its own version."""
    found = await tiles_of(edition_of(request), now, sets, tile)
    return await answer_beside(request, found, immutable=version == version_of(sets))


def tiles_of(edition: Edition, now: Versions, sets: Sequence[TileSet], tile: Tile) -> Awaitable[Document]:
    """Return a tile of several sets, made of those of each, if it is not kept."""
    if len(sets) == 1:
        return tile_of(edition, now, sets[0], tile)

    async def build() -> Document:
        return _together([await tile_of(edition, now, one, tile) for one in sets])

    names = tuple((one.name, one.millesime) for one in sets)
    key = ("tiles", version_of(sets), names, tile.grid.id, tile.z, tile.x, tile.y)
    return edition.documents.get_or_await(key, build)


def tile_of(edition: Edition, now: Versions, one: TileSet, tile: Tile) -> Awaitable[Document]:
    """Return a tile of a set, made if it is not kept."""

    async def build() -> Document:
        text, constants, places = one.question(tile.grid, tile.z)
        values = constants.copy()
        for place, name in places:
            values[place] = b"%d" % getattr(tile, name)
        body, read, *left = await edition.asking.one(text, values)
        # limits that were loaded since the snapshot are served, but not kept under the version before them
        lasting = read == now.millesimes[one.millesime].encode()
        return made(one, tile, body or b"", [int(count or 0) for count in left], lasting=lasting)

    key = (*one.identity, tile.grid.id, tile.z, tile.x, tile.y)
    return edition.documents.get_or_await(key, build)


def read_tile(
    conn: Connection, one: TileSet, tile: Tile, kept: "Rows | None" = None, *, lasting: bool = True
) -> Document:
    """Return a tile of a set read on a connection; of the territories of `kept` alone (their ids) where it is given."""
    body, *left = conn.execute(_asked(one.shown(tile.grid, tile.z), kept), _parameters(one, tile)).one()
    return made(one, tile, bytes(body), [int(count) for count in left], lasting=lasting)


def made(one: TileSet, tile: Tile, body: bytes, left: Sequence[int], *, lasting: bool) -> Document:
    """Return the document of a tile; `left` counts what is left out of each layer that has a limit."""
    found = document(body, MEDIA_TYPE)
    if lasting and not any(left):
        return found
    names = [name for name, most in limited(one, tile.grid, tile.z) if most is not None]
    told = [f"{name}={count}" for name, count in zip(names, left, strict=True) if count]
    return replace(found, lasting=lasting, headers=_headers(told))


def left_out(tile: Document) -> list[str]:
    """Return which layers of a tile are not whole, each with how many territories are left out of it."""
    return [value.decode() for name, value in tile.headers if name == LEFT_OUT]


def limited(one: TileSet, grid: Grid, zoom: int) -> list[tuple[str, int | None]]:
    """Return the layers of a set, each with how many territories a tile of a zoom may have; None for any number."""
    most, most_points = limits(one.shown(grid, zoom))
    return [(one.name, most), (centres_of(one.name), most_points)]


def version_of(sets: Sequence[TileSet]) -> str:
    """Return what identifies the content of the tiles of several sets together."""
    return ".".join(one.version for one in sets)


def box_of(sets: Sequence[TileSet], grid: Grid) -> Box | None:
    """Return where sets lie in a grid, None where nothing of them does."""
    boxes = [one.drawn.boxes[grid.id] for one in sets if grid.id in one.drawn.boxes]
    if not boxes:
        return None
    west, south, east, north = zip(*boxes, strict=True)
    return min(west), min(south), max(east), max(north)


def limits_of(sets: Sequence[TileSet], grid: Grid, zoom: int) -> Limits:
    """Return the tiles of a zoom that sets may have something in. Raises NotFound where they have nothing at all."""
    box = box_of(sets, grid)
    if box is None:
        raise NotFound(f"Rien n’est dessiné dans la grille {grid.id}.")
    return grid.limits(box, zoom)


def tile_in(sets: Sequence[TileSet], grid: Grid, zoom: int, row: int, column: int) -> Tile:
    """Return a tile of sets. Raises NotFound for one that is out of the grid or out of the limits of the sets."""
    tile = Tile(zoom, column, row, grid)
    held = limits_of(sets, grid, zoom)
    if not held.hold(column, row):
        raise NotFound(
            f"Tuile hors des limites du jeu de tuiles : au niveau {zoom}, les lignes vont de {held.rows[0]} à "
            f"{held.rows[1]} et les colonnes de {held.columns[0]} à {held.columns[1]} ; ligne {row}, colonne {column} "
            "demandée."
        )
    return tile


def _together(parts: Sequence[Document]) -> Document:
    """The layers of several tiles in one: a vector tile is the list of its layers."""
    whole = document(b"".join(part.body for part in parts), MEDIA_TYPE)
    told = [names for part in parts for names in left_out(part)]
    return replace(whole, lasting=all(part.lasting for part in parts), headers=_headers(told))


def _headers(told: Sequence[str]) -> tuple[tuple[bytes, bytes], ...]:
    return ((LEFT_OUT, ", ".join(told).encode()),) if told else ()


def _parameters(one: TileSet, tile: Tile) -> dict[str, int | float]:
    parameters = layers.tile_parameters(one.millesime, one.level, tile)
    return parameters if one.series is None else {**parameters, "series_id": one.series.id}


def _question(one: TileSet, tile: Tile) -> Question:
    text, constants, places = _compiled(one.shown(tile.grid, tile.z))
    values, given = constants.copy(), _parameters(one, tile)
    for place, name in places:
        values[place] = _text(given[name])
    of_tile = tile.parameters.keys() - OF_ZOOM
    return Question(text, values, [(place, name) for place, name in places if name in of_tile])


def _asked(shown: Shown, kept: "Rows | None" = None) -> sa.Select[*tuple[Any, ...]]:
    """What makes the bytes of a tile, and counts what is left out of it."""
    rows = layers.tile_rows(shown, kept)
    if shown.valued:
        rows = published.joined(rows)
    here = rows.order_by("id").cte("here")
    return encoded(here, layers.tile_layers(shown, here))


@lru_cache(1_000)
def _compiled(shown: Shown) -> tuple[str, list[bytes], list[tuple[int, str]]]:
    """The statement of tiles, written once: building it takes longer than PostGIS needs for a tile.

    Beside it, what goes in its $1, $2…, and which of them are to be replaced by which parameter of the tile.
    """
    tile, *left = _asked(shown).selected_columns
    read = sa.select(tile, layers.stored_version().scalar_subquery().label("version"), *left)
    compiled = read.compile(dialect=psycopg.dialect(paramstyle="numeric_dollar"))  # type: ignore[no-untyped-call]
    names = compiled.positiontup or []
    values = [_text(compiled.params[name]) for name in names]
    return (
        str(compiled),
        values,
        [(place, name) for place, name in enumerate(names) if compiled.params[name] is None],
    )


def _text(value: object) -> bytes:
    """A value in PostgreSQL's text form."""
    return b"\\x" + value.hex().encode() if isinstance(value, bytes) else str(value).encode()


def plain_set(now: Versions, millesime: int, level: Level, series: Held | None) -> TileSet:
    """Return the set of the tiles of a level under its own name; one where nothing is drawn is empty."""
    drawn = now.drawn.get((millesime, level), EMPTY)
    return TileSet(level.value, level, millesime, drawn, series, circles=series is not None, plain=True)


EMPTY = Drawn("vide", 0, {})
