"""What the application asks of PostgreSQL, heard as it asks it, and the same text asked again with psycopg alone."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import psycopg
import sqlalchemy as sa
from fastapi import FastAPI


class Statement(NamedTuple):
    """What was asked, and how: written for libpq ($1) with a binary result, or for psycopg (%s) with a text one.

    `bytes` says that its only row is the bytes of the answer.
    """

    text: str
    parameters: Any
    libpq: bool
    bytes: bool = False

    @property
    def written(self) -> Any:
        """The parameters as psycopg takes them."""
        if not self.libpq:
            return self.parameters
        return [None if value is None else value.decode() for value in self.parameters]


class Heard:
    """The statements of an application, in order, and how many connections it took."""

    def __init__(self, application: FastAPI) -> None:
        self.statements: list[Statement] = []
        self.connections = 0
        sa.event.listen(application.state.public.engine, "before_cursor_execute", self._asked)
        sa.event.listen(application.state.public.engine, "checkout", self._taken)
        asking = application.state.public.asking
        rows = asking.rows

        async def asked(text: str, values: Sequence[bytes | None]) -> Any:
            found = await rows(text, values)
            self.statements.append(Statement(text, values, True, len(found) == 1))
            self.connections += 1
            return found

        asking.rows = asked

    def forget(self) -> None:
        """Start counting again."""
        self.statements.clear()
        self.connections = 0

    def main(self) -> Statement:
        """Return the statement that makes the bytes of an answer: the longest, the others only look things up."""
        return max(self.statements, key=lambda statement: len(statement.text))

    def _asked(self, conn: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        self.statements.append(Statement(statement, parameters, False))

    def _taken(self, connection: Any, record: Any, proxy: Any) -> None:
        self.connections += 1


@contextmanager
def alone(url: sa.URL, options: str) -> Iterator[psycopg.Connection]:
    """Give a connection of psycopg with the settings of the application's own, and no transaction around."""
    given = url.translate_connect_args(username="user", database="dbname")
    with psycopg.connect(**given, **url.query, options=options, autocommit=True) as connection:
        yield connection
