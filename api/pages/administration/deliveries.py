"""The page of a delivery: what it holds, how far it went, and the steps that whoever reads it may take."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter, Request
from sqlalchemy import Connection
from starlette.responses import Response

from api.accounts.sessions import Signed
from api.pages.administration import working
from api.pages.administration.imports import IMPORTS
from api.pages.administration.signing import Form, OfficeRoute, Posted, Who, office_of, office_page, to
from geo.errors import Conflict, Invalid, NotFound
from indicators import lifecycle
from indicators.actors import ROLES, Actor, require_role
from indicators.catalogue import catalogue
from indicators.imports.findings import FAMILIES, SEVERITIES
from indicators.imports.mapping import Mapping
from indicators.imports.recipes import save_recipe
from indicators.journal import ACTIONS, events, record
from indicators.lifecycle import STATES, STEPS
from indicators.tables import Import

router = APIRouter(route_class=OfficeRoute, include_in_schema=False)

PATH = f"{IMPORTS}/{{number}}"
SECONDS = 2
UNDOING = ("refused", "withdrawn")  # what a contributor may do too, of what their organisation delivered


@router.get(PATH)
def delivery_page(request: Request, by: Who, number: int) -> Response:
    """Return the page of a delivery."""
    office = office_of(request)
    running = office.jobs.running(working.publication(number))  # asked first: of what ended, the end is then read
    with office.transaction() as conn:
        found, journal = _found(conn, by, number)
        imports = conn.execute(
            sa.select(Import.indicator, Import.period, Import.millesime, Import.levels, Import.counts)
            .where(Import.delivery_id == number)
            .order_by(Import.indicator, Import.period)
        ).all()
    answer = office_page(
        request,
        by,
        "livraison.html",
        rubrique="imports",
        livraison=found,
        etat=STATES[found.state],
        imports=imports,
        catalogue=catalogue(),
        journal=journal,
        actions=ACTIONS,
        roles=ROLES,
        familles=FAMILIES,
        gravites=SEVERITIES,
        en_cours=running,
        echec=office.jobs.failure(working.publication(number)),
        peut=lambda step: found.state in STEPS[step] and not running and (by.may("validator") or step in UNDOING),
    )
    if running:
        answer.headers["Refresh"] = str(SECONDS)
    return answer


@router.post(f"{PATH}/valider")
def validate(request: Request, form: Form, number: int) -> Response:
    """Validate a draft."""
    return _step(request, form, number, lambda conn, actor: lifecycle.validate(conn, number, actor))


@router.post(f"{PATH}/refuser")
def refuse(request: Request, form: Form, number: int) -> Response:
    """Refuse a delivery, with a reason."""
    reason = reason_of(form)
    return _step(request, form, number, lambda conn, actor: lifecycle.refuse(conn, number, actor, reason))


@router.post(f"{PATH}/diffuser")
def release(request: Request, form: Form, number: int) -> Response:
    """Release a validated delivery, and publish."""
    return _publish(
        request, form, number, "released", lambda conn, actor: lifecycle.release_delivery(conn, number, actor)
    )


@router.post(f"{PATH}/retirer")
def withdraw(request: Request, form: Form, number: int) -> Response:
    """Undo a released delivery, and publish what was there before it."""
    reason = reason_of(form)
    return _publish(
        request,
        form,
        number,
        "withdrawn",
        lambda conn, actor: lifecycle.withdraw_delivery(conn, number, actor, reason),
    )


@router.post(f"{PATH}/recette")
def keep_recipe(request: Request, form: Form, number: int) -> Response:
    """Keep how the delivery was read under a name, for the next one."""
    require_role(form.by.actor, "validator")
    name = form.text("nom", 60)

    def act(conn: Connection, actor: Actor) -> None:
        mapping = lifecycle.delivery(conn, number).mapping
        if not mapping:
            raise Conflict(f"La livraison n° {number} n’a pas de recette à garder.")
        save_recipe(conn, name, Mapping.model_validate(mapping).model_copy(update={"period": ""}))
        record(conn, actor, "recipe-saved", delivery_id=number, recipe=name)

    return _step(request, form, number, act)


def reason_of(form: Posted) -> str:
    """Return the reason that a form gives. Raises Invalid when it gives none."""
    reason = form.text("motif", 1000)
    if not reason:
        raise Invalid("Dites pourquoi : le motif est inscrit au journal.")
    return reason


def _step(request: Request, form: Posted, number: int, act: Callable[[Connection, Actor], Any]) -> Response:
    office = office_of(request)
    if office.jobs.running(working.publication(number)):
        raise Conflict("La publication de cette livraison est en cours : attendez qu’elle se termine.")
    with office.transaction() as conn:
        _found(conn, form.by, number)
        act(conn, form.by.actor)
    return to(request, f"{IMPORTS}/{number}")


def _publish(
    request: Request, form: Posted, number: int, state: str, act: Callable[[Connection, Actor], Any]
) -> Response:
    """Begin what ends by a publication, once it is sure that it may: who sees a delivery may undo it."""
    if state not in UNDOING:
        require_role(form.by.actor, "validator")
    office = office_of(request)
    with office.transaction() as conn:
        found, _ = _found(conn, form.by, number)
    if found.state not in STEPS[state]:
        raise Conflict(
            f"La livraison n° {number} est {STATES[found.state]} : elle ne peut pas devenir {STATES[state]}."
        )
    if not working.start_publication(office, number, form.by.actor, act):
        raise Conflict("La publication de cette livraison est déjà en cours.")
    return to(request, f"{IMPORTS}/{number}")


def _found(conn: Connection, by: Signed, number: int) -> tuple[sa.Row[Any], list[sa.Row[Any]]]:
    """A delivery and its journal; that of another organisation does not exist for a contributor."""
    found = lifecycle.delivery(conn, number if number < 2**31 else 0)
    journal = list(conn.execute(events(number)))
    brought = [event for event in journal if event.action == "submitted"]
    own = any(by.delivers(event.actor, event.details.get("organisation", "")) for event in brought)
    if not own and not by.may("validator"):
        raise NotFound(f"Il n’y a pas de livraison n° {number}.")
    return found, journal
