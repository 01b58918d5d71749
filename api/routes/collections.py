"""Territories as collections, in any format, page after page or whole, with the values of an indicator if asked."""

import math
from dataclasses import replace
from typing import Annotated
from urllib.parse import urlencode

import sqlalchemy as sa
from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from api.dependencies import (
    AsOf,
    Code,
    Connection,
    CurrentVersions,
    Joined,
    Kept,
    Millesime,
    Series,
    Within,
    place_of,
    reading,
    release_id,
)
from api.documents import Document, answer, document
from api.exports import exported
from api.filters import Filter, filtered
from api.layers import territory_layer
from api.ogc.collected import LEVELS
from api.strict import StrictRoute
from api.versions import kept_only_if_current
from boundaries import layers, places
from boundaries.levels import Level
from boundaries.places import Place
from geo import cql2
from geo.errors import Invalid, NotFound
from geo.formats import crs as systems
from geo.formats.crs import CRS84, Crs
from geo.formats.geojson import collection as written
from geo.formats.geojson import feature_texts
from geo.formats.layer import Layer
from geo.formats.media_types import FORMATS, GEOJSON, Format, format_named, negotiated
from geo.layers import Rows
from indicators import published

router = APIRouter(prefix="/api/collections", route_class=StrictRoute, tags=["Collections"])

PAGE, LONGEST_PAGE = 1_000, 100_000  # features
KEPT_PAGE = 10_000  # beyond, a page is sent as it is written, and kept nowhere
Collection = Annotated[str, Path(description=", ".join(LEVELS), max_length=40)]
Box = Annotated[
    str | None,
    Query(description="Emprise ouest,sud,est,nord en degrés (WGS 84)", max_length=120),
]
Word = Annotated[
    str | None, Query(alias="f", description=f"Format : {', '.join(form.name for form in FORMATS)}", max_length=20)
]
System = Annotated[
    str | None, Query(alias="crs", description="Système de coordonnées, par son URI OGC", max_length=80)
]


@router.get("/{collection}/items", summary="Les territoires, en GeoJSON ou dans un autre format")
def items(
    request: Request,
    now: CurrentVersions,
    kept: Kept,
    collection: Collection,
    millesime: Millesime,
    within: Within,
    indicator: Joined,
    as_of: AsOf,
    asked: Filter,
    word: Word = None,
    system: System = None,
    bbox: Box = None,
    limit: Annotated[
        int | None,
        Query(
            description=f"Nombre d’objets par page ; à défaut {PAGE} en GeoJSON, tous dans les autres formats",
            ge=1,
            le=LONGEST_PAGE,
        ),
    ] = None,
    after: Annotated[str | None, Query(description="Code après lequel commence la page", max_length=61)] = None,
) -> Response:
    """Return features ordered by code; the link `next` leads to the following page, in the headers of other formats."""
    level = level_of(collection)
    form = format_named(word) if word is not None else negotiated(request.headers.get("accept"))
    crs = systems.named(system) if system is not None else None

    def described(conn: sa.Connection) -> Layer:
        geography = places.require_millesime(conn, millesime)
        if within is not None:
            places.require(conn, within, millesime)
        release = release_id(conn, as_of)
        rows = rows_of(conn, level, millesime, within, indicator, bbox, release)
        code = rows.selected_columns.code
        rows = rows.order_by(code) if after is None else rows.order_by(code).where(code > after)
        joined = (published.sheet_of(conn, indicator.indicator, release), indicator.period) if indicator else None
        return filtered(territory_layer(collection, level, geography, rows, joined), level, millesime, asked)

    def export(conn: sa.Connection) -> tuple[Layer, list[dict[str, str]]]:
        layer = described(conn)
        links = [_link(request, "self", request.query_params.multi_items(), form)]
        if limit is None:
            return layer, links
        code = layer.rows.selected_columns.code
        ends = conn.scalars(layer.rows.with_only_columns(code).offset(limit - 1).limit(2)).all()
        if len(ends) == 2:
            links.append(_next(request, ends[0], form))
        return replace(layer, rows=layer.rows.limit(limit)), links

    size = limit or PAGE

    def build() -> Document:
        with reading(request) as conn, cql2.computed():
            layer = described(conn)
            some = replace(layer, rows=layer.rows.limit(size + 1))
            found = conn.execute(feature_texts(some, crs or CRS84)).all()
            page = found[:size]
            links = [_link(request, "self", request.query_params.multi_items())]
            if len(found) > size:
                links.append(_next(request, page[-1].key))
            body = written((row.feature for row in page), numberReturned=len(page), links=links)
            return kept_only_if_current(document(body, GEOJSON.media_type), conn, now)

    if form != GEOJSON or size > KEPT_PAGE:
        with cql2.computed():
            return exported(request, export, form, crs)
    # The links are absolute, so that the address asked, host included, is part of what the bytes depend on.
    key = ("items", now.data, str(request.url), millesime)
    return _located(answer(request, kept.get_or_build(key, build)), crs)


