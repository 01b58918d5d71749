"""Vector tiles of the territories, with or without the values of an indicator, and their TileJSON."""

from dataclasses import replace
from functools import cache
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from sqlalchemy.dialects.postgresql import psycopg as postgresql
from sqlalchemy.engine.interfaces import Compiled
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.dependencies import CurrentVersions, Joined, Kept, LevelPath, Series
from api.documents import Document, answer, document, json_document
from api.strict import StrictRoute
from boundaries import layers
from boundaries.levels import LABELS, Level
from geo.errors import Conflict, NotFound
from geo.tiles import MAX_ZOOM, Tile, encoded
from indicators import published

router = APIRouter(prefix="/api/tiles", route_class=StrictRoute, tags=["Tuiles"])

MEDIA_TYPE = "application/vnd.mapbox-vector-tile"
Year = Annotated[int, Path(description="Géographie au 1er janvier de cette année", ge=1943, le=2100)]
Coordinate = Annotated[int, Path(ge=0, le=2**22)]
VersionQuery = Annotated[
    str | None,
    Query(description="Version voulue, donnée par le TileJSON : rend l’adresse immuable", max_length=80),
]


@router.get("/{millesime}/{level}/tilejson.json", summary="TileJSON d’un niveau")
def tilejson(
    request: Request,
    now: CurrentVersions,
    millesime: Year,
    level: LevelPath,
    indicator: Joined,
) -> Response:
    """Return the TileJSON 3.0.0 of the tiles of a level: template, layers, fields, bounds."""
    _require_outlines(now.outlined, millesime)
    query = f"?v={tile_version(now.millesimes[millesime], now.release, indicator)}"
    fields = {"code": "Code officiel", "nom": "Nom"}
    if indicator is not None:
        item = indicator.indicator
        fields |= {"value": f"{item.label} {indicator.period} ({item.unit})", "status": "Statut de la valeur"}
        query += f"&indicator={indicator}"
    with request.app.state.engine.connect() as conn:
        if indicator is not None:
            published.find(conn, indicator.indicator.id, indicator.period, millesime)
        bounds = list(conn.execute(layers.level_extent(level, millesime)).one())
    if bounds[0] is None:
        raise NotFound(f"Aucun territoire de niveau « {level} » n’est dessiné dans la géographie {millesime}.")
    base = str(request.url).split("?", 1)[0].removesuffix("/tilejson.json")
    body = {
        "tilejson": "3.0.0",
        "name": f"{LABELS[level][1]} au 1er janvier {millesime}",
        "attribution": "Contours : IGN, Etalab",
        "scheme": "xyz",
        "tiles": [base + "/{z}/{x}/{y}.mvt" + query],
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
    kept: Kept,
    millesime: Year,
    level: LevelPath,
    z: Coordinate,
    x: Coordinate,
    y: Coordinate,
    indicator: Joined,
    v: VersionQuery = None,
) -> Response:
    """Return a tile: polygons and centres of a level with integer ids, code and nom, and the joined value."""
    asked = Tile(z, x, y)
    _require_outlines(now.outlined, millesime)
    version = tile_version(now.millesimes[millesime], now.release, indicator)
    key = ("tile", version, millesime, level, z, x, y, str(indicator))
    found = kept.get(key)
    if found is None:

        def build() -> Document:
            parameters = layers.tile_parameters(millesime, asked)
            # One statement reads one state of the data without a transaction; its ROLLBACK would make psycopg
            # forget the prepared statement, and PostgreSQL plan every tile anew.
            with request.app.state.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
                if indicator is not None:
                    name = (indicator.indicator.id, indicator.period, millesime)
                    parameters["series_id"] = now.series.get(name) or published.find(conn, *name).id
                row = conn.exec_driver_sql(*_statement(level, indicator is not None, parameters)).one()
            made = document(bytes(row.tile), MEDIA_TYPE)
            # limits that were loaded since the snapshot are served, but not kept under the version before them
            return made if row.version == now.millesimes[millesime] else replace(made, lasting=False)

        found = await run_in_threadpool(kept.get_or_build, key, build)
    return answer(request, found, immutable=v == version)


@cache
def _compiled(level: Level, with_values: bool) -> Compiled:
    """The statement of a level's tiles, written once: building it takes longer than PostGIS needs for a tile."""
    drawn = layers.tile_layers(level)
    if with_values:
        drawn = [published.joined(layer) for layer in drawn]
    read = encoded(drawn).add_columns(layers.stored_version().scalar_subquery().label("version"))
    return read.compile(dialect=postgresql.dialect())  # type: ignore[no-untyped-call]


def _statement(level: Level, with_values: bool, parameters: dict[str, int | float]) -> tuple[str, dict[str, Any]]:
    compiled = _compiled(level, with_values)
    return str(compiled), dict(compiled.construct_params(parameters) or {})


def tile_version(millesime_version: str, release: str, indicator: Series | None) -> str:
    """Return what identifies the tiles of a millesime; those with values change with the release as well."""
    return millesime_version if indicator is None else f"{millesime_version}-{release}"


def _require_outlines(outlined: frozenset[int], millesime: int) -> None:
    if not outlined:
        raise Conflict("Aucune limite n’est encore chargée : lancez « ores load boundaries ».")
    if millesime not in outlined:
        known = ", ".join(map(str, sorted(outlined)))
        raise NotFound(f"Pas de contours pour le millésime {millesime}. Millésimes dessinés : {known}.")
