"""The journal of accounts: who came in, who was refused, who was given or took which rights, who exported what."""

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from api.accounts.tables import AccountEvent
from boundaries.readers import Audience, Reader
from geo.layers import Rows
from indicators.actors import Actor

ACTIONS = {
    "signed-in": "connexion",
    "signed-out": "déconnexion",
    "refused": "accès refusé",
    "account-created": "compte créé",
    "rights-changed": "droits changés",
    "account-closed": "compte fermé",
    "account-reopened": "compte rouvert",
    "key-created": "clé créée",
    "key-ends": "fin de clé changée",
    "key-revoked": "clé révoquée",
    "exported": "export non public",
}
NOBODY = Actor("inconnu", "")
KEPT = timedelta(days=366)  # the table refuses to lose what is younger than a year


def record(conn: Connection, actor: Actor, action: str, address: str = "", **details: Any) -> None:
    """Add a line to the journal. No key, token or code may be among the details."""
    conn.execute(
        sa.insert(AccountEvent).values(
            actor=actor.name, role=actor.role, action=action, address=address, details=details
        )
    )


def record_export(conn: Connection, reader: Reader, what: str, address: str = "", **details: Any) -> None:
    """Note that somebody took data that are not the public's away; nothing is noted of what the public may have.

    `what` says it in a few words (a path without its query); details may say which series, which format, how many
    rows. The connection must write: that of the back office.
    """
    if reader.audience == Audience.PUBLIC:
        return
    actor = Actor(reader.name, "reader")
    record(conn, actor, "exported", address, what=what, audience=str(reader.audience), **details)


def sweep(conn: Connection) -> None:
    """Forget the lines that are older than a year: they name people and addresses."""
    conn.execute(sa.delete(AccountEvent).where(AccountEvent.at < sa.func.now() - KEPT))


def events(action: str = "", actor: str = "") -> Rows:
    """Return the lines of the journal, of everything or of one action, one actor, oldest first."""
    rows = sa.select(*AccountEvent.__table__.c).order_by(AccountEvent.id)
    if action:
        rows = rows.where(AccountEvent.action == action)
    return rows.where(AccountEvent.actor == actor) if actor else rows
