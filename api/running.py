"""Which process serves a data folder, so that another terminal can stop it.

The number written in `server.pid` counts only while the server holds the lock on that file: the system drops
the lock when the process dies, however it dies, so that a number reused by another program is never believed.
"""

import fcntl
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from geo.errors import Conflict

FILE = "server.pid"
STOP_SECONDS = 30


@contextmanager
def announced(home: Path) -> Iterator[None]:
    """Hold the place of the one server of this data folder. Raises Conflict when another holds it."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        opened = (home / FILE).open("a")
    except OSError as error:
        raise Conflict(
            f"Le dossier de données {home} ne peut pas être écrit ({error.strerror})\u202f: "
            "corrigez ses droits, ou choisissez-en un autre avec ORES_HOME."
        ) from error
    with opened as file:
        # More than once: whoever asks whether a server runs holds the lock for an instant.
        if not (_lock(file.fileno()) or _lock_later(file.fileno())):
            raise Conflict(
                f"Ores tourne déjà sur ce dossier de données (processus {server(home)})\u202f: "
                "arrêtez-le d’abord avec «\u202fores stop\u202f» (ou «\u202fmake stop\u202f»)."
            )
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


def server(home: Path) -> int | None:
    """Return the number of the process that serves this data folder, or None."""
    try:
        with (home / FILE).open() as file:
            if _lock(file.fileno()):
                return None
            return int(file.read())
    except (FileNotFoundError, ValueError):  # ValueError: locked an instant ago, number not yet written
        return None


def stop(home: Path) -> bool:
    """Ask the server of this data folder to end, wait for it, and return whether there was one."""
    pid = server(home)
    if pid is None:
        return False
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        return True
    except PermissionError:
        raise Conflict(
            f"Ores a été lancé par un autre compte (processus {pid})\u202f: arrêtez-le avec ce compte, ou sudo."
        ) from None
    limit = time.monotonic() + STOP_SECONDS
    while server(home) == pid:
        if time.monotonic() > limit:
            raise Conflict(f"Le processus {pid} ne s’est pas arrêté en {STOP_SECONDS} secondes.")
        time.sleep(0.05)
    return True


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lock_later(descriptor: int) -> bool:
    time.sleep(0.2)
    return _lock(descriptor)
