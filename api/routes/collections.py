"""Territories and their values as collections of features, in any format, page after page or whole."""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Path, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.dependencies import CurrentVersions, Kept, Within, reading, release_id
from api.documents import Document, answer_beside
from api.editions import edition_of
from api.exports import Export, exported
from api.ogc.answers import Part, feature_document, links_of, page_document, part_of, tag_of
from api.ogc.asked import layer_of
from api.ogc.collected import Collected, collection_of
from api.ogc.counting import Matched
from api.ogc.ordering import Place
from api.ogc.pages import PAGE as READ_PAGE
from api.ogc.pages import item_page, items_page
from api.ogc.pages import shown as told_of
from api.ogc.parameters import ChosenAsked, Paged, PagedAsked, Shown, ShownAsked, Subject, SubjectAsked
from api.ogc.planning import plan_of, wanted_by
from api.ogc.plans import Cut, Plan, chosen_fields, page_of, parameters, pattern_of, without_shape
from api.ogc.quickly import ItemsRoute, Planned, document_key, given_properties, plan_key, refuse_properties
from api.versions import Versions, read_versions
from boundaries.levels import LABELS, is_code
from boundaries.places import Place as Territory
from geo import cql2
from geo.errors import NotFound
from geo.formats.crs import CRS84
from geo.formats.geojson import feature_texts
from geo.formats.layer import Layer
from geo.formats.media_types import GEOJSON, HTML

router = APIRouter(prefix="/api/collections", route_class=ItemsRoute, tags=["Collections"])

MOST_READ = 1_000  # features of a page that people read
KEPT_PAGE = 10_000  # features; beyond, a page is sent as it is written, and kept nowhere
Collection = Annotated[str, Path(description="Identifiant de la collection", max_length=80)]
FeatureId = Annotated[
    str, Path(description="Code Insee ou SIREN\u202f; liste.zone pour un périmètre", max_length=61)
]


@router.get("/{collection}/items", summary="Les territoires, en GeoJSON ou dans un autre format")
async def items(
    request: Request,
    now: CurrentVersions,
    kept: Kept,
    collection: Collection,
    subject: SubjectAsked,
    within: Within,
    shown: ShownAsked,
    chosen: ChosenAsked,
    paged: PagedAsked,
) -> Response:
    """Return features in the order asked for, by code at first; the link `next` leads to the following page.

    A parameter that is the name of a property keeps the features that have one of its values, separated by commas.
    """
    collected = collection_of(collection, now.indicators)
    simple, accepted = given_properties(request)

    def plan(conn: sa.Connection) -> tuple[Plan, Place | None]:
        return plan_of(conn, collected, now.latest, subject, within, shown, chosen, paged, simple, accepted)

    if shown.form is HTML:
        return await run_in_threadpool(_page_of, request, collected, plan, paged.limit)
    if shown.form is not GEOJSON or (paged.limit or 0) > KEPT_PAGE:
        return await run_in_threadpool(_export_of, request, plan, shown, paged, now)

    def build() -> Document:
        with reading(request) as conn, cql2.computed():
            found, place = plan(conn)
            crs = shown.crs or CRS84
            statement = found.page(crs, pattern_of(place))
            rows = [(_encoded(text), _encoded(told)) for text, told in conn.execute(statement, parameters(place))]
            page = page_of(rows, found.size, place)
            part = part_of(request, found, GEOJSON, page)
            lasting = read_versions(conn, now).data == now.data
            if lasting and found.current and subject.as_of is None:
                edition_of(request).plans.keep(plan_key(request, now), Planned(found, crs))
            tag = tag_of(request, now.data, GEOJSON)
            return page_document(page, part, found.layer, crs, tag, lasting=lasting)

    async def built() -> Document:
        return await run_in_threadpool(build)

    return await answer_beside(request, await kept.get_or_await(document_key(request, now), built))


