"""A real local HTTP server whose answers a test writes, one after the other, for each path."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Answer:
    """One answer; `sent` stops the body after so many bytes although Content-Length announces all of it."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    sent: int | None = None
    announced: bool = True


Route = list[Answer | Callable[[dict[str, str]], Answer]]


class Site:
    """Routes by path with query (the last answer of a route repeats), and the requests received."""

    def __init__(self) -> None:
        self.routes: dict[str, Route] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.url = ""

    def answer(self, path: str, headers: dict[str, str]) -> Answer:
        self.requests.append((path, headers))
        route = self.routes.get(path) or self.routes.get(path.partition("?")[0], [Answer(status=404)])
        answer = route.pop(0) if len(route) > 1 else route[0]
        return answer(headers) if callable(answer) else answer


@contextmanager
def opened() -> Iterator[Site]:
    """Give a site that listens on a port of this machine."""
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = site.answer(self.path, {name.lower(): value for name, value in self.headers.items()})
            with suppress(ConnectionError):  # the client no longer waits
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                if answer.announced and answer.status != 304:
                    self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body[: answer.sent])
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    site.url = f"http://127.0.0.1:{server.server_port}"
    yield site
    server.shutdown()
    thread.join()
    server.server_close()


class Steps:
    """A progress that remembers: label, total and the sum of what was advanced."""

    def __init__(self) -> None:
        self.seen: list[list[object]] = []

    def __call__(self, label: str, total: int) -> Callable[[int], None]:
        step: list[object] = [label, total, 0]
        self.seen.append(step)

        def advance(done: int) -> None:
            assert done >= 0
            step[2] = int(str(step[2])) + done

        return advance
