"""The landing page: what the interface is, and links to everything that programs may read."""

from collections.abc import Callable, Mapping
from typing import Any

from api.ogc import records
from api.ogc.relations import REL, Link, link
from api.ogc.representing import OPENAPI
from api.ogc.tilesets import landing_links
from api.versions import Versions

# What other parts of the interface add: each gives its links, from the address of /api.
OTHERS: tuple[Callable[[str], list[Link]], ...] = (landing_links, records.landing_links)


def document(now: Versions, api: str, title: str, description: str) -> Mapping[str, Any]:
    """Return the landing page of programs; `api` is the address of the interface."""
    return {
        "title": title,
        "description": description,
        "millesimes": {str(year): {"outlines": year in now.outlined} for year in sorted(now.millesimes)},
        "release": now.release,
        "links": links(now, api),
    }


def links(now: Versions, api: str) -> list[Link]:
    """Return where the interface leads."""
    found = [
        link("self", api, "application/json", "Cette page d’accueil, pour les programmes"),
        link("alternate", f"{api}?f=html", "text/html", "Cette page d’accueil"),
        link(
            "service-desc",
            f"{api}/description",
            OPENAPI.media_type,
            "Description pour les clients OGC (OpenAPI 3.0)",
        ),
        link("service-doc", f"{api}/description?f=html", "text/html", "Mode d’emploi"),
        link("conformance", f"{api}/conformance", "application/json", "Classes de conformité OGC"),
        link("data", f"{api}/collections", "application/json", "Collections de territoires et d’indicateurs"),
        link("data", f"{api}/collections?f=html", "text/html", "Collections, page"),
        link(
            f"{REL}data", f"{api}/collections", "application/json", "Collections de territoires et d’indicateurs"
        ),
        link(f"{REL}conformance", f"{api}/conformance", "application/json", "Classes de conformité OGC"),
        link(
            "describedby",
            f"{api}/openapi.json",
            "application/vnd.oai.openapi+json;version=3.1",
            "Description complète, pour les programmeurs (OpenAPI 3.1)",
        ),
        link("territories", f"{api}/territories?level=departement", "application/json", "Territoires d’un niveau"),
        link("zonings", f"{api}/zonings", "application/json", "Zonages de la géographie"),
        link("indicators", f"{api}/indicators", "application/json", "Catalogue des indicateurs"),
    ]
    if now.outlined:
        tiles = f"{api}/tiles/{now.latest}/commune/tilejson.json"
        found.append(link("tiles", tiles, "application/json", "Tuiles des communes (TileJSON)"))
    return found + [other for links_of in OTHERS for other in links_of(api)]
