"""Where the layers of an indicator for QGIS are."""

from api.ogc.collected import Collected
from api.ogc.relations import Link, link
from geo.formats.qgislayers import EXTENSION, MEDIA_TYPE


def links_of(api: str, collected: Collected) -> list[Link]:
    """Return the link that the collection of an indicator has to its layers; `api` is the address of the interface."""
    if collected.sheet is None:
        return []
    return [pack_link("alternate", api, collected.sheet.id)]


def pack_link(rel: str, api: str, indicator: str) -> Link:
    """Return the link to the layers of an indicator."""
    return link(rel, f"{api}/qgis/{indicator}.{EXTENSION}", MEDIA_TYPE, "Les couches pour QGIS")
