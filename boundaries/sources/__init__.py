"""The sources of boundaries: each module reads one producer's layout into a `boundaries.delivery.Delivery`.

A source never touches the database and never judges what it read beyond its layout: `boundaries.checks` does.
Locations come from the operator's command line alone, never from a web client.
"""

from pathlib import Path

from boundaries.delivery import Delivery
from geo.errors import Invalid
from geo.progress import Progress

SOURCES = ("registry", "ign", "etalab", "geo-api")
# Whom each gives codes and outlines of: licences ask that they be named wherever the data go.
CREDITS = {
    "registry": "Insee, IGN, Etalab",
    "ign": "IGN",
    "etalab": "IGN, Etalab",
    "geo-api": "Insee, IGN, Etalab",
}


def read(
    source: str,
    location: str | None,
    millesime: int,
    cache: Path,
    progress: Progress,
    region: str | None = None,
    outlines: bool = True,
) -> Delivery:
    """Return what a source delivers of a millesime.

    `location` is a file or an address; the registry takes a version of its polygons there, the API its own address
    when there is none. Raises Invalid for an unknown source, or a location that is missing.
    """
    from boundaries.sources import etalab, geo_api, ign, registry  # GeoPandas is slow to import

    if source == "registry":
        return registry.read(location, millesime, cache, progress, region, outlines)
    if source == "geo-api":
        return geo_api.read(location or "", millesime, cache, progress, region)
    if source not in SOURCES:
        raise Invalid(f"Source inconnue : « {source} ». Sources : {', '.join(SOURCES)}.")
    if location is None:
        raise Invalid(f"La source {source} lit un fichier : donnez-le, ou son adresse, avec --file.")
    if source == "ign":
        return ign.read(location, millesime, cache, progress, region)
    return etalab.read(location, millesime, cache, progress, region)