@router.get("/{collection}/items/{code}", summary="Un territoire, en GeoJSON ou dans un autre format")
async def item(
    request: Request,
    now: CurrentVersions,
    kept: Kept,
    collection: Collection,
    code: FeatureId,
    subject: SubjectAsked,
    shown: ShownAsked,
) -> Response:
    """Return one feature."""
    collected = collection_of(collection, now.indicators)
    refuse_properties(request)

    def described(conn: sa.Connection) -> Layer:
        return _one(conn, collected, now.latest, subject, shown, code)

    if shown.form is HTML:
        return await run_in_threadpool(_page_of_one, request, collected, described)
    if shown.form is not GEOJSON:
        return await run_in_threadpool(_export_of_one, request, described, shown, now)

    def build() -> Document:
        with reading(request) as conn:
            layer = described(conn)
            crs = shown.crs or CRS84
            text: str = conn.execute(feature_texts(layer, crs)).one().feature
            lasting = read_versions(conn, now).data == now.data
            made = feature_document(
                text.encode(), links_of(request, GEOJSON), layer, crs, tag_of(request, now.data, GEOJSON)
            )
            return replace(made, lasting=lasting)

    async def built() -> Document:
        return await run_in_threadpool(build)

    return await answer_beside(request, await kept.get_or_await(document_key(request, now), built))


def _one(
    conn: sa.Connection, collected: Collected, latest: int, subject: Subject, shown: Shown, code: str
) -> Layer:
    """Return the layer of one feature. Raises NotFound for one that there is not, whatever its code looks like."""
    wanted = wanted_by(conn, collected, latest, subject, release_id(conn, subject.as_of))
    if not is_code(wanted.level, code):
        raise NotFound(f"«\u202f{code}\u202f» n’a pas la forme d’un code de {LABELS[wanted.level][0]}.")
    layer = layer_of(conn, replace(wanted, within=Territory(wanted.level, code)))
    if wanted.nothing:
        raise NotFound(f"Aucune géographie n’était en vigueur alors\u202f: «\u202f{code}\u202f» n’y est pas.")
    layer = chosen_fields(layer if shown.shaped else without_shape(layer), shown.properties)
    return replace(layer, file_parts=(*layer.file_parts, code))


def _export_of(
    request: Request,
    plan: Callable[[sa.Connection], tuple[Plan, Place | None]],
    shown: Shown,
    paged: Paged,
    now: Versions,
) -> Response:
    def export(conn: sa.Connection) -> Export:
        found, place = plan(conn)
        cut = Cut()
        rows = found.rows(place)
        if paged.limit is not None:
            cut = found.cut(conn, place, paged.limit)
            rows = found.some(place, paged.limit)
        elif paged.cursor is None:
            cut = Cut(found.left(paged.offset))
        part = part_of(request, found, shown.form, cut)
        return Export(replace(found.layer, rows=rows), part.members, part.headers, cut.returned)

    with cql2.computed():
        return exported(request, export, shown.form, shown.crs, tag_of(request, now.data, shown.form))


def _export_of_one(
    request: Request, described: Callable[[sa.Connection], Layer], shown: Shown, now: Versions
) -> Response:
    def export(conn: sa.Connection) -> Export:
        part = Part(links_of(request, shown.form), Matched(1), 1)
        return Export(described(conn), part.members, part.headers, 1)

    return exported(request, export, shown.form, shown.crs, tag_of(request, now.data, shown.form))


def _encoded(text: str | None) -> bytes | None:
    return None if text is None else text.encode()


def _page_of(
    request: Request,
    collected: Collected,
    plan: Callable[[sa.Connection], tuple[Plan, Place | None]],
    limit: int | None,
) -> Response:
    with reading(request) as conn, cql2.computed():
        found, place = plan(conn)
        size = min(limit or READ_PAGE, MOST_READ)
        cut = found.cut(conn, place, size)
        layer = replace(found.layer, rows=found.some(place, size))
        rows = conn.execute(told_of(layer)).all()
        part = part_of(request, found, HTML, cut)
        return items_page(request, collected, layer, rows, part.links, found.matched.number)


def _page_of_one(request: Request, collected: Collected, described: Callable[[sa.Connection], Layer]) -> Response:
    with reading(request) as conn:
        layer = described(conn)
        return item_page(request, collected, layer, conn.execute(told_of(layer)).one())
