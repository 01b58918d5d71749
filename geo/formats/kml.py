"""KML 2.2: always longitude and latitude in WGS 84, properties in a schema that has their titles."""

from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import sqlalchemy as sa
from sqlalchemy import Connection

from geo.formats.chunks import chunked
from geo.formats.crs import CRS84
from geo.formats.layer import Field, Kind, Layer, typed
from geo.formats.reading import placed, streamed

# An `int` of KML has 32 bits, and readers cut what is larger.
TYPES = {Kind.INTEGER: "double", Kind.NUMBER: "double", Kind.FLAG: "bool"}
LABEL = "nom"  # the field that names a placemark, where there is one
END = "</Folder>\n</Document>\n</kml>\n"
# XML 1.0 has no place for control characters, not even escaped.
CONTROLS = dict.fromkeys(set(range(32)) - {9, 10, 13})


def kml(conn: Connection, layer: Layer) -> Iterator[bytes]:
    """Give a document of placemarks; a value that is not there has no element."""
    rows = layer.rows.subquery("rows")
    fields = [typed(rows.c[one.name], one.kind) for one in layer.fields]
    shape = sa.func.ST_AsKML(placed(rows.c.geom, layer.srid, CRS84.srid), CRS84.decimals)
    names = [one.name for one in layer.fields]
    label = next((names.index(name) for name in (LABEL, layer.key) if name in names), None)

    def pieces() -> Iterator[str]:
        before = _head(layer)
        values: list[Any]
        for *values, geometry in streamed(conn, sa.select(*fields, shape)):
            data = "".join(map(_data, layer.fields, values))
            schema = f"<SchemaData schemaUrl={quoteattr(f'#{layer.name}')}>{data}</SchemaData>"
            yield (
                f"{before}<Placemark><name>{'' if label is None else _text(values[label])}</name>"
                f"<ExtendedData>{schema}</ExtendedData>{geometry or ''}</Placemark>\n"
            )
            before = ""
        yield before + END

    return chunked(pieces())


def _data(one: Field, value: Any) -> str:
    return "" if value is None else f"<SimpleData name={quoteattr(one.name)}>{_text(value)}</SimpleData>"


def _text(value: Any) -> str:
    """Return a value as XML text; a float has the shortest text that reads back as the same number.

    >>> _text("<L’Île & Cie>"), _text(0.1), _text(True), _text(None)
    ('&lt;L’Île &amp; Cie&gt;', '0.1', '1', '')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    return escape(str(value).translate(CONTROLS))


def _head(layer: Layer) -> str:
    fields = "".join(
        f"<SimpleField type={quoteattr(TYPES.get(one.kind, 'string'))} name={quoteattr(one.name)}>"
        f"<displayName>{_text(one.heading)}</displayName></SimpleField>\n"
        for one in layer.fields
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2">\n'
        f'<Document id="root_doc">\n<name>{_text(layer.title)}</name>\n'
        f"<description>{_text(layer.description)}</description>\n"
        f"<Schema name={quoteattr(layer.name)} id={quoteattr(layer.name)}>\n{fields}</Schema>\n"
        f"<Folder><name>{_text(layer.title)}</name>\n"
    )
