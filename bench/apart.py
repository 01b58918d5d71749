"""The applications that are timed, in a process of their own, as they are served to anybody.

A client in the same process would hold the interpreter's lock while they answer, which nobody's client does.
"""

import asyncio
import multiprocessing
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from fastapi import FastAPI
from sql import Heard, Statement
from sqlalchemy import URL
from wire import Bare, served

from api.app import create_app
from api.asking import Asking
from api.documents import Documents
from api.editions import OPTIONS
from api.settings import Settings

START_SECONDS = 60
STOP_SECONDS = 30


@dataclass
class Hands:
    """What is done to the applications between two answers."""

    application: FastAPI
    bare: Bare
    heard: Heard
    asking: Asking

    def empty(self) -> None:
        """Make the application keep nothing."""
        self.application.state.public.documents = Documents()

    def forget(self) -> None:
        """Start counting what is asked of PostgreSQL again."""
        self.heard.forget()

    def told(self) -> tuple[list[Statement], int]:
        """Return the statements since then, and how many connections were taken."""
        return self.heard.statements, self.heard.connections

    def answer(self, body: bytes) -> None:
        """Make the bare application answer these bytes."""
        self.bare.question, self.bare.body = None, body

    def ask(self, main: Statement) -> None:
        """Make the bare application ask a statement, and answer what that returns."""
        self.bare.question = self._question(main)

    def _question(self, main: Statement) -> Callable[[], Awaitable[bytes]]:
        async def asked() -> bytes:
            return (await self.asking.one(main.text, main.parameters))[0] or b""

        return asked


class Apart:
    """The process: the ports of the application and of its bare twin, and what `Hands` does there, by name."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        if not pipe.poll(START_SECONDS):
            raise RuntimeError("the server does not start")
        self.port, self.bare_port = pipe.recv()

    def do(self, act: str, *given: Any) -> Any:
        """Do something, and return what that does."""
        self._pipe.send((act, given))
        return self._pipe.recv()


@contextmanager
def apart(settings: Settings, url: URL) -> Iterator[Apart]:
    """Give the process, ended afterwards; `url` is how the bare twin connects."""
    context = multiprocessing.get_context("spawn")
    pipe, other = context.Pipe()
    process = context.Process(target=_serve, args=(other, settings, url), daemon=True)
    process.start()
    other.close()
    try:
        yield Apart(pipe)
    finally:
        pipe.close()
        process.join(STOP_SECONDS)
        process.terminate()


def _serve(pipe: Connection, settings: Settings, url: URL) -> None:
    application, bare, asking = create_app(settings), Bare(), Asking(url, OPTIONS, 1)
    application.state.public.versions.refresh()
    with ExitStack() as stack:
        for kept in (asking, application.state.public.asking):
            stack.callback(lambda kept=kept: asyncio.run(kept.close()))
        pipe.send((stack.enter_context(served(application)), stack.enter_context(served(bare))))
        hands = Hands(application, bare, Heard(application), asking)
        while True:
            try:
                act, given = pipe.recv()
            except EOFError:
                return
            pipe.send(getattr(hands, act)(*given))
