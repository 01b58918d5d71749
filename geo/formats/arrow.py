"""GeoParquet 1.1 and Arrow IPC streams, written batch after batch to what is sent: nothing is kept but a row group."""

import io
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]
import pyarrow.parquet as pq  # type: ignore[import-untyped, unused-ignore]
import shapely
from sqlalchemy import Connection

from geo.formats.columns import arrow_schema, batches
from geo.formats.crs import Crs, described
from geo.formats.layer import Kind, Layer

GEOMETRY = "geometry"
BOX = "bbox"
SIDES = ("xmin", "ymin", "xmax", "ymax")
ROW_GROUP = 10_000


def geoparquet(conn: Connection, layer: Layer, crs: Crs) -> Iterator[bytes]:
    """Give a GeoParquet 1.1 file: zstd, WKB, and the box of each feature in `bbox`, by which readers skip row groups."""
    schema = arrow_schema(layer, GEOMETRY)
    boxed = schema.append(pa.field(BOX, pa.struct([pa.field(side, pa.float64()) for side in SIDES])))
    sink = _Sink()
    words = [
        one.name for one in layer.fields if one.kind is Kind.TEXT
    ]  # a dictionary of shapes or floats saves nothing
    # Without the Arrow schema, which would hide from pyarrow what is known only at the end; Parquet's types are enough.
    writer = pq.ParquetWriter(
        pa.PythonFile(sink, "w"), boxed, compression="zstd", use_dictionary=words, store_schema=False
    )
    extent = np.full(4, np.nan)
    types: set[str] = set()
    for batch in batches(conn, layer, crs.srid, schema):
        shapes = shapely.from_wkb(batch.column(GEOMETRY).to_numpy(zero_copy_only=False))
        boxes = shapely.bounds(shapes)
        types |= {str(name) for name in {shape.geom_type for shape in shapes if shape is not None}}
        if not np.isnan(boxes).all():
            sides = np.fmin(extent, np.nanmin(boxes, axis=0)), np.fmax(extent, np.nanmax(boxes, axis=0))
            extent = np.concatenate([sides[0][:2], sides[1][2:]])
        writer.write_batch(pa.record_batch([*batch.columns, _boxes(boxes, boxed)], schema=boxed), ROW_GROUP)
        if sink.pending:
            yield sink.drained()
    writer.add_key_value_metadata({**_about(layer), "geo": json.dumps(_geo(crs, sorted(types), extent))})
    writer.close()
    yield sink.drained()


def arrow_stream(conn: Connection, layer: Layer, crs: Crs) -> Iterator[bytes]:
    """Give an Arrow IPC stream whose geometry is GeoArrow's WKB, with its system."""
    sink = _Sink()
    told = {
        "ARROW:extension:name": "geoarrow.wkb",
        "ARROW:extension:metadata": json.dumps(
            {"crs": described(crs.srid).to_json_dict(), "crs_type": "projjson"}
        ),
    }
    schema = arrow_schema(layer, GEOMETRY).with_metadata(_about(layer))
    place = schema.get_field_index(GEOMETRY)
    schema = schema.set(place, schema.field(place).with_metadata(told))
    with pa.ipc.new_stream(pa.PythonFile(sink, "w"), schema) as writer:
        for batch in batches(conn, layer, crs.srid, schema):
            writer.write_batch(batch)
            yield sink.drained()
    yield sink.drained()


def _about(layer: Layer) -> dict[str, str]:
    """Return what is said of a layer in the metadata of its file, the titles of its fields as JSON."""
    fields = [
        {"name": one.name, "title": one.title, "unit": one.unit, "description": one.description}
        for one in layer.fields
    ]
    told = {
        "title": layer.title,
        "description": layer.description,
        "source": layer.source,
        "licence": layer.licence,
    }
    return {
        **{name: text for name, text in told.items() if text},
        "fields": json.dumps(fields, ensure_ascii=False),
    }


def _boxes(boxes: Any, schema: pa.Schema) -> pa.StructArray:
    absent = np.isnan(boxes).any(axis=1)
    sides = [pa.array(boxes[:, rank], mask=absent) for rank in range(4)]
    return pa.StructArray.from_arrays(sides, fields=list(schema.field(BOX).type), mask=pa.array(absent))


def _geo(crs: Crs, types: list[str], extent: Any) -> dict[str, Any]:
    """Return the `geo` metadata; without `crs`, the standard says OGC:CRS84."""
    column: dict[str, Any] = {
        "encoding": "WKB",
        "geometry_types": types,
        "crs": described(crs.srid).to_json_dict(),
        "covering": {"bbox": {side: [BOX, side] for side in SIDES}},
    }
    if not np.isnan(extent).any():
        column["bbox"] = extent.tolist()
    return {"version": "1.1.0", "primary_column": GEOMETRY, "columns": {GEOMETRY: column}}


class _Sink(io.RawIOBase):
    """What pyarrow writes to, emptied as it goes: it never comes back to what it wrote."""

    def __init__(self) -> None:
        self._kept: list[bytes] = []
        self._told = 0
        self.pending = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._told

    def write(self, data: Any) -> int:
        taken = bytes(data)
        self._kept.append(taken)
        self._told += len(taken)
        self.pending += len(taken)
        return len(taken)

    def drained(self) -> bytes:
        out, self._kept, self.pending = b"".join(self._kept), [], 0
        return out
