"""OGC API Tiles: the sets of tiles of each collection and of several together, and their tiles."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from urllib.parse import urlencode

import sqlalchemy as sa
from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.dependencies import CurrentVersions, Series, reading, release_id
from api.documents import Document, answer, answer_beside, json_document
from api.filters import Asked, Filter, filtered
from api.ogc import styles, tilesets
from api.ogc.archives import Sets, found
from api.ogc.asked import Wanted, layer_of
from api.ogc.collected import collection_of
from api.ogc.relations import Link, link
from api.ogc.tilesasked import (
    Collection,
    Column,
    Dated,
    GridId,
    JsonWord,
    Row,
    Selected,
    SetWord,
    Several,
    TileWord,
    Year,
    Zoom,
    explicit,
)
from api.ogc.tilesets import ARCHIVE, TILEJSON
from api.ogc.tiling import TileSet, read_tile, tile_answer, tile_in
from api.readers import reader_of
from api.routes.tiles import VersionQuery
from api.strict import StrictRoute
from api.versions import Versions, read_versions
from geo import cql2
from geo.errors import Invalid, NotFound
from geo.grids import GRIDS, WEB_MERCATOR_QUAD, Grid, grid_of
from geo.tiles import Tile

router = APIRouter(prefix="/api", route_class=StrictRoute, tags=["Tuiles"])

EVERYTHING = "Territoires de plusieurs niveaux"


@router.get(
    "/collections/{collection}/tiles",
    summary="Les jeux de tuiles d’une collection",
    operation_id="collection.vector.getTileSetsList",
)
def collection_sets(
    request: Request,
    now: CurrentVersions,
    collection: Collection,
    asked: Dated,
    word: JsonWord = "json",
) -> Response:
    """Return the sets of tiles of a collection: none where nothing of it is drawn."""
    title = collection_of(collection, now.indicators).title
    with reading(request) as conn:
        try:
            sets = [asked.found(conn, now, collection)[0]]
        except NotFound:
            if asked.narrowed:
                raise
            sets = []
    api = f"{request.base_url}api"
    return answer(
        request,
        json_document(tilesets.listed(api, f"{api}/collections/{collection}/tiles", title, sets, _query(request))),
    )


@router.get(
    "/collections/{collection}/tiles/{tileMatrixSetId}",
    summary="Un jeu de tuiles d’une collection",
    operation_id="collection.vector.getTileSet",
)
def collection_set(
    request: Request,
    now: CurrentVersions,
    collection: Collection,
    grid_id: GridId,
    asked: Dated,
    word: SetWord = "json",
) -> Response:
    """Return the metadata of a set of tiles, or its TileJSON: the addresses of tiles carry a version."""
    collected = collection_of(collection, now.indicators)
    grid = grid_of(grid_id)
    with reading(request) as conn:
        one, named = asked.found(conn, now, collection)
    api = f"{request.base_url}api"
    base = f"{api}/collections/{collection}"
    query = explicit(one, named, asked.as_of)
    title = f"{collected.title} ({one.millesime})" if named is None else f"{collected.title}, {named.period}"
    if word == "tilejson":
        _require_web(grid_id)
        return answer(request, document_of(tilesets.tilejson(title, f"{base}/tiles", [(one, named)], query)))
    more = _more(base, one, named, grid.id, query, request)
    body = tilesets.described(api, f"{base}/tiles/{grid.id}", title, grid, [(one, named)], query, more)
    return answer(request, json_document(body))


@router.get(
    "/collections/{collection}/tiles/{tileMatrixSetId}/{tileMatrix}/{tileRow}/{tileCol}",
    summary="Une tuile d’une collection",
    operation_id="collection.vector.getTile",
)
async def collection_tile(
    request: Request,
    now: CurrentVersions,
    collection: Collection,
    grid_id: GridId,
    zoom: Zoom,
    row: Row,
    column: Column,
    asked: Dated,
    wanted: Filter,
    word: TileWord = "mvt",
    v: VersionQuery = None,
) -> Response:
    """Return a tile: polygons under the name of the collection, and points in `{collection}-centres`."""
    grid = grid_of(grid_id)
    if asked.plain and wanted is None:
        quick = tilesets.quick_set(now, collection, asked.millesime, asked.level, asked.period)
        if quick is not None:
            return await tile_answer(request, now, [quick], tile_in([quick], grid, zoom, row, column), v)
    one, named = await run_in_threadpool(_read, request, now, collection, asked)
    tile = tile_in([one], grid, zoom, row, column)
    if wanted is not None:
        made = await run_in_threadpool(_filtered, request, now, one, named, tile, wanted, asked.as_of)
        return await answer_beside(request, made, immutable=v == one.version and asked.as_of is None)
    return await tile_answer(request, now, [one], tile, None if asked.as_of else v)


@router.get(
    "/tiles", summary="Les jeux de tuiles de plusieurs collections", operation_id="dataset.vector.getTileSetsList"
)
def dataset_sets(
    request: Request,
    now: CurrentVersions,
    collections: Several = None,
    millesime: Year = None,
    word: JsonWord = "json",
) -> Response:
    """Return the sets of tiles of several collections together."""
    with reading(request) as conn:
        sets = [one for one, _ in tilesets.together(conn, now, collections, millesime)]
    api = f"{request.base_url}api"
    return answer(request, json_document(tilesets.listed(api, f"{api}/tiles", EVERYTHING, sets, _query(request))))


@router.get(
    "/tiles/{tileMatrixSetId}",
    summary="Un jeu de tuiles de plusieurs collections",
    operation_id="dataset.vector.getTileSet",
)
def dataset_set(
    request: Request,
    now: CurrentVersions,
    grid_id: GridId,
    collections: Several = None,
    millesime: Year = None,
    word: SetWord = "json",
) -> Response:
    """Return the metadata of the tiles of several collections together, or their TileJSON."""
    grid = grid_of(grid_id)
    with reading(request) as conn:
        sets = tilesets.together(conn, now, collections, millesime)
    api = f"{request.base_url}api"
    query = {"collections": ",".join(one.name for one, _ in sets), "millesime": millesime}
    if word == "tilejson":
        _require_web(grid_id)
        return answer(request, document_of(tilesets.tilejson(EVERYTHING, f"{api}/tiles", sets, query)))
    asked = {name: value for name, value in query.items() if value is not None}
    more = _archive_link(f"{api}/tiles/{grid.id}", sets, grid, urlencode(asked, safe=","), request)
    body = tilesets.described(api, f"{api}/tiles/{grid.id}", EVERYTHING, grid, sets, query, more)
    return answer(request, json_document(body))


@router.get(
    "/tiles/{tileMatrixSetId}/{tileMatrix}/{tileRow}/{tileCol}",
    summary="Une tuile de plusieurs collections",
    operation_id="dataset.vector.getTile",
)
async def dataset_tile(
    request: Request,
    now: CurrentVersions,
    grid_id: GridId,
    zoom: Zoom,
    row: Row,
    column: Column,
    collections: Several = None,
    millesime: Year = None,
    word: TileWord = "mvt",
    v: VersionQuery = None,
) -> Response:
    """Return a tile with the layers of several collections, in the order in which they are asked."""
    grid = grid_of(grid_id)
    sets = tilesets.quick_together(now, collections, millesime)
    if sets is None:
        sets = await run_in_threadpool(_several, request, now, collections, millesime)
    return await tile_answer(request, now, sets, tile_in(sets, grid, zoom, row, column), v)


def document_of(body: dict[str, object]) -> Document:
    """Return a TileJSON as a document."""
    return replace(json_document(body), media_type=TILEJSON)


def _read(request: Request, now: Versions, name: str, asked: Selected) -> tuple[TileSet, Series | None]:
    with reading(request) as conn:
        return asked.found(conn, now, name)


def _several(request: Request, now: Versions, collections: str | None, millesime: int | None) -> list[TileSet]:
    with reading(request) as conn:
        return [one for one, _ in tilesets.together(conn, now, collections, millesime)]


def _filtered(
    request: Request,
    now: Versions,
    one: TileSet,
    named: Series | None,
    tile: Tile,
    wanted: Asked,
    as_of: date | None,
) -> Document:
    """The tile of the territories that a filter keeps; it may name the properties of items with one period."""
    with reading(request) as conn, cql2.computed():
        release = release_id(conn, as_of)
        whole = Wanted(
            collection_of(one.name, now.indicators),
            one.level,
            one.millesime,
            named.period if named is not None else None,
            None,
            release,
        )
        layer = filtered(layer_of(conn, whole), one.level, one.millesime, wanted)
        kept = sa.select(layer.rows.subquery().c.fid)
        lasting = read_versions(conn, now).data == now.data
        return read_tile(conn, one, tile, kept, lasting=lasting)


def _more(
    base: str, one: TileSet, named: Series | None, grid_id: str, query: Mapping[str, object], request: Request
) -> list[Link]:
    """Return what else there is of a set of tiles: the addresses say which, as those of its tiles do."""
    asked = {name: value for name, value in query.items() if value is not None}
    told = urlencode(asked, safe=":")
    more: list[Link] = []
    if grid_id == WEB_MERCATOR_QUAD.id:
        more.append(link("alternate", f"{base}/tiles/{grid_id}?f=tilejson&{told}", TILEJSON, "TileJSON"))
        if "as_of" not in asked:  # a style has the classes of what is served now
            more.append(link("stylesheet", f"{base}/style.json?{told}", styles.MEDIA_TYPE, "Style MapLibre"))
    return more + _archive_link(f"{base}/tiles/{grid_id}", [(one, named)], GRIDS[grid_id], told, request)


def _archive_link(base: str, sets: Sets, grid: Grid, query: str, request: Request) -> list[Link]:
    if found(request.app.state.archives, reader_of(request).audience, sets, grid) is None:
        return []
    return [link("enclosure", f"{base}/archive.pmtiles?{query}", ARCHIVE, "Archive PMTiles")]


def _query(request: Request) -> str:
    return f"?{request.url.query}" if request.url.query else ""


def _require_web(grid_id: str) -> None:
    if grid_id != WEB_MERCATOR_QUAD.id:
        raise Invalid(
            f"Un TileJSON ne décrit que la grille {WEB_MERCATOR_QUAD.id} ; celle-ci se lit sans f=tilejson."
        )
