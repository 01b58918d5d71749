"""Vector tiles of a level in a millesime, with or without the values of an indicator, and their TileJSON.

Every territory says its code and name at every zoom. Those of the collections, which say less from far away, are in
`api.routes.tiled`.
"""

from datetime import date
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Path, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.dependencies import AsOf, CurrentVersions, Joined, LevelPath, release_id
from api.documents import answer, json_document
from api.editions import edition_of
from api.ogc.tiling import plain_set, tile_answer
from api.pages.extent import CREDITS
from api.strict import StrictRoute
from boundaries import layers
from boundaries.levels import LABELS
from geo.errors import Conflict, NotFound
from geo.tiles import MAX_ZOOM, Tile
from indicators import published
from indicators.catalogue import indicator as sheet
from indicators.published import Held

router = APIRouter(prefix="/api/tiles", route_class=StrictRoute, tags=["Tuiles"])

Year = Annotated[int, Path(description="Géographie au 1er janvier de cette année", ge=1943, le=2100)]
Coordinate = Annotated[int, Path(ge=0, le=2**22)]
VERSION_LENGTH = 600  # several collections together have as many versions
VersionQuery = Annotated[
    str | None,
    Query(
        description="Version voulue, donnée par le TileJSON : rend l’adresse immuable", max_length=VERSION_LENGTH
    ),
]


@router.get("/{millesime}/{level}/tilejson.json", summary="TileJSON d’un niveau")
def tilejson(
    request: Request,
    now: CurrentVersions,
    millesime: Year,
    level: LevelPath,
    indicator: Joined,
    as_of: AsOf,
) -> Response:
    """Return the TileJSON 3.0.0 of the tiles of a level: template, layers, fields, bounds."""
    _require_outlines(now.outlined, millesime)
    query = ""
    series = None
    fields = {"code": "Code officiel", "nom": "Nom"}
    with edition_of(request).engine.connect() as conn:
        if indicator is not None:
            series = _held(conn, indicator.indicator, indicator.period, millesime, as_of)
            item = sheet(indicator.indicator)
            fields |= {"value": f"{item.label} {indicator.period} ({item.unit})", "status": "Statut de la valeur"}
            query = f"&indicator={indicator}" + (f"&as_of={as_of}" if as_of else "")
        bounds = list(conn.execute(layers.level_extent(level, millesime)).one())
    if bounds[0] is None:
        raise NotFound(f"Aucun territoire de niveau « {level} » n’est dessiné dans la géographie {millesime}.")
    base = str(request.url).split("?", 1)[0].removesuffix("/tilejson.json")
    version = plain_set(now, millesime, level, series).version
    body = {
        "tilejson": "3.0.0",
        "name": f"{LABELS[level][1]} au 1er janvier {millesime}",
        "attribution": CREDITS,
        "scheme": "xyz",
        "tiles": [f"{base}/{{z}}/{{x}}/{{y}}.mvt?v={version}{query}"],
        "minzoom": 0,
        "maxzoom": MAX_ZOOM,
        "bounds": bounds,
        "vector_layers": [
            {"id": level, "fields": fields, "geometry_type": "polygon"},
            {"id": f"{level}-centres", "fields": fields, "geometry_type": "point"},
        ],
    }
    return answer(request, json_document(body))


@router.get("/{millesime}/{level}/{z}/{x}/{y}.mvt", summary="Une tuile vectorielle")
async def tile(
    request: Request,
    now: CurrentVersions,
    millesime: Year,
    level: LevelPath,
    z: Coordinate,
    x: Coordinate,
    y: Coordinate,
    indicator: Joined,
    as_of: AsOf,
    v: VersionQuery = None,
) -> Response:
    """Return a tile: polygons and centres of a level with integer ids, code and nom, and the joined value."""
    asked = Tile(z, x, y)
    _require_outlines(now.outlined, millesime)
    series = None
    if indicator is not None:
        name = (indicator.indicator, indicator.period, millesime)
        series = now.series.get(name) if as_of is None else None
        if series is None:
            series = await run_in_threadpool(_series, edition_of(request).engine, *name, as_of)
    if as_of is not None:
        v = None  # what was published once may be closed: nobody keeps it for ever
    return await tile_answer(request, now, [plain_set(now, millesime, level, series)], asked, v)


def _series(engine: sa.Engine, indicator: str, period: str, millesime: int, as_of: date | None) -> Held:
    with engine.connect() as conn:
        return _held(conn, indicator, period, millesime, as_of)


def _held(conn: sa.Connection, indicator: str, period: str, millesime: int, as_of: date | None) -> Held:
    found = published.find(conn, indicator, period, millesime, release_id(conn, as_of))
    return Held(found.id, found.digest, frozenset(found.levels))


def _require_outlines(outlined: frozenset[int], millesime: int) -> None:
    if not outlined:
        raise Conflict("Aucune limite n’est encore chargée : lancez « ores load boundaries ».")
    if millesime not in outlined:
        known = ", ".join(map(str, sorted(outlined)))
        raise NotFound(f"Pas de contours pour le millésime {millesime}. Millésimes dessinés : {known}.")
