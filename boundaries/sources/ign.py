"""Reads IGN ADMIN EXPRESS COG (or COG CARTO) into a delivery.

Source: Institut national de l'information géographique et forestière, product ADMIN-EXPRESS-COG, editions
2.x to 4.0. Licence: Licence Ouverte 2.0. CRS: as each file states it (EPSG:2154 in metropolitan France;
5490 Guadeloupe and Martinique, 2972 Guyane, 2975 La Réunion, 4471 Mayotte; or EPSG:4326), delivered in
EPSG:4326.
"""

from pathlib import Path

import geopandas as gpd
import pandas as pd

from boundaries.delivery import Delivery
from boundaries.levels import Level, is_code
from boundaries.sources.attributes import named
from boundaries.sources.codes import LICENCE, city_of, departement_of, is_kept_out
from boundaries.sources.fetch import fetch_all
from boundaries.sources.frames import checked, communes_and_arrondissements, holds, in_degrees, linked
from boundaries.sources.ign_layout import ATTRIBUTES, NATURES, NO_CODE, OPTIONAL_TABLES, TABLES
from boundaries.sources.ign_tables import DATASETS, Table, tables
from boundaries.sources.ign_tables import read as read_table
from geo.errors import Invalid
from geo.progress import Progress


def read(location: str, millesime: int, cache: Path, progress: Progress, region: str | None = None) -> Delivery:
    """Return the whole edition that the files hold; `region` is not needed here (`boundaries.scope` cuts).

    `location`: a GeoPackage, a shapefile, a zip archive of either, a folder of them, or several with commas
    between (one per territory). A commune of Grand Paris names two EPCI (`A/B`): the one with its own taxes
    is kept, the "etablissement public territorial" is not. Raises Invalid naming the table or the attribute
    missing.
    """
    found, sources = tables(fetch_all(location, (*DATASETS, ".zip"), cache, progress), cache, progress)
    missing = [n for n in TABLES if n not in OPTIONAL_TABLES and not any(name in found for name in TABLES[n])]
    if missing:
        raise Invalid(
            f"Il manque {', '.join(f'la table {TABLES[name][0].upper()}' for name in missing)}. "
            f"Tables trouvées\u202f: {', '.join(sorted(found)) or 'aucune'}."
        )
    chosen = {ours: [table for name in TABLES[ours] for table in found.get(name, [])] for ours in TABLES}
    advance = progress("Lecture d’ADMIN EXPRESS", sum(len(several) for several in chosen.values()))
    frames = {}
    for ours, several in chosen.items():
        frames[ours] = _stacked(ours, several)
        advance(len(several))

    regions = checked(frames["regions"].drop_duplicates("code"), Level.REGION)
    departements = _departements(frames["departements"])
    epci = _epci(frames["epci"])
    communes, arrondissements = communes_and_arrondissements(_communes(frames, departements, epci))
    linked(communes, departements, regions)
    delegated = frames["delegated"]
    delegated = delegated[~holds(delegated["code"], city_of)].dropna()
    delegated = delegated[delegated["code"] != delegated["commune"]]
    return Delivery(
        millesime=millesime,
        source="IGN, ADMIN EXPRESS COG",
        licence=LICENCE,
        files=sources,
        communes=communes,
        arrondissements=arrondissements,
        epci=epci[epci["nature"] != "EPT"].reset_index(drop=True),
        departements=departements,
        regions=regions.reset_index(drop=True),
        delegated=delegated[~holds(delegated["commune"], is_kept_out)]
        .drop_duplicates("code")
        .reset_index(drop=True),
    )


def _stacked(ours: str, several: list[Table]) -> pd.DataFrame:
    """Return the rows of every table of one kind, with our names; no table gives no row."""
    outlines = ours in ("communes", "arrondissements")
    frames = []
    for table in several:
        title = f"Table {table.layer} de {table.file}"
        rows = read_table(table, outlines=outlines)
        if outlines and not isinstance(rows, gpd.GeoDataFrame):
            raise Invalid(f"{title}\u202f: les contours manquent.")
        rows = named(rows, ATTRIBUTES[ours], title)
        frames.append(in_degrees(rows, title) if outlines else rows)
    if frames:
        stacked: pd.DataFrame = pd.concat(frames, ignore_index=True)
        return stacked if outlines else stacked[~stacked["code"].isin(NO_CODE)]
    empty = pd.DataFrame({column: pd.Series([], dtype=object) for column in ATTRIBUTES[ours]})
    return gpd.GeoDataFrame(empty, geometry=[], crs="EPSG:4326") if outlines else empty


def _communes(frames: dict[str, pd.DataFrame], departements: pd.DataFrame, epci: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return communes and municipal arrondissements together, with their departement, region and EPCI."""
    parts = frames["arrondissements"]
    parts = parts[holds(parts["code"], city_of)].drop_duplicates("code")
    both = pd.concat([frames["communes"], parts], ignore_index=True)
    both["departement"] = [departement_of(code or "") for code in both["code"]]
    both["region"] = both["departement"].map(dict(zip(departements["code"], departements["region"], strict=True)))
    natures = dict(zip(epci["code"], epci["nature"], strict=True))
    both["epci"] = pd.Series([_own(value, natures) for value in both["epci"]], dtype=object)
    return both


def _own(value: object, natures: dict[str, str | None]) -> str | None:
    """Return the EPCI with its own taxes among the codes that a commune names, None when it names none."""
    codes = [code for code in str(value or "").replace(" ", "").split("/") if len(code) == 9 and code.isdigit()]
    known = [code for code in codes if code in natures and natures[code] != "EPT"]
    return next(iter(known or codes), None)


def _epci(rows: pd.DataFrame) -> pd.DataFrame:
    rows = rows.drop_duplicates("code")
    natures = [NATURES.get((nature or "").casefold().replace("’", "'"), nature) for nature in rows["nature"]]
    return checked(rows.assign(nature=pd.Series(natures, index=rows.index, dtype=object)), Level.EPCI)


def _departements(rows: pd.DataFrame) -> pd.DataFrame:
    kept = rows[holds(rows["code"], lambda code: is_code(Level.DEPARTEMENT, code) and code != "975")]
    return checked(kept.drop_duplicates("code"), Level.DEPARTEMENT).reset_index(drop=True)
