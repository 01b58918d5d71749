"""The description of the whole interface as the application makes it (OpenAPI 3.1), tagged and compressed as any answer."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.dependencies import Kept
from api.documents import answer, json_document
from api.strict import StrictRoute

router = APIRouter(route_class=StrictRoute)


@router.get("/api/openapi.json", include_in_schema=False)
def openapi(request: Request, kept: Kept) -> Response:
    """Return the description; it changes with the programs alone."""
    return answer(request, kept.get_or_build("openapi", lambda: json_document(request.app.openapi())))
