"""Probes: is the process alive, and can it serve."""

import sqlalchemy as sa
from fastapi import APIRouter
from starlette.responses import PlainTextResponse, Response

from api.dependencies import Connection
from api.problems import problem
from api.strict import StrictRoute
from api.versions import read_versions

router = APIRouter(route_class=StrictRoute, tags=["Sondes"])


@router.get("/livez", summary="Le processus répond", response_class=PlainTextResponse)
async def livez() -> Response:
    """Return 200 as long as the process answers."""
    return PlainTextResponse("ok\n", headers={"Cache-Control": "no-store"})


@router.get("/readyz", summary="La base répond et des données sont publiées", response_class=PlainTextResponse)
def readyz(conn: Connection) -> Response:
    """Return 200 when the database answers and something is published, else 503."""
    try:
        found = read_versions(conn)
    except sa.exc.SQLAlchemyError:
        return problem(503, "La base de données ne répond pas.")
    if not found.release:
        return problem(503, "Aucune donnée n’est encore publiée.")
    return PlainTextResponse("ok\n", headers={"Cache-Control": "no-store"})
