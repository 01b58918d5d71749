"""What the collections are, and the schemas of what they have, what a filter may name and what may order them."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response

from api.dependencies import AsOf, CurrentVersions, Joined, Kept, Series, reading, release_id
from api.documents import Document, Documents
from api.ogc import describing
from api.ogc.asked import layer_of, wanted_of
from api.ogc.collected import Collected, collection_of
from api.ogc.describing import Descriptions
from api.ogc.pages import collection_page, collections_page, schema_page
from api.ogc.records import catalogue_document, recorded
from api.ogc.relations import link
from api.ogc.representing import JSON, SCHEMA, Word, address_of, machine, serialised, wants_page
from api.strict import StrictRoute
from api.versions import Versions, kept_only_if_current
from boundaries.levels import Level
from geo.formats.crs import SYSTEMS
from geo.formats.jsonschema import schema
from geo.formats.layer import Layer

router = APIRouter(prefix="/api/collections", route_class=StrictRoute, tags=["Collections"])

Collection = Annotated[
    str, Path(description="Identifiant de la collection, que donne /api/collections", max_length=80)
]
Year = Annotated[
    int | None,
    Query(description="Géographie au 1er janvier de cette année ; à défaut la plus récente", ge=1943, le=2100),
]
LevelAsked = Annotated[
    Level | None, Query(description="Niveau de territoire d’une collection d’indicateur ; à défaut le plus fin")
]
Period = Annotated[
    str | None, Query(description="Période d’une collection d’indicateur ; à défaut toutes", max_length=20)
]


@router.get("", summary="Les collections")
def collections(request: Request, now: CurrentVersions, kept: Kept, f: Word = None) -> Response:
    """Return the collections that there are."""
    api = address_of(request)
    described = _descriptions(request)
    if wants_page(request, f, JSON):
        return collections_page(request, list(described.of(request).collections.values()), api)

    def build() -> Document:
        found = described.of(request)
        links = [
            link("self", f"{api}/collections", JSON.media_type, "Les collections"),
            link("alternate", f"{api}/collections?f=html", "text/html", "Les collections, page"),
        ]
        listed = [describing.document(one, api) for one in found.collections.values()]
        listed.append(catalogue_document(api, recorded(found)))
        body = {"links": links, "crs": [system.uri for system in SYSTEMS], "collections": listed}
        return serialised(body, JSON, lasting=found.lasting)

    return machine(request, kept.get_or_build(("collections", now.data, now.indicators, api), build))


@router.get("/{collection}", summary="Une collection")
def collection(request: Request, collection: Collection, f: Word = None) -> Response:
    """Return the description of a collection."""
    api = address_of(request)
    one = _descriptions(request).of(request).one(collection)
    body = describing.document(one, api)
    if wants_page(request, f, JSON):
        return collection_page(request, one, body)
    return machine(request, serialised(body, JSON))


@dataclass(frozen=True)
class Asked:
    """The features that a schema is of."""

    collection: str
    millesime: int | None
    level: Level | None
    period: str | None
    indicator: Series | None
    as_of: date | None


async def _asked(
    collection: Collection,
    indicator: Joined,
    as_of: AsOf,
    millesime: Year = None,
    level: LevelAsked = None,
    period: Period = None,
) -> Asked:
    return Asked(collection, millesime, level, period, indicator, as_of)


SchemaAsked = Annotated[Asked, Depends(_asked)]


@router.get("/{collection}/queryables", summary="Ce qu’un filtre peut nommer")
def queryables(request: Request, now: CurrentVersions, kept: Kept, asked: SchemaAsked, f: Word = None) -> Response:
    """Return the JSON Schema of what a filter of the collection may name: its properties and its geometry."""
    return _schema(request, now, kept, asked, f, "queryables")


@router.get("/{collection}/schema", summary="Les propriétés d’une collection")
def properties(request: Request, now: CurrentVersions, kept: Kept, asked: SchemaAsked, f: Word = None) -> Response:
    """Return the JSON Schema of the features of the collection, with units and codes."""
    return _schema(request, now, kept, asked, f, "schema")


@router.get("/{collection}/sortables", summary="Ce qui peut ordonner")
def sortables(request: Request, now: CurrentVersions, kept: Kept, asked: SchemaAsked, f: Word = None) -> Response:
    """Return the JSON Schema of what items may be sorted by: every property but the geometry."""
    return _schema(request, now, kept, asked, f, "sortables", shaped=False)


def _schema(
    request: Request,
    now: Versions,
    kept: Documents,
    asked: Asked,
    f: str | None,
    name: str,
    *,
    shaped: bool = True,
) -> Response:
    api = address_of(request)
    collected = collection_of(asked.collection, now.indicators)
    if wants_page(request, f, SCHEMA):
        with reading(request) as conn:
            return schema_page(request, collected, _layer(conn, collected, now, asked), name, shaped)

    def build() -> Document:
        with reading(request) as conn:
            address = f"{api}/collections/{collected.id}/{name}"
            made = schema(_layer(conn, collected, now, asked), address, shaped=shaped)
            return kept_only_if_current(serialised(made, SCHEMA), conn, now)

    if asked.as_of is not None:  # what was served on a day may be withdrawn on it
        return machine(request, build())
    return machine(request, kept.get_or_build((name, now.data, now.indicators, api, asked), build))


def _layer(conn: sa.Connection, collected: Collected, now: Versions, asked: Asked) -> Layer:
    """Return the layer that is asked for, of which the fields alone are read."""
    wanted = wanted_of(
        conn,
        collected,
        now.latest,
        millesime=asked.millesime,
        level=asked.level,
        period=asked.period,
        indicator=asked.indicator,
        release=release_id(conn, asked.as_of),
    )
    return layer_of(conn, wanted, computed=False)


def _descriptions(request: Request) -> Descriptions:
    found: Descriptions = request.app.state.descriptions
    return found
