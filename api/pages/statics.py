"""The static files of the pages: their URLs, which change with their content, and the application serving them."""

import hashlib
import os
from functools import lru_cache
from mimetypes import guess_type
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from api.documents import Document, answer, document
from geo.errors import Conflict

FOLDER = Path(__file__).resolve().parent.parent / "static"
TEXTS = (".css", ".js", ".svg")  # what compression makes three to five times smaller


def static_url(name: str, root: str = "") -> str:
    """Return the URL of a static file, with a digest of its content.

    Raises Conflict when the file is not there: the assets have not been built.
    """
    path = FOLDER / name
    try:
        digest = _digest(path, path.stat().st_mtime_ns)
    except FileNotFoundError:
        raise Conflict(
            "Les fichiers des pages ne sont pas prêts : lancez « make run », ou « python -m api.assets »."
        ) from None
    return f"{root}/static/{name}?v={digest}"


@lru_cache(maxsize=256)
def _digest(path: Path, modified: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


@lru_cache(maxsize=64)
def _text(path: Path, modified: int) -> Document:
    return document(path.read_bytes(), guess_type(path)[0] or "application/octet-stream")


class _Static(StaticFiles):
    """Files kept for a year where the URL names their content, and revalidated otherwise; texts compressed once."""

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        path = Path(full_path)
        if path.suffix not in TEXTS:
            return super().file_response(full_path, stat_result, scope, status_code)
        response = answer(Request(scope), _text(path, stat_result.st_mtime_ns))
        response.headers["Vary"] = "Accept-Encoding"  # the same for everybody
        return response

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        named = b"v=" in scope.get("query_string", b"")
        if response.status_code in (200, 304):
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if named else "no-cache"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


def static_files() -> StaticFiles:
    """Return the application to mount at `/static`.

    The worker of MapLibre needs no policy of its own: it runs no inline code and inherits none from the page.
    """
    return _Static(directory=FOLDER)
