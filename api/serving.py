"""The HTTP server of the command line: uvicorn with uvloop and httptools, on a port taken before any work."""

import errno
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn

from geo.errors import Conflict, Invalid

FACTORY = "api.app:create_app"
LAST_REQUESTS_SECONDS = 5


@contextmanager
def port_taken(host: str, port: int) -> Iterator[socket.socket]:
    """Give a socket bound to this address and closed at the end; it does not listen yet.

    Taken before a long load, so that nobody else takes it meanwhile. Raises Conflict when it is in use.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror:
        raise Invalid(f"L’adresse «\u202f{host}\u202f» (ORES_HOST) est inconnue de cette machine.") from None
    with socket.socket(family, kind, protocol) as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind(address)
        except OSError as error:
            raise Conflict(_why_not(error.errno, host, port)) from None
        yield bound


def _why_not(reason: int | None, host: str, port: int) -> str:
    other = port + 1 if port < 65535 else 8001
    if reason == errno.EADDRINUSE:
        return (
            f"Le port {port} est déjà utilisé par un autre programme\u202f: arrêtez-le, ou choisissez un autre "
            f"port avec ORES_PORT, par exemple «\u202fORES_PORT={other} make run\u202f»."
        )
    if reason == errno.EACCES:
        return f"Le port {port} est réservé à l’administrateur\u202f: choisissez ORES_PORT au-dessus de 1024."
    return f"L’adresse «\u202f{host}\u202f» (ORES_HOST) n’est pas une adresse de cette machine."


def serve(bound: socket.socket, ready: Callable[[], None], proxies: str) -> None:
    """Serve on this socket until SIGINT or SIGTERM, and call `ready` once requests are accepted.

    `proxies` are those that are believed when they say who asks, and over which protocol (X-Forwarded-…).
    Raises Conflict when the application does not start (its reason is in the log).
    """
    config = uvicorn.Config(
        FACTORY,
        factory=True,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
        server_header=False,  # what serves is nobody's business
        proxy_headers=True,
        forwarded_allow_ips=proxies,
        timeout_graceful_shutdown=LAST_REQUESTS_SECONDS,
    )
    server = _Announcing(config, ready)
    before = {number: signal.signal(number, _ignore) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        # uvicorn sends itself, at the end, the signal that stopped it: here it has been heard already.
        server.run(sockets=[bound])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if not server.started:
        raise Conflict("Le serveur n’a pas pu démarrer\u202f: la raison est écrite ci-dessus.")


class _Announcing(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self.ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.ready()


def _ignore(number: int, frame: FrameType | None) -> None:
    """Take note of nothing: uvicorn has its own handlers while it runs."""
