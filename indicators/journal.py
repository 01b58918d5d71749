"""Who did what, when: the journal of deliveries and releases, which can only be added to."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from geo.layers import Rows
from indicators.actors import Actor
from indicators.tables import Delivery, Event

ACTIONS = {
    "submitted": "remise",
    "controlled": "contrôlée",
    "validated": "validée",
    "refused": "refusée",
    "released": "diffusée",
    "published": "publiée",
    "withdrawn": "retirée",
    "closed": "publications antérieures fermées",
    "failed": "publication échouée",
    "recipe-saved": "recette gardée",
    "policy-changed": "règle de diffusion changée",
    "policies-imported": "règles de diffusion importées",
}


def record(
    conn: Connection,
    actor: Actor,
    action: str,
    *,
    delivery_id: int | None = None,
    release_id: int | None = None,
    **details: Any,
) -> None:
    """Add a line to the journal; whom the actor acts for is a detail of it."""
    if actor.organisation:
        details["organisation"] = actor.organisation
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


def delivered_for(organisation: str) -> sa.ColumnElement[bool]:
    """The deliveries that somebody brought for an organisation; before it was noted, each stood for themselves."""
    return sa.exists().where(
        Event.delivery_id == Delivery.id,
        Event.action == "submitted",
        sa.func.coalesce(Event.details["organisation"].astext, Event.actor) == organisation,
    )


def events(delivery_id: int | None = None) -> Rows:
    """Return the lines of the journal, of a delivery or of everything, oldest first."""
    rows = sa.select(*Event.__table__.c).order_by(Event.id)
    return rows if delivery_id is None else rows.where(Event.delivery_id == delivery_id)
