"""GeoPackages: the attributes of each layer, the names of its columns as first row; geometry left aside.

Runs in the process of `reading.worker`, on the file opened read-only and immutable. Views, virtual tables and
computed columns are code that the file brings: none is run. Layout: OGC 12-128r18, clauses 1.1.3 and 2.1.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

from indicators.imports.reading.cells import text_of
from indicators.imports.reading.limits import UnreadableFile, quoted
from indicators.imports.reading.spool import SpoolWriter

CONTENTS = sa.table("gpkg_contents", sa.column("table_name"), sa.column("data_type"))
GEOMETRIES = sa.table("gpkg_geometry_columns", sa.column("table_name"), sa.column("column_name"))
MASTER = sa.table("sqlite_master", sa.column("type"), sa.column("name"), sa.column("sql"))
_LONGEST_VALUE = 10_000_000


def convert(path: Path, name: str, spool: SpoolWriter) -> tuple[dict[str, str], list[str]]:
    """Keep every layer of features or attributes; return the form and the remarks. Raises UnreadableFile."""
    engine = sa.create_engine("sqlite://", creator=lambda: _open(path), poolclass=sa.StaticPool)
    try:
        with engine.connect() as connection:
            remarks = _keep_layers(connection, name, spool)
    except sa.exc.DBAPIError:
        raise UnreadableFile(f"{quoted(name)} est un GeoPackage abîmé ou tronqué.") from None
    if not spool.sheets:
        raise UnreadableFile(f"{quoted(name)} ne contient aucune couche d’attributs.")
    return {"format": "GeoPackage"}, remarks


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True)
    connection.text_factory = lambda text: text.decode("utf-8", "replace")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
    for pragma in ("trusted_schema=OFF", "query_only=ON", "cell_size_check=ON", "mmap_size=0"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _keep_layers(connection: sa.Connection, name: str, spool: SpoolWriter) -> list[str]:
    # A view in the place of a table would run what the file says.
    tables = {
        row.name
        for row in connection.execute(sa.select(MASTER))
        if row.type == "table" and not str(row.sql).upper().lstrip().startswith("CREATE VIRTUAL")
    }
    if "gpkg_contents" not in tables:
        raise UnreadableFile(f"{quoted(name)} est une base SQLite, pas un GeoPackage.")
    geometries = {}
    if "gpkg_geometry_columns" in tables:
        geometries = {row.table_name: row.column_name for row in connection.execute(sa.select(GEOMETRIES))}
    remarks = []
    for layer in connection.execute(sa.select(CONTENTS).order_by(CONTENTS.c.table_name)).all():
        if layer.data_type not in ("features", "attributes") or layer.table_name not in tables:
            remarks.append(
                f"La couche {quoted(layer.table_name)} n’est pas une table d’attributs\u202f: laissée de côté."
            )
            continue
        geometry = geometries.get(layer.table_name)
        columns, aside = _columns(connection, layer.table_name, geometry)
        rows: sa.CursorResult[Any] = connection.execution_options(yield_per=10_000).execute(
            sa.select(*[sa.column(column) for column in columns]).select_from(sa.table(layer.table_name))
        )
        spool.rows(layer.table_name, len(columns), _rows(columns, rows))
        if geometry is not None:
            remarks.append(f"La géométrie de la couche {quoted(layer.table_name)} est laissée de côté.")
        if aside:
            remarks.append(
                f"Colonnes laissées de côté dans {quoted(layer.table_name)} (octets ou calculées)\u202f: "
                f"{', '.join(map(quoted, aside))}."
            )
    return remarks


def _columns(connection: sa.Connection, table: str, geometry: str | None) -> tuple[list[str], list[str]]:
    """The columns to read, and those left aside besides the geometry."""
    told = connection.execute(
        sa.text("SELECT name, type, hidden FROM pragma_table_xinfo(:table)"), {"table": table}
    )
    kept: list[str] = []
    aside: list[str] = []
    for name, kind, hidden in told:
        if name == geometry:
            continue
        (aside if hidden or str(kind).upper().startswith("BLOB") else kept).append(name)
    return kept, aside


def _rows(columns: list[str], rows: Iterable[Sequence[object]]) -> Iterator[Sequence[str | None]]:
    yield columns
    for row in rows:
        yield [None if isinstance(value, bytes) else text_of(value) for value in row]
