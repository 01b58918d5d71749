"""Sets of tiles whole, as the PMTiles archives that were exported of them: files that are read by ranges."""

from fastapi import APIRouter, Request
from starlette.responses import FileResponse, Response

from api.dependencies import CurrentVersions, reading
from api.documents import ALWAYS, cache_control, known
from api.ogc import tilesets
from api.ogc.archives import Sets, found
from api.ogc.tilesasked import Collection, Dated, GridId, Several, Year
from api.ogc.tilesets import ARCHIVE
from api.ogc.tiling import version_of
from api.readers import reader_of
from api.strict import StrictRoute
from geo.errors import NotFound
from geo.grids import Grid, grid_of

router = APIRouter(prefix="/api", route_class=StrictRoute, tags=["Tuiles"])


@router.get(
    "/collections/{collection}/tiles/{tileMatrixSetId}/archive.pmtiles",
    summary="Un jeu de tuiles entier, en PMTiles",
    response_class=FileResponse,
)
def collection_archive(
    request: Request,
    now: CurrentVersions,
    collection: Collection,
    grid_id: GridId,
    asked: Dated,
) -> Response:
    """Return the archive that was exported of a set of tiles, whole or by ranges; of what is served now alone."""
    grid = grid_of(grid_id)
    with reading(request) as conn:
        sets = [asked.found(conn, now, collection)]
    return _archived(request, sets, grid)


@router.get(
    "/tiles/{tileMatrixSetId}/archive.pmtiles",
    summary="Un jeu de tuiles de plusieurs collections, entier, en PMTiles",
    response_class=FileResponse,
)
def dataset_archive(
    request: Request, now: CurrentVersions, grid_id: GridId, collections: Several = None, millesime: Year = None
) -> Response:
    """Return the archive that was exported of several collections together, in the order in which they are asked."""
    grid = grid_of(grid_id)
    with reading(request) as conn:
        sets = tilesets.together(conn, now, collections, millesime)
    return _archived(request, sets, grid)


def _archived(request: Request, sets: Sets, grid: Grid) -> Response:
    file = found(request.app.state.archives, reader_of(request).audience, sets, grid)
    alone = [one for one, _ in sets]
    names = ",".join(one.name for one in alone)
    if file is None:
        raise NotFound(
            f"Aucune archive à jour de « {names} » dans la grille {grid.id}. L’exploitant du site en fait une par "
            f"la commande : ores export pmtiles {names}."
        )
    tag, changed = f'"{version_of(alone)}"', request.scope.get("state", {}).get("changed")
    headers = {"ETag": tag, "Cache-Control": cache_control(reader_of(request)).decode()}
    if changed is not None:
        headers["Last-Modified"] = changed.decode()
    response: Response
    if known(dict(request.scope["headers"]), tag, changed):
        response = Response(status_code=304, headers=headers)
    else:
        name = names.replace(",", "_")
        response = FileResponse(file, headers=headers, media_type=ARCHIVE, filename=f"{name}.pmtiles")
    response.raw_headers += ALWAYS
    return response
