"""Finds and reads the tables of ADMIN EXPRESS: GeoPackage layers, shapefiles, loose or in zip archives."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
from shapely.errors import ShapelyError

from boundaries.delivery import SourceFile
from boundaries.sources.archives import unpack
from boundaries.sources.fetch import Fetched, local
from geo.errors import Invalid
from geo.progress import Progress

DATASETS = (".gpkg", ".shp")
COMPANIONS = (".shx", ".dbf", ".prj", ".cpg")


@dataclass(frozen=True)
class Table:
    """One table: where it lies, its layer, the name of its file, its text encoding (None: GDAL knows)."""

    path: Path
    layer: str
    file: str
    encoding: str | None


def tables(
    files: Iterable[Fetched], cache: Path, progress: Progress
) -> tuple[dict[str, list[Table]], list[SourceFile]]:
    """Return every table by its lower-case name, and the files that were read (a shapefile is several)."""
    found: dict[str, list[Table]] = {}
    sources: list[SourceFile] = []
    for file in files:
        suffix = file.path.suffix.lower()
        sources.append(file.source)
        if suffix == ".zip":
            folder = unpack(file, DATASETS + COMPANIONS, cache, progress)
            inside = sorted(f for f in folder.rglob("*") if f.suffix.lower() in DATASETS)
            if not inside:
                raise Invalid(f"L’archive {file.name} ne contient ni GeoPackage (.gpkg) ni shapefile (.shp).")
        elif suffix in DATASETS:
            inside = [file.path]
            sources += [local(companion).source for companion in _companions(file.path)]
        elif suffix == ".7z":
            raise Invalid(
                f"Décompressez d’abord {file.name}\u202f: l’archive 7z d’IGN contient un .gpkg ou des .shp."
            )
        else:
            raise Invalid(
                f"{file.name} n’est ni un GeoPackage (.gpkg), ni un shapefile (.shp), ni une archive zip."
            )
        for path in inside:
            for table in _layers(path):
                found.setdefault(table.layer.lower(), []).append(table)
    return found, sources


def read(table: Table, *, outlines: bool) -> gpd.GeoDataFrame | pd.DataFrame:
    """Return the rows of a table, with or without their outlines."""
    try:
        return pyogrio.read_dataframe(
            table.path, layer=table.layer, encoding=table.encoding, read_geometry=outlines, fid_as_index=False
        )
    except (RuntimeError, ValueError, OSError, ShapelyError):
        raise Invalid(f"La table {table.layer} de {table.file} est illisible.") from None


def _layers(path: Path) -> list[Table]:
    encoding = _encoding(path) if path.suffix.lower() == ".shp" else None
    try:
        return [Table(path, str(layer), path.name, encoding) for layer, _ in pyogrio.list_layers(path)]
    except (RuntimeError, ValueError, OSError, ShapelyError):
        raise Invalid(f"{path.name} est illisible (fichier incomplet\u202f?).") from None


def _companions(path: Path) -> list[Path]:
    if path.suffix.lower() != ".shp":
        return []
    return sorted(f for f in path.parent.glob(f"{path.stem}.*") if f.suffix.lower() in COMPANIONS)


def _encoding(path: Path) -> str | None:
    """Return the encoding of the attributes: None if .cpg tells GDAL, else UTF-8 if they are, else CP1252."""
    parts = {part.suffix.lower(): part for part in _companions(path)}
    if ".dbf" not in parts or ".shx" not in parts:
        raise Invalid(f"{path.name} n’est pas accompagné de ses fichiers .dbf et .shx.")
    if ".cpg" in parts:
        return None
    content = parts[".dbf"].read_bytes()
    try:
        content[int.from_bytes(content[8:10], "little") :].decode("utf-8")
    except UnicodeDecodeError:
        return "CP1252"
    return "UTF-8"
