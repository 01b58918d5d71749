"""Real HTTP: applications served by uvicorn in threads, and a client that adds next to nothing."""

import re
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

START_SECONDS = 30
LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)\r\n", re.IGNORECASE).search


class Bare:
    """The least that can be sent: an ASGI application that answers the bytes it was given, whatever is asked.

    If it is given a question, it answers what that returns: the least that an answer with this SQL can cost.
    """

    def __init__(self) -> None:
        self.body = b""
        self.question: Callable[[], Awaitable[bytes]] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if self.question is not None:
            self.body = await self.question()
        length = str(len(self.body)).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
        await send({"type": "http.response.body", "body": self.body})


class Client:
    """One connection kept open, requests one after the other: what it costs is the same for every application."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._room = bytearray(1 << 20)  # making it for every answer would cost as much as a warm tile

    def get(self, path: str, zipped: bool = True) -> bytes:
        """Return the bytes of the body as they were sent. Raises RuntimeError for anything but a 200."""
        accepted = "Accept-Encoding: gzip\r\n" if zipped else ""
        self._socket.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{accepted}\r\n".encode())
        received = self._more()
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += self._more()
        length = LENGTH(received, 0, end + 2)
        if length is None or not received.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"{path}: {received[:end].splitlines()[0].decode()}")
        parts = [received[end + 4 :]]
        missing = int(length[1]) - len(parts[0])
        while missing > 0:
            parts.append(self._more())
            missing -= len(parts[-1])
        return b"".join(parts)

    def _more(self) -> bytes:
        count = self._socket.recv_into(self._room)
        if not count:
            raise RuntimeError("the server closed the connection")
        return bytes(memoryview(self._room)[:count])


@contextmanager
def served(application: ASGIApp) -> Iterator[int]:
    """Give the port of this application, served as the observatory is.

    Its lifespan is not run: nothing but the client must ask anything while it counts.
    """
    config = uvicorn.Config(
        application,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_keep_alive=3600,
    )
    server = uvicorn.Server(config)
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, args=([bound],), daemon=True)
        thread.start()
        limit = time.monotonic() + START_SECONDS
        while not server.started:
            if not thread.is_alive() or time.monotonic() > limit:
                raise RuntimeError("the server does not start")
            time.sleep(0.02)
        try:
            yield bound.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(START_SECONDS)
