"""Which running processes belong to a private server, told by its name on their command line."""

import time
from pathlib import Path

from geo.cluster.errors import ClusterError
from geo.cluster.place import SOCKET_FILE, Place


def server(place: Place) -> int | None:
    """Return the process number of the running server, or None (a stale or reused number counts for nothing).

    A process number may be reused after a crash or a reboot, even by another PostgreSQL: the name on the
    command line decides. It is readable for all, where the working folder of a process is not in a container.
    """
    try:
        pid = int((place.data / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None
    return pid if f"cluster_name={place.name}" in _command_line(pid) else None


def survivors(place: Place) -> list[int]:
    """Return every process of this server, even those whose parent was killed."""
    numbers = [int(f.name) for f in Path("/proc").glob("[0-9]*")]
    return [pid for pid in numbers if place.name in _command_line(pid)]


def clear_stale(place: Place, patience: float = 15) -> None:
    """Remove the lock files of a server that died, once none of its processes is left.

    PostgreSQL would refuse to start if the number in a stale `postmaster.pid` were now another process; and
    two servers on the same files would destroy them, hence the wait.
    """
    locks = [
        place.data / "postmaster.pid",
        place.sockets / f"{SOCKET_FILE}.lock",
        place.sockets / SOCKET_FILE,
    ]
    if not any(lock.exists() for lock in locks):
        return
    limit = time.monotonic() + patience
    while survivors(place):
        if time.monotonic() > limit:
            raise ClusterError(
                "Un processus du serveur PostGIS privé, interrompu brutalement, ne s’est pas encore arrêté\u202f: "
                "attendez quelques secondes et relancez la même commande."
            )
        time.sleep(0.1)
    for lock in locks:
        lock.unlink(missing_ok=True)


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""
