"""API keys: made once, kept as a digest, with a scope, an end, a revocation and the time of their last use."""

import hashlib
import secrets
from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from api.accounts import people
from api.accounts.journal import record
from api.accounts.people import Holder, rights_of
from api.accounts.rights import AUDIENCES, COMMAND, RANKS, ROLES, Rights, rights
from api.accounts.tables import ApiKey, Person, Session
from boundaries.readers import Audience
from geo.clock import PARIS
from geo.errors import Conflict, Forbidden, Invalid, NotFound
from indicators.actors import Actor

PREFIX = "ores_"
LONGEST = 200  # characters of what may be a key
REFUSED = "Clé refusée : elle est inconnue, expirée ou révoquée."
NOTED = timedelta(minutes=1)  # the time of the last use is kept to the minute: a map would write it all the time


def create(
    conn: Connection,
    name: str,
    role: str,
    expires: date | None = None,
    *,
    audience: str | None = None,
    organisation: str = "",
    label: str = "",
    by: Actor = COMMAND,
) -> str:
    """Return a new key for a person of this name, for the only time; an account is opened if they have none.

    Raises what `give` raises, and Conflict when they have an account that does not open as much.
    """
    name = people.clean(name)
    asked = rights(role, audience, organisation)
    known = people.named(conn, name)
    if known is not None and organisation and known.organisation != asked.organisation:
        raise Conflict(f"Le compte de « {name} » est celui d’une autre organisation : « {known.organisation} ».")
    person_id = people.add(conn, name, asked, by=by) if known is None else known.id
    return give(conn, person_id, asked, expires, label=label, by=by)


def give(
    conn: Connection,
    person_id: int,
    scope: Rights,
    expires: date | None = None,
    *,
    label: str = "",
    by: Actor,
    address: str = "",
) -> str:
    """Return a new key of a person, for the only time: 256 random bits after its mark. `expires` is its last day.

    Raises NotFound, Invalid for a day that is past, Conflict for a closed account or a scope beyond the person's.
    """
    found = people.person(conn, person_id)
    label = " ".join(label.split())
    if len(label) > 100 or not label.isprintable():
        raise Invalid("L’usage de la clé est dit en 100 caractères au plus.")
    if expires is not None and expires < datetime.now(PARIS).date():
        raise Invalid(f"La date de fin, {expires:%d/%m/%Y}, est passée.")
    if found.closed_at is not None:
        raise Conflict(f"Le compte de « {found.name} » est fermé : une clé n’ouvrirait rien.")
    if RANKS.index(scope.role) > RANKS.index(found.role) or Audience(found.audience) < scope.audience:
        raise Conflict(
            f"« {found.name} » est {ROLES[found.role]} et lit comme {AUDIENCES[Audience(found.audience)]} : "
            "une clé ne peut pas ouvrir davantage. Changez d’abord ses droits."
        )
    mark = PREFIX + secrets.token_hex(4)
    key = f"{mark}_{secrets.token_urlsafe(32)}"
    conn.execute(
        sa.insert(ApiKey).values(
            person_id=person_id,
            label=label,
            role=scope.role,
            audience=scope.audience,
            mark=mark,
            digest=digest(key),
            expires_at=_end(expires),
        )
    )
    told = {"role": scope.role, "audience": str(scope.audience), "ends": None if expires is None else str(expires)}
    record(conn, by, "key-created", address, person=found.name, mark=mark, label=label, **told)
    return key


def listed(conn: Connection, person_id: int | None = None) -> list[sa.Row[Any]]:
    """Return every key, or those of a person, oldest first, without its digest; `valid`: whether it opens now."""
    columns = [column for column in ApiKey.__table__.c if column.name != "digest"]
    rows = sa.select(*columns, Person.name, Person.organisation, valid().label("valid")).join(Person)
    if person_id is not None:
        rows = rows.where(ApiKey.person_id == person_id)
    return list(conn.execute(rows.order_by(ApiKey.id)))


