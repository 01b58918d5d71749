"""Whole columns sent to PostgreSQL by COPY, from pandas or Arrow: slow to import, so apart from `geo.copying`."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import TypeAlias, cast

import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]
import pyarrow.compute as pc  # type: ignore[import-untyped, unused-ignore]
from psycopg import sql
from pyarrow import csv
from sqlalchemy import Connection, Table

from geo.ahead import ahead
from geo.copying import cursor_of, statement

STEP_COLUMNAR = 50_000

CSV = sql.SQL("(FORMAT csv, ENCODING 'UTF8')")
# Every text is quoted and a bare nothing is NULL, so that an empty text and NULL stay two things.
AS_CSV = csv.WriteOptions(include_header=False, quoting_style="needed")
# Types whose CSV form PostgreSQL reads back as the same value; others (binary, lists...) are refused.
EXACT = (
    pa.types.is_null,
    pa.types.is_boolean,
    pa.types.is_integer,
    pa.types.is_floating,
    pa.types.is_decimal,
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_date,
    pa.types.is_timestamp,
)

Columns: TypeAlias = pd.DataFrame | pa.Table | pa.RecordBatch


def copy_frame(
    conn: Connection,
    table: Table | str,
    frame_or_batches: Columns | Iterable[Columns],
    advance: Callable[[int], None] | None = None,
) -> int:
    """Return the number of rows copied column-wise into the columns of the same names, in the caller's transaction.

    Takes one pandas or pyarrow table, or an iterable of them with the same columns in any order, of which one
    is held at a time. None, NA, NaT and NaN become NULL, an empty text stays an empty text, floats keep every
    bit. Types without an exact text form raise TypeError, other columns than the first table's ValueError;
    PostgreSQL refuses a text that holds a NUL, and the transaction with it.
    """
    one = isinstance(frame_or_batches, Columns)
    tables = map(_arrow, (frame_or_batches,) if one else cast("Iterable[Columns]", frame_or_batches))
    first = next(tables, None)
    if first is None:
        return 0
    names: list[str] = first.column_names
    count = 0
    with cursor_of(conn) as cursor, cursor.copy(statement(table, names, CSV)) as copy:
        for rows, written in ahead(map(_written, _pieces(first, tables, names))):
            copy.write(written)
            count += rows
            if advance is not None:
                advance(rows)
    return count


def _arrow(columns: Columns) -> pa.Table:
    """Return the columns as Arrow's; what pandas counts as missing is null."""
    if isinstance(columns, pd.DataFrame):
        return pa.Table.from_pandas(columns, preserve_index=False)
    return columns if isinstance(columns, pa.Table) else pa.Table.from_batches([columns])


def _pieces(first: pa.Table, others: Iterable[pa.Table], names: list[str]) -> Iterator[pa.Table]:
    """Give tables of bounded length, columns in the order of `names`, each value in its exact text form."""
    for table in chain((first,), others):
        if sorted(table.column_names) != sorted(names):
            raise ValueError(f"columns {table.column_names}, where the first table has {names}")
        exact = pa.table([_exact(table[name], name) for name in names], names)
        for start in range(0, exact.num_rows, STEP_COLUMNAR):
            yield exact.slice(start, STEP_COLUMNAR)


def _written(piece: pa.Table) -> tuple[int, memoryview]:
    """How many rows there are, and the rows."""
    sink = pa.BufferOutputStream()
    csv.write_csv(piece, sink, AS_CSV)
    return piece.num_rows, memoryview(sink.getvalue())


def _exact(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if not any(suits(column.type) for suits in EXACT):
        raise TypeError(f"column {name} of type {column.type} has no exact text form")
    if not pa.types.is_floating(column.type):
        return column
    # A float32 is widened first: the shortest text that names it is another float64.
    wide = column.cast(pa.float64())
    return pc.if_else(pc.is_nan(wide), None, wide)
