"""An uploaded file, written to the disk as it comes: never whole in memory, never under the name it was given."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import BinaryIO

from fastapi import Request
from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.concurrency import run_in_threadpool

from geo.errors import Invalid
from indicators.imports.reading import limits

FIELD_BYTES = 10_000
FIELDS = 20
BLOCK = 1_048_576  # bytes parsed and written at once, in a thread


@dataclass
class Receiving:
    """A form of plain fields, then one file, which is written to `into` once `accept` has looked at the fields."""

    into: BinaryIO
    accept: Callable[[dict[str, str]], None]
    fields: dict[str, str] = field(default_factory=dict)
    name: str = ""
    size: int = 0
    complete: bool = False
    _headers: dict[bytes, bytes] = field(default_factory=dict)
    _heading: bytes = b""
    _told: bytes = b""
    _field: str = ""
    _value: bytearray = field(default_factory=bytearray)
    _is_file: bool = False

    def parser(self, boundary: bytes) -> MultipartParser:
        """Return what is given the bytes of the request."""
        return MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._header_field,
                "on_header_value": self._header_value,
                "on_header_end": self._header_end,
                "on_headers_finished": self._part,
                "on_part_data": self._data,
                "on_part_end": self._end,
                "on_end": self._finish,
            },
        )

    def _begin(self) -> None:
        self._headers = {}

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._heading += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._told += data[start:end]

    def _header_end(self) -> None:
        self._headers[self._heading.lower()] = self._told
        self._heading = self._told = b""

    def _part(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition"))
        self._field = options.get(b"name", b"").decode("utf-8", "replace")
        self._is_file = b"filename" in options
        self._value.clear()
        if not self._is_file:
            return
        if self.name:
            raise Invalid("Un seul fichier à la fois est accepté.")
        given = options[b"filename"].decode("utf-8", "replace").replace("\\", "/")
        self.name = "".join(letter if letter.isprintable() else " " for letter in PurePosixPath(given).name)[:200]
        if not self.name.strip(" ."):
            raise Invalid("Choisissez un fichier.")
        self.accept(self.fields)

    def _data(self, data: bytes, start: int, end: int) -> None:
        if not self._is_file:
            self._value += data[start:end]
            if len(self._value) > FIELD_BYTES or len(self.fields) > FIELDS:
                raise Invalid("Le formulaire reçu n’est pas celui de cette page.")
            return
        self.size += end - start
        limits.FILE_BYTES.check(self.size, self.name)
        self.into.write(data[start:end])

    def _end(self) -> None:
        if not self._is_file:
            self.fields[self._field] = self._value.decode("utf-8", "replace")

    def _finish(self) -> None:
        self.complete = True


async def receive(request: Request, into: BinaryIO, accept: Callable[[dict[str, str]], None]) -> Receiving:
    """Return what was received, the file being in `into`.

    `accept` is given the fields that come before the file and raises what refuses it. Raises Invalid for what is not
    such a form or is cut short, TooLarge for a file beyond the limit of a delivery.
    """
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind != b"multipart/form-data" or b"boundary" not in options:
        raise Invalid("Un formulaire avec un fichier (multipart/form-data) est attendu.")
    received = Receiving(into, accept)
    try:
        parser = received.parser(options[b"boundary"])
        pending = bytearray()
        async for chunk in request.stream():
            pending += chunk
            if len(pending) >= BLOCK:
                await run_in_threadpool(parser.write, bytes(pending))
                pending.clear()
        await run_in_threadpool(parser.write, bytes(pending))
    except FormParserError:
        raise Invalid("Le formulaire reçu n’est pas lisible.") from None
    if not received.name:
        raise Invalid("Choisissez un fichier.")
    if not received.complete:
        raise Invalid("Le fichier n’est pas arrivé en entier : recommencez.")
    return received
