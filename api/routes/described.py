"""What the collections are, and what a filter of each may name."""

from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from api.dependencies import AsOf, Connection, Joined, Millesime, release_id
from api.documents import answer, document, json_document
from api.filters import properties
from api.layers import territory_layer
from api.ogc.collected import LEVELS
from api.routes.collections import Collection, level_of, rows_of
from api.strict import StrictRoute
from boundaries import places
from boundaries.levels import LABELS
from geo import cql2
from geo.formats import crs as systems
from geo.formats.media_types import FORMATS
from indicators import published

router = APIRouter(prefix="/api/collections", route_class=StrictRoute, tags=["Collections"])

SCHEMA = "application/schema+json"
QUERYABLES = "http://www.opengis.net/def/rel/ogc/1.0/queryables"


@router.get("", summary="Les collections")
def collections(request: Request) -> Response:
    """Return the collections that there are."""
    listed = [_described(request, name) for name in LEVELS]
    return answer(request, json_document({"collections": listed}))


@router.get("/{collection}", summary="Une collection")
def collection(request: Request, collection: Collection) -> Response:
    """Return the description of a collection."""
    level_of(collection)
    return answer(request, json_document(_described(request, collection)))


@router.get("/{collection}/queryables", summary="Ce qu’un filtre peut nommer")
def named(
    request: Request,
    conn: Connection,
    collection: Collection,
    millesime: Millesime,
    indicator: Joined,
    as_of: AsOf,
) -> Response:
    """Return the JSON Schema of what a filter of the collection may name, the values of an indicator included."""
    level = level_of(collection)
    geography = places.require_millesime(conn, millesime)
    release = release_id(conn, as_of)
    rows = rows_of(conn, level, millesime, None, indicator, None, release)
    joined = (published.sheet_of(conn, indicator.indicator, release), indicator.period) if indicator else None
    layer = territory_layer(collection, level, geography, rows, joined)
    address = f"{request.base_url}api/collections/{collection}/queryables"
    schema = cql2.schema(properties(layer, level, millesime), address, layer.title)
    return answer(request, document(orjson.dumps(schema), SCHEMA))


def _described(request: Request, name: str) -> dict[str, Any]:
    base = f"{request.base_url}api/collections/{name}"
    title = LABELS[LEVELS[name]][1]
    return {
        "id": name,
        "title": title[:1].upper() + title[1:],
        "itemType": "feature",
        "crs": [system.uri for system in systems.SYSTEMS],
        "links": [
            {"rel": "self", "href": base, "type": "application/json"},
            *(
                {"rel": "items", "href": f"{base}/items?f={form.name}", "type": form.essence, "title": form.title}
                for form in FORMATS
            ),
            {"rel": QUERYABLES, "href": f"{base}/queryables", "type": SCHEMA},
        ],
    }
