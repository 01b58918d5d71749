"""Understands the answers of geo.api.gouv.fr by what they contain, not by the name of their file."""

import gzip
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import orjson
import pandas as pd
import shapely

from boundaries.sources.attributes import Attribute, named
from boundaries.sources.codes import is_kept_out
from boundaries.sources.fetch import Fetched
from boundaries.sources.frames import CRS
from geo.errors import Invalid

COMMUNES = {
    "code": Attribute(("code",)),
    "nom": Attribute(("nom",)),
    "departement": Attribute(("codedepartement",)),
    "region": Attribute(("coderegion",)),
    "epci": Attribute(("codeepci",), required=False),
    "population": Attribute(("population",), required=False),
}
NAMES = {"code": Attribute(("code",)), "nom": Attribute(("nom",))}
LISTS = {
    "epcis": NAMES | {"nature": Attribute(("type",), required=False)},
    "departements": NAMES | {"region": Attribute(("coderegion",))},
    "regions": NAMES,
}


@dataclass
class Answers:
    """What several answers hold together: features of communes, and the rows of the three lists."""

    features: dict[str, dict[str, Any]] = field(default_factory=dict)
    lists: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {kind: [] for kind in LISTS})

    def add(self, file: Fetched) -> None:
        """Take one answer in; a commune that several answers hold is taken once."""
        content = parsed(file)
        if isinstance(content, dict) and content.get("type") == "FeatureCollection":
            for feature in _objects(content.get("features"), file):
                properties = feature.get("properties")
                if not isinstance(properties, dict) or not isinstance(properties.get("code"), str):
                    raise Invalid(f"{file.name}\u202f: une commune n’a pas de propriété «\u202fcode\u202f».")
                self.features.setdefault(properties["code"], feature)
        else:
            rows = _objects(content, file)
            if rows:
                self.lists[_kind(rows, file)] += rows

    def communes(self) -> gpd.GeoDataFrame:
        """Return communes and municipal arrondissements together, outlines in EPSG:4326."""
        if not self.features:
            raise Invalid("Aucune réponse ne contient de communes (format=geojson et geometry=contour).")
        rows = pd.DataFrame([feature["properties"] for feature in self.features.values()])
        outlines = [_outline(code, feature.get("geometry")) for code, feature in self.features.items()]
        return named(gpd.GeoDataFrame(rows, geometry=outlines, crs=CRS), COMMUNES, "Communes de l’API")

    def names(self, kind: str) -> pd.DataFrame | None:
        """Return the rows of a list under our names, or None when no answer gave it."""
        rows = self.lists[kind]
        return named(pd.DataFrame(rows), LISTS[kind], f"Liste {kind} de l’API") if rows else None

    def ties(self, *fields: str, own: str) -> pd.DataFrame:
        """Return the codes named in list fields of the communes, with that of the commune as `own`.

        A code that is a commune of today is left out; one named by two communes goes to the first.
        """
        pairs = [
            {"code": code, own: commune}
            for commune, feature in self.features.items()
            for name in fields
            for code in _codes(feature["properties"].get(name))
            if code not in self.features and not is_kept_out(commune)
        ]
        return pd.DataFrame(pairs, columns=["code", own], dtype=object).drop_duplicates("code", ignore_index=True)


def parsed(file: Fetched) -> Any:
    """Return the JSON content of a file, compressed or not; raises Invalid when it is none."""
    try:
        content = file.path.read_bytes()
        return orjson.loads(gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content)
    except (orjson.JSONDecodeError, OSError, EOFError, zlib.error):
        raise Invalid(f"La réponse {file.name} n’est pas du JSON lisible.") from None


def _objects(rows: object, file: Fetched) -> list[dict[str, Any]]:
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Invalid(f"La réponse {file.name} n’est ni une liste, ni une collection GeoJSON de communes.")
    return rows


def _kind(rows: list[dict[str, Any]], file: Fetched) -> str:
    """Return which list the rows are: nine digits for an EPCI, two and no region for a region."""
    codes = {len(str(row.get("code", ""))) for row in rows}
    if codes == {9}:
        return "epcis"
    if codes <= {2, 3} and all("codeRegion" in row for row in rows):
        return "departements"
    if codes == {2}:
        return "regions"
    if codes == {5}:
        raise Invalid(
            f"{file.name} décrit des communes sans contour\u202f: demandez format=geojson, geometry=contour."
        )
    raise Invalid(f"La réponse {file.name} n’est ni des communes, ni des EPCI, des départements ou des régions.")


def _outline(code: str, geometry: object) -> shapely.Geometry | None:
    if geometry is None:
        return None
    try:
        return shapely.from_geojson(orjson.dumps(geometry))
    except (shapely.GEOSException, TypeError, ValueError):
        raise Invalid(f"Le contour de la commune {code} est illisible.") from None


def _codes(value: object) -> Iterable[str]:
    """Return codes from `["49144"]` or from `[{"code": "49144", "nom": …}]`."""
    for item in value if isinstance(value, list) else []:
        code = item.get("code") if isinstance(item, dict) else item
        if isinstance(code, str):
            yield code
