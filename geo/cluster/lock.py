"""One command at a time creates, starts or stops the server of a data folder."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from geo.cluster.errors import ClusterError


@contextmanager
def locked(home: Path, patience: float = 180) -> Iterator[None]:
    """Hold the lock of this data folder; released by the system even if the process is killed.

    Raises ClusterError when the folder cannot be written, or when another command keeps the lock too long.
    """
    try:
        _make(home)
        file = (home / "cluster.lock").open("w")
    except OSError as error:
        raise ClusterError(
            f"Le dossier de données {home} ne peut pas être écrit ({error.strerror})\u202f: "
            "corrigez ses droits, ou choisissez-en un autre avec ORES_HOME."
        ) from error
    with file:
        limit = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > limit:
                    raise ClusterError(
                        "Une autre commande démarre ou arrête déjà le serveur PostGIS privé de ce dossier\u202f: "
                        "attendez qu’elle se termine."
                    ) from None
                time.sleep(0.05)
        yield


def _make(home: Path) -> None:
    """Make the data folder passable, whatever the umask: its state folder is the part that is kept closed."""
    try:
        home.mkdir(parents=True)
    except FileExistsError:
        return
    home.chmod(0o755)
