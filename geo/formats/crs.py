"""The coordinate reference systems that layers are given in, their names and the order of their axes.

Files hold x (longitude, easting) first, whatever the system: GeoPackage, GeoParquet, FlatGeobuf, KML, shapefiles and
WKT as GDAL reads it. The JSON formats alone follow the order of the authority, as OGC API Features part 2 asks:
latitude first in EPSG:4326.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from geo.errors import Invalid

if TYPE_CHECKING:
    from pyproj import CRS

OGC = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"


@dataclass(frozen=True)
class Crs:
    """A system: its number in PostGIS, its URI, and whether its authority puts the northing (latitude) first."""

    srid: int
    uri: str
    title: str
    flipped: bool = False

    @property
    def geographic(self) -> bool:
        """Whether coordinates are degrees."""
        return self.srid == 4326

    @property
    def decimals(self) -> int:
        """Return how many decimals a text has: 11 cm in degrees, 1 cm in metres."""
        return 6 if self.geographic else 2

    @property
    def urn(self) -> str:
        """Return its name as a URN, as GDAL reads it in GeoJSON.

        >>> LAMBERT_93.urn
        'urn:ogc:def:crs:EPSG::2154'
        """
        return "urn:ogc:def:crs:OGC:1.3:CRS84" if self.uri == OGC else f"urn:ogc:def:crs:EPSG::{self.srid}"


CRS84 = Crs(4326, OGC, "WGS 84, longitude puis latitude")
WGS_84 = Crs(4326, f"{EPSG}4326", "WGS 84, latitude puis longitude", flipped=True)
WEB_MERCATOR = Crs(3857, f"{EPSG}3857", "Web Mercator")
LAMBERT_93 = Crs(2154, f"{EPSG}2154", "RGF93 / Lambert-93 (France métropolitaine)")
SYSTEMS = (
    CRS84,
    WGS_84,
    WEB_MERCATOR,
    LAMBERT_93,
    Crs(5490, f"{EPSG}5490", "RGAF09 / UTM 20N (Guadeloupe, Martinique)"),
    Crs(2972, f"{EPSG}2972", "RGFG95 / UTM 22N (Guyane)"),
    Crs(2975, f"{EPSG}2975", "RGR92 / UTM 40S (La Réunion)"),
    Crs(4471, f"{EPSG}4471", "RGM04 / UTM 38S (Mayotte)"),
)
_NAMED = {
    name: system
    for system in SYSTEMS
    for name in (system.uri, system.urn, "OGC:CRS84" if system is CRS84 else f"EPSG:{system.srid}")
}


def named(text: str) -> Crs:
    """Return the system of a URI, URN or short name, in brackets or not. Raises Invalid, naming those served.

    >>> named("EPSG:2154") is named("http://www.opengis.net/def/crs/EPSG/0/2154") is named("[EPSG:2154]")
    True
    """
    found = _NAMED.get(text.strip("[]"))
    if found is None:
        known = ", ".join(system.uri for system in SYSTEMS)
        raise Invalid(
            f"Système de coordonnées inconnu\u202f: «\u202f{text[:100]}\u202f». Systèmes servis\u202f: {known}."
        )
    return found


def native(places: Iterable[tuple[float, float]]) -> Crs:
    """Return the system in metres whose area of use, as PROJ knows it, holds all places (x, y in degrees).

    CRS84 where none does: the mainland and Guyane together have no system in common. Lambert-93 without a place.

    >>> native([(-1.5, 47.2)]).srid, native([(55.5, -21.1)]).srid, native([(-1.5, 47.2), (55.5, -21.1)]).uri == OGC
    (2154, 2975, True)
    """
    wanted = list(places)
    for system in SYSTEMS:
        if system.geographic or system is WEB_MERCATOR:
            continue
        area = described(system.srid).area_of_use
        if area is not None and all(
            area.west <= x <= area.east and area.south <= y <= area.north for x, y in wanted
        ):
            return system
    return CRS84


@cache
def described(srid: int) -> "CRS":
    """Return what PROJ knows of a system, axes x then y: OGC:CRS84 for degrees."""
    from pyproj import CRS

    return CRS.from_user_input("OGC:CRS84" if srid == 4326 else srid)
