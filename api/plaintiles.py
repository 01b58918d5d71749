"""Tiles whose address is plainly right, answered before the routes: a map asks for hundreds of them.

The route of `api.routes.tiles` remains the definition, described in openapi.json. Whatever is not exactly as a
TileJSON writes it is left to that route, which knows what else may be accepted and how to refuse the rest.
"""

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl

import psycopg
from fastapi import Request
from starlette.types import Receive, Scope, Send

from api.crossorigin import READABLE, OpenToAll
from api.identity.credentials import COOKIE, address_of
from api.identity.limits import neighbourhood
from api.problems import unavailable
from api.routes.tiles import VERSION_LENGTH, served
from api.versions import Versions
from boundaries.levels import Level
from geo.tiles import MAX_ZOOM, Tile

ADDRESS = re.compile(r"/api/tiles/([0-9]{4})/([a-z]+)/([0-9]{1,2})/([0-9]{1,6})/([0-9]{1,6})\.mvt").fullmatch
LEVELS = {level.value: level for level in Level}
SESSION = COOKIE.encode()


class Asked(NamedTuple):
    """A tile that exists."""

    millesime: int
    level: Level
    tile: Tile
    series_id: int | None
    v: str | None


class PlainTilesFirst(OpenToAll):
    """An application that answers the tiles that are plainly asked for before its middleware and its routes."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        plain = ADDRESS(scope["path"]) if scope["type"] == "http" and scope["method"] == "GET" else None
        now: Versions = self.state.public.versions.now
        asked = None
        if plain is not None and _by_anybody(scope):
            asked = _asked(plain, scope["query_string"], now)
        if asked is None or self.state.addresses.wait_s(neighbourhood(address_of(scope))):
            await super().__call__(scope, receive, send)
            return
        scope["app"] = self
        scope.setdefault("state", {})["changed"] = now.changed
        request = Request(scope)
        try:
            answer = await served(request, now, *asked)
        except psycopg.OperationalError as error:
            answer = await unavailable(request, error)
        except Exception:
            # the route meets the same error, where errors are noted and answered
            await super().__call__(scope, receive, send)
            return
        answer.raw_headers += READABLE
        await answer(scope, receive, send)


def _by_anybody(scope: Scope) -> bool:
    """Whether nothing says who asks; a key in the query is among what `_given` does not know."""
    for name, value in scope["headers"]:
        if name in (b"authorization", b"x-api-key") or (name == b"cookie" and SESSION in value):
            return False
    return True


def _asked(address: re.Match[str], query: bytes, now: Versions) -> Asked | None:
    """The tile asked for; None when anything is unknown, repeated, too long, or out of what is served now."""
    year, name, *place = address.groups()
    millesime, (z, x, y) = int(year), map(int, place)
    level, given = LEVELS.get(name), _given(query)
    if level is None or given is None or millesime not in now.outlined or z > MAX_ZOOM or max(x, y) >= 2**z:
        return None
    series, v = given
    series_id = now.series.get((*series, millesime)) if series is not None else None
    if series is not None and series_id is None:
        return None
    return Asked(millesime, level, Tile(z, x, y), series_id, v)


@lru_cache(1000)  # every tile of a map has the same query
def _given(query: bytes) -> tuple[tuple[str, str] | None, str | None] | None:
    """The indicator and period to join, and the version wanted; None when there is anything else in the query."""
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    given = dict(pairs)
    if (
        len(given) < len(pairs)
        or not given.keys() <= {"indicator", "v"}
        or len(given.get("v", "")) > VERSION_LENGTH
    ):
        return None
    if "indicator" not in given:
        return None, given.get("v")
    indicator, _, period = given["indicator"].partition(":")
    return (indicator, period), given.get("v")
