"""The journal of accounts: who came in, who was refused, who was given or took which rights, who exported what."""

from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from api.accounts.rights import ROLES
from api.accounts.tables import AccountEvent
from boundaries.readers import LABELS, Audience, Reader
from geo.layers import Rows
from indicators.actors import Actor

ACTIONS = {
    "signed-in": "connexion",
    "signed-out": "déconnexion",
    "sessions-ended": "sessions fermées",
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
WAYS = {
    "key": "clé, au formulaire",
    "oidc": "fournisseur d’identité",
    "header": "clé, en en-tête",
    "address": "clé, dans l’adresse",
}
SAID = {  # of each detail, in this order
    "person": "{}",
    "what": "{}",
    "mark": "clé {}…",
    "label": "« {} »",
    "organisation": "pour {}",
    "reason": "motif : {}",
    "key": "clé n° {}",
    "format": "format {}",
    "rows": "{} lignes",
    "series": "{}",
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


def spoken(details: dict[str, Any]) -> str:
    """Return the details of a line, in French.

    >>> spoken({"person": "Jeanne", "role": "reader", "audience": "region", "organisation": ""})
    'Jeanne ; lecteur ; Conseil régional'
    >>> spoken({"how": "key"}), spoken({"person": "Jeanne", "mark": "ores_12345678", "ends": None})
    ('clé, au formulaire', 'Jeanne ; clé ores_12345678… ; sans date de fin')
    """
    told = [form.format(details[name]) for name, form in SAID.items() if details.get(name)]
    told += [WAYS[details["how"]]] if details.get("how") in WAYS else []
    told += [ROLES[details["role"]]] if details.get("role") in ROLES else []
    told += [LABELS[Audience(details["audience"])]] if details.get("audience") in list(Audience) else []
    if "ends" in details:
        end = details["ends"]
        told.append(f"jusqu’au {date.fromisoformat(end):%d/%m/%Y}" if end else "sans date de fin")
    if "before" in details:
        told.append(f"avant : {spoken(details['before'])}")
    return " ; ".join(told)


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
