"""API keys: made once, kept as a digest, with an end, a revocation and the time of their last use."""

import hashlib
import hmac
import secrets
from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from api.accounts.tables import ApiKey, Session
from geo.clock import PARIS
from geo.errors import Conflict, Forbidden, Invalid, NotFound
from indicators.actors import ROLES

PREFIX = "ores_"
LONGEST = 200  # characters of what may be a key


def create(conn: Connection, name: str, role: str, expires: date | None = None) -> str:
    """Return a new key, for the only time: 256 random bits after its mark. `expires` is the last day it opens.

    Raises Invalid for an empty name, an unknown role or a day that is past.
    """
    name = " ".join(name.split())
    if not name or len(name) > 100 or not name.isprintable():
        raise Invalid("Le nom de la personne est attendu, en 100 caractères au plus.")
    if role not in ROLES:
        raise Invalid(f"Rôle inconnu : « {role[:40]} ». Rôles : {', '.join(ROLES)}.")
    if expires is not None and expires < datetime.now(PARIS).date():
        raise Invalid(f"La date de fin, {expires:%d/%m/%Y}, est passée.")
    mark = PREFIX + secrets.token_hex(4)
    key = f"{mark}_{secrets.token_urlsafe(32)}"
    end = None if expires is None else datetime.combine(expires + timedelta(days=1), time.min, PARIS)
    conn.execute(sa.insert(ApiKey).values(name=name, role=role, mark=mark, digest=digest(key), expires_at=end))
    return key


def listed(conn: Connection) -> list[sa.Row[Any]]:
    """Return every key, oldest first, without its digest; `valid` says whether it opens anything now."""
    columns = [column for column in ApiKey.__table__.c if column.name != "digest"]
    return list(conn.execute(sa.select(*columns, valid().label("valid")).order_by(ApiKey.id)))


def revoke(conn: Connection, key_id: int) -> str:
    """Return the name of the person whose key opens nothing any more; their sessions end with it.

    Raises NotFound, and Conflict when it was revoked already.
    """
    row = conn.execute(
        sa.select(ApiKey.name, ApiKey.revoked_at).where(ApiKey.id == key_id).with_for_update()
    ).one_or_none()
    if row is None:
        raise NotFound(f"Il n’y a pas de clé n° {key_id}.")
    if row.revoked_at is not None:
        raise Conflict(f"La clé n° {key_id} est déjà révoquée.")
    conn.execute(sa.update(ApiKey).where(ApiKey.id == key_id).values(revoked_at=sa.func.now()))
    conn.execute(sa.delete(Session).where(Session.key_id == key_id))
    return str(row.name)


def identify(conn: Connection, key: str) -> int:
    """Return the id of a valid key, and note that it was used. Raises Forbidden, without saying what is wrong."""
    key = key.strip()
    mark = key[: len(PREFIX) + 8]
    known = conn.execute(sa.select(ApiKey.id, ApiKey.digest).where(ApiKey.mark == mark, valid())).one_or_none()
    # The same work whether the mark is known or not, and a comparison that takes the same time for any digest.
    if not hmac.compare_digest(digest(key[:LONGEST]), known.digest if known else digest("")) or known is None:
        raise Forbidden("Clé refusée : elle est inconnue, expirée ou révoquée.")
    conn.execute(sa.update(ApiKey).where(ApiKey.id == known.id).values(last_used_at=sa.func.now()))
    return int(known.id)


def valid() -> sa.ColumnElement[bool]:
    """The keys that open something now."""
    return sa.and_(
        ApiKey.revoked_at.is_(None), sa.or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > sa.func.now())
    )


def digest(secret: str) -> str:
    """Return what is stored of a key or of a token that has 256 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()
