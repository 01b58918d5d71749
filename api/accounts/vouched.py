"""People that an identity provider vouches for: their account is opened and follows what it says at each sign-in."""

import sqlalchemy as sa
from sqlalchemy import Connection

from api.accounts import people
from api.accounts.people import Holder
from api.accounts.rights import PROVIDER, Rights
from api.accounts.tables import Person
from geo.errors import Forbidden


def welcomed(
    conn: Connection, issuer: str, subject: str, name: str, email: str, given: Rights, address: str = ""
) -> Holder:
    """Return someone whom a provider vouches for, with the rights that it gives them now.

    Someone is known by issuer and subject, never by a name or an e-mail address, which others may come to have. The
    name they are first known by stays theirs, as the journals have it. Raises Forbidden for an account that an
    administrator closed.
    """
    conn.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(f"{issuer} {subject}", 0))))
    wanted = sa.select(*Person.__table__.c).where(Person.issuer == issuer, Person.subject == subject)
    found = conn.execute(wanted.with_for_update()).one_or_none()
    if found is None:
        if name.casefold() in people.RESERVED or people.named(conn, name) is not None:  # maybe someone else
            name = f"{name[:60]} ({(email or subject)[:36]})"
        person_id = people.add(
            conn, name, given, email=email, issuer=issuer, subject=subject, by=PROVIDER, address=address
        )
        return Holder(person_id, people.clean(name), given)
    if found.closed_at is not None:
        raise Forbidden("Ce compte a été fermé : adressez-vous à qui administre l’observatoire.")
    people.set_rights(conn, found, given, by=PROVIDER, address=address)
    conn.execute(sa.update(Person).where(Person.id == found.id).values(email=email))
    return Holder(found.id, found.name, given)
