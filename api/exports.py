"""Layers as answers of any format: the first bytes at once, the database let go as soon as it has said everything.

A client that reads slowly keeps a file without a name, never a connection. Nothing is kept afterwards.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa
from fastapi import HTTPException, Request
from starlette.responses import Response, StreamingResponse

from api.compressing import negotiated
from api.dependencies import reading
from api.documents import ALWAYS, cache_control, known
from api.identity.exported import note_export
from api.readers import reader_of
from api.spooling import Spool, Unnamed
from geo.errors import TooLarge
from geo.formats.crs import Crs
from geo.formats.encoding import checked_crs, encoded, file_of
from geo.formats.layer import Layer
from geo.formats.media_types import Format
from geo.formats.reading import LET_GO

AT_ONCE = 2  # exports of a process that read the database together: pages and tiles need its connections too
PATIENCE_SECONDS = 10
MOST_WRITTEN = 50_000  # features of a file that is written whole before it is sent: all the communes, and more
_turns = threading.BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True)
class Export:
    """What is exported: a layer, the members that go beside its features in JSON, the headers that say as much.

    `number` is how many features there are, None where nobody counted them.
    """

    layer: Layer
    members: Mapping[str, Any]
    headers: Mapping[str, str]
    number: int | None = None


def exported(
    request: Request, describe: Callable[[sa.Connection], Export], form: Format, crs: Crs | None, tag: str
) -> Response:
    """Return the answer that gives a layer in a format, or 304 to who has what `tag` names already.

    What is wrong is raised before anything is sent. Raises TooLarge for more features than a file that is not streamed may
    have, HTTPException 503 when too many exports are under way.
    """
    system = checked_crs(form, crs)
    coding = None if form.compressed else negotiated(request.headers.get("accept-encoding", "").encode("latin-1"))
    tagged = f'"{tag}-{coding.name}"' if coding is not None and form.streamed else f'"{tag}"'
    if known(dict(request.scope["headers"]), tagged, _changed(request)):
        return _told(request, Response(status_code=304), tagged)
    note_export(request, format=form.name)
    with ExitStack() as stack:
        if not _turns.acquire(timeout=PATIENCE_SECONDS):
            raise HTTPException(503, headers={"Retry-After": "10"})
        stack.callback(_turns.release)
        conn = stack.enter_context(reading(request))
        export = describe(conn)
        headers = _headers(export, form, system)
        if not form.streamed:
            if export.number is not None and export.number > MOST_WRITTEN:
                raise _too_many(export.number, form)
            file = _written(conn, export.layer, form, system)
            headers["Content-Length"] = str(file.weight)
            return _answer(request, file.pieces(), form, headers, tagged)
        chunks = encoded(conn, export.layer, form, system, export.members)
        if coding is not None:
            chunks = coding.stream(chunks)
            headers["Content-Encoding"] = coding.name
        spool = Spool(next(chunks, b""), chunks, stack.pop_all().close)
    return _answer(request, spool.read(), form, headers, tagged)


def _written(conn: sa.Connection, layer: Layer, form: Format, crs: Crs) -> Unnamed:
    def let_go() -> None:
        conn.commit()
        conn.close()

    conn.execution_options(**{LET_GO: let_go})
    with TemporaryDirectory(prefix="ores-export-") as folder:
        return Unnamed(file_of(conn, layer, form, Path(folder), crs))


def _headers(export: Export, form: Format, crs: Crs) -> dict[str, str]:
    how = "inline" if form.shown else "attachment"
    headers = {
        "Content-Disposition": f'{how}; filename="{export.layer.filename(form.extension)}"',
        **export.headers,
    }
    if form.shaped:
        headers["Content-Crs"] = f"<{crs.uri}>"
    return headers


def _answer(
    request: Request, body: Iterator[bytes], form: Format, headers: dict[str, str], tagged: str
) -> Response:
    return _told(request, StreamingResponse(body, 200, headers, form.media_type), tagged)


def _told(request: Request, response: Response, tagged: str) -> Response:
    """Return an answer with what caches are told: a weak tag, for files say when they were made."""
    response.raw_headers += [
        (b"etag", f"W/{tagged}".encode()),
        (b"cache-control", cache_control(reader_of(request))),
        *ALWAYS,
        (b"vary", b"Accept"),
    ]
    changed = _changed(request)
    if changed is not None:
        response.raw_headers.append((b"last-modified", changed))
    return response


def _changed(request: Request) -> bytes | None:
    found: bytes | None = request.scope.get("state", {}).get("changed")
    return found


def _too_many(number: int, form: Format) -> TooLarge:
    return TooLarge(
        f"{number} objets sont demandés en {form.title}, au plus {MOST_WRITTEN} y sont servis à la fois\u202f: "
        "demandez une "
        "emprise plus petite (bbox), un territoire englobant (within), des pages (limit), ou un format qui s’écrit à "
        "mesure\u202f: f=parquet, f=csv, f=geojsonseq."
    )
