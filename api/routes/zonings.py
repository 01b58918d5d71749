"""The zonings laid on a geography: what they are, where they come from, what was found of them."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.dependencies import Connection, Millesime
from api.documents import answer, json_document
from api.strict import StrictRoute
from boundaries import places
from boundaries.zonings.listed import zonings as rows

router = APIRouter(prefix="/api/zonings", route_class=StrictRoute, tags=["Territoires"])


@router.get("", summary="Les zonages d’une géographie")
def zonings(request: Request, conn: Connection, millesime: Millesime) -> Response:
    """Return the zonings of a millesime, with the gaps, overlaps and partial zones that were found."""
    places.require_millesime(conn, millesime)
    listed = [dict(row) for row in conn.execute(rows(millesime)).mappings()]
    return answer(request, json_document({"millesime": millesime, "zonings": listed}))
