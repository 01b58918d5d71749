"""Pages of items that are answered before a request is even read: those in memory, and those of a plan in memory.

The route of `api.routes.collections` remains the definition. Whatever is not exactly the continuation of what it found is
left to it.
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from starlette.responses import Response

from api.documents import Document, answer_beside
from api.editions import Edition, edition_of
from api.filling import FillingRoute
from api.ogc.answers import page_document, part_of, tag_of
from api.ogc.ordering import Place, place_in, read_cursor
from api.ogc.plans import Plan, page_of
from api.strict import query_names, refuse_repeated
from api.versions import Versions
from geo.errors import Invalid
from geo.formats.crs import Crs
from geo.formats.media_types import GEOJSON


class Changed(Exception):
    """What is served changed since a plan was made."""


@dataclass(frozen=True)
class Planned:
    """A plan of pages of GeoJSON, and the system that they are in."""

    plan: Plan
    crs: Crs


class ItemsRoute(FillingRoute):
    """A route whose answers are sought in memory first; it leaves names of parameters to the function, which knows them."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, behind what may be answered at once."""
        handle = super().get_route_handler()
        accepted = tuple(sorted(query_names(self.dependant)))

        async def quick(request: Request) -> Response:
            edition = edition_of(request)
            # Before anything is read: what changes meanwhile must not be dated later than what was read.
            request.state.changed = edition.versions.now.changed
            found = await _at_once(request, edition)
            if found is not None:
                return await answer_beside(request, found)
            refuse_repeated(request)
            request.state.accepted = accepted
            return await handle(request)

        return quick


def given_properties(request: Request) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the parameters that only a property may have the name of, and the names of all others that there are."""
    accepted: tuple[str, ...] = request.state.accepted
    return {name: text for name, text in request.query_params.items() if name not in accepted}, accepted


def refuse_properties(request: Request) -> None:
    """Do nothing where all parameters are known. Raises Invalid, naming those that are."""
    unknown, accepted = given_properties(request)
    if unknown:
        told = ", ".join(name[:50] for name in sorted(unknown))
        raise Invalid(f"Paramètre inconnu\u202f: {told}. Paramètres acceptés\u202f: {', '.join(accepted)}.")


def document_key(request: Request, now: Versions) -> tuple[str, ...]:
    """Return what a document depends on: its links are absolute, so its whole address, host included."""
    return ("items", now.data, str(request.url), request.headers.get("accept", ""))


def plan_key(request: Request, now: Versions) -> tuple[str, ...]:
    """Return what a plan depends on: the same but for the cursor, which leads from page to page."""
    query = "&".join(
        part for part in request.scope["query_string"].decode("latin-1").split("&") if part[:7] != "cursor="
    )
    return ("plan", now.data, request.url.path, query, request.headers.get("accept", ""))


async def _at_once(request: Request, edition: Edition) -> Document | None:
    now = edition.versions.now
    key = document_key(request, now)
    found = edition.documents.get(key)
    if found is not None:
        return found
    planned = edition.plans.get(plan_key(request, now))
    if planned is None:
        return None
    place = _place(request, planned.plan)
    if "cursor" in request.query_params and (place is None or "offset" in request.query_params):
        return None

    async def build() -> Document:
        return await _page(request, edition, now, planned, place)

    try:
        return await edition.documents.get_or_await(key, build)
    except Changed:
        return None


def _place(request: Request, plan: Plan) -> Place | None:
    """Return where the page begins; None for a cursor that is none of this plan."""
    given = request.query_params.getlist("cursor")
    if not given:
        return plan.start
    try:
        told = read_cursor(given[0])
        own = len(given) == 1 and (told.order, told.release) == (plan.order.text, plan.release)
        return place_in(plan.order, told.place, given[0], back=told.back) if own else None
    except Invalid:
        return None


async def _page(
    request: Request, edition: Edition, now: Versions, planned: Planned, place: Place | None
) -> Document:
    plan, crs = planned.plan, planned.crs
    statement = plan.statement(crs, place)
    values = statement.values if place is None else statement.at(place)
    page = page_of(await edition.asking.rows(statement.text, values), plan.size, place)
    if page.read != [now.release, now.millesimes.get(plan.wanted.millesime)]:
        raise Changed
    part = part_of(request, plan, GEOJSON, page)
    return page_document(page, part, plan.layer, crs, tag_of(request, now.data, GEOJSON), lasting=True)
