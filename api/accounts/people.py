"""The people who have an account: opened, given other rights, closed. Every change is a line of the journal."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from api.accounts.journal import NOBODY, record
from api.accounts.rights import COMMAND, PROVIDER, Rights
from api.accounts.tables import Person, Session
from boundaries.readers import Audience, Reader
from geo.errors import Conflict, Invalid, NotFound
from indicators.actors import Actor

RESERVED = frozenset((COMMAND.name, NOBODY.name, PROVIDER.name, "ores"))


@dataclass(frozen=True)
class Holder:
    """Who holds a key or a session that opens something now, and what it opens."""

    person_id: int
    name: str
    rights: Rights
    key_id: int | None = None

    @property
    def reader(self) -> Reader:
        """Who they are where something is read."""
        return Reader(self.rights.audience, self.name)

    @property
    def actor(self) -> Actor:
        """Who they are where something is done."""
        return Actor(self.name, self.rights.role, self.rights.organisation)


def rights_of(row: Any) -> Rights:
    """Return the rights of a row that has a role, an audience and an organisation."""
    return Rights(row.role, Audience(row.audience), row.organisation)


def named(conn: Connection, name: str) -> sa.Row[Any] | None:
    """Return the person of a name, or None."""
    return conn.execute(sa.select(*Person.__table__.c).where(Person.name == name)).one_or_none()


def person(conn: Connection, person_id: int, *, locked: bool = False) -> sa.Row[Any]:
    """Return a person. Raises NotFound."""
    wanted = sa.select(*Person.__table__.c).where(Person.id == (person_id if 0 < person_id < 2**31 else 0))
    found = conn.execute(wanted.with_for_update() if locked else wanted).one_or_none()
    if found is None:
        raise NotFound(f"Il n’y a pas de compte n° {person_id}.")
    return found


def clean(name: str) -> str:
    """Return a name without needless spaces.

    Raises Invalid when it is empty, too long, cannot be shown, or is what the journals call nobody in particular.
    """
    name = " ".join(name.split())
    if name.casefold() in RESERVED:
        raise Invalid(f"« {name} » ne peut pas être le nom d’une personne : les journaux l’emploient autrement.")
    if not name or len(name) > 100 or not name.isprintable():
        raise Invalid("Le nom de la personne est attendu, en 100 caractères au plus.")
    return name


def add(
    conn: Connection,
    name: str,
    given: Rights,
    *,
    email: str = "",
    issuer: str | None = None,
    subject: str | None = None,
    by: Actor = COMMAND,
    address: str = "",
) -> int:
    """Return the number of a new account. Raises Invalid, and Conflict when the name is taken."""
    name, email = clean(name), email.strip()
    if len(email) > 200 or not email.isprintable():
        raise Invalid("L’adresse électronique a plus de 200 caractères, ou des caractères qui ne s’affichent pas.")
    person_id = conn.execute(
        sa.dialects.postgresql.insert(Person)
        .values(name=name, email=email, issuer=issuer, subject=subject, **_columns(given))
        .on_conflict_do_nothing(index_elements=[Person.name])
        .returning(Person.id)
    ).scalar()
    if person_id is None:
        raise Conflict(f"Un compte porte déjà le nom « {name} » : les journaux ne les distingueraient pas.")
    record(conn, by, "account-created", address, person=name, **_columns(given))
    return int(person_id)


def change(conn: Connection, person_id: int, given: Rights, *, by: Actor, address: str = "") -> None:
    """Give a person other rights: their keys and sessions open no more than these from now on.

    Raises NotFound, and Conflict for oneself, or for whom a provider vouches: it says their rights.
    """
    found = _other(conn, person_id, by)
    if found.issuer is not None:
        raise Conflict(
            f"Les droits de « {found.name} » viennent du fournisseur d’identité : ils se changent chez lui."
        )
    set_rights(conn, found, given, by=by, address=address)


def set_rights(conn: Connection, found: sa.Row[Any], given: Rights, *, by: Actor, address: str = "") -> None:
    """Give a person rights, and note it if they are others than before."""
    before, after = _columns(rights_of(found)), _columns(given)
    if before == after:
        return
    conn.execute(sa.update(Person).where(Person.id == found.id).values(**after))
    record(conn, by, "rights-changed", address, person=found.name, before=before, **after)


def close(conn: Connection, person_id: int, *, by: Actor, address: str = "") -> None:
    """Close an account: its keys and sessions open nothing any more. Raises NotFound, Conflict."""
    found = _other(conn, person_id, by)
    if found.closed_at is not None:
        raise Conflict(f"Le compte de « {found.name} » est déjà fermé.")
    conn.execute(sa.update(Person).where(Person.id == person_id).values(closed_at=sa.func.now()))
    conn.execute(sa.delete(Session).where(Session.person_id == person_id))
    record(conn, by, "account-closed", address, person=found.name)


def reopen(conn: Connection, person_id: int, *, by: Actor, address: str = "") -> None:
    """Open a closed account again, with its rights and its keys that are still valid. Raises NotFound, Conflict."""
    found = person(conn, person_id, locked=True)
    if found.closed_at is None:
        raise Conflict(f"Le compte de « {found.name} » est ouvert.")
    conn.execute(sa.update(Person).where(Person.id == person_id).values(closed_at=None))
    record(conn, by, "account-reopened", address, person=found.name)


def _other(conn: Connection, person_id: int, by: Actor) -> sa.Row[Any]:
    """Someone else, locked: who takes their own rights away could leave nobody to give them back."""
    found = person(conn, person_id, locked=True)
    if found.name == by.name:
        raise Conflict("Personne ne change ses propres droits : demandez-le à un autre administrateur.")
    return found


def _columns(given: Rights) -> dict[str, str]:
    return {"role": given.role, "audience": str(given.audience), "organisation": given.organisation}
