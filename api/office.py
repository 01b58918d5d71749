"""What the back office works with: connections that write, and threads for what takes long.

The connections that serve the public can only read; these are others, few, and used by signed people alone.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from api.accounts.attempts import Attempts
from geo.errors import OresError

log = logging.getLogger(__name__)

CONNECTIONS = 6
SECONDS = 10  # a step of a person is short; what takes long is a job
JOBS = 2  # at the same time: the others wait for their turn
LAST_SECONDS = 5.0


class Office:
    """The engine and the jobs of the back office; `folder` is where files wait for a decision."""

    def __init__(self, url: str, home: Path) -> None:
        self.engine = sa.create_engine(
            url,
            pool_size=CONNECTIONS,
            max_overflow=0,
            pool_pre_ping=True,
            connect_args={"options": "-c jit=off"},
        )
        self.folder = home / "uploads"
        self.attempts = Attempts()
        self.jobs = Jobs()

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """Give a connection for one step: committed at the end, undone by an error, bounded in time."""
        with self.engine.begin() as conn:
            conn.execute(sa.select(sa.func.set_config("statement_timeout", f"{SECONDS}s", True)))
            yield conn

    def dispose(self) -> None:
        """Leave the jobs that run a moment to end, and close the connections."""
        self.jobs.close()
        self.engine.dispose()


class Jobs:
    """Long work, each under a name: at most one of a name at a time; how the last one failed is remembered.

    Its threads do not keep the process alive: work that a stop cuts short has changed nothing, and is begun again.
    """

    def __init__(self) -> None:
        self._turns = threading.Semaphore(JOBS)
        self._running: dict[str, threading.Thread] = {}
        self._failures: dict[str, str] = {}
        self._lock = threading.Lock()

    def start(self, name: str, work: Callable[[], None]) -> bool:
        """Return whether the work was taken: not while another of the same name runs."""
        with self._lock:
            if name in self._running:
                return False
            self._failures.pop(name, None)
            self._running[name] = threading.Thread(target=self._run, args=(name, work), name=name, daemon=True)
            self._running[name].start()
        return True

    def running(self, name: str) -> bool:
        """Return whether work of this name runs or waits for its turn."""
        with self._lock:
            return name in self._running

    def names(self) -> set[str]:
        """Return the names of all work that runs or waits for its turn."""
        with self._lock:
            return set(self._running)

    def failure(self, name: str) -> str | None:
        """Return the French sentence that says how the last work of this name failed, or None."""
        with self._lock:
            return self._failures.get(name)

    def close(self) -> None:
        """Give what runs a last moment to end."""
        limit = time.monotonic() + LAST_SECONDS
        for thread in list(self._running.values()):
            thread.join(max(0.0, limit - time.monotonic()))

    def _run(self, name: str, work: Callable[[], None]) -> None:
        failure = None
        try:
            with self._turns:
                work()
        except OresError as error:
            failure = error.detail
        except Exception:
            log.exception("unexpected error in %s", name)
            failure = "Le travail s’est interrompu ; rien n’a été changé. L’incident est noté : réessayez."
        with self._lock:
            if failure is not None:
                self._failures[name] = failure
            del self._running[name]
