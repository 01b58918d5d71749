"""GeoJSON (RFC 7946), GeoJSON text sequences (RFC 8142) and JSON-FG (OGC 21-045r1); PostgreSQL writes each feature.

Outer rings run counterclockwise. Where a system other than CRS84 is asked for, axes follow its authority.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Select

from geo.formats.chunks import chunked
from geo.formats.crs import CRS84, WGS_84, Crs
from geo.formats.layer import Kind, Layer, typed
from geo.formats.reading import placed, streamed

JSONFG_CORE = "http://www.opengis.net/spec/json-fg-1/1.0/conf/core"
RECORD_SEPARATOR = "\x1e"
EXPONENT = 1e15  # from which PostgreSQL writes numbers with an exponent


def geojson(conn: Connection, layer: Layer, crs: Crs, members: Mapping[str, Any]) -> Iterator[bytes]:
    """Give a FeatureCollection with more members; `numberReturned` comes last, once it is known."""
    return _collection(conn, feature_texts(layer, crs), {**heading(crs), **members})


def heading(crs: Crs) -> dict[str, Any]:
    """Return the first members of a FeatureCollection in a system.

    RFC 7946 has no `crs` any more, but a file in Lambert-93 that does not say so is drawn in the Gulf of Guinea. For
    EPSG:4326 readers would not follow the order of axes that it names: there, Content-Crs alone says it.
    """
    named = {"type": "name", "properties": {"name": crs.urn}}
    return {"type": "FeatureCollection", **({} if crs in (CRS84, WGS_84) else {"crs": named})}


def geojson_sequence(conn: Connection, layer: Layer) -> Iterator[bytes]:
    """Give one feature a line, each after a record separator; always in CRS84, for nothing in it could say otherwise."""
    texts = streamed(conn, feature_texts(layer, CRS84))
    return chunked(f"{RECORD_SEPARATOR}{row.feature}\n" for row in texts)


def jsonfg(conn: Connection, layer: Layer, crs: Crs, members: Mapping[str, Any]) -> Iterator[bytes]:
    """Give a JSON-FG FeatureCollection: geometries in `geometry` for CRS84, in `place` for any other system."""
    head = {
        "type": "FeatureCollection",
        "conformsTo": [JSONFG_CORE],
        "featureType": layer.name,
        **({} if crs == CRS84 else {"coordRefSys": crs.uri}),
        **members,
    }
    return _collection(conn, jsonfg_texts(layer, crs), head)


def collection(features: bytes, members: Mapping[str, Any]) -> bytes:
    """Return the bytes of a collection of features already written and separated by commas, after other members.

    >>> collection(b'{"type":"Feature"}', {"type": "FeatureCollection", "numberReturned": 1})
    b'{"type":"FeatureCollection","numberReturned":1,"features":[{"type":"Feature"}]}'
    """
    return b"".join([orjson.dumps(members)[:-1], b',"features":[', features, b"]}"])


def feature_texts(layer: Layer, crs: Crs, beside: Sequence[str] = ()) -> Select[str, str]:
    """Return a select of the key and the GeoJSON text of each feature (`key`, `feature`), in the order of the layer.

    `beside` are columns of the layer's select that are given as well.
    """
    return _texts(layer, crs, ',"geometry":{shape}', beside)


def jsonfg_texts(layer: Layer, crs: Crs) -> Select[str, str]:
    """Return a select of the key and the JSON-FG text of each feature, in the order of the layer."""
    time = "null" if layer.day is None else f'{{"date":"{layer.day:%Y-%m-%d}"}}'
    if crs == CRS84:
        return _texts(layer, crs, f',"time":{time},"place":null,"geometry":{{shape}}')
    return _texts(layer, crs, f',"time":{time},"geometry":null,"place":{{shape}}')


def _texts(layer: Layer, crs: Crs, middle: str, beside: Sequence[str] = ()) -> Select[str, str]:
    rows = layer.rows.subquery("rows")
    # A row made JSON has its columns as members, however many: json_build_object stops at fifty.
    columns = [_member(typed(rows.c[one.name], one.kind), one.kind).label(one.name) for one in layer.fields]
    properties = sa.select(*columns).correlate(rows).lateral("properties")
    before, after = middle.split("{shape}")
    text = sa.func.concat(
        '{"type":"Feature","id":',
        sa.func.to_json(rows.c[layer.key]),
        before,
        sa.func.coalesce(_shape(rows.c.geom, layer.srid, crs), "null"),
        f'{after},"properties":',
        sa.func.row_to_json(properties.table_valued()),
        "}",
    )
    key = rows.c[layer.key].label("key")
    given = sa.select(key, text.label("feature")).select_from(rows.join(properties, sa.true()))
    return given.add_columns(*(rows.c[name] for name in beside))


def _member(column: ColumnElement[Any], kind: Kind) -> ColumnElement[Any]:
    """A column as it is put into JSON: 12 is written 12.0 where it may have decimals.

    QGIS and GDAL take the type of a column from the first features: where they are whole, the decimals of the rest are cut.
    """
    if kind is not Kind.NUMBER:
        return column
    whole = (column == sa.func.trunc(column)) & (sa.func.abs(column) < EXPONENT)
    written = sa.cast(sa.cast(column, sa.Text()) + ".0", sa.JSON())
    return sa.case((whole, written), else_=sa.func.to_json(column))


def _shape(geom: ColumnElement[Any], stored: int, crs: Crs) -> ColumnElement[Any]:
    shape = sa.func.ST_ForcePolygonCCW(placed(geom, stored, crs.srid))
    if crs.flipped:
        shape = sa.func.ST_FlipCoordinates(shape)
    return sa.func.ST_AsGeoJSON(shape, crs.decimals, 0)


def _collection(conn: Connection, texts: Select[str, str], head: Mapping[str, Any]) -> Iterator[bytes]:
    def pieces() -> Iterator[str]:
        # The beginning goes with the first feature, so that an error of PostgreSQL comes before any byte.
        before = orjson.dumps(head)[:-1].decode() + ',"features":[\n'
        count = 0
        for row in streamed(conn, texts):
            yield before + row.feature
            before = ",\n"
            count += 1
        yield f'{"" if count else before}\n],"numberReturned":{count}}}'

    return chunked(pieces())
