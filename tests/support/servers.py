"""A real HTTP server over a database of the tests."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from api.settings import Settings

START_SECONDS = 30


@contextmanager
def serving(settings: Settings, app: Any = None, **options: Any) -> Iterator[str]:
    """Give the address of uvicorn serving these settings (or an application), in a thread of this process.

    `options` are those of uvicorn.
    """
    import uvicorn

    from api.app import create_app

    chosen = {"log_level": "warning", "ws": "none", "timeout_graceful_shutdown": 5} | options
    config = uvicorn.Config(app or create_app(settings), **chosen)
    running = uvicorn.Server(config)
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=running.run, args=([bound],), daemon=True)
        thread.start()
        try:
            limit = time.monotonic() + START_SECONDS
            while not running.started:
                assert thread.is_alive(), "the server stopped as soon as it was started"
                assert time.monotonic() < limit, "the server does not start"
                time.sleep(0.02)
            yield f"http://127.0.0.1:{bound.getsockname()[1]}"
        finally:
            running.should_exit = True
            thread.join(START_SECONDS)
