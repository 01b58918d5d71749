"""The catalogue as a collection of records: its description, its records by what is sought, and each of them."""

from typing import Annotated, Any, Literal
from urllib.parse import urlencode

import orjson
from fastapi import APIRouter, Path, Query, Request
from pydantic import BeforeValidator, Field
from starlette.responses import Response

from api import grammars
from api.dependencies import CurrentVersions, Kept, reading
from api.documents import Document, document, json_document
from api.ogc.describing import Description
from api.ogc.recordpages import record_page, records_page
from api.ogc.records import CATALOGUE, TITLE, catalogue_document, record_of, recorded, records_document
from api.ogc.recordsearch import facets, sought
from api.ogc.relations import Link, link
from api.ogc.representing import JSON, machine, wants_page
from api.pages.site import site_name
from api.strict import StrictRoute
from api.versions import Versions, kept_only_if_current
from geo.errors import NotFound
from geo.formats.media_types import GEOJSON
from indicators.releases import first_shown

router = APIRouter(prefix=f"/api/collections/{CATALOGUE}", route_class=StrictRoute, tags=["Catalogue"])

PAGE, LONGEST_PAGE = 100, 1_000  # records


def _given(text: Any) -> Any:
    return None if text == "" else text


def _listed(name: str, description: str, pattern: str | None = None) -> dict[str, Any]:
    items = {"type": "string"} | ({"pattern": pattern} if pattern else {})
    schema = {"type": "array", "items": items}
    return {
        "name": name,
        "in": "query",
        "description": description,
        "schema": schema,
        "style": "form",
        "explode": False,
    }


PARAMETERS = [
    _listed(
        "q",
        "Mots cherchés dans les titres, descriptions et mots clés ; la virgule sépare des termes dont un suffit",
    ),
    _listed("type", "Types de notices, par exemple dataset"),
    _listed("ids", "Identifiants de notices"),
    _listed(
        "externalIds", "Identifiants d’indicateurs ou de niveaux : densite, indicateur:densite", "([^:]+:)?[^:]+"
    ),
    {
        "name": "bbox",
        "in": "query",
        "description": "Emprise ouest,sud,est,nord en degrés (WGS 84)",
        "schema": {
            "type": "array",
            "oneOf": [{"minItems": 4, "maxItems": 4}, {"minItems": 6, "maxItems": 6}],
            "items": {"type": "number"},
        },
        "style": "form",
        "explode": False,
    },
]
Listed = Annotated[str | None, Query(max_length=2_000, include_in_schema=False)]
Word = Annotated[
    Literal["json", "geojson", "html"] | None,
    BeforeValidator(_given),
    Query(
        alias="f", description="json pour les programmes, html pour la page ; à défaut, l’en-tête Accept choisit"
    ),
]


@router.get("", summary="Le catalogue")
def catalogue(request: Request, now: CurrentVersions, kept: Kept, word: Word = None) -> Response:
    """Return the description of the catalogue."""
    if wants_page(request, word, JSON):
        found = _records(request, now, kept)
        return records_page(request, found, len(found), [], None)
    described = recorded(request.app.state.descriptions.of(request))
    body = catalogue_document(f"{request.base_url}api", described)
    return machine(request, json_document(body))


@router.get("/items", summary="Les notices du catalogue", openapi_extra={"parameters": PARAMETERS})
def records(
    request: Request,
    now: CurrentVersions,
    kept: Kept,
    q: Listed = None,
    types: Annotated[str | None, Query(alias="type", max_length=2_000, include_in_schema=False)] = None,
    ids: Listed = None,
    external: Annotated[str | None, Query(alias="externalIds", max_length=2_000, include_in_schema=False)] = None,
    bbox: Listed = None,
    when: Annotated[
        str | None,
        Query(
            alias="datetime",
            description="Date ou intervalle (RFC 3339), par exemple 2016-01-01/..",
            max_length=80,
            json_schema_extra=grammars.told(grammars.TIMES_OR_NONE),
        ),
    ] = None,
    limit: Annotated[
        Annotated[int, Field(ge=1)] | None,
        BeforeValidator(_given),
        Query(description=f"Notices par page, {LONGEST_PAGE} au plus"),
    ] = None,
    offset: Annotated[
        Annotated[int, Field(ge=0)] | None, BeforeValidator(_given), Query(description="Notices à passer")
    ] = None,
    counted: Annotated[
        bool | None,
        BeforeValidator(_given),
        Query(alias="facets", description="Compter aussi les notices de chaque thème et de chaque mot clé"),
    ] = None,
    word: Word = None,
) -> Response:
    """Return the records that have all that is asked, in the order of the catalogue."""
    wanted = sought(q=q, types=types, ids=ids, external=external, bbox=bbox, when=when)
    found = wanted.found_in(_records(request, now, kept))
    size, first = min(limit or PAGE, LONGEST_PAGE), offset or 0
    page = found[first : first + size]
    links = [_link(request, "self", {})]
    if first + size < len(found):
        links.append(_link(request, "next", {"offset": first + size}))
    if first:
        links.append(_link(request, "prev", {"offset": max(0, first - size)}))
    links.append(link("collection", f"{request.base_url}api/collections/{CATALOGUE}", "application/json", TITLE))
    if wants_page(request, word, GEOJSON):
        return records_page(request, page, len(found), links, q)
    more = {"facets": facets(found)} if counted else {}
    return machine(request, document(records_document(page, len(found), links, more), GEOJSON.media_type))


@router.get("/items/{identifier}", summary="Une notice")
def record(
    request: Request,
    now: CurrentVersions,
    kept: Kept,
    identifier: Annotated[str, Path(description="Identifiant de la collection décrite", max_length=80)],
    word: Word = None,
) -> Response:
    """Return one record. What is hidden from who asks is not found, as what does not exist."""
    every = _records(request, now, kept)
    found = next((one for one in every if one["id"] == identifier), None)
    if found is None:
        known = ", ".join(one["id"] for one in every)
        raise NotFound(f"Notice inconnue : « {identifier} ». Notices : {known}.")
    if wants_page(request, word, GEOJSON):
        return record_page(request, found)
    return machine(request, document(orjson.dumps(found), GEOJSON.media_type))


def _records(request: Request, now: Versions, kept: Kept) -> list[dict[str, Any]]:
    """Every record that who asks is served; written once for each release, address and audience."""
    api = f"{request.base_url}api"

    def build() -> Document:
        described = recorded(request.app.state.descriptions.of(request))
        publisher = site_name(request.app.state.region)
        with reading(request) as conn:
            series = [_last(one) for one in described]
            shown = first_shown(conn, [found for found in series if found is not None])
            made = [
                record_of(one, api, publisher, shown.get(last or ("", "", 0)))
                for one, last in zip(described, series, strict=True)
            ]
            return kept_only_if_current(json_document(made), conn, now)

    found: list[dict[str, Any]] = orjson.loads(
        kept.get_or_build(("records", now.data, now.indicators, api), build).body
    )
    return found


def _last(one: Description) -> tuple[str, str, int] | None:
    """Return the name of the last series of an indicator: its id, its last period, and the millesime; None for a level."""
    sheet = one.collected.sheet
    return None if sheet is None or not one.periods else (sheet.id, one.periods[-1], one.millesime)


def _link(request: Request, rel: str, changed: dict[str, int]) -> Link:
    query = {name: value for name, value in request.query_params.items() if name not in changed} | changed
    base = str(request.url).split("?", 1)[0]
    return link(rel, f"{base}?{urlencode(query)}" if query else base, GEOJSON.essence, "Notices")