def revoke(conn: Connection, key_id: int, *, by: Actor = COMMAND, address: str = "") -> str:
    """Return the name of the person whose key opens nothing any more; the sessions opened with it end.

    Raises NotFound, and Conflict when it was revoked already.
    """
    row = _locked(conn, key_id)
    conn.execute(sa.update(ApiKey).where(ApiKey.id == row.id).values(revoked_at=sa.func.now()))
    conn.execute(sa.delete(Session).where(Session.key_id == row.id))
    record(conn, by, "key-revoked", address, person=row.name, mark=row.mark)
    return str(row.name)


def end(conn: Connection, key_id: int, expires: date | None, *, by: Actor = COMMAND, address: str = "") -> None:
    """Give a key another last day, or none. A day that is past ends it now. Raises NotFound, Conflict if revoked."""
    row = _locked(conn, key_id)
    conn.execute(sa.update(ApiKey).where(ApiKey.id == row.id).values(expires_at=_end(expires)))
    told = None if expires is None else str(expires)
    record(conn, by, "key-ends", address, person=row.name, mark=row.mark, ends=told)


def known(conn: Connection, sha256: str) -> tuple[Holder, bool] | None:
    """Return who was given the key of a digest and whether it opens something now, or None; note that it was used.

    A digest of what somebody else chose tells nothing by the time that its search takes.
    """
    row = conn.execute(
        sa.select(
            ApiKey.id,
            ApiKey.person_id,
            ApiKey.role.label("key_role"),
            ApiKey.audience.label("key_audience"),
            Person.name,
            Person.role,
            Person.audience,
            Person.organisation,
            valid().label("valid"),
            sa.func.coalesce(ApiKey.last_used_at < sa.func.now() - NOTED, True).label("unnoted"),
        )
        .join(Person)
        .where(ApiKey.digest == sha256)
    ).one_or_none()
    if row is None:
        return None
    if row.valid and row.unnoted:
        conn.execute(sa.update(ApiKey).where(ApiKey.id == row.id).values(last_used_at=sa.func.now()))
    opened = rights_of(row).within(row.key_role, row.key_audience)
    return Holder(row.person_id, row.name, opened, row.id), row.valid


def identify(conn: Connection, key: str) -> Holder:
    """Return who holds a valid key, and note that it was used. Raises Forbidden, without saying what is wrong."""
    key = key.strip()
    found = known(conn, digest(key)) if len(key) <= LONGEST else None
    if found is None or not found[1]:
        raise Forbidden(REFUSED)
    return found[0]


def valid() -> sa.ColumnElement[bool]:
    """The keys that open something now, of people whose account is open."""
    return sa.and_(
        Person.closed_at.is_(None),
        ApiKey.revoked_at.is_(None),
        sa.or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > sa.func.now()),
    )


def digest(secret: str) -> str:
    """Return what is stored of a key or of a token that has 256 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _locked(conn: Connection, key_id: int) -> Any:
    row = conn.execute(
        sa.select(ApiKey.id, ApiKey.mark, ApiKey.revoked_at, Person.name)
        .join(Person)
        .where(ApiKey.id == (key_id if 0 < key_id < 2**31 else 0))
        .with_for_update(of=ApiKey)
    ).one_or_none()
    if row is None:
        raise NotFound(f"Il n’y a pas de clé n° {key_id}.")
    if row.revoked_at is not None:
        raise Conflict(f"La clé n° {key_id} est déjà révoquée.")
    return row


def last_day(expires_at: datetime | None) -> date | None:
    """Return the last day that a key opens, or None."""
    return None if expires_at is None else (expires_at.astimezone(PARIS) - timedelta(days=1)).date()


def _end(expires: date | None) -> datetime | None:
    """The first instant of the day after the last one."""
    return None if expires is None else datetime.combine(expires + timedelta(days=1), time.min, PARIS)
