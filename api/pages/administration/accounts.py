"""`/administration/comptes`: the people who have an account, what each may do and read, and the keys they were given.

For administrators alone. What happens to an account is told at `/administration/comptes/journal`.
"""

from datetime import date
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy import Connection
from starlette.responses import Response

from api.accounts import keys, people, sessions
from api.accounts.journal import ACTIONS, record, spoken
from api.accounts.journal import events as account_events
from api.accounts.rights import AUDIENCES, RANKS, READER, ROLES, Rights, rights
from api.accounts.sessions import Signed
from api.accounts.tables import AccountEvent, ApiKey, Person, Session
from api.pages.administration.signing import (
    HOME,
    Form,
    OfficeRoute,
    Posted,
    Who,
    address_of,
    office_of,
    office_page,
    to,
)
from boundaries.readers import Audience
from geo.errors import Invalid
from indicators.actors import require_role

router = APIRouter(route_class=OfficeRoute, include_in_schema=False)

ACCOUNTS = f"{HOME}/comptes"
PATH = f"{ACCOUNTS}/{{number}}"
SIZE = 50
STATES = {"ouverts": Person.closed_at.is_(None), "fermes": Person.closed_at.is_not(None)}


def administrator(by: Who) -> Signed:
    """Return who administers. Raises NotSignedIn, Forbidden."""
    require_role(by.actor, "administrator")
    return by


def administrators(form: Form) -> Posted:
    """Return the form of who administers. Raises Forbidden."""
    require_role(form.by.actor, "administrator")
    return form


Administrator = Annotated[Signed, Depends(administrator)]
TheirForm = Annotated[Posted, Depends(administrators)]


