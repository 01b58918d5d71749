"""Sessions: the random token that a browser holds once a person proved who they are, and the proof of a form."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from api.accounts import journal
from api.accounts.keys import digest, valid
from api.accounts.people import Holder, rights_of
from api.accounts.rights import RANKS, ROLES
from api.accounts.tables import ApiKey, Person, Session
from boundaries.readers import Audience
from geo.errors import Forbidden
from indicators.actors import Actor

HOURS = 8


@dataclass(frozen=True)
class Signed:
    """Someone who is signed in; `proof` goes into their forms."""

    holder: Holder
    proof: str

    @property
    def actor(self) -> Actor:
        """Who they are where something is done."""
        return self.holder.actor

    @property
    def role_label(self) -> str:
        """The role, in French."""
        return ROLES[self.actor.role]

    def may(self, *roles: str) -> bool:
        """Whether a step open to some roles is open to them; everything is to an administrator."""
        return self.actor.role in (*roles, "administrator")

    def delivers(self, owner: str, organisation: str) -> bool:
        """Whether a delivery is theirs to see: that of their organisation, and every one to a validator.

        Who brought one before organisations were noted stood for themselves.
        """
        return self.may("validator") or (organisation or owner) == self.actor.organisation


def new_token() -> str:
    """Return a random token of 256 bits: what the cookie holds, signed in or not yet."""
    return secrets.token_urlsafe(32)


def open_session(conn: Connection, holder: Holder) -> str:
    """Return the token of a new session; sessions that have ended are swept away, and lines of the journal too old."""
    conn.execute(sa.delete(Session).where(Session.expires_at <= sa.func.now()))
    journal.sweep(conn)
    token = new_token()
    end = sa.func.now() + timedelta(hours=HOURS)
    conn.execute(
        sa.insert(Session).values(
            digest=digest(token), person_id=holder.person_id, key_id=holder.key_id, expires_at=end
        )
    )
    return token


def close_session(conn: Connection, token: str) -> None:
    """End a session, if there is one."""
    conn.execute(sa.delete(Session).where(Session.digest == digest(token)))


def close_sessions(conn: Connection, person_id: int) -> None:
    """End every session of a person."""
    conn.execute(sa.delete(Session).where(Session.person_id == person_id))


def holder_of(conn: Connection, sha256: str) -> Holder | None:
    """Return who holds the token of a digest; None when it opens nothing.

    That is when there is no such session, or it ended, or the account was closed, or the key it was opened with is
    not valid any more.
    """
    row = conn.execute(
        sa.select(
            Session.person_id,
            Session.key_id,
            sa.func.coalesce(ApiKey.role, RANKS[-1]).label("key_role"),
            sa.func.coalesce(ApiKey.audience, Audience.REGION).label("key_audience"),
            Person.name,
            Person.role,
            Person.audience,
            Person.organisation,
        )
        .join(Person, Person.id == Session.person_id)
        .outerjoin(ApiKey, ApiKey.id == Session.key_id)
        .where(
            Session.digest == sha256,
            Session.expires_at > sa.func.now(),
            Person.closed_at.is_(None),
            sa.or_(Session.key_id.is_(None), valid()),
        )
    ).one_or_none()
    if row is None:
        return None
    opened = rights_of(row).within(row.key_role, row.key_audience)
    return Holder(row.person_id, row.name, opened, row.key_id)


def signed(conn: Connection, token: str) -> Signed | None:
    """Return who holds a token, or None when it opens nothing."""
    holder = holder_of(conn, digest(token))
    return None if holder is None else Signed(holder, proof(token))


def proof(token: str) -> str:
    """Return what a form must hold to be believed: only who reads our pages knows it, and it does not give the token."""
    return hmac.new(token.encode(), b"form", hashlib.sha256).hexdigest()


def require_proof(token: str, given: str) -> None:
    """Do nothing for a form that comes from our own page. Raises Forbidden."""
    if not token or not hmac.compare_digest(proof(token).encode(), given.encode()):
        raise Forbidden("Ce formulaire a expiré ou ne vient pas de cette page : rechargez-la et recommencez.")
