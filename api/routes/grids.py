"""The grids that tiles are served in, as OGC API Tiles lists them."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.documents import answer, json_document
from api.ogc import tilesets
from api.ogc.relations import link
from api.ogc.tilesasked import GridId, JsonWord
from api.strict import StrictRoute
from geo.grids import GRIDS, grid_of

router = APIRouter(prefix="/api", route_class=StrictRoute, tags=["Tuiles"])


@router.get("/tileMatrixSets", summary="Les grilles de tuiles", operation_id="getTileMatrixSetsList")
def grids(request: Request, word: JsonWord = "json") -> Response:
    """Return the grids that tiles are served in."""
    base = f"{request.base_url}api/tileMatrixSets"
    listed = [
        {
            "id": grid.id,
            "title": grid.title,
            **({"uri": grid.uri} if grid.uri else {}),
            "crs": grid.crs.uri,
            "links": [
                link("self", f"{base}/{grid.id}", "application/json", grid.title),
                link(tilesets.SCHEME, f"{base}/{grid.id}", "application/json", grid.title),
            ],
        }
        for grid in GRIDS.values()
    ]
    return answer(request, json_document({"tileMatrixSets": listed}))


@router.get("/tileMatrixSets/{tileMatrixSetId}", summary="Une grille de tuiles", operation_id="getTileMatrixSet")
def grid_definition(request: Request, name: GridId, word: JsonWord = "json") -> Response:
    """Return the definition of a grid, as Tile Matrix Set 2.0 has it."""
    return answer(request, json_document(grid_of(name).definition()))
