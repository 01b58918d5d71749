"""No request holds a connection of the database longer than a few seconds: what does is stopped, whatever it is doing.

PostgreSQL bounds a statement; a transaction may have several, and may wait between them for a program that is slow. A
thread watches who holds a connection: it cancels the statement of who holds one for too long, and hangs up on who does
not let go even then.
"""

import os
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import psycopg
import sqlalchemy as sa

HELD_SECONDS = 9.5
HUNG_UP_SECONDS = 10.0
TICK_SECONDS = 0.25


@dataclass
class _Held:
    connection: psycopg.Connection[Any]
    since: float
    stopped: bool = False


class Ceiling:
    """The connections that requests hold, of every engine that it bounds."""

    def __init__(self, held_seconds: float = HELD_SECONDS, hung_up_seconds: float = HUNG_UP_SECONDS) -> None:
        self._seconds = held_seconds
        self._last = hung_up_seconds
        self._held: dict[int, _Held] = {}
        self._lock = threading.Lock()
        self._watching = False

    def bound(self, engine: sa.Engine) -> None:
        """Bound the time for which connections of an engine are held, from now on."""
        sa.event.listen(engine, "checkout", self._taken)
        sa.event.listen(engine, "checkin", self._given_back)

    def _taken(self, connection: Any, record: Any, proxy: Any) -> None:
        with self._lock:
            self._held[id(record)] = _Held(connection, time.monotonic())
            if not self._watching:
                self._watching = True
                threading.Thread(target=self._watch, name="ceiling", daemon=True).start()

    def _given_back(self, connection: Any, record: Any) -> None:
        # The lock also keeps a connection from being lent again between the look at it and its cancellation.
        with self._lock:
            held = self._held.pop(id(record), None)
        if held is not None and held.stopped and connection is not None:
            record.invalidate()  # a cancellation that comes late must not meet the next request

    def _watch(self) -> None:
        while True:
            time.sleep(TICK_SECONDS)
            now = time.monotonic()
            with self._lock:
                for held in self._held.values():
                    if now - held.since >= self._last:
                        _hang_up(held.connection)
                    if now - held.since >= self._seconds:
                        held.stopped = True
                        with suppress(psycopg.Error, OSError):
                            held.connection.cancel_safe(timeout=TICK_SECONDS)


def _hang_up(connection: psycopg.Connection[Any]) -> None:
    """End the talk with PostgreSQL under whoever uses the connection, which only its own thread may close."""
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)
