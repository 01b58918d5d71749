"""Features out of PostgreSQL, a few at a time, as rows; as Arrow batches in `geo.formats.columns`.

A server-side cursor, so that the first rows come before the last are found and memory stays flat; PostgreSQL plans
it for its first rows. The transaction is the caller's and stays open until the last row is read.

What writes a file takes longer than reading its features. A connection with the option `LET_GO` is read as fast as it
answers, into a file without a name; then the option is called, and may end it while the features are written.
"""

import pickle
from collections.abc import Iterator
from tempfile import TemporaryFile
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from geo.layers import Rows

STEP = 500
LET_GO = "let_go"


def streamed(conn: Connection, rows: Rows) -> Iterator[sa.Row[Any]]:
    """Give the rows of a select, at most `STEP` of them in memory; the cursor is closed with the generator."""
    options = {"stream_results": True, "max_row_buffer": STEP}
    let_go = conn.get_execution_options().get(LET_GO)
    if let_go is None:
        with conn.execute(rows, execution_options=options) as result:
            yield from result
        return
    with TemporaryFile() as kept:
        with conn.execute(rows, execution_options=options) as result:
            for part in result.partitions(STEP):
                pickle.dump(part, kept, pickle.HIGHEST_PROTOCOL)
        let_go()
        weight = kept.tell()
        kept.seek(0)
        while kept.tell() < weight:
            yield from pickle.load(kept)  # noqa: S301 - what was written above


def placed(geom: ColumnElement[Any], stored: int, srid: int) -> ColumnElement[Any]:
    """Return a geometry in another system, by PROJ inside PostGIS; itself where it is in that system already."""
    return geom if stored == srid else sa.func.ST_Transform(geom, srid)
