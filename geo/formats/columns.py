"""Features as Arrow batches, for the formats of columns: what needs Arrow, which is slow to import."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]
import sqlalchemy as sa
from sqlalchemy import Connection

from geo.formats.layer import Kind, Layer, typed
from geo.formats.reading import STEP, placed, streamed

TYPES = {
    Kind.TEXT: pa.string(),
    Kind.INTEGER: pa.int64(),
    Kind.NUMBER: pa.float64(),
    Kind.FLAG: pa.bool_(),
    Kind.DAY: pa.date32(),
    Kind.INSTANT: pa.timestamp("us", "UTC"),
}


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
        columns.append(pa.field(one.name, TYPES[one.kind], metadata=metadata))
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
