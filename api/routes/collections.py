"""Territories as GeoJSON collections, page after page, with the values of an indicator if asked."""

import math
from typing import Annotated, Any
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
from api.documents import Document, answer, document, json_document
from api.strict import StrictRoute
from api.versions import kept_only_if_current
from boundaries import layers, places
from boundaries.levels import LABELS, Level
from boundaries.places import Place
from geo import features
from geo.errors import Invalid, NotFound
from geo.layers import Rows
from indicators import published

router = APIRouter(prefix="/api/collections", route_class=StrictRoute, tags=["Collections"])

GEOJSON = "application/geo+json"
COLLECTIONS = {
    "communes": Level.COMMUNE,
    "epci": Level.EPCI,
    "departements": Level.DEPARTEMENT,
    "regions": Level.REGION,
    "zones-emploi": Level.ZONE_EMPLOI,
    "bassins-de-vie": Level.BASSIN_DE_VIE,
    "aires-attraction": Level.AIRE_ATTRACTION,
    "unites-urbaines": Level.UNITE_URBAINE,
    "cantons": Level.CANTON,
    "arrondissements": Level.ARRONDISSEMENT,
    "scot": Level.SCOT,
    "petr": Level.PETR,
    "perimetres": Level.PERIMETRE,
}
Collection = Annotated[str, Path(description=", ".join(COLLECTIONS), max_length=40)]
Box = Annotated[
    str | None,
    Query(description="Emprise ouest,sud,est,nord en degrés (WGS 84)", max_length=120),
]


@router.get("", summary="Les collections")
def collections(request: Request) -> Response:
    """Return the collections that there are."""
    listed = [_described(request, name) for name in COLLECTIONS]
    return answer(request, json_document({"collections": listed}))


@router.get("/{collection}", summary="Une collection")
def collection(request: Request, collection: Collection) -> Response:
    """Return the description of a collection."""
    _level(collection)
    return answer(request, json_document(_described(request, collection)))


@router.get("/{collection}/items", summary="Les territoires en GeoJSON")
def items(
    request: Request,
    now: CurrentVersions,
    kept: Kept,
    collection: Collection,
    millesime: Millesime,
    within: Within,
    indicator: Joined,
    as_of: AsOf,
    bbox: Box = None,
    limit: Annotated[int, Query(description="Nombre d’objets par page", ge=1, le=10_000)] = 1_000,
    after: Annotated[str | None, Query(description="Code après lequel commence la page", max_length=61)] = None,
) -> Response:
    """Return a page of features ordered by code (EPSG:4326); `next` leads to the following one."""
    level = _level(collection)

    def build() -> Document:
        with reading(request) as conn:
            places.require_millesime(conn, millesime)
            if within is not None:
                places.require(conn, within, millesime)
            rows = _rows(conn, level, millesime, within, indicator, bbox, release_id(conn, as_of))
            texts = features.feature_texts(rows)
            if after is not None:
                texts = texts.where(texts.selected_columns.code > after)
            found = conn.execute(texts.limit(limit + 1)).all()
            page = found[:limit]
            links = [_link(request, "self", request.query_params.multi_items())]
            if len(found) > limit:
                kept_query = [
                    (name, value) for name, value in request.query_params.multi_items() if name != "after"
                ]
                links.append(_link(request, "next", [*kept_query, ("after", page[-1].code)]))
            body = features.collection((row.feature for row in page), numberReturned=len(page), links=links)
            return kept_only_if_current(document(body, GEOJSON), conn, now)

    # The links are absolute, so that the address asked, host included, is part of what the bytes depend on.
    key = ("items", now.data, str(request.url), millesime)
    return answer(request, kept.get_or_build(key, build))


@router.get("/{collection}/items/{code}", summary="Un territoire en GeoJSON")
def item(
    request: Request,
    conn: Connection,
    collection: Collection,
    code: Code,
    millesime: Millesime,
    indicator: Joined,
    as_of: AsOf,
) -> Response:
    """Return one feature."""
    level = _level(collection)
    places.require_millesime(conn, millesime)
    place = place_of(level, code)
    places.require(conn, place, millesime)
    rows = _rows(conn, level, millesime, place, indicator, None, release_id(conn, as_of))
    text: str = conn.execute(features.feature_texts(rows)).one().feature
    return answer(request, document(text.encode(), GEOJSON))


def _rows(
    conn: sa.Connection,
    level: Level,
    millesime: int,
    within: Place | None,
    indicator: Series | None,
    bbox: str | None,
    release: int | None,
) -> Rows:
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


def _level(collection: str) -> Level:
    if collection not in COLLECTIONS:
        raise NotFound(f"Collection inconnue : « {collection} ». Collections : {', '.join(COLLECTIONS)}.")
    return COLLECTIONS[collection]


def _described(request: Request, name: str) -> dict[str, Any]:
    base = f"{request.base_url}api/collections/{name}"
    title = LABELS[COLLECTIONS[name]][1]
    return {
        "id": name,
        "title": title[:1].upper() + title[1:],
        "itemType": "feature",
        "crs": ["http://www.opengis.net/def/crs/OGC/1.3/CRS84"],
        "links": [
            {"rel": "self", "href": base, "type": "application/json"},
            {"rel": "items", "href": f"{base}/items", "type": GEOJSON},
        ],
    }


def _link(request: Request, rel: str, query: list[tuple[str, str]]) -> dict[str, str]:
    base = str(request.url).split("?", 1)[0]
    return {"rel": rel, "href": f"{base}?{urlencode(query)}" if query else base, "type": GEOJSON}
