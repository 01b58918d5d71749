"""Gives the frames of a source the exact shape that `boundaries.delivery.Delivery` states."""

from collections.abc import Callable
from functools import partial

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from boundaries.levels import LABELS, Level, is_code
from boundaries.sources.codes import CITIES, city_of, is_kept_out
from geo.errors import Invalid

COMMUNE_COLUMNS = ["code", "nom", "departement", "region", "epci", "population", "geometry"]
ARRONDISSEMENT_COLUMNS = ["code", "nom", "commune", "population", "geometry"]
CRS = "EPSG:4326"
SHOWN = 10  # codes named in a sentence


def in_degrees(frame: gpd.GeoDataFrame, table: str) -> gpd.GeoDataFrame:
    """Return the frame in EPSG:4326 and two dimensions; raises Invalid without a coordinate system."""
    if frame.crs is None:
        raise Invalid(f"{table}\u202f: le système de coordonnées n’est pas indiqué (fichier .prj absent\u202f?).")
    moved = frame.to_crs(CRS)
    return moved.set_geometry(shapely.force_2d(moved.geometry.array))


def communes_and_arrondissements(raw: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return the communes and the municipal arrondissements of a frame that may mix them.

    Overseas collectivities are kept out; a city given by its arrondissements alone is their union. Raises
    Invalid for a code of the wrong form or given twice, a missing name, an outline that is no polygon, or
    no commune.
    """
    checked(raw, Level.COMMUNE)
    kept = raw[~holds(raw["code"], is_kept_out)]
    if kept.empty:
        raise Invalid("Le fichier ne contient aucune commune.")
    is_part = holds(kept["code"], city_of)
    communes, parts = kept[~is_part], kept[is_part].copy()
    parts["commune"] = [city.code for code in parts["code"] if (city := city_of(code))]
    whole = [
        _union(parts[parts["commune"] == city.code]) for city in CITIES if _is_lacking(city.code, communes, parts)
    ]
    communes = pd.concat([communes[COMMUNE_COLUMNS], *whole], ignore_index=True)
    return _frame(communes, COMMUNE_COLUMNS), _frame(parts, ARRONDISSEMENT_COLUMNS)


def holds(codes: pd.Series, test: Callable[[str], object]) -> NDArray[np.bool_]:
    """Return, for each code, whether it passes the test; no code is an empty text."""
    return np.array([bool(test(code or "")) for code in codes], dtype=bool)


def checked(frame: pd.DataFrame, level: Level) -> pd.DataFrame:
    """Return the frame if its codes are of the level, none twice, all named, outlined by polygons."""
    codes = frame["code"]
    odd = {
        "codes mal formés": ~holds(codes, partial(is_code, level)),
        "codes en double": codes.duplicated(),
        "codes sans nom": frame["nom"].isna(),
    }
    if isinstance(frame, gpd.GeoDataFrame):
        polygons = frame.geometry.geom_type.isin(["Polygon", "MultiPolygon"])
        odd["contours qui ne sont pas des polygones"] = ~(polygons | frame.geometry.isna())
    for words, rows in odd.items():
        if rows.any():
            some = ", ".join(str(code) for code in codes[rows].iloc[:SHOWN])
            more = f" et {rows.sum() - SHOWN} autres" if rows.sum() > SHOWN else ""
            raise Invalid(f"Territoires ({LABELS[level][1]}), {words}\u202f: {some}{more}.")
    return frame


def linked(communes: pd.DataFrame, departements: pd.DataFrame, regions: pd.DataFrame) -> None:
    """Raise Invalid when a territory has no departement or region, or one that was not delivered."""
    for children, parents, column, words in (
        (communes, departements, "departement", "de département"),
        (departements, regions, "region", "de région"),
    ):
        alone = children["code"][children[column].isna()]
        if len(alone):
            raise Invalid(f"Territoires sans code {words}\u202f: {', '.join(alone.iloc[:SHOWN])}.")
        lost = sorted(set(children[column]) - set(parents["code"]))
        if lost:
            raise Invalid(f"Codes {words} cités mais non décrits\u202f: {', '.join(lost[:SHOWN])}.")


def listed(codes: pd.Series, **others: pd.Series) -> pd.DataFrame:
    """Return one row per code present, the code standing for its name, with the other columns given.

    >>> listed(pd.Series(["52", None, "52"])).to_dict("list")
    {'code': ['52'], 'nom': ['52']}
    """
    frame = pd.DataFrame({"code": codes, "nom": codes, **others}, dtype=object)
    return frame.dropna(subset="code").drop_duplicates("code").sort_values("code").reset_index(drop=True)


def _is_lacking(city: str, communes: pd.DataFrame, parts: pd.DataFrame) -> bool:
    return city not in set(communes["code"]) and city in set(parts["commune"])


def _union(parts: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    first = parts.iloc[0]
    city = city_of(first["code"])
    if city is None or len(parts) != city.size:
        raise Invalid(
            f"La commune {first['commune']} manque et ses arrondissements sont incomplets ({len(parts)})."
        )
    outlines = parts.geometry
    outline = None if outlines.isna().any() else shapely.union_all(outlines.array)
    whole = {
        "code": [city.code],
        "nom": [city.nom],
        "departement": [first["departement"]],
        "region": [first["region"]],
        "epci": [first["epci"] or city.epci],
        "population": [parts["population"].sum(skipna=False)],
    }
    return gpd.GeoDataFrame(whole, geometry=[outline], crs=CRS)


def _frame(rows: pd.DataFrame, columns: list[str]) -> gpd.GeoDataFrame:
    shaped = gpd.GeoDataFrame(rows[columns].reset_index(drop=True), geometry="geometry", crs=CRS)
    for column in columns[:-1]:
        if column != "population":
            values = [None if pd.isna(value) else str(value) for value in shaped[column]]
            shaped[column] = pd.Series(values, index=shaped.index, dtype=object)
    return shaped.astype({"population": float})
