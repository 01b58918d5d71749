"""What a GeoPackage holds beside its features: the QGIS style of `layer_styles`, and metadata that QGIS reads."""

import sqlite3
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree as ET

from geo.formats.crs import Crs
from geo.formats.layer import Layer

_STYLES = """
CREATE TABLE layer_styles (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    f_table_catalog TEXT(256), f_table_schema TEXT(256), f_table_name TEXT(256), f_geometry_column TEXT(256),
    styleName TEXT(30), styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT, owner TEXT(30),
    ui TEXT(30), update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))
)
"""
_METADATA = """
CREATE TABLE IF NOT EXISTS gpkg_metadata (
    id INTEGER CONSTRAINT m_pk PRIMARY KEY ASC NOT NULL, md_scope TEXT NOT NULL DEFAULT 'dataset',
    md_standard_uri TEXT NOT NULL, mime_type TEXT NOT NULL DEFAULT 'text/xml', metadata TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS gpkg_metadata_reference (
    reference_scope TEXT NOT NULL, table_name TEXT, column_name TEXT, row_id_value INTEGER,
    timestamp DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')), md_file_id INTEGER NOT NULL,
    md_parent_id INTEGER, CONSTRAINT crmr_mfi_fk FOREIGN KEY (md_file_id) REFERENCES gpkg_metadata(id),
    CONSTRAINT crmr_mpi_fk FOREIGN KEY (md_parent_id) REFERENCES gpkg_metadata(id)
);
"""
_EXTENSION = "INSERT INTO gpkg_extensions VALUES (?, NULL, 'gpkg_metadata', ?, 'read-write')"
_METADATA_URI = "http://www.geopackage.org/spec131/#extension_metadata"
QGIS_METADATA = "http://mrcc.com/qgis.dtd"


def complete(path: Path, layer: Layer, crs: Crs, geometry: str, style: str | None) -> None:
    """Add to a GeoPackage its metadata, and the style of the layer if it has one."""
    with closing(sqlite3.connect(path)) as file, file:
        if style is not None:
            _add_style(file, layer, geometry, style)
        _add_metadata(file, layer, crs)


def _add_style(file: sqlite3.Connection, layer: Layer, geometry: str, style: str) -> None:
    file.execute(_STYLES)
    file.execute(
        "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName, "
        "styleQML, useAsDefault, description) VALUES ('', '', ?, ?, 'ores', ?, 1, ?)",
        (layer.name, geometry, style, layer.title),
    )
    file.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, description) "
        "VALUES ('layer_styles', 'attributes', 'layer_styles', '')"
    )


def _add_metadata(file: sqlite3.Connection, layer: Layer, crs: Crs) -> None:
    file.executescript(_METADATA)
    known = {name for (name,) in file.execute("SELECT table_name FROM gpkg_extensions")}
    for table in ("gpkg_metadata", "gpkg_metadata_reference"):
        if table not in known:
            file.execute(_EXTENSION, (table, _METADATA_URI))
    kept = file.execute(
        "INSERT INTO gpkg_metadata (md_scope, md_standard_uri, mime_type, metadata) VALUES ('dataset', ?, 'text/xml', ?)",
        (QGIS_METADATA, qgis_metadata(layer, crs)),
    )
    file.execute(
        "INSERT INTO gpkg_metadata_reference (reference_scope, table_name, md_file_id) VALUES ('table', ?, ?)",
        (layer.name, kept.lastrowid),
    )


def qgis_metadata(layer: Layer, crs: Crs) -> str:
    """Return the metadata of a layer as QGIS writes and reads it (QMD)."""
    root = ET.Element("qgis", version="3.40")
    for name, text in (
        ("identifier", layer.name),
        ("language", "FRE"),
        ("type", "dataset"),
        ("title", layer.title),
        ("abstract", layer.description),
        ("rights", layer.source),
        ("license", layer.licence),
    ):
        if text:
            ET.SubElement(root, name).text = text
    system = ET.SubElement(ET.SubElement(root, "crs"), "spatialrefsys")
    ET.SubElement(system, "authid").text = f"EPSG:{crs.srid}"
    ET.SubElement(system, "description").text = crs.title
    return "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n" + ET.tostring(root, encoding="unicode")
