"""Vector tiles of the territories, with or without the values of an indicator, and their TileJSON."""

from dataclasses import replace
from datetime import date
from functools import cache
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Path, Query, Request
from sqlalchemy.dialects.postgresql import psycopg
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.dependencies import AsOf, CurrentVersions, Joined, LevelPath, release_id
from api.documents import Document, answer, answer_beside, document, json_document
from api.editions import edition_of
from api.strict import StrictRoute
from api.versions import Versions
from boundaries import layers
from boundaries.levels import LABELS, Level
from geo.errors import Conflict, NotFound
from geo.tiles import MAX_ZOOM, Tile, encoded
from indicators import published
from indicators.catalogue import indicator as sheet

router = APIRouter(prefix="/api/tiles", route_class=StrictRoute, tags=["Tuiles"])

MEDIA_TYPE = "application/vnd.mapbox-vector-tile"
Year = Annotated[int, Path(description="Géographie au 1er janvier de cette année", ge=1943, le=2100)]
Coordinate = Annotated[int, Path(ge=0, le=2**22)]
VERSION_LENGTH = 80
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
    query = f"?v={tile_version(now.millesimes[millesime], now.release, indicator is not None)}"
    fields = {"code": "Code officiel", "nom": "Nom"}
    with edition_of(request).engine.connect() as conn:
        if indicator is not None:
            release = release_id(conn, as_of)
            published.find(conn, indicator.indicator, indicator.period, millesime, release)
            item = sheet(indicator.indicator)
            fields |= {"value": f"{item.label} {indicator.period} ({item.unit})", "status": "Statut de la valeur"}
            query += f"&indicator={indicator}" + (f"&as_of={as_of}" if as_of else "")
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
    series_id = None
    if indicator is not None:
        name = (indicator.indicator, indicator.period, millesime)
        series_id = now.series.get(name) if as_of is None else None
        if series_id is None:
            # a series that the snapshot does not know may be of a newer release than the version asked for
            v = None
            series_id = await run_in_threadpool(_series_id, edition_of(request).engine, *name, as_of)
    return await served(request, now, millesime, level, asked, series_id, v)


async def served(
    request: Request,
    now: Versions,
    millesime: int,
    level: Level,
    asked: Tile,
    series_id: int | None,
    v: str | None,
) -> Response:
    """Return a tile of an outlined millesime, with the values of a series of the current release if it is given."""
    edition = edition_of(request)
    kept = edition.documents
    version = tile_version(now.millesimes[millesime], now.release, series_id is not None)
    key = ("tile", version, millesime, level, asked.z, asked.x, asked.y, series_id)
    found = kept.get(key)
    if found is None:

        async def build() -> Document:
            parameters = layers.tile_parameters(millesime, asked)
            if series_id is not None:
                parameters["series_id"] = series_id
            body, read = await edition.asking.one(*_statement(level, series_id is not None, parameters))
            made = document(body or b"", MEDIA_TYPE)
            # limits that were loaded since the snapshot are served, but not kept under the version before them
            return made if read == now.millesimes[millesime].encode() else replace(made, lasting=False)

        found = await kept.get_or_await(key, build)
    return await answer_beside(request, found, immutable=v == version)


def _series_id(engine: sa.Engine, indicator: str, period: str, millesime: int, as_of: date | None) -> int:
    with engine.connect() as conn:
        return published.find(conn, indicator, period, millesime, release_id(conn, as_of)).id


@cache
def _compiled(level: Level, with_values: bool) -> tuple[str, list[bytes], list[tuple[int, str]]]:
    """The statement of a level's tiles, written once: building it takes longer than PostGIS needs for a tile.

    Beside it, what goes in its $1, $2…, and which of them are to be replaced by which parameter of the tile.
    """
    drawn = layers.tile_layers(level)
    if with_values:
        drawn = [published.joined(layer) for layer in drawn]
    read = encoded(drawn).add_columns(layers.stored_version().scalar_subquery().label("version"))
    compiled = read.compile(dialect=psycopg.dialect(paramstyle="numeric_dollar"))  # type: ignore[no-untyped-call]
    names = compiled.positiontup or []
    values = [_text(compiled.params[name]) for name in names]
    return (
        str(compiled),
        values,
        [(place, name) for place, name in enumerate(names) if compiled.params[name] is None],
    )


def _statement(level: Level, with_values: bool, parameters: dict[str, int | float]) -> tuple[str, list[bytes]]:
    text, constants, places = _compiled(level, with_values)
    values = constants.copy()
    for place, name in places:
        values[place] = _text(parameters[name])
    return text, values


def _text(value: object) -> bytes:
    """A value in PostgreSQL's text form."""
    return b"\\x" + value.hex().encode() if isinstance(value, bytes) else str(value).encode()


def tile_version(millesime_version: str, release: str, with_values: bool) -> str:
    """Return what identifies the tiles of a millesime; those with values change with the release as well."""
    return millesime_version if not with_values else f"{millesime_version}-{release}"


def _require_outlines(outlined: frozenset[int], millesime: int) -> None:
    if not outlined:
        raise Conflict("Aucune limite n’est encore chargée : lancez « ores load boundaries ».")
    if millesime not in outlined:
        known = ", ".join(map(str, sorted(outlined)))
        raise NotFound(f"Pas de contours pour le millésime {millesime}. Millésimes dessinés : {known}.")
