"""What a server was asked, line by line, and clients that run beside it: one that waits holds no lock of the server's."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from servers import serving
from starlette.types import ASGIApp, Receive, Scope, Send

from api.app import create_app
from api.settings import Settings

CLIENT_SECONDS = 180


class AccessLog:
    """An application, and the addresses that it was asked for since the log was emptied."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.lines: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            query = scope["query_string"].decode("latin-1")
            self.lines.append(f"{scope['method']} {scope['path']}{'?' if query else ''}{query}")
        await self.app(scope, receive, send)

    def items(self, collection: str) -> list[dict[str, str]]:
        """Return the query of each request for the items of a collection, in order."""
        asked = [urlsplit(line.partition(" ")[2]) for line in self.lines]
        path = f"/api/collections/{collection}/items"
        return [
            {name: ",".join(values) for name, values in parse_qs(one.query).items()}
            for one in asked
            if one.path == path
        ]


@contextmanager
def logged(settings: Settings) -> Iterator[tuple[str, AccessLog]]:
    """Give the address of a server over the database of these settings, and its log."""
    log = AccessLog(create_app(settings))
    with serving(settings, log) as address:
        yield address, log


def run(
    program: str, *arguments: str, given: str = "", python: tuple[str, ...] = (sys.executable,), **environment: str
) -> Any:
    """Return what a Python program writes in JSON on its last line; `given` is what it reads."""
    done = subprocess.run(
        [*python, "-c", program, *arguments],
        env=environment or None,
        input=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=CLIENT_SECONDS,
    )
    assert done.returncode == 0, done.stderr[-4_000:]
    return json.loads(done.stdout.splitlines()[-1])