@router.get(ACCOUNTS)
def accounts(
    request: Request,
    by: Administrator,
    q: Annotated[str, Query(max_length=100)] = "",
    role: Annotated[str, Query(max_length=20)] = "",
    etat: Annotated[str, Query(pattern="^(|ouverts|fermes)$")] = "ouverts",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    """Return the accounts, by name, and the form that opens one."""
    if role and role not in ROLES:
        raise Invalid(f"Rôle inconnu : « {role} ». Rôles : {', '.join(ROLES)}.")
    wanted = _wanted(q, role, etat)
    with office_of(request).transaction() as conn:
        found = _paged(conn, wanted, page, SIZE, Person.name)
    return office_page(
        request, by, "comptes.html", rubrique="comptes", q=q, role=role, etat=etat, **_words(), **found
    )


@router.post(ACCOUNTS)
def open_account(request: Request, form: TheirForm) -> Response:
    """Open an account."""
    with office_of(request).transaction() as conn:
        number = people.add(
            conn,
            form.text("nom", 200),
            _rights(form),
            email=form.text("courriel", 300),
            by=form.by.actor,
            address=address_of(request),
        )
    return to(request, f"{ACCOUNTS}/{number}")


@router.get(f"{ACCOUNTS}/journal")
def journal(
    request: Request,
    by: Administrator,
    action: Annotated[str, Query(max_length=40)] = "",
    personne: Annotated[str, Query(max_length=200)] = "",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    """Return the journal of accounts, the last line first, of everything or of an action, of everyone or of one."""
    if action and action not in ACTIONS:
        raise Invalid(f"Acte inconnu : « {action} ».")
    with office_of(request).transaction() as conn:
        rows = account_events(action, personne).order_by(None)
        found = _paged(conn, rows, page, 2 * SIZE, AccountEvent.id.desc())
        names = conn.scalars(sa.select(AccountEvent.actor).distinct().order_by(AccountEvent.actor)).all()
    return office_page(
        request,
        by,
        "comptes-journal.html",
        rubrique="comptes",
        action=action,
        personne=personne,
        personnes=names,
        actions=ACTIONS,
        dit=spoken,
        roles=ROLES,
        **found,
    )


@router.get(PATH)
def account(request: Request, by: Administrator, number: int) -> Response:
    """Return the page of an account: its rights, its keys."""
    return _account(request, by, number)


@router.post(f"{PATH}/droits")
def change_rights(request: Request, form: TheirForm, number: int) -> Response:
    """Give a person other rights."""
    with office_of(request).transaction() as conn:
        people.change(conn, number, _rights(form), by=form.by.actor, address=address_of(request))
    return to(request, f"{ACCOUNTS}/{number}")


@router.post(f"{PATH}/fermer")
def close_account(request: Request, form: TheirForm, number: int) -> Response:
    """Close an account, with its sessions."""
    with office_of(request).transaction() as conn:
        people.close(conn, number, by=form.by.actor, address=address_of(request))
    return to(request, f"{ACCOUNTS}/{number}")


@router.post(f"{PATH}/rouvrir")
def reopen_account(request: Request, form: TheirForm, number: int) -> Response:
    """Open an account again."""
    with office_of(request).transaction() as conn:
        people.reopen(conn, number, by=form.by.actor, address=address_of(request))
    return to(request, f"{ACCOUNTS}/{number}")


@router.post(f"{PATH}/sessions")
def end_sessions(request: Request, form: TheirForm, number: int) -> Response:
    """End every session of a person."""
    with office_of(request).transaction() as conn:
        found = people.person(conn, number)
        sessions.close_sessions(conn, found.id)
        record(conn, form.by.actor, "sessions-ended", address_of(request), person=found.name)
    return to(request, f"{ACCOUNTS}/{number}")


@router.post(f"{PATH}/cles")
def give_key(request: Request, form: TheirForm, number: int) -> Response:
    """Return the page of an account with its new key, which is shown this once."""
    with office_of(request).transaction() as conn:
        found = people.person(conn, number)
        asked = rights(form.text("role") or READER, form.text("audience") or None, found.organisation)
        key = keys.give(
            conn,
            found.id,
            asked,
            _day(form),
            label=form.text("usage", 200),
            by=form.by.actor,
            address=address_of(request),
        )
    return _account(request, form.by, number, 201, key)


@router.post(f"{ACCOUNTS}/cles/{{number}}/revoquer")
def revoke_key(request: Request, form: TheirForm, number: int) -> Response:
    """Revoke a key."""
    with office_of(request).transaction() as conn:
        keys.revoke(conn, number, by=form.by.actor, address=address_of(request))
        owner = conn.scalar(sa.select(ApiKey.person_id).where(ApiKey.id == number))
    return to(request, f"{ACCOUNTS}/{owner}#cles")


@router.post(f"{ACCOUNTS}/cles/{{number}}/fin")
def end_key(request: Request, form: TheirForm, number: int) -> Response:
    """Give a key another last day."""
    with office_of(request).transaction() as conn:
        keys.end(conn, number, _day(form), by=form.by.actor, address=address_of(request))
        owner = conn.scalar(sa.select(ApiKey.person_id).where(ApiKey.id == number))
    return to(request, f"{ACCOUNTS}/{owner}#cles")


def _account(request: Request, by: Signed, number: int, status: int = 200, key: str = "") -> Response:
    with office_of(request).transaction() as conn:
        found = people.person(conn, number)
        held = keys.listed(conn, found.id)
        opened = conn.scalar(
            sa.select(sa.func.count()).where(Session.person_id == found.id, Session.expires_at > sa.func.now())
        )
    return office_page(
        request,
        by,
        "compte.html",
        status,
        rubrique="comptes",
        personne=found,
        cles=held,
        sessions=opened,
        cle=key,
        fin=keys.last_day,
        permis=[role for role in RANKS if RANKS.index(role) <= RANKS.index(found.role)],
        lues=[one for one in AUDIENCES if not Audience(found.audience) < one],
        soi=found.name == by.actor.name,
        **_words(),
    )


def _words() -> dict[str, Any]:
    return {"roles": ROLES, "audiences": AUDIENCES}


def _rights(form: Posted) -> Rights:
    return rights(form.text("role"), form.text("audience") or None, form.text("organisation"))


def _day(form: Posted) -> date | None:
    text = form.text("fin", 40)
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Invalid(f"Date de fin mal formée : « {text} ». Forme attendue : AAAA-MM-JJ.") from None


def _wanted(text: str, role: str, state: str) -> sa.Select[Any]:
    held = sa.select(sa.func.count()).where(ApiKey.person_id == Person.id, keys.valid()).scalar_subquery()
    used = sa.select(sa.func.max(ApiKey.last_used_at)).where(ApiKey.person_id == Person.id).scalar_subquery()
    rows = sa.select(*Person.__table__.c, held.label("keys"), used.label("used_at"))
    if text:
        columns = (Person.name, Person.email, Person.organisation)
        rows = rows.where(sa.or_(*(column.icontains(text, autoescape=True) for column in columns)))
    if role:
        rows = rows.where(Person.role == role)
    return rows.where(STATES[state]) if state else rows


def _paged(conn: Connection, rows: sa.Select[Any], page: int, size: int, order: Any) -> dict[str, Any]:
    total = conn.scalar(sa.select(sa.func.count()).select_from(rows.subquery())) or 0
    pages = max(1, -(-total // size))
    at = min(page, pages)
    found = conn.execute(rows.order_by(order).limit(size).offset((at - 1) * size)).all()
    return {"lignes": found, "total": total, "numero": at, "pages": pages}
