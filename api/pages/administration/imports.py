"""`/administration/imports`: the deliveries and the files that wait, and how a new file comes in."""

import os
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.accounts import sessions
from api.accounts.sessions import Signed
from api.pages.administration import held, working
from api.pages.administration.receiving import receive
from api.pages.administration.signing import HOME, OfficeRoute, Who, office_of, office_page, to, token_of
from boundaries.tables import Millesime
from geo.errors import Invalid
from indicators.actors import require_role
from indicators.imports.reading import limits
from indicators.imports.recipes import known_recipes
from indicators.journal import delivered_for
from indicators.lifecycle import STATES
from indicators.tables import Delivery, Event, Import

router = APIRouter(route_class=OfficeRoute, include_in_schema=False)

IMPORTS = f"{HOME}/imports"
SIZE = 50


@router.get(IMPORTS)
def imports(
    request: Request,
    by: Who,
    etat: Annotated[str, Query(max_length=20)] = "",
    q: Annotated[str, Query(max_length=100)] = "",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    """Return the list of the deliveries, those of their organisation alone for a contributor."""
    if etat and etat not in STATES:
        raise Invalid(f"État inconnu : « {etat} ». États : {', '.join(STATES)}.")
    office = office_of(request)
    running = office.jobs.names()  # asked first: of work that ended, the end is then read
    wanted = _wanted(by, etat, q)
    with office.transaction() as conn:
        total = conn.scalar(sa.select(sa.func.count()).select_from(wanted.subquery())) or 0
        pages = max(1, -(-total // SIZE))
        at = min(page, pages)
        rows = conn.execute(wanted.order_by(Delivery.id.desc()).limit(SIZE).offset((at - 1) * SIZE)).all()
    waiting = [
        one
        for one in held.everyone(office.folder)
        if one.name and one.kept is None and by.delivers(one.owner, one.organisation)
    ]
    return office_page(
        request,
        by,
        "imports.html",
        rubrique="imports",
        livraisons=rows,
        etats=STATES,
        etat=etat,
        q=q,
        total=total,
        numero=at,
        pages=pages,
        attente=[(one, _stage(working.name(one.id) in running, one.report)) for one in waiting],
    )


@router.get(f"{IMPORTS}/nouveau")
def new_import(request: Request, by: Who) -> Response:
    """Return the form that takes a file."""
    require_role(by.actor, "contributor", "validator")
    with office_of(request).transaction() as conn:
        known = choices(conn)
    return office_page(request, by, "nouveau.html", rubrique="imports", **known)


@router.post(IMPORTS)
async def upload(request: Request, by: Who) -> Response:
    """Take a file, begin its control, and lead to its page. Nothing is kept of what is refused on the way."""
    require_role(by.actor, "contributor", "validator")
    length = request.headers.get("content-length", "")
    if length.isdecimal() and len(length) < 20:
        limits.FILE_BYTES.check(int(length) - 100_000, "Ce fichier")  # the form itself weighs less than this
    office = office_of(request)

    def accept(fields: dict[str, str]) -> None:
        sessions.require_proof(token_of(request), fields.get("preuve", ""))

    one = await run_in_threadpool(held.begin, office.folder, by.actor)
    try:
        with os.fdopen(os.open(one.content, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as into:
            received = await receive(request, into, accept)
        manner = manner_of(received.fields)
        one = one.changed(name=received.name, size=received.size, **manner)
    except BaseException:
        one.remove()
        raise
    working.start_control(office, one)
    return to(request, f"{IMPORTS}/controles/{one.id}")


def manner_of(fields: dict[str, str]) -> dict[str, Any]:
    """Return how a form says that a file is to be read. Raises Invalid."""
    year, period = fields.get("millesime", "").strip(), fields.get("periode", "").strip()
    if year and not (year.isascii() and year.isdecimal() and len(year) == 4):
        raise Invalid(f"Le millésime vaut « {year[:40]} » : une année est attendue.")
    if len(period) > 40:
        raise Invalid(
            "La période a plus de 40 caractères : une année (2022) ou un intervalle (2016-2022) est attendu."
        )
    recipe = fields.get("recette", "").strip()
    if len(recipe) > 100:
        raise Invalid("Choisissez une recette de la liste.")
    return {"recipe": recipe, "millesime": int(year) if year else None, "period": period}


def choices(conn: Connection) -> dict[str, Any]:
    """Return what a file may be read with: the recipes, and the geographies that are loaded."""
    recipes = {name: mapping.title or mapping.source for name, mapping in sorted(known_recipes(conn).items())}
    years = conn.scalars(sa.select(Millesime.year).order_by(Millesime.year.desc())).all()
    return {"recettes": recipes, "millesimes": list(years)}


def _wanted(by: Signed, state: str, text: str) -> sa.Select[Any]:
    submitted = sa.select(Event.delivery_id, Event.actor).where(Event.action == "submitted").subquery("submitted")
    told = sa.func.string_agg(sa.distinct(Import.indicator + " " + Import.period), ", ")
    contents = sa.select(told).where(Import.delivery_id == Delivery.id).scalar_subquery()
    rows = sa.select(
        Delivery.id,
        Delivery.file,
        Delivery.source,
        Delivery.state,
        Delivery.submitted_at,
        submitted.c.actor,
        contents.label("contents"),
    ).outerjoin(submitted, submitted.c.delivery_id == Delivery.id)
    if not by.may("validator"):
        rows = rows.where(delivered_for(by.actor.organisation))
    if state:
        rows = rows.where(Delivery.state == state)
    if text:
        like = [column.icontains(text, autoescape=True) for column in (Delivery.file, Delivery.source)]
        rows = rows.where(sa.or_(*like))
    return rows


def _stage(running: bool, report: dict[str, Any] | None) -> str:
    if running:
        return "contrôle en cours"
    if report is None:
        return "contrôle interrompu"
    if report["error"]:
        return "illisible en l’état"
    return "à décider" if report["blocking"] else "prêt à être gardé"
