"""A country of seven squares, small enough to work every answer by hand.

        y=1   44003  44004  49002
        y=0   44001  44002  49001     35001 lies west of 44001, in another region

Region 52 is departements 44 and 49. EPCI 200000001 is 35001, 44001 and 44002: it straddles the border of the
region; 200000002 is 44003 and 44004; 200000003 is 49001; 49002 belongs to none. On 1 January 2024, 44003 was
split in two (44003 and 44005, of which it had the commune deleguee) and 49002 merged into 49001.
"""

from typing import Any

import geopandas as gpd
import pandas as pd
from shapely.geometry import box

from boundaries.delivery import Delivery, SourceFile

SIDE = 0.1
POPULATIONS = {"35001": 50, "44001": 100, "44002": 200, "44003": 300, "44004": 400, "49001": 500, "49002": 600}
PLACES = {
    "35001": (-1, 0),
    "44001": (0, 0),
    "44002": (1, 0),
    "44003": (0, 1),
    "44004": (1, 1),
    "49001": (2, 0),
    "49002": (2, 1),
}
EPCI = {
    "35001": "200000001",
    "44001": "200000001",
    "44002": "200000001",
    "44003": "200000002",
    "44004": "200000002",
    "44005": "200000002",
    "49001": "200000003",
}


def square(x: float, y: float, width: float = 1, height: float = 1) -> Any:
    """A rectangle of the grid, in EPSG:4326."""
    return box(x * SIDE, 47 + y * SIDE, (x + width) * SIDE, 47 + (y + height) * SIDE)


def country(millesime: int = 2023, outlines: bool = True) -> Delivery:
    """The country in 2023, or in 2024 after a split and a merger."""
    shapes = {code: square(*place) for code, place in PLACES.items()}
    populations: dict[str, int] = dict(POPULATIONS)
    former: dict[str, str] = {}
    delegated = {"44005": "44003"}
    if millesime >= 2024:
        shapes["44003"], shapes["44005"] = square(0, 1, 0.5), square(0.5, 1, 0.5)
        populations |= {"44003": 240, "44005": 60, "49001": 1100}
        shapes["49001"] = square(2, 0, 1, 2)
        del shapes["49002"], populations["49002"]
        former, delegated = {"49002": "49001"}, {"49002": "49001"}
    codes = sorted(shapes)
    communes = pd.DataFrame(
        {
            "code": codes,
            "nom": [f"Commune {code}" for code in codes],
            "departement": [code[:2] for code in codes],
            "region": ["53" if code.startswith("35") else "52" for code in codes],
            "epci": [EPCI.get(code) for code in codes],
            "population": [float(populations[code]) for code in codes],
        }
    )
    geometry = [shapes[code] if outlines else None for code in codes]
    counted = pd.Series([EPCI[code] for code in codes if code in EPCI]).value_counts()
    return Delivery(
        millesime=millesime,
        source="toy",
        licence="Licence Ouverte 2.0",
        files=[SourceFile("toy", "0" * 64)],
        communes=gpd.GeoDataFrame(communes, geometry=gpd.GeoSeries(geometry, crs=4326)),
        arrondissements=gpd.GeoDataFrame(
            pd.DataFrame(columns=["code", "nom", "commune", "population"]), geometry=gpd.GeoSeries([], crs=4326)
        ),
        epci=pd.DataFrame(
            {
                "code": ["200000001", "200000002", "200000003"],
                "nom": ["EPCI A", "EPCI B", "EPCI C"],
                "nature": ["CC", "CC", "CA"],
                "members": [int(counted[code]) for code in ("200000001", "200000002", "200000003")],
            }
        ),
        departements=pd.DataFrame(
            {"code": ["35", "44", "49"], "nom": ["D35", "D44", "D49"], "region": ["53", "52", "52"]}
        ),
        regions=pd.DataFrame({"code": ["52", "53"], "nom": ["R52", "R53"]}),
        former=pd.DataFrame({"code": list(former), "successor": list(former.values())}, dtype=str),
        delegated=pd.DataFrame({"code": list(delegated), "commune": list(delegated.values())}, dtype=str),
        outlines=outlines,
    )
