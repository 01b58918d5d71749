"""Features out of PostgreSQL, a few at a time: as rows, and as Arrow batches for the formats of columns.

A server-side cursor, so that the first rows come before the last are found and memory stays flat; PostgreSQL plans
it for its first rows. The transaction is the caller's and stays open until the last row is read.

What writes a file takes longer than reading its features. A connection with the option `LET_GO` is read as fast as it
answers, into a file without a name; then the option is called, and may end it while the features are written.
"""

import pickle
from collections.abc import Iterator
from tempfile import TemporaryFile
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]
import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from geo.formats.layer import Layer, typed
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


def arrow_schema(layer: Layer, geometry: str) -> pa.Schema:
    """Return the Arrow schema of a layer: `fid`, the fields, then the geometry as WKB.

    Titles and descriptions go as GDAL reads them from Arrow and writes them to the formats that have room for them.
    """
    told = [one.heading for one in layer.fields]
    columns = [pa.field("fid", pa.int64())]
    for one in layer.fields:
        # A GeoPackage wants titles that differ.
        title = one.heading if told.count(one.heading) == 1 else f"{one.heading} [{one.name}]"
        metadata = {"GDAL:OGR:alternative_name": title}
        if one.description:
            metadata["GDAL:OGR:comment"] = one.description
        columns.append(pa.field(one.name, one.kind.arrow, metadata=metadata))
    return pa.schema([*columns, pa.field(geometry, pa.binary())])


def batches(conn: Connection, layer: Layer, srid: int, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Give the features of a layer as batches of `arrow_schema`, in the order of the layer."""
    inner = layer.rows.subquery("rows")
    shape = sa.func.ST_AsBinary(placed(inner.c.geom, layer.srid, srid))
    fields = [typed(inner.c[one.name], one.kind) for one in layer.fields]
    rows = streamed(conn, sa.select(sa.cast(inner.c.fid, sa.BigInteger), *fields, shape))
    kept: list[sa.Row[Any]] = []
    for row in rows:
        kept.append(row)
        if len(kept) == STEP:
            yield _batch(kept, schema)
            kept = []
    if kept:
        yield _batch(kept, schema)


def _batch(rows: list[sa.Row[Any]], schema: pa.Schema) -> pa.RecordBatch:
    columns = zip(*rows, strict=True)
    return pa.record_batch(
        [pa.array(values, one.type) for values, one in zip(columns, schema, strict=True)], schema=schema
    )
