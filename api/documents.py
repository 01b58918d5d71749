"""Answers that are built once and kept in memory while their version lasts: tiles, values, GeoJSON pages.

A key holds everything the content depends on, the data's version included, so nothing is ever invalidated: a new
release makes new keys and the old ones fall out by age. One build at a time per key.
"""

import asyncio
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Any

import orjson
from isal import igzip
from starlette.requests import Request
from starlette.responses import Response

from api.readers import reader_of
from boundaries.readers import Audience

SMALL = 1_400  # bytes under which compression is not worth it: what it saves is less than a packet
LEVEL = 2  # of ISA-L: ten times faster than zlib's 5, for answers 1 to 8 % longer
IMMUTABLE = b"max-age=31536000, immutable"
REVALIDATED = b"max-age=0, must-revalidate"
VARY = "Accept-Encoding, Authorization, Cookie, X-API-Key"  # who asks decides what is answered
ALWAYS = [(b"vary", VARY.encode()), (b"x-content-type-options", b"nosniff")]


@dataclass(frozen=True)
class Document:
    """The bytes of an answer, as they are and compressed, with the tag that identifies them."""

    body: bytes
    zipped: bytes | None
    media_type: str
    etag: str
    filename: str | None = None
    lasting: bool = True  # False when the data changed while it was built: served once, never kept


def document(body: bytes, media_type: str, filename: str | None = None) -> Document:
    """Return a document, compressed if that makes it smaller."""
    zipped = igzip.compress(body, LEVEL, mtime=0) if len(body) > SMALL else None
    digest = hashlib.sha256(media_type.encode() + body).hexdigest()[:20]
    return Document(body, zipped, media_type, digest, filename)


def json_document(body: Any) -> Document:
    """Return a JSON document; keys may be any member of a string enumeration."""
    return document(orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS), "application/json")


class Documents:
    """Documents by key, the least recently used forgotten once they weigh more than `limit` bytes."""

    def __init__(self, limit: int = 256 * 2**20) -> None:
        self._limit = limit
        self._weight = 0
        self._kept: OrderedDict[Hashable, Document] = OrderedDict()
        self._lock = threading.Lock()
        self._building: dict[Hashable, threading.Lock] = {}
        self._awaited: dict[Hashable, asyncio.Lock] = {}

    def get(self, key: Hashable) -> Document | None:
        """Return the document kept under a key, if it is."""
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def get_or_build(self, key: Hashable, build: Callable[[], Document]) -> Document:
        """Return the document of a key, built by the first who asks; the others wait for it."""
        with self._lock:
            turn = self._building.setdefault(key, threading.Lock())
        try:
            with turn:
                found = self.get(key)
                if found is None:
                    found = build()
                    if found.lasting:
                        self._keep(key, found)
                return found
        finally:
            with self._lock:
                self._building.pop(key, None)

    async def get_or_await(self, key: Hashable, build: Callable[[], Awaitable[Document]]) -> Document:
        """Return the document of a key, built on the event loop by the first who asks; the others wait for it."""
        turn = self._awaited.setdefault(key, asyncio.Lock())
        try:
            async with turn:
                found = self.get(key)
                if found is None:
                    found = await build()
                    if found.lasting:
                        self._keep(key, found)
                return found
        finally:
            self._awaited.pop(key, None)

    def _keep(self, key: Hashable, made: Document) -> None:
        with self._lock:
            self._kept[key] = made
            self._weight += _weight(made)
            while self._weight > self._limit and len(self._kept) > 1:
                _, gone = self._kept.popitem(last=False)
                self._weight -= _weight(gone)


def answer(request: Request, found: Document, *, immutable: bool = False) -> Response:
    """Return a document over HTTP: 304 when the client has it, gzip when it accepts it."""
    # Headers stay bytes: Starlette takes longer to read and write a few of them than to send the answer.
    given = dict(request.scope["headers"])
    zipped = found.zipped is not None and b"gzip" in given.get(b"accept-encoding", b"")
    tag = f'"{found.etag}{"-gzip" if zipped else ""}"'
    asked = given.get(b"if-none-match", b"").decode("latin-1")
    if asked and (asked.strip() == "*" or tag in [item.strip().removeprefix("W/") for item in asked.split(",")]):
        response = Response(status_code=304)
    else:
        response = Response(found.zipped if zipped else found.body, media_type=found.media_type)
        if zipped:
            response.raw_headers.append((b"content-encoding", b"gzip"))
        if found.filename:
            response.headers["Content-Disposition"] = f'attachment; filename="{found.filename}"'
    lasting = cache_control(request, immutable=immutable and found.lasting)
    response.raw_headers += [(b"etag", tag.encode()), (b"cache-control", lasting), *ALWAYS]
    return response


def cache_control(request: Request, *, immutable: bool = False) -> bytes:
    """Return who may keep an answer, and for how long: what is not for the public, only who asked for it."""
    kept_by = b"public, " if reader_of(request).audience is Audience.PUBLIC else b"private, "
    return kept_by + (IMMUTABLE if immutable else REVALIDATED)


def _weight(made: Document) -> int:
    return len(made.body) + len(made.zipped or b"") + 500
