"""Layers as answers of any format: the first bytes at once, the database let go as soon as it has said everything.

A client that reads slowly keeps a file without a name, never a connection. Nothing is kept afterwards.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy as sa
from fastapi import HTTPException, Request
from starlette.responses import Response, StreamingResponse

from api.compressing import negotiated
from api.dependencies import reading
from api.documents import ALWAYS, cache_control
from api.identity.exported import note_export
from api.spooling import Spool, Unnamed
from geo.formats.crs import Crs
from geo.formats.encoding import checked_crs, encoded, file_of
from geo.formats.layer import Layer
from geo.formats.media_types import Format

AT_ONCE = 4  # exports of a process that read the database together: pages and tiles need its connections too
PATIENCE_SECONDS = 10
_turns = threading.BoundedSemaphore(AT_ONCE)


def exported(
    request: Request,
    describe: Callable[[sa.Connection], tuple[Layer, list[dict[str, str]]]],
    form: Format,
    crs: Crs | None,
) -> Response:
    """Return the answer that gives a layer in a format; `describe` gives the layer and its links (rel, href, type).

    Links are members of the JSON collections, and headers of every format.
    What is wrong is raised before anything is sent. Raises HTTPException 503 when too many exports are under way.
    """
    system = checked_crs(form, crs)
    note_export(request, format=form.name)
    with ExitStack() as stack:
        if not _turns.acquire(timeout=PATIENCE_SECONDS):
            raise HTTPException(503, headers={"Retry-After": "10"})
        stack.callback(_turns.release)
        conn = stack.enter_context(reading(request))
        layer, links = describe(conn)
        headers = _headers(layer, links, form, system)
        if not form.streamed:
            file = _written(conn, layer, form, system)
            headers["Content-Length"] = str(file.weight)
            return _answer(request, file.pieces(), form, headers)
        chunks = encoded(conn, layer, form, system, {"links": links})
        coding = negotiated(request.headers.get("accept-encoding", "").encode("latin-1"))
        if coding is not None and not form.compressed:
            chunks = coding.stream(chunks)
            headers["Content-Encoding"] = coding.name
        spool = Spool(next(chunks, b""), chunks, stack.pop_all().close)
    return _answer(request, spool.read(), form, headers)


def _written(conn: sa.Connection, layer: Layer, form: Format, crs: Crs) -> Unnamed:
    with TemporaryDirectory(prefix="ores-export-") as folder:
        return Unnamed(file_of(conn, layer, form, Path(folder), crs))


def _headers(layer: Layer, links: list[dict[str, str]], form: Format, crs: Crs) -> dict[str, str]:
    how = "inline" if form.shown else "attachment"
    told = (f'<{link["href"]}>; rel="{link["rel"]}"; type="{link["type"]}"' for link in links)
    headers = {
        "Content-Disposition": f'{how}; filename="{layer.filename(form.extension)}"',
        "Link": ", ".join(told),
    }
    if form.shaped:
        headers["Content-Crs"] = f"<{crs.uri}>"
    return headers


def _answer(request: Request, body: Iterator[bytes], form: Format, headers: dict[str, str]) -> Response:
    response = StreamingResponse(body, 200, headers, form.media_type)
    response.raw_headers += [(b"cache-control", cache_control(request)), *ALWAYS, (b"vary", b"Accept")]
    return response
