"""What the collections are, and the schemas of what they have, what a filter may name and what may order them."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response

from api.dependencies import AsOf, Connection, CurrentVersions, Joined, Kept, release_id
from api.documents import Document
from api.ogc import describing
from api.ogc.asked import layer_of, wanted_of
from api.ogc.collected import collection_of
from api.ogc.describing import Descriptions
from api.ogc.pages import collection_page, collections_page
from api.ogc.records import catalogue_document
from api.ogc.relations import link
from api.ogc.representing import JSON, SCHEMA, Word, address_of, machine, serialised, wants_page
from api.strict import StrictRoute
from boundaries.levels import Level
from geo.formats.crs import SYSTEMS
from geo.formats.jsonschema import schema
from geo.formats.layer import Layer
from geo.formats.media_types import negotiated

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
        region = request.app.state.region
        links = [
            link("self", f"{api}/collections", JSON.media_type, "Les collections"),
            link("alternate", f"{api}/collections?f=html", "text/html", "Les collections, page"),
        ]
        listed = [describing.document(one, api, region) for one in found.collections.values()]
        listed.append(catalogue_document(api, list(found.collections.values())))
        body = {"links": links, "crs": [system.uri for system in SYSTEMS], "collections": listed}
        return serialised(body, JSON, lasting=found.lasting)

    return machine(request, kept.get_or_build(("collections", now.data, now.indicators, api), build))


@router.get("/{collection}", summary="Une collection")
def collection(request: Request, collection: Collection, f: Word = None) -> Response:
    """Return the description of a collection."""
    api = address_of(request)
    one = _descriptions(request).of(request).one(collection)
    body = describing.document(one, api, request.app.state.region)
    if wants_page(request, f, JSON):
        return collection_page(request, one, body)
    return machine(request, serialised(body, JSON))


def _layer(
    request: Request,
    conn: Connection,
    now: CurrentVersions,
    collection: Collection,
    indicator: Joined,
    as_of: AsOf,
    millesime: Year = None,
    level: LevelAsked = None,
    period: Period = None,
) -> Layer:
    """Give the layer of a collection, of which nothing but the fields is read."""
    wanted = wanted_of(
        conn,
        collection_of(collection, now.indicators),
        now.latest,
        millesime=millesime,
        level=level,
        period=period,
        indicator=indicator,
        release=release_id(conn, as_of),
    )
    return layer_of(conn, wanted, computed=False)


Described = Annotated[Layer, Depends(_layer)]
Json = Annotated[Literal["json"] | None, Query(alias="f", description="json, la seule représentation d’un schéma")]


@router.get("/{collection}/queryables", summary="Ce qu’un filtre peut nommer")
def queryables(request: Request, layer: Described, f: Json = None) -> Response:
    """Return the JSON Schema of what a filter of the collection may name: its properties and its geometry."""
    return _schema(request, layer, "queryables")


@router.get("/{collection}/schema", summary="Les propriétés d’une collection")
def properties(request: Request, layer: Described, f: Json = None) -> Response:
    """Return the JSON Schema of the features of the collection, with units and codes."""
    return _schema(request, layer, "schema")


@router.get("/{collection}/sortables", summary="Ce qui peut ordonner")
def sortables(request: Request, layer: Described, f: Json = None) -> Response:
    """Return the JSON Schema of what items may be sorted by: every property but the geometry."""
    return _schema(request, layer, "sortables", shaped=False)


def _schema(request: Request, layer: Layer, name: str, *, shaped: bool = True) -> Response:
    negotiated(request.headers.get("accept"), (SCHEMA,))
    address = f"{address_of(request)}/collections/{layer.name}/{name}"
    return machine(request, serialised(schema(layer, address, shaped=shaped), SCHEMA))


def _descriptions(request: Request) -> Descriptions:
    found: Descriptions = request.app.state.descriptions
    return found
