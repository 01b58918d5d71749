"""Answers that are built once and kept in memory while their version lasts: tiles, values, GeoJSON pages.

A key holds everything the content depends on, the data's version included, so nothing is ever invalidated: a new
release makes new keys and the old ones fall out by age. One build at a time per key. What a client wants compressed is
compressed once in that coding, and kept beside.
"""

import asyncio
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.compressing import Coding, negotiated
from api.readers import reader_of
from boundaries.readers import Audience

SMALL = 1_400  # bytes under which compression is not worth it: what it saves is less than a packet
LONG = 100_000  # bytes above which compressing would keep the event loop from other requests
IMMUTABLE = b"max-age=31536000, immutable"
REVALIDATED = b"max-age=0, must-revalidate"
VARY = "Accept-Encoding, Authorization, Cookie, X-API-Key"  # who asks decides what is answered
ALWAYS = [(b"vary", VARY.encode()), (b"x-content-type-options", b"nosniff")]


@dataclass(slots=True)
class Document:
    """The bytes of an answer, as they are and in the codings that were asked for, with the tag that identifies them.

    Nothing but its forms changes; a class that made sure of it would take four times as long to make one.
    """

    body: bytes
    media_type: str
    etag: str
    filename: str | None = None
    lasting: bool = True  # False when the data changed while it was built: served once, never kept
    headers: tuple[tuple[bytes, bytes], ...] = ()  # more of them, its own
    weak: bool = False  # whether its tag tells what it says, but not each of its bytes
    forms: dict[str, bytes] = field(default_factory=dict, compare=False)

    def coded(self, coding: Coding) -> bytes | None:
        """Return the bytes in a coding, made the first time; None where that would not make them fewer."""
        if len(self.body) <= SMALL:
            return None
        found = self.forms.get(coding.name)
        if found is None:
            made = coding.whole(self.body)
            found = self.forms[coding.name] = made if len(made) < len(self.body) else b""
        return found or None

    @property
    def weight(self) -> int:
        """How many bytes it takes in memory, about."""
        return len(self.body) + sum(map(len, self.forms.values())) + 500


def document(body: bytes, media_type: str, filename: str | None = None) -> Document:
    """Return a document."""
    digest = hashlib.blake2b(body, digest_size=10, key=media_type.encode()[:64]).hexdigest()
    return Document(body, media_type, digest, filename)


def json_document(body: Any) -> Document:
    """Return a JSON document; keys may be any member of a string enumeration."""
    return document(orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS), "application/json")


class Documents:
    """Documents by key, the least recently used forgotten once they weigh more than `limit` bytes."""

    def __init__(self, limit: int = 256 * 2**20) -> None:
        self._limit = limit
        self._weight = 0
        self._kept: OrderedDict[Hashable, tuple[Document, int]] = OrderedDict()
        self._lock = threading.Lock()
        self._building: dict[Hashable, threading.Lock] = {}
        self._awaited: dict[Hashable, asyncio.Event] = {}

    def get(self, key: Hashable) -> Document | None:
        """Return the document kept under a key, if it is."""
        with self._lock:
            kept = self._kept.get(key)
            if kept is None:
                return None
            found, counted = kept
            self._kept.move_to_end(key)
            if found.weight != counted:  # it was asked for in one more coding since
                self._count(key, found, counted)
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
        while (found := self.get(key)) is None and (other := self._awaited.get(key)) is not None:
            await other.wait()
        if found is not None:
            return found
        done = self._awaited[key] = asyncio.Event()
        try:
            found = await build()
            if found.lasting:
                self._keep(key, found)
            return found
        finally:
            del self._awaited[key]
            done.set()

    def _keep(self, key: Hashable, made: Document) -> None:
        with self._lock:
            self._count(key, made, 0)

    def _count(self, key: Hashable, made: Document, counted: int) -> None:
        weight = made.weight
        self._kept[key] = made, weight
        self._weight += weight - counted
        while self._weight > self._limit and len(self._kept) > 1:
            _, (_, gone) = self._kept.popitem(last=False)
            self._weight -= gone


def answer(request: Request, found: Document, *, immutable: bool = False) -> Response:
    """Return a document over HTTP: 304 when the client has it, compressed as it wants it most."""
    # Headers stay bytes: Starlette takes longer to read and write a few of them than to send the answer.
    given = dict(request.scope["headers"])
    coding = negotiated(given.get(b"accept-encoding", b""))
    coded = found.coded(coding) if coding is not None else None
    suffix = f"-{coding.name}" if coding is not None and coded is not None else ""
    tag = f'"{found.etag}{suffix}"'
    changed: bytes | None = request.scope.get("state", {}).get("changed") if found.lasting else None
    if known(given, tag, changed):
        response = Response(status_code=304)
    else:
        response = Response(coded or found.body, media_type=found.media_type)
        if coding is not None and coded is not None:
            response.raw_headers.append((b"content-encoding", coding.name.encode()))
        if found.filename:
            response.headers["Content-Disposition"] = f'attachment; filename="{found.filename}"'
    lasting = cache_control(request, immutable=immutable and found.lasting)
    told = f"W/{tag}" if found.weak else tag
    response.raw_headers += [(b"etag", told.encode()), (b"cache-control", lasting), *found.headers, *ALWAYS]
    if changed is not None:
        response.raw_headers.append((b"last-modified", changed))
    return response


async def answer_beside(request: Request, found: Document, *, immutable: bool = False) -> Response:
    """Return what `answer` does, for a route of the event loop: what is long is compressed beside it."""
    if len(found.body) > LONG:
        coding = negotiated(dict(request.scope["headers"]).get(b"accept-encoding", b""))
        if coding is not None and coding.name not in found.forms:
            await run_in_threadpool(found.coded, coding)
    return answer(request, found, immutable=immutable)


def known(given: dict[bytes, bytes], tag: str, changed: bytes | None) -> bool:
    """Return whether a client has what it asks for: by its tag where it gives one, by its date otherwise.

    A date is compared as it was given, never as earlier or later: a release that is withdrawn turns it back.
    """
    asked = given.get(b"if-none-match")
    if asked is None:
        return changed is not None and given.get(b"if-modified-since") == changed
    told = asked.decode("latin-1").strip()
    return told == "*" or tag in [item.strip().removeprefix("W/") for item in told.split(",")]


def cache_control(request: Request, *, immutable: bool = False) -> bytes:
    """Return who may keep an answer, and for how long: what is not for the public, only who asked for it."""
    kept_by = b"public, " if reader_of(request).audience is Audience.PUBLIC else b"private, "
    return kept_by + (IMMUTABLE if immutable else REVALIDATED)
