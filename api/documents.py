"""Answers that are built once and kept in memory while their version lasts: tiles, values, GeoJSON pages.

A key holds everything the content depends on, the data's version included, so nothing is ever invalidated: a new
release makes new keys and the old ones fall out by age. One build at a time per key. What a client wants compressed is
compressed once in that coding, and kept beside.
"""

import asyncio
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message

from api.compressing import Coding, negotiated
from api.readers import reader_of
from boundaries.readers import Audience, Reader

SMALL = 1_400  # bytes under which compression is not worth it: what it saves is less than a packet
LONG = 100_000  # bytes above which compressing would keep the event loop from other requests
IMMUTABLE = b"max-age=31536000, immutable"
REVALIDATED = b"max-age=0, must-revalidate"
MOST_READY = 64 * 2**20  # bytes; bodies are those of the documents that are kept, and seldom kept by this alone
ANSWER_BYTES = 1_000  # of the headers of an answer and of what holds them
VARY = "Accept-Encoding, Authorization, Cookie, X-API-Key"  # who asks decides what is answered
Headers = Iterable[tuple[bytes, bytes]]
ALWAYS = [(b"vary", VARY.encode()), (b"x-content-type-options", b"nosniff")]
Asked = tuple[str, bytes, bytes]  # an address, its query, the codings accepted


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
        self._awaited: dict[Hashable, asyncio.Event | None] = {}  # None: nobody else waits
        self.ready = Ready()

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
                    self._keep(key, found)
                return found
        finally:
            with self._lock:
                self._building.pop(key, None)

    async def get_or_await(self, key: Hashable, build: Callable[[], Awaitable[Document]]) -> Document:
        """Return the document of a key, built on the event loop by the first who asks; the others wait for it."""
        while (found := self.get(key)) is None and key in self._awaited:
            done = self._awaited[key] = self._awaited[key] or asyncio.Event()
            await done.wait()
        if found is not None:
            return found
        self._awaited[key] = None
        try:
            found = await build()
            self._keep(key, found)
            return found
        finally:
            others = self._awaited.pop(key)
            if others is not None:
                others.set()

    def _keep(self, key: Hashable, made: Document) -> None:
        if made.lasting:
            with self._lock:
                self._count(key, made, 0)

    def _count(self, key: Hashable, made: Document, counted: int) -> None:
        weight = made.weight
        self._kept[key] = made, weight
        self._weight += weight - counted
        while self._weight > self._limit and len(self._kept) > 1:
            _, (_, gone) = self._kept.popitem(last=False)
            self._weight -= gone


class Ready:
    """Answers ready to be sent, of documents that are kept, as long as what is served stays the same.

    Finding a document again costs more than sending it. Forgotten all at once when they weigh too much. Asked for and
    kept on the event loop alone.
    """

    def __init__(self) -> None:
        self._now: object = None
        self._weight = 0
        self._held: dict[Asked, tuple[Message, Message]] = {}

    def get(self, asked: Asked, now: object) -> tuple[Message, Message] | None:
        """Return the answer to what is asked, if it is ready; `now` is the snapshot of what is served."""
        if self._now is not now:
            self._now = now
            self._forget()
        return self._held.get(asked)

    def keep(self, asked: Asked, start: Message, body: Message) -> None:
        """Keep an answer for who asks the same."""
        self._held[asked] = start, body
        self._weight += len(body["body"]) + len(asked[0]) + len(asked[1]) + ANSWER_BYTES
        if self._weight > MOST_READY:
            self._forget()

    def _forget(self) -> None:
        self._held.clear()
        self._weight = 0


class Sent(NamedTuple):
    """What is sent of a document. Headers stay bytes: Starlette takes longer to read and write them than to send all."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


def answer(request: Request, found: Document, *, immutable: bool = False) -> Response:
    """Return a document over HTTP: 304 when the client has it, compressed as it wants it most."""
    changed: bytes | None = request.scope.get("state", {}).get("changed")
    sent = sent_of(found, request.scope["headers"], changed, reader_of(request), immutable=immutable)
    response = Response(sent.body, sent.status)
    response.raw_headers = sent.headers
    return response


async def answer_beside(request: Request, found: Document, *, immutable: bool = False) -> Response:
    """Return what `answer` does, for a route of the event loop: what is long is compressed beside it."""
    await compress_beside(found, request.scope["headers"])
    return answer(request, found, immutable=immutable)


async def compress_beside(found: Document, headers: Headers) -> None:
    """Compress what is long as a client wants it, beside the event loop."""
    if len(found.body) > LONG:
        coding = negotiated(dict(headers).get(b"accept-encoding", b""))
        if coding is not None and coding.name not in found.forms:
            await run_in_threadpool(found.coded, coding)


def sent_of(
    found: Document, headers: Headers, changed: bytes | None, reader: Reader, *, immutable: bool = False
) -> Sent:
    """Return what is sent of a document to who asks with these headers; `changed` is when the data last did."""
    given = dict(headers)
    coding = negotiated(given.get(b"accept-encoding", b""))
    coded = found.coded(coding) if coding is not None else None
    tag = f'"{found.etag}"' if coding is None or coded is None else f'"{found.etag}-{coding.name}"'
    if not found.lasting:
        changed = None
    told = [
        (b"etag", f"W/{tag}".encode() if found.weak else tag.encode()),
        *found.headers,
        *_kept_how(cache_control(reader, immutable=immutable and found.lasting), changed),
    ]
    if known(given, tag, changed):
        return Sent(304, told, b"")
    body = coded or found.body
    told.append((b"content-length", b"%d" % len(body)))
    told += _written_how(found.media_type, coding.name if coding and coded else None, found.filename)
    return Sent(200, told, body)


# The headers that many answers have in common: writing them takes longer than finding them.
@lru_cache(100)
def _kept_how(cached: bytes, changed: bytes | None) -> Headers:
    """The headers that say who may keep an answer, and since when it is so."""
    told = [(b"cache-control", cached), *ALWAYS]
    return told if changed is None else [*told, (b"last-modified", changed)]


@lru_cache(1_000)
def _written_how(media_type: str, coding: str | None, filename: str | None) -> Headers:
    """The headers that say what bytes are."""
    text = "; charset=utf-8" if media_type.startswith("text/") and "charset=" not in media_type else ""
    told = [(b"content-type", f"{media_type}{text}".encode())]
    if coding is not None:
        told.append((b"content-encoding", coding.encode()))
    if filename:
        told.append((b"content-disposition", f'attachment; filename="{filename}"'.encode("latin-1")))
    return told


def known(given: dict[bytes, bytes], tag: str, changed: bytes | None) -> bool:
    """Return whether a client has what it asks for: by its tag where it gives one, by its date otherwise.

    A date is compared as it was given, never as earlier or later: a release that is withdrawn turns it back.
    """
    asked = given.get(b"if-none-match")
    if asked is None:
        return changed is not None and given.get(b"if-modified-since") == changed
    told = asked.decode("latin-1").strip()
    return told == "*" or tag in [item.strip().removeprefix("W/") for item in told.split(",")]


def cache_control(reader: Reader, *, immutable: bool = False) -> bytes:
    """Return who may keep an answer, and for how long: what is not for the public, only who asked for it."""
    kept_by = b"public, " if reader.audience is Audience.PUBLIC else b"private, "
    return kept_by + (IMMUTABLE if immutable else REVALIDATED)
