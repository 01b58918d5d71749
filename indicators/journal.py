"""Who did what, when: the journal of deliveries and releases, which can only be added to."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from geo.errors import Forbidden
from geo.layers import Rows
from indicators.tables import Event

ROLES = {
    "contributor": "contributeur",
    "validator": "validateur",
    "administrator": "administrateur",
}

ACTIONS = {
    "submitted": "remise",
    "controlled": "contrôlée",
    "validated": "validée",
    "refused": "refusée",
    "released": "diffusée",
    "published": "publiée",
    "withdrawn": "retirée",
    "failed": "publication échouée",
    "recipe-saved": "recette gardée",
}


@dataclass(frozen=True)
class Actor:
    """A person, or a rule that stands for one, with the role in which they act."""

    name: str
    role: str


def record(
    conn: Connection,
    actor: Actor,
    action: str,
    *,
    delivery_id: int | None = None,
    release_id: int | None = None,
    **details: Any,
) -> None:
    """Add a line to the journal."""
    conn.execute(
        sa.insert(Event).values(
            actor=actor.name,
            role=actor.role,
            action=action,
            delivery_id=delivery_id,
            release_id=release_id,
            details=details,
        )
    )


def events(delivery_id: int | None = None) -> Rows:
    """Return the lines of the journal, of a delivery or of everything, oldest first."""
    rows = sa.select(*Event.__table__.c).order_by(Event.id)
    return rows if delivery_id is None else rows.where(Event.delivery_id == delivery_id)


def require_role(actor: Actor, *accepted: str) -> None:
    """Do nothing for an actor who has one of these roles or is an administrator. Raises Forbidden."""
    if actor.role not in (*accepted, "administrator"):
        known = " ou ".join(ROLES[role] for role in accepted)
        raise Forbidden(
            f"« {actor.name} » a le rôle {ROLES.get(actor.role, actor.role)} : il faut être {known} pour cela."
        )
