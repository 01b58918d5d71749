"""Tiles whose address is plainly right, answered before the routes: a map asks for hundreds of them.

The routes of `api.routes.tiles` and `api.routes.tiled` remain the definition, described in openapi.json. Whatever is
not exactly as a TileJSON writes it is left to them, who know what else may be accepted and how to refuse the rest.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import psycopg
from fastapi import Request
from starlette.types import Message, Receive, Scope, Send

from api.crossorigin import READABLE, OpenToAll
from api.documents import Asked, compress_beside, sent_of
from api.editions import Edition
from api.identity.credentials import COOKIE, address_of
from api.identity.limits import neighbourhood
from api.ogc.tilesets import quick_set, quick_together
from api.ogc.tiling import TileSet, box_of, limits_of, plain_set, tiles_of, version_of
from api.problems import unavailable
from api.routes.tiles import VERSION_LENGTH
from api.versions import Versions
from boundaries.levels import Level
from boundaries.readers import ANYBODY
from geo.errors import Invalid
from geo.grids import GRIDS, WEB_MERCATOR_QUAD, Grid, Limits
from geo.tiles import MAX_ZOOM, Tile

# A level in a millesime; a collection in a grid; several collections in a grid. The last two say the row first.
OF_WHAT = re.compile(
    r"/api/tiles/([0-9]{4})/([a-z-]+)"
    r"|/api/collections/([a-z0-9_-]{1,80})/tiles/([A-Za-z0-9]{1,40})"
    r"|/api/tiles/([A-Za-z0-9]{1,40})"
).fullmatch
YEAR = re.compile(r"(?:19|20)[0-9]{2}").fullmatch
LEVELS = {level.value: level for level in Level}
SESSION = COOKIE.encode()
PLACES = ("/api/tiles/", "/api/collections/")
MOST_FAMILIES = 200
KNOWN = {"v", "f", "indicator", "collections", "millesime", "level", "period"}


class Family(NamedTuple):
    """Tiles that differ by their place alone: the sets shown, where tiles of each zoom are, how places are written."""

    sets: list[TileSet]
    grid: Grid
    limits: list[Limits]
    row_first: bool
    immutable: bool


class Families:
    """Families of tiles, by what their addresses and queries begin with, as long as what is served stays the same.

    A map asks for hundreds of tiles of one: finding out what they are of takes longer than finding one of them.
    """

    def __init__(self) -> None:
        self._now: Versions | None = None
        self._held: dict[tuple[str, bytes], Family] = {}

    def asked(self, path: str, query: bytes, now: Versions) -> tuple[Family, Tile] | None:
        """Return the tile asked for, and what family it is of.

        None when anything is unknown, repeated, too long, written otherwise, or out of what is served now.
        """
        # What it is of, then its place: zoom, then column and row, or row and column. Split: a pattern takes longer.
        plain = path.removesuffix(".mvt")
        try:
            head, *place = plain.rsplit("/", 3)
            z, x, y = map(int, place)
        except ValueError:
            return None
        family = self._family(head, query, now)
        if family is None or family.row_first is path.endswith(".mvt") or f"{head}/{z}/{x}/{y}" != plain:
            return None
        if family.row_first:
            x, y = y, x
        if not 0 <= z < len(family.limits) or not family.limits[z].hold(x, y):
            return None
        return family, Tile(z, x, y, family.grid)

    def _family(self, head: str, query: bytes, now: Versions) -> Family | None:
        if self._now is not now:
            self._now = now
            self._held.clear()
        found = self._held.get((head, query))
        if found is None:
            found = _family(head, query, now)
            if found is not None:
                if len(self._held) == MOST_FAMILIES:
                    self._held.clear()
                self._held[head, query] = found
        return found


class PlainTilesFirst(OpenToAll):
    """An application that answers the tiles that are plainly asked for before its middleware and its routes."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self._families = Families()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith(PLACES):
            await super().__call__(scope, receive, send)
            return
        accepted, fresh = _plainly(scope["headers"])
        state = self.state
        public: Edition = state.public
        now = public.versions.now
        ready = asked = found = None
        if accepted is not None:
            if fresh:
                asked = scope["path"], scope["query_string"], accepted
                ready = public.documents.ready.get(asked, now)
            if ready is None:
                found = self._families.asked(scope["path"], scope["query_string"], now)
        if (ready is None and found is None) or state.addresses.wait_s(neighbourhood(address_of(scope))):
            await super().__call__(scope, receive, send)
        elif ready is not None:
            await send(ready[0])
            await send(ready[1])
        elif found is not None:
            await self._first(*found, public, now, asked, scope, receive, send)

    async def _first(
        self,
        family: Family,
        tile: Tile,
        public: Edition,
        now: Versions,
        asked: Asked | None,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        """Answer a tile that is not ready; `asked` is what its answer is kept for, None where it is of who asks alone."""
        try:
            found = await tiles_of(public, now, family.sets, tile)
            await compress_beside(found, scope["headers"])
            sent = sent_of(found, scope["headers"], now.changed, ANYBODY, immutable=family.immutable)
        except psycopg.OperationalError as error:
            answer = await unavailable(Request(scope), error)
            answer.raw_headers += READABLE
            await answer(scope, receive, send)
            return
        except Exception:
            # the route meets the same error, where errors are noted and answered
            await super().__call__(scope, receive, send)
            return
        start: Message = {
            "type": "http.response.start",
            "status": sent.status,
            "headers": sent.headers + READABLE,
        }
        body: Message = {"type": "http.response.body", "body": sent.body}
        await send(start)
        await send(body)
        if asked is not None and found.lasting and now is public.versions.now:
            public.documents.ready.keep(asked, start, body)


def _plainly(headers: Iterable[tuple[bytes, bytes]]) -> tuple[bytes | None, bool]:
    """The codings accepted, None where something says who asks; and whether nothing is said of what they have.

    A key in the query is among what `_given` does not know.
    """
    accepted, fresh = b"", True
    for name, value in headers:
        if name == b"accept-encoding":
            accepted = value
        elif name in (b"if-none-match", b"if-modified-since"):
            fresh = False
        elif name in (b"authorization", b"x-api-key") or (name == b"cookie" and SESSION in value):
            return None, False
    return accepted, fresh


def _family(head: str, query: bytes, now: Versions) -> Family | None:
    """The tiles of what an address begins with; None when anything is unknown, or nothing is drawn of it."""
    of_what, given = OF_WHAT(head), _given(query)
    if of_what is None or given is None:
        return None
    year, level, name, grid_id, several_grid = of_what.groups()
    if year is not None:
        return _of_level(int(year), LEVELS.get(level), given, now)
    if name is not None:
        return _of_collection(name, grid_id, given, now)
    return _of_several(several_grid, given, now)


def _of_level(year: int, level: Level | None, given: dict[str, str], now: Versions) -> Family | None:
    if level is None or not given.keys() <= {"indicator", "v"} or year not in now.outlined:
        return None
    series = None
    if "indicator" in given:
        indicator, _, period = given["indicator"].partition(":")
        series = now.series.get((indicator, period, year))
        if series is None:
            return None
    sets = [plain_set(now, year, level, series)]
    everywhere = [Limits(z, (0, 2**z - 1), (0, 2**z - 1)) for z in range(MAX_ZOOM + 1)]
    immutable = given.get("v") == version_of(sets)
    return Family(sets, WEB_MERCATOR_QUAD, everywhere, row_first=False, immutable=immutable)


def _of_collection(name: str, grid_id: str, given: dict[str, str], now: Versions) -> Family | None:
    year = _year(given)
    if not given.keys() <= {"v", "f", "millesime", "level", "period"} or year is None:
        return None
    one = quick_set(now, name, year or None, given.get("level"), given.get("period"))
    return _placed([one] if one is not None else None, grid_id, given)


def _of_several(grid_id: str, given: dict[str, str], now: Versions) -> Family | None:
    year = _year(given)
    if not given.keys() <= {"v", "f", "millesime", "collections"} or year is None:
        return None
    try:
        sets = quick_together(now, given.get("collections"), year or None)
    except Invalid:
        return None
    return _placed(sets, grid_id, given)


def _placed(sets: list[TileSet] | None, grid_id: str, given: dict[str, str]) -> Family | None:
    grid = GRIDS.get(grid_id)
    if not sets or grid is None or given.get("f", "mvt") != "mvt" or box_of(sets, grid) is None:
        return None
    limits = [limits_of(sets, grid, z) for z in range(grid.max_zoom + 1)]
    return Family(sets, grid, limits, row_first=True, immutable=given.get("v") == version_of(sets))


def _year(given: dict[str, str]) -> int | None:
    """The millesime asked for, 0 where none is; None for what is no year."""
    text = given.get("millesime")
    if text is None:
        return 0
    return int(text) if YEAR(text) else None


@lru_cache(1000)  # every tile of a map has the same query
def _given(query: bytes) -> dict[str, str] | None:
    """What is asked beside the address; None when there is anything unknown, repeated or too long in the query."""
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    given = dict(pairs)
    if len(given) < len(pairs) or not given.keys() <= KNOWN or len(given.get("v", "")) > VERSION_LENGTH:
        return None
    return given
