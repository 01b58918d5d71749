"""The one door of the encoders: a layer in a format and a system, as bytes that come a chunk at a time.

What is slow to import (GDAL, Parquet, XlsxWriter) waits until somebody asks for its format.
"""

from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Connection

from geo.errors import Invalid
from geo.formats import media_types as formats
from geo.formats.crs import CRS84, LAMBERT_93, Crs
from geo.formats.delimited import comma_separated, for_excel
from geo.formats.geojson import geojson, geojson_sequence, jsonfg
from geo.formats.kml import kml
from geo.formats.layer import Layer
from geo.formats.media_types import Format

READ_SIZE = 256 * 1024

Members = Mapping[str, Any]
_TEXTS: dict[Format, Callable[[Connection, Layer, Crs, Members], Iterator[bytes]]] = {
    formats.GEOJSON: geojson,
    formats.JSONFG: jsonfg,
    formats.SEQUENCE: lambda conn, layer, crs, members: geojson_sequence(conn, layer),
    formats.CSV: lambda conn, layer, crs, members: comma_separated(conn, layer, None),
    formats.CSV_WKT: lambda conn, layer, crs, members: comma_separated(conn, layer, crs),
    formats.CSV_EXCEL: lambda conn, layer, crs, members: for_excel(conn, layer),
    formats.KML: lambda conn, layer, crs, members: kml(conn, layer),
}


def encoded(
    conn: Connection, layer: Layer, form: Format, crs: Crs | None = None, members: Members | None = None
) -> Generator[bytes]:
    """Give the bytes of a layer in a format.

    Without a system, `usual_crs` chooses. `members` go to the JSON collections. What PostgreSQL refuses is raised
    before the first chunk, or cuts the stream; closing the generator closes the cursor and removes the files. Raises
    Invalid for a system that the format cannot have.
    """
    system = checked_crs(form, crs)
    if form in _TEXTS:
        yield from _TEXTS[form](conn, layer, system, members or {})
        return
    if form.streamed:
        from geo.formats import arrow

        yield from (arrow.geoparquet if form == formats.GEOPARQUET else arrow.arrow_stream)(conn, layer, system)
        return
    with TemporaryDirectory(prefix="ores-export-") as folder:
        path = file_of(conn, layer, form, Path(folder), system)
        with path.open("rb") as file:
            while chunk := file.read(READ_SIZE):
                yield chunk


def file_of(conn: Connection, layer: Layer, form: Format, folder: Path, crs: Crs | None = None) -> Path:
    """Return the file of a format that is not streamed, written whole in a folder that the caller removes."""
    if form == formats.XLSX:
        from geo.formats.workbook import workbook

        return workbook(conn, layer, folder)
    from geo.formats import gdal

    write = {
        formats.FLATGEOBUF: gdal.flatgeobuf,
        formats.GEOPACKAGE: gdal.geopackage_file,
        formats.SHAPEFILE: gdal.shapefile,
    }[form]
    return write(conn, layer, checked_crs(form, crs), folder)


def usual_crs(form: Format) -> Crs:
    """Return the system of a format when none is asked for: Lambert-93 in a GeoPackage, CRS84 elsewhere."""
    return LAMBERT_93 if form == formats.GEOPACKAGE else CRS84


def checked_crs(form: Format, crs: Crs | None) -> Crs:
    """Return the system that a layer is written in. Raises Invalid where a format has one and another is asked for."""
    if crs is None:
        return usual_crs(form)
    if form.lonlat and crs.srid != CRS84.srid:
        raise Invalid(
            f"Le format {form.title} est toujours en longitude et latitude (CRS84)\u202f: le système {crs.uri} n’y est pas "
            "possible. Retirez crs=, ou demandez un GeoPackage, un GeoParquet, un FlatGeobuf ou un GeoJSON."
        )
    return crs
