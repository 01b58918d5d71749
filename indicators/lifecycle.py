"""From a file to what is published: draft, validated by a named role, released; refused; withdrawn, which undoes it.

Every step is one transaction of the caller and one line of the journal. Nothing is deleted: a delivery that is
withdrawn feeds no more, and the one before it feeds again; a release that is withdrawn keeps its trace.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from boundaries.readers import Audience
from geo.errors import Conflict, NotFound
from indicators.actors import Actor, require_role
from indicators.journal import delivered_for, record
from indicators.publication.alone import publish_alone
from indicators.releases import current_release
from indicators.tables import Delivery, Release, Withdrawal

STATES = {
    "draft": "brouillon",
    "validated": "validée",
    "released": "diffusée",
    "refused": "refusée",
    "withdrawn": "retirée",
}
STEPS = {
    "validated": ("draft",),
    "refused": ("draft", "validated"),
    "released": ("validated",),
    "withdrawn": ("released",),
}


def record_delivery(
    conn: Connection,
    actor: Actor,
    *,
    file: str,
    size: int | None,
    sha256: str,
    source: str,
    producer: str,
    licence: str,
    digest: str,
    sheets: list[str],
    recipe: str | None = None,
    mapping: dict[str, Any] | None = None,
    accepted: list[str] | None = None,
    report: dict[str, Any] | None = None,
) -> int:
    """Return the id of a new draft: what the file is, how it was read, and what its control found."""
    delivery_id: int = conn.execute(
        sa.insert(Delivery)
        .values(
            file=file,
            size=size,
            sha256=sha256,
            source=source,
            producer=producer,
            licence=licence,
            recipe=recipe,
            mapping=mapping or {},
            accepted=accepted or [],
            sheets=sheets,
            report=report or {},
            digest=digest,
            state="draft",
        )
        .returning(Delivery.id)
    ).scalar_one()
    record(conn, actor, "submitted", delivery_id=delivery_id, file=file, sha256=sha256)
    record(conn, actor, "controlled", delivery_id=delivery_id, **(report or {}).get("summary", {}))
    return delivery_id


def delivery(conn: Connection, delivery_id: int) -> sa.Row[Any]:
    """Return a delivery. Raises NotFound."""
    found = conn.execute(sa.select(*Delivery.__table__.c).where(Delivery.id == delivery_id)).one_or_none()
    if found is None:
        raise NotFound(f"Il n’y a pas de livraison n° {delivery_id}.")
    return found


def validate(conn: Connection, delivery_id: int, actor: Actor) -> None:
    """Record that a validator read the control of a draft and answers for it.

    Raises Forbidden without the role, Conflict when the delivery is not a draft or its control blocks it.
    """
    require_role(actor, "validator")
    found = _locked(conn, delivery_id)
    blocking = found.report.get("summary", {}).get("blocking", 0)
    if blocking:
        raise Conflict(
            f"La livraison n° {delivery_id} ne peut pas être validée : son contrôle relève {blocking} "
            f"point{'s' if blocking > 1 else ''} bloquant{'s' if blocking > 1 else ''}."
        )
    _step(conn, found, "validated", actor)


def refuse(conn: Connection, delivery_id: int, actor: Actor, reason: str) -> None:
    """Record that a validator refuses a delivery, or that who brought it takes it back, and why.

    Raises Forbidden or Conflict.
    """
    _may_undo(conn, delivery_id, actor)
    _step(conn, _locked(conn, delivery_id), "refused", actor, reason=reason)


def release_delivery(conn: Connection, delivery_id: int, actor: Actor) -> None:
    """Let a validated delivery feed what is published, from the next publication on. Raises Forbidden or Conflict."""
    require_role(actor, "validator")
    _step(conn, _locked(conn, delivery_id), "released", actor)


def withdraw_delivery(conn: Connection, delivery_id: int, actor: Actor, reason: str) -> None:
    """Undo a delivery: it feeds no more, what it had superseded feeds again. Raises Forbidden or Conflict."""
    _may_undo(conn, delivery_id, actor)
    _step(conn, _locked(conn, delivery_id), "withdrawn", actor, reason=reason)


def withdraw_release(conn: Connection, release_id: int, actor: Actor, reason: str) -> None:
    """Serve a release no more: the one before it is served again, the withdrawn one keeps its trace.

    The deliveries that fed it are not withdrawn: who finds one at fault withdraws it too. Raises Forbidden without
    the role, NotFound, and Conflict when it is withdrawn already or is the only one.
    """
    require_role(actor, "validator")
    publish_alone(conn)
    if conn.scalar(sa.select(Release.id).where(Release.id == release_id)) is None:
        raise NotFound(f"Il n’y a pas de publication n° {release_id}.")
    if conn.scalar(sa.select(Withdrawal.release_id).where(Withdrawal.release_id == release_id)) is not None:
        raise Conflict(f"La publication n° {release_id} est déjà retirée.")
    conn.execute(sa.insert(Withdrawal).values(release_id=release_id, withdrawn_by=actor.name, reason=reason))
    if any(current_release(conn, audience.edition) is None for audience in Audience):
        raise Conflict(f"La publication n° {release_id} est la seule : la retirer ne laisserait rien à servir.")
    record(conn, actor, "withdrawn", release_id=release_id, reason=reason)


def _may_undo(conn: Connection, delivery_id: int, actor: Actor) -> None:
    """Do nothing for a validator, nor for a contributor of the organisation that a delivery was brought for."""
    own = actor.role == "contributor" and actor.organisation
    if not own or not conn.scalar(sa.select(delivered_for(own)).where(Delivery.id == delivery_id)):
        require_role(actor, "validator")


def _locked(conn: Connection, delivery_id: int) -> sa.Row[Any]:
    conn.execute(sa.select(Delivery.id).where(Delivery.id == delivery_id).with_for_update())
    return delivery(conn, delivery_id)


def _step(conn: Connection, found: sa.Row[Any], state: str, actor: Actor, **details: Any) -> None:
    if found.state not in STEPS[state]:
        accepted = " ou ".join(STATES[before] for before in STEPS[state])
        raise Conflict(
            f"La livraison n° {found.id} est {STATES[found.state]} : elle devrait être {accepted} pour devenir "
            f"{STATES[state]}."
        )
    values: dict[str, Any] = {"state": state}
    if state == "released":
        values["released_at"] = sa.func.clock_timestamp()
    conn.execute(sa.update(Delivery).where(Delivery.id == found.id).values(**values))
    record(conn, actor, state, delivery_id=found.id, **details)
