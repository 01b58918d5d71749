"""A country as large as France and known by its codes alone, so that the store is measured and not the geometry."""

import geopandas as gpd
import numpy as np
import pandas as pd

from boundaries.delivery import Delivery, SourceFile

DEPARTEMENTS = [f"{number:02d}" for number in range(1, 96) if number != 20]
COMMUNES = 35_000
EPCI = 1_250
REGIONS = 13


def country(millesime: int, mergers: int = 0) -> Delivery:
    """Return 35,000 communes less the last `mergers`, which merged into others; populations follow a power law."""
    each = COMMUNES // len(DEPARTEMENTS) + 1
    codes = [f"{departement}{number:03d}" for departement in DEPARTEMENTS for number in range(1, each + 1)]
    codes = codes[:COMMUNES]
    rng = np.random.default_rng(52)
    populations = pd.Series(np.floor(100 * rng.pareto(1.2, COMMUNES) + 20), index=codes)
    gone = codes[:: COMMUNES // mergers][:mergers] if mergers else []
    into = {code: codes[codes.index(code) + 1] for code in gone}
    for code, successor in into.items():
        populations[successor] += populations[code]
    populations = populations.drop(gone)
    departement = populations.index.str[:2].to_numpy()
    region = {code: f"{10 + rank % REGIONS}" for rank, code in enumerate(DEPARTEMENTS)}
    rank = pd.Series(np.arange(COMMUNES), index=codes).loc[populations.index].to_numpy()
    epci = 200_000_000 + rank * EPCI // COMMUNES
    communes = pd.DataFrame(
        {
            "code": populations.index.to_numpy(),
            "nom": "Commune " + populations.index.to_numpy(),
            "departement": departement,
            "region": [region[code] for code in departement],
            "epci": epci.astype(str),
            "population": populations.to_numpy(),
        }
    )
    groups = sorted(set(communes["epci"]))
    former = pd.DataFrame({"code": list(into), "successor": list(into.values())}, dtype=str)
    return Delivery(
        millesime=millesime,
        source="bench",
        licence="",
        files=[SourceFile("bench", "0" * 64)],
        communes=gpd.GeoDataFrame(communes, geometry=gpd.GeoSeries([None] * len(communes), crs=4326)),
        arrondissements=gpd.GeoDataFrame(
            pd.DataFrame(columns=["code", "nom", "commune", "population"]), geometry=gpd.GeoSeries([], crs=4326)
        ),
        epci=pd.DataFrame({"code": groups, "nom": groups, "nature": "CC"}),
        departements=pd.DataFrame(
            {"code": DEPARTEMENTS, "nom": DEPARTEMENTS, "region": [region[code] for code in DEPARTEMENTS]}
        ),
        regions=pd.DataFrame({"code": sorted(set(region.values()))}).assign(nom=lambda frame: frame["code"]),
        former=former,
        outlines=False,
    )
