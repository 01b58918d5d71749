"""One server process of the bench: `ores` as it is shipped, `cold` without its memory, `bare` that sends a file.

`python bench/peers_serve.py ores|cold|bare PORT [FILE]`, served by uvicorn as the observatory is.
"""

import sys
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp
from wire import Bare

from api.app import create_app
from api.documents import Documents
from api.editions import Edition


class Forgetful(Edition):
    """Keeps no answer: each is built when it is asked. Where the pages of a request begin is known from the first."""

    @property
    def documents(self) -> Documents:
        """Return documents that nobody has asked yet."""
        return Documents()


def application(kind: str, file: str | None) -> ASGIApp:
    """Return what to serve."""
    if kind == "bare":
        bare = Bare()
        bare.body = Path(file or "").read_bytes()
        return bare
    app = create_app()
    if kind == "cold":
        for edition in app.state.editions.values():
            edition.__class__ = Forgetful
    return app


if __name__ == "__main__":
    kind, port, *files = sys.argv[1:]
    uvicorn.run(
        application(kind, files[0] if files else None),
        port=int(port),
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off" if kind == "bare" else "on",
        access_log=False,
        log_level="warning",
    )