@router.get("/{collection}/items/{code}", summary="Un territoire en GeoJSON")
def item(
    request: Request,
    conn: Connection,
    collection: Collection,
    code: Code,
    millesime: Millesime,
    indicator: Joined,
    as_of: AsOf,
    system: System = None,
) -> Response:
    """Return one feature."""
    level = level_of(collection)
    geography = places.require_millesime(conn, millesime)
    place = place_of(level, code)
    places.require(conn, place, millesime)
    release = release_id(conn, as_of)
    rows = rows_of(conn, level, millesime, place, indicator, None, release)
    joined = (published.sheet_of(conn, indicator.indicator, release), indicator.period) if indicator else None
    crs = systems.named(system) if system is not None else None
    layer = territory_layer(collection, level, geography, rows, joined)
    text: str = conn.execute(feature_texts(layer, crs or CRS84)).one().feature
    return _located(answer(request, document(text.encode(), GEOJSON.media_type)), crs)


def _located(response: Response, crs: Crs | None) -> Response:
    response.headers["Content-Crs"] = f"<{(crs or CRS84).uri}>"
    response.raw_headers.append((b"vary", b"Accept"))
    return response


def rows_of(
    conn: sa.Connection,
    level: Level,
    millesime: int,
    within: Place | None,
    indicator: Series | None,
    bbox: str | None,
    release: int | None,
) -> Rows:
    """Return the features of a level, with the values of an indicator if asked."""
    rows = layers.features(level, millesime, within)
    if bbox is not None:
        rows = layers.touching(rows, _box(bbox))
    if indicator is None:
        return rows
    series = published.find(conn, indicator.indicator, indicator.period, millesime, release)
    return published.with_values(rows, series.id)


def _box(text: str) -> tuple[float, float, float, float]:
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        west = south = east = north = math.nan
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise Invalid(
            f"Emprise mal formée : « {text} ». Forme attendue : ouest,sud,est,nord en degrés, par exemple "
            "-2.6,46.2,0.9,48.6."
        )
    return west, south, east, north


def level_of(collection: str) -> Level:
    """Return the level of a collection. Raises NotFound, naming those that there are."""
    if collection not in LEVELS:
        raise NotFound(f"Collection inconnue : « {collection} ». Collections : {', '.join(LEVELS)}.")
    return LEVELS[collection]


def _link(request: Request, rel: str, query: list[tuple[str, str]], form: Format = GEOJSON) -> dict[str, str]:
    base = str(request.url).split("?", 1)[0]
    return {"rel": rel, "href": f"{base}?{urlencode(query)}" if query else base, "type": form.essence}


def _next(request: Request, after: str, form: Format = GEOJSON) -> dict[str, str]:
    query = [(name, value) for name, value in request.query_params.multi_items() if name != "after"]
    return _link(request, "next", [*query, ("after", after)], form)
