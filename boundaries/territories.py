"""The rows that a delivery becomes: territories and memberships, without their outlines."""

from collections.abc import Iterator

import pandas as pd

from boundaries.delivery import Delivery
from boundaries.drawing import FRANCE
from boundaries.levels import Level

WHOLE, PARTIAL, UNVERIFIED = "territoire entier", "partie régionale", "emprise non vérifiée"


def territories(delivery: Delivery, whole_country: bool) -> pd.DataFrame:
    """Return one row per territory: level, code, nom, nature, in_scope, emprise, straddles, population."""
    communes = delivery.communes[["code", "nom", "in_scope", "population"]].assign(level=Level.COMMUNE)
    municipal = delivery.arrondissements[["code", "nom", "population"]].assign(
        level=Level.ARRONDISSEMENT_MUNICIPAL
    )
    epci = delivery.epci[["code", "nom", "nature", "straddles"]].assign(
        level=Level.EPCI, emprise=_emprise(delivery)
    )
    departements = delivery.departements[["code", "nom"]].assign(level=Level.DEPARTEMENT)
    regions = delivery.regions[["code", "nom"]].assign(level=Level.REGION)
    parts = [pd.DataFrame(frame) for frame in (communes, municipal, epci, departements, regions)]
    if whole_country:
        parts.append(pd.DataFrame([{"level": Level.FRANCE, "code": FRANCE, "nom": "France"}]))
    rows = pd.concat([part for part in parts if len(part)], ignore_index=True)
    rows["in_scope"] = rows["in_scope"].astype("boolean").fillna(True).astype(bool)
    rows["straddles"] = rows["straddles"].astype("boolean").fillna(False).astype(bool)
    rows["emprise"] = rows["emprise"].astype(object).where(rows["emprise"].notna(), WHOLE)
    rows["nature"] = rows["nature"].astype(object).where(rows["nature"].notna(), None)
    return rows


def memberships(delivery: Delivery, whole_country: bool) -> Iterator[tuple[str, str, str, str]]:
    """Yield (level, code, parent level, parent code), every ancestor once.

    A municipal arrondissement is part of its commune and of nothing else: it is never added to communes.
    """
    communes = delivery.communes
    for parent in (Level.EPCI, Level.DEPARTEMENT, Level.REGION):
        known = communes[communes[str(parent)].notna()]
        for code, above in zip(known["code"], known[str(parent)], strict=True):
            yield Level.COMMUNE, code, parent, above
    for code, commune in zip(delivery.arrondissements["code"], delivery.arrondissements["commune"], strict=True):
        yield Level.ARRONDISSEMENT_MUNICIPAL, code, Level.COMMUNE, commune
    for parent in (Level.DEPARTEMENT, Level.REGION):
        pairs = communes.loc[communes["in_scope"], ["epci", str(parent)]].dropna().drop_duplicates()
        for code, above in pairs.itertuples(index=False):
            yield Level.EPCI, code, parent, above
    for code, region in zip(delivery.departements["code"], delivery.departements["region"], strict=True):
        yield Level.DEPARTEMENT, code, Level.REGION, region
    if whole_country:
        for level, frame in (
            (Level.COMMUNE, communes),
            (Level.EPCI, delivery.epci),
            (Level.DEPARTEMENT, delivery.departements),
            (Level.REGION, delivery.regions),
        ):
            for code in frame["code"]:
                yield level, code, Level.FRANCE, FRANCE


def _emprise(delivery: Delivery) -> "pd.Series[str]":
    """Whether all the members of each EPCI are here; unknown when the source does not count them."""
    here = delivery.communes.groupby("epci").size()
    loaded = delivery.epci["code"].map(here).fillna(0)
    if "members" not in delivery.epci:
        return pd.Series(UNVERIFIED, index=delivery.epci.index)
    whole = loaded >= delivery.epci["members"]
    return whole.map({True: WHOLE, False: PARTIAL})
