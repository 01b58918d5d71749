"""The formats that GDAL writes, from Arrow batches to a file of a folder: FlatGeobuf, GeoPackage, shapefile.

A folder belongs to the caller, who removes it; memory holds one batch.
"""

import csv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]
import pyogrio
import sqlalchemy as sa
from sqlalchemy import Connection

from geo.formats import geopackage
from geo.formats.columns import arrow_schema, batches
from geo.formats.crs import Crs
from geo.formats.layer import Layer

GEOMETRY = "geom"
SHORT = 10  # characters of a field name in a dBASE file


def flatgeobuf(conn: Connection, layer: Layer, crs: Crs, folder: Path) -> Path:
    """Return a FlatGeobuf file with its spatial index, by which a part of it is read over HTTP.

    The index has no place for a feature without geometry: where there is one, the file has no index.
    """
    path = folder / layer.filename("fgb")
    rows = layer.rows.subquery("rows")
    lacking = conn.scalar(sa.select(sa.exists(sa.select(rows.c.fid).where(rows.c.geom.is_(None)))))
    options = {"TITLE": layer.title, "DESCRIPTION": layer.description, "SPATIAL_INDEX": "NO" if lacking else "YES"}
    _written(conn, layer, crs, path, "FlatGeobuf", options)
    return path


def geopackage_file(conn: Connection, layer: Layer, crs: Crs, folder: Path) -> Path:
    """Return a GeoPackage of one table with its titles, its metadata and its QGIS style; `fid` is the feature's id."""
    path = folder / layer.filename("gpkg")
    options = {
        "FID": "fid",
        "GEOMETRY_NAME": GEOMETRY,
        "IDENTIFIER": layer.title,
        "DESCRIPTION": layer.description,
    }
    style = layer.style(conn) if layer.style else None  # first: the connection may end with the last feature
    _written(conn, layer, crs, path, "GPKG", options)
    geopackage.complete(path, layer, crs, GEOMETRY, style)
    return path


def shapefile(conn: Connection, layer: Layer, crs: Crs, folder: Path) -> Path:
    """Return a zip of a shapefile in UTF-8, with `champs.csv`: the whole name and title of each short name."""
    names = short_names([one.name for one in layer.fields])
    inside = folder / "shapefile"
    inside.mkdir()
    path = inside / layer.filename("shp")
    _written(conn, layer, crs, path, "ESRI Shapefile", {"ENCODING": "UTF-8"}, names)
    with (inside / "champs.csv").open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.writer(out, delimiter=";")
        writer.writerow(["Champ", "Nom complet", "Titre", "Unité", "Description"])
        for short, one in zip(names, layer.fields, strict=True):
            writer.writerow([short, one.name, one.title, one.unit, one.description])
    packed = folder / layer.filename("shp.zip")
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as archive:
        for part in sorted(inside.iterdir()):
            archive.write(part, part.name)
            part.unlink()
    return packed


def short_names(names: list[str]) -> list[str]:
    """Return a name of at most ten characters for each, all different.

    >>> short_names(["code", "departement", "departements", "population_2021", "population_2022"])
    ['code', 'departemen', 'departem_1', 'population', 'populati_1']
    """
    taken: list[str] = []
    for name in names:
        short, rank = name[:SHORT], 0
        while short in taken:
            rank += 1
            short = f"{name[: SHORT - 1 - len(str(rank))]}_{rank}"
        taken.append(short)
    return taken


def _written(
    conn: Connection,
    layer: Layer,
    crs: Crs,
    path: Path,
    driver: str,
    options: dict[str, str],
    names: list[str] | None = None,
) -> None:
    schema = arrow_schema(layer, GEOMETRY)
    kept = batches(conn, layer, crs.srid, schema)
    if names is not None:
        schema = pa.schema(
            [field.with_name(name) for field, name in zip(schema, ["fid", *names, GEOMETRY], strict=True)]
        )
        kept = (pa.record_batch(batch.columns, schema=schema) for batch in kept)
    failures: list[Exception] = []
    try:
        pyogrio.write_arrow(
            pa.RecordBatchReader.from_batches(schema, _watched(kept, failures)),
            path,
            layer=layer.name,
            driver=driver,
            geometry_name=GEOMETRY,
            geometry_type=layer.geometry,
            crs=f"EPSG:{crs.srid}",
            layer_options={name: value for name, value in options.items() if value},
        )
    except RuntimeError:
        # GDAL only knows that it was given nothing more; why is what PostgreSQL said.
        if failures:
            raise failures[0] from None
        raise


def _watched(kept: Iterator[pa.RecordBatch], failures: list[Exception]) -> Iterator[pa.RecordBatch]:
    try:
        yield from kept
    except Exception as failure:
        failures.append(failure)
        raise
