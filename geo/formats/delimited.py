"""CSV (RFC 4180) for programs, and the variant that a French Excel opens.

For programs: commas, points, names of fields, UTF-8; nothing is an empty field. For Excel: a BOM, semicolons, decimal
commas, titles with their units, words instead of codes. Floats have the shortest text that reads back as the same
number. In both, a text that a spreadsheet would run as a formula is quoted.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from geo.formats.chunks import chunked
from geo.formats.crs import Crs
from geo.formats.layer import Field, Kind, Layer, typed
from geo.formats.reading import placed, streamed

BOM = "\ufeff"
WKT = "wkt"


def comma_separated(conn: Connection, layer: Layer, crs: Crs | None) -> Iterator[bytes]:
    """Give the features as CSV; with a system, a last column `wkt` has their geometry, x first."""
    rows = layer.rows.subquery("rows")
    columns = [typed(rows.c[one.name], one.kind) for one in layer.fields]
    if crs is not None:
        columns.append(sa.func.ST_AsText(placed(rows.c.geom, layer.srid, crs.srid), crs.decimals))
    heading = [*(one.name for one in layer.fields), *([] if crs is None else [WKT])]
    found = ([_program(value) for value in row] for row in streamed(conn, sa.select(*columns)))
    return chunked(_lines(heading, found, ","))


def for_excel(conn: Connection, layer: Layer) -> Iterator[bytes]:
    """Give the features, without geometry, as the CSV that a French Excel opens."""
    rows = layer.rows.subquery("rows")
    columns = [typed(rows.c[one.name], one.kind) for one in layer.fields]
    found = (
        [_person(one, value) for one, value in zip(layer.fields, row, strict=True)]
        for row in streamed(conn, sa.select(*columns))
    )
    return chunked(_lines([one.heading for one in layer.fields], found, ";", BOM))


def _lines(heading: list[str], rows: Iterable[Iterable[Any]], delimiter: str, before: str = "") -> Iterator[str]:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n")
    out.write(before)
    writer.writerow(heading)
    for row in rows:
        writer.writerow(row)
        yield out.getvalue()
        out.seek(0)
        out.truncate()
    if out.tell():  # no row at all
        yield out.getvalue()


def _safe(text: str | None) -> str | None:
    """A spreadsheet runs what begins like a formula: such a text is quoted.

    >>> _safe("=1+1"), _safe("01001"), _safe(None)
    ("'=1+1", '01001', None)
    """
    return f"'{text}" if text is not None and text[:1] in set("=+-@\t\r") else text


def _program(value: Any) -> Any:
    """Return what a field holds: floats are left to the csv module, which writes their shortest text.

    >>> [_program(value) for value in ("-", 0.1, True, date(2025, 1, 1))]
    ["'-", 0.1, 'true', '2025-01-01']
    """
    if isinstance(value, str):
        return _safe(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else value


def _person(one: Field, value: Any) -> Any:
    """Return what an Excel cell is given, French.

    >>> [_person(Field("f", "", kind), value) for kind, value in ((Kind.NUMBER, 0.5), (Kind.FLAG, True))]
    ['0,5', 'oui']
    """
    value = one.worded(value)
    if value is None:
        return None
    if isinstance(value, str):
        return _safe(value)
    if one.kind is Kind.NUMBER:
        return repr(value).replace(".", ",")
    if one.kind is Kind.FLAG:
        return "oui" if value else "non"
    if one.kind is Kind.DAY:
        return f"{value:%d/%m/%Y}"
    return value.isoformat() if one.kind is Kind.INSTANT else value
