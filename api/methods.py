"""HEAD and OPTIONS, for every address: the headers of GET without a body; and the methods that an address has."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.crossorigin import PREFLIGHT, is_api

ASKED = ("GET", "POST", "PUT", "PATCH", "DELETE")


class ReadMethods:
    """ASGI middleware that answers HEAD like GET without a body, and OPTIONS by the methods that there are (204)."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        method = scope["method"] if scope["type"] == "http" else None
        if method == "OPTIONS" and (there := allowed(scope)):
            await _options(scope, there)(scope, receive, send)
        elif method == "HEAD":
            await _head(self.app, scope, receive, send)
        else:
            await self.app(scope, receive, send)


def allowed(scope: Scope) -> list[str]:
    """Return the methods of the address of a request, none when nothing is there."""
    root = scope.get(
        "app_root_path", scope.get("root_path", "")
    )  # what is mounted has another root than the application
    found = [method for method in ASKED if _is_there({**scope, "root_path": root, "method": method})]
    if "GET" in found:
        found.insert(1, "HEAD")
    return [*found, "OPTIONS"] if found else []


def _is_there(scope: dict[str, Any]) -> bool:
    # What is mounted says that it matches whatever the method; only files are.
    return any(
        route.matches(dict(scope))[0] is Match.FULL and (scope["method"] == "GET" or not isinstance(route, Mount))
        for route in scope["app"].routes
    )


def _options(scope: Scope, there: list[str]) -> Response:
    headers = {"Allow": ", ".join(there), "Cache-Control": "no-store"}
    preflight = "access-control-request-method" in Request(scope).headers
    return Response(status_code=204, headers=headers | (PREFLIGHT if preflight and is_api(scope) else {}))


async def _head(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the headers of GET. What streams a body is told that its reader is gone once they are sent."""

    async def headers_only(message: Message) -> None:
        if message["type"] == "http.response.start":
            await send(message)
            await send({"type": "http.response.body", "body": b""})

    await app({**scope, "method": "GET"}, receive, headers_only)
