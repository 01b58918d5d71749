"""GeoJSON features from layers, written by PostGIS and passed through (RFC 7946, EPSG:4326, 6 decimals: 11 cm)."""

from collections.abc import Iterable
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import Select

from geo.layers import Rows

DECIMALS = 6


def feature_texts(rows: Rows) -> Select[tuple[str, str]]:
    """Return a select of (code, text of the feature) from one with `code`, `geom` and properties.

    The code is the feature's id. A missing geometry is written `null`. The order of `rows` must be kept by the
    caller's ORDER BY on `code`.
    """
    inner = rows.subquery("rows")
    properties = [
        part
        for column in inner.c
        if column.name != "geom"
        for part in (sa.literal_column(f"'{column.name}'"), column)  # names come from our own selects
    ]
    text = sa.func.concat(
        '{"type":"Feature","id":',
        sa.func.to_json(inner.c.code),
        ',"geometry":',
        sa.func.coalesce(sa.func.ST_AsGeoJSON(inner.c.geom, DECIMALS), "null"),
        ',"properties":',
        sa.func.json_build_object(*properties),
        "}",
    )
    return sa.select(inner.c.code, text.label("feature")).order_by(inner.c.code)


def collection(features: Iterable[str], **members: Any) -> bytes:
    """Return the bytes of a FeatureCollection with the given extra members.

    >>> collection(['{"type":"Feature"}'], numberReturned=1)
    b'{"type":"FeatureCollection","numberReturned":1,"features":[{"type":"Feature"}]}'
    """
    head = orjson.dumps({"type": "FeatureCollection", **members})[:-1]
    return b"".join([head, b',"features":[', ",".join(features).encode(), b"]}"])
