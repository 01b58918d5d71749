"""Rows sent to PostgreSQL by COPY, many times quicker than INSERT; whole columns at a time in `geo.columnar`."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

import psycopg
from psycopg import sql
from sqlalchemy import Connection, Table

STEP = 5_000
TEXT = sql.SQL("(FORMAT text)")


def copy_rows(
    conn: Connection,
    table: Table | str,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    advance: Callable[[int], None] | None = None,
) -> int:
    """Return the number of rows copied into a table, inside the caller's transaction.

    Values are adapted by psycopg; a geometry is given as hexadecimal EWKB text. `advance` is told every few
    thousand rows how many more went.
    """
    count = 0
    with cursor_of(conn) as cursor, cursor.copy(statement(table, columns, TEXT)) as copy:
        for row in rows:
            copy.write_row(row)
            count += 1
            if advance is not None and count % STEP == 0:
                advance(STEP)
    if advance is not None:
        advance(count % STEP)
    return count


def statement(table: Table | str, columns: Sequence[str], form: sql.SQL) -> sql.Composed:
    """Return the COPY that fills these columns of a table."""
    path = [table] if isinstance(table, str) else [part for part in (table.schema, table.name) if part]
    return sql.SQL("COPY {} ({}) FROM STDIN {}").format(
        sql.Identifier(*path), sql.SQL(", ").join(map(sql.Identifier, columns)), form
    )


def cursor_of(conn: Connection) -> "psycopg.Cursor[Any]":
    """Return a cursor of psycopg in the transaction of a connection."""
    raw = cast("psycopg.Connection[Any]", conn.connection.driver_connection)
    return raw.cursor()
