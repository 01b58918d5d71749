"""Connections that answer one prepared statement at a time on the event loop: no thread, no transaction, no ping.

For requests whose own work is so short that those would cost more than PostgreSQL does; a statement alone reads one
state of the data. Parameters and results stay bytes, as libpq takes and gives them: turning every one into a Python
value and back costs a small tile a fifth of its time.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import errors, generators
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult
from sqlalchemy import URL

Row = tuple[bytes | None, ...]
BINARY = 1
# How a connection ends: without a word, or by shutdown, crash or idleness. Anything else refuses the statement alone.
ENDED = (None, "57P01", "57P02", "57P05")
MOST_PREPARED = 200  # statements of a connection: filters are of any form, and each takes memory of the server


class Asking:
    """At most `limit` connections; the last used goes first, the memory of its server process is the warmest."""

    def __init__(self, url: URL, options: str, limit: int) -> None:
        given = url.translate_connect_args(username="user", database="dbname")
        self._given: dict[str, Any] = {**given, **url.query, "options": options, "autocommit": True}
        self._free: list[_Line] = []
        self._places = asyncio.Semaphore(limit)

    async def one(self, statement: str, values: Sequence[bytes | None]) -> Row:
        """Return the only row of a statement: see `rows`."""
        [row] = await self.rows(statement, values)
        return row

    async def rows(self, statement: str, values: Sequence[bytes | None]) -> list[Row]:
        """Return the rows of a statement in PostgreSQL's binary form; `values` are $1, $2… in its text form.

        A connection that is lost is replaced and the statement asked again. Raises
        psycopg.OperationalError when the database does not answer, or not in time.
        """
        await self._places.acquire()
        try:
            while True:
                used = bool(self._free)
                line = self._free.pop() if used else _Line(await psycopg.AsyncConnection.connect(**self._given))
                try:
                    rows = await line.rows(statement, values)
                except BaseException as error:
                    await line.close()  # whatever happened, the next request must not meet it
                    if used and isinstance(error, psycopg.OperationalError) and error.sqlstate in ENDED:
                        continue
                    raise
                self._free.append(line)
                return rows
        finally:
            self._places.release()

    async def close(self) -> None:
        """Close the connections that nobody uses."""
        while self._free:
            await self._free.pop().close()


class _Line:
    """A connection and the statements it has prepared, each under its rank.

    libpq is waited for here: its socket is watched as long as the connection lasts, instead of a generator that is asked
    what to watch at each step, which a small tile feels.
    """

    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
        self.connection = connection
        self._prepared: dict[str, bytes] = {}
        self._watching: asyncio.AbstractEventLoop | None = None
        self._socket = -1  # what is watched: libpq forgets it where it closes it
        self._come: asyncio.Future[None] | None = None  # while an answer is waited for

    async def rows(self, statement: str, values: Sequence[bytes | None]) -> list[Row]:
        name = self._prepared.get(statement)
        if name is None:
            if len(self._prepared) == MOST_PREPARED:
                self.connection.pgconn.send_query(b"DEALLOCATE ALL")
                await self._answer()
                self._prepared.clear()
            name = b"asked%d" % len(self._prepared)
            self.connection.pgconn.send_prepare(name, statement.encode())
            await self._answer()
            self._prepared[statement] = name
        self.connection.pgconn.send_query_prepared(name, values, result_format=BINARY)
        found = await self._answer()
        value, columns = found.get_value, range(found.nfields)
        return [tuple([value(rank, column) for column in columns]) for rank in range(found.ntuples)]

    async def close(self) -> None:
        """Close the connection, and watch it no more."""
        self._watch(None)
        await self.connection.close()

    async def _answer(self) -> PGresult:
        """Return the result of what was just sent. Raises what PostgreSQL answered, where it refused."""
        libpq = self.connection.pgconn
        loop = asyncio.get_running_loop()
        if libpq.flush():  # longer than what the system takes at once
            self._watch(None)
            await self.connection.wait(generators.send(libpq))
        if self._watching is not loop:
            self._watch(loop)
        results = []
        try:
            while True:
                if libpq.is_busy():
                    self._come = loop.create_future()
                    await self._come
                found = libpq.get_result()
                if found is None:
                    break
                results.append(found)
        finally:
            self._come = None
        result = results[0]  # a connection that ends may tell it twice
        if result.status not in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
            raise errors.error_from_result(result)
        return result

    def _watch(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """Watch the socket on a loop, or no more. One that is closed has forgotten it."""
        if self._watching is not None and not self._watching.is_closed():
            self._watching.remove_reader(self._socket)
        self._watching = loop
        if loop is not None:
            self._socket = self.connection.pgconn.socket
            loop.add_reader(self._socket, self._readable)

    def _readable(self) -> None:
        """Take what has come, and tell who waits once the answer is whole."""
        come = self._come
        libpq = self.connection.pgconn
        if come is None:
            # unasked, PostgreSQL speaks when it ends: who would ask next meets a closed connection
            self._watch(None)
            libpq.finish()
            return
        try:
            libpq.consume_input()
            whole = not libpq.is_busy()
        except psycopg.Error as error:
            self._watch(None)  # at once: its number may soon be another's
            if not come.done():
                come.set_exception(error)
        else:
            if whole and not come.done():
                come.set_result(None)
