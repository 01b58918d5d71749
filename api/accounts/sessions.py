"""Sessions: the random token that a browser holds once a key was given, and the proof that a form is ours."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from api.accounts.keys import digest, valid
from api.accounts.tables import ApiKey, Session
from geo.errors import Forbidden
from indicators.actors import ROLES, Actor

HOURS = 8


@dataclass(frozen=True)
class Signed:
    """Someone who is signed in: the key they came with and the actor they are; `proof` goes into their forms."""

    key_id: int
    actor: Actor
    proof: str

    @property
    def role_label(self) -> str:
        """The role, in French."""
        return ROLES[self.actor.role]

    def may(self, *roles: str) -> bool:
        """Whether a step open to some roles is open to them; everything is to an administrator."""
        return self.actor.role in (*roles, "administrator")


def new_token() -> str:
    """Return a random token of 256 bits: what the cookie holds, signed in or not yet."""
    return secrets.token_urlsafe(32)


def open_session(conn: Connection, key_id: int) -> str:
    """Return the token of a new session of a key; sessions that have ended are swept away."""
    conn.execute(sa.delete(Session).where(Session.expires_at <= sa.func.now()))
    token = new_token()
    end = sa.func.now() + timedelta(hours=HOURS)
    conn.execute(sa.insert(Session).values(digest=digest(token), key_id=key_id, expires_at=end))
    return token


def close_session(conn: Connection, token: str) -> None:
    """End a session, if there is one."""
    conn.execute(sa.delete(Session).where(Session.digest == digest(token)))


def signed(conn: Connection, token: str) -> Signed | None:
    """Return who holds a token, or None when it opens nothing: no session, ended, or its key is not valid any more."""
    row = conn.execute(
        sa.select(ApiKey.id, ApiKey.name, ApiKey.role)
        .join(Session, Session.key_id == ApiKey.id)
        .where(Session.digest == digest(token), Session.expires_at > sa.func.now(), valid())
    ).one_or_none()
    return None if row is None else Signed(row.id, Actor(row.name, row.role), proof(token))


def proof(token: str) -> str:
    """Return what a form must hold to be believed: only who reads our pages knows it, and it does not give the token."""
    return hmac.new(token.encode(), b"form", hashlib.sha256).hexdigest()


def require_proof(token: str, given: str) -> None:
    """Do nothing for a form that comes from our own page. Raises Forbidden."""
    if not token or not hmac.compare_digest(proof(token).encode(), given.encode()):
        raise Forbidden("Ce formulaire a expiré ou ne vient pas de cette page : rechargez-la et recommencez.")
