"""The way into the machine interface: what it is, what it conforms to, how it is asked."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.dependencies import CurrentVersions, Kept
from api.documents import Document, json_document
from api.ogc import landing as landings
from api.ogc import service
from api.ogc.conformance import CLASSES
from api.ogc.pages import conformance_page, landing_page, service_page
from api.ogc.representing import JSON, OPENAPI, Word, address_of, machine, serialised, wants_page
from api.pages.site import site_name
from api.routes.openapi import native
from api.strict import StrictRoute

router = APIRouter(route_class=StrictRoute, tags=["Accueil"])


@router.get("/api", summary="Point d’entrée")
def landing(request: Request, now: CurrentVersions, f: Word = None) -> Response:
    """Return links to everything that programs may read, for the newest millesime."""
    api = address_of(request)
    if wants_page(request, f, JSON):
        return landing_page(request, landings.links(now, api), api)
    body = landings.document(now, api, request.app.title, request.app.description)
    return machine(request, json_document(body))


@router.get("/api/conformance", summary="Les classes de conformité OGC")
def conformance(request: Request, f: Word = None) -> Response:
    """Return the classes of OGC's standards that are implemented and tested."""
    if wants_page(request, f, JSON):
        return conformance_page(request, list(CLASSES))
    return machine(request, json_document({"conformsTo": list(CLASSES)}))


@router.get("/api/description", summary="La description de l’interface en OpenAPI 3.0, collection par collection")
def description(request: Request, now: CurrentVersions, kept: Kept, f: Word = None) -> Response:
    """Return what OGC's clients read to know what may be asked of each collection."""
    api = address_of(request)
    if wants_page(request, f, OPENAPI):
        return service_page(request, native(request.app), api)

    def build() -> Document:
        described = request.app.state.descriptions.of(request)
        title = site_name(request.app.state.region)
        body = service.openapi(native(request.app), described.collections, api, title)
        return serialised(body, OPENAPI, lasting=described.lasting)

    return machine(request, kept.get_or_build(("description", now.data, now.indicators, api), build))
