"""Pages of other sites may read the interface (CORS): any of them, with no credentials of the browser's own.

A browser never sends the session of its user here from elsewhere, nor lets a page read what it would give: nothing
allows credentials. A key that a program gives by itself, in a header, is its own to give.
"""

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

EXPOSED = (
    "Link",
    "Content-Crs",
    "Content-Disposition",
    "ETag",
    "OGC-NumberMatched",
    "OGC-NumberReturned",
    "Ores-Left-Out",
    "Retry-After",
)
READABLE = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", ", ".join(EXPOSED).encode()),
]
# What a browser asks before it sends more than a plain request, and for how long it may remember the answer.
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
    "Access-Control-Allow-Headers": "Accept, Authorization, If-Modified-Since, If-None-Match, Range, X-API-Key",
    "Access-Control-Max-Age": "86400",
}


class ReadableAnywhere:
    """ASGI middleware: the answers of the interface, errors included, may be read by pages of any site."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http" or not is_api(scope):
            await self.app(scope, receive, send)
            return

        async def readable(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *READABLE]}
            await send(message)

        await self.app(scope, receive, readable)


class OpenToAll(FastAPI):
    """An application whose interface may be read from anywhere."""

    def build_middleware_stack(self) -> ASGIApp:
        """Return what answers: what pages of other sites may read includes the errors that nothing foresaw."""
        return ReadableAnywhere(super().build_middleware_stack())


def is_api(scope: Scope) -> bool:
    """Return whether a request is for the interface rather than for a page."""
    path: str = scope["path"].removeprefix(scope.get("root_path", ""))
    return path == "/api" or path.startswith("/api/")
