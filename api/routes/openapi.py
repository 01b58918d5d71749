"""The description of the whole interface as the application makes it (OpenAPI 3.1), tagged and compressed as any answer."""

import threading
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import Response

from api.dependencies import Kept
from api.documents import answer, json_document
from api.ogc import contents
from api.strict import StrictRoute

router = APIRouter(route_class=StrictRoute)

_turn = threading.Lock()


@router.get("/api/openapi.json", include_in_schema=False)
def openapi(request: Request, kept: Kept) -> Response:
    """Return the description; it changes with the programs alone."""
    return answer(request, kept.get_or_build("openapi", lambda: json_document(native(request.app))))


def native(app: FastAPI) -> dict[str, Any]:
    """Return the description that the application makes of itself, once.

    One thread at a time: while FastAPI makes it, warnings are set aside for the whole process.
    """
    with _turn:
        if app.openapi_schema is None:
            contents.tell(app.openapi())
        return app.openapi()
