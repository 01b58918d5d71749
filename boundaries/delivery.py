"""What a source of boundaries delivers, before any check: plain frames, whole as delivered.

Sources (`boundaries.sources`) build a `Delivery`; `boundaries.scope` cuts it to a Region, `boundaries.checks`
judges it and `boundaries.load` swaps it in. Nothing here touches the database.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # slow to import, and a start that has nothing to load needs neither
    import geopandas as gpd
    import pandas as pd


@dataclass(frozen=True)
class SourceFile:
    """One file that was read: its name as the producer gives it, and its SHA-256."""

    name: str
    sha256: str


@dataclass
class Delivery:
    """The territories of one millesime as a source gives them.

    Every code is a string. Frames and their columns:

    - communes: code, nom, departement, region, epci (None when the commune belongs to none),
      population (municipal population used as weight, or NaN), geometry (EPSG:4326 polygon or None);
      communes only, never municipal arrondissements;
    - arrondissements: code, nom, commune, population, geometry: the municipal arrondissements of Paris, Lyon
      and Marseille (may be empty);
    - epci: code, nom, nature (CC, CA, CU, METRO…) and, where the source counts them, members (communes);
    - departements: code, nom, region; regions: code, nom;
    - former: code, successor: every vanished commune code and the commune of this millesime that took it over;
    - delegated: code, commune: communes deleguees and associees, and the commune they are part of;
    - postal: postal_code, commune: the postal codes that serve each commune, or municipal arrondissement.

    `former`, `delegated` and `postal` are empty when the source does not know them; `outlines` is False when the source
    gives a code list alone.
    """

    millesime: int
    source: str
    licence: str
    files: list[SourceFile]
    communes: "gpd.GeoDataFrame"
    arrondissements: "gpd.GeoDataFrame"
    epci: "pd.DataFrame"
    departements: "pd.DataFrame"
    regions: "pd.DataFrame"
    former: "pd.DataFrame" = field(default_factory=lambda: _empty("code", "successor"))
    delegated: "pd.DataFrame" = field(default_factory=lambda: _empty("code", "commune"))
    postal: "pd.DataFrame" = field(default_factory=lambda: _empty("postal_code", "commune"))
    outlines: bool = True


def _empty(*columns: str) -> "pd.DataFrame":
    import pandas as pd

    return pd.DataFrame({column: [] for column in columns}, dtype=str)
