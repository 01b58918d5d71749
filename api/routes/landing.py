"""The way into the machine interface."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.documents import answer, json_document
from api.editions import edition_of
from api.strict import StrictRoute

router = APIRouter(route_class=StrictRoute, tags=["Accueil"])

ENTRIES = {
    "Description de l’interface (OpenAPI)": ("service-desc", "/api/openapi.json"),
    "Territoires d’un niveau": ("territories", "/api/territories?level=departement"),
    "Zonages de la géographie": ("zonings", "/api/zonings"),
    "Catalogue des indicateurs": ("indicators", "/api/indicators"),
    "Collections GeoJSON": ("data", "/api/collections"),
    "Tuiles des communes (TileJSON)": ("tiles", "/api/tiles/{millesime}/commune/tilejson.json"),
}


@router.get("/api", summary="Point d’entrée")
def landing(request: Request) -> Response:
    """Return links to everything that programs may read, for the newest millesime."""
    now = edition_of(request).versions.now
    year = max(now.outlined, default="2025")
    root = str(request.base_url).rstrip("/")
    links = [
        {"rel": rel, "title": title, "href": root + path.replace("{millesime}", str(year))}
        for title, (rel, path) in ENTRIES.items()
    ]
    body = {
        "title": request.app.title,
        "description": request.app.description,
        "millesimes": {str(key): {"outlines": key in now.outlined} for key in sorted(now.millesimes)},
        "release": now.release,
        "links": links,
    }
    return answer(request, json_document(body))
