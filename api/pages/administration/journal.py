"""`/administration/journal` and `/administration/publications`: who did what, and what was served."""

from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request
from sqlalchemy import Connection
from starlette.responses import Response

from api.pages.administration.deliveries import reason_of
from api.pages.administration.signing import HOME, Form, OfficeRoute, Who, office_of, office_page, to
from boundaries.readers import LABELS, Audience
from geo.errors import Invalid
from indicators.actors import ROLES, require_role
from indicators.journal import ACTIONS, events
from indicators.lifecycle import withdraw_release
from indicators.releases import current_release
from indicators.tables import Event, Release, ReleaseEdition, ReleaseSeries, Withdrawal

router = APIRouter(route_class=OfficeRoute, include_in_schema=False)

SIZE = 100
RELEASES = f"{HOME}/publications"


@router.get(f"{HOME}/journal")
def journal(
    request: Request,
    by: Who,
    action: Annotated[str, Query(max_length=40)] = "",
    personne: Annotated[str, Query(max_length=100)] = "",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    """Return the whole journal, the last line first, of everyone or of one person, of every act or of one."""
    require_role(by.actor, "validator")
    if action and action not in ACTIONS:
        raise Invalid(f"Acte inconnu : « {action} ».")
    rows = events().order_by(None)
    if action:
        rows = rows.where(Event.action == action)
    if personne:
        rows = rows.where(Event.actor == personne)
    with office_of(request).transaction() as conn:
        total = conn.scalar(sa.select(sa.func.count()).select_from(rows.subquery())) or 0
        pages = max(1, -(-total // SIZE))
        at = min(page, pages)
        found = conn.execute(rows.order_by(Event.id.desc()).limit(SIZE).offset((at - 1) * SIZE)).all()
        people = conn.scalars(sa.select(Event.actor).distinct().order_by(Event.actor)).all()
    return office_page(
        request,
        by,
        "journal.html",
        rubrique="journal",
        lignes=found,
        actions=ACTIONS,
        roles=ROLES,
        publics=LABELS,
        action=action,
        personne=personne,
        personnes=people,
        total=total,
        numero=at,
        pages=pages,
    )


@router.get(RELEASES)
def releases(request: Request, by: Who, page: Annotated[int, Query(ge=1, le=100_000)] = 1) -> Response:
    """Return the releases, the last first: which one is served, which ones were withdrawn and why."""
    require_role(by.actor, "validator")
    own = sa.select(sa.func.count()).where(
        ReleaseSeries.release_id == Release.id, ReleaseSeries.edition == ReleaseEdition.edition
    )
    editions = (
        sa.select(
            sa.func.json_agg(
                sa.func.json_build_object(
                    "edition",
                    ReleaseEdition.edition,
                    "digest",
                    ReleaseEdition.digest,
                    "series",
                    own.scalar_subquery(),
                )
            )
        )
        .where(ReleaseEdition.release_id == Release.id)
        .scalar_subquery()
    )
    with office_of(request).transaction() as conn:
        total = conn.scalar(sa.select(sa.func.count()).select_from(Release)) or 0
        pages = max(1, -(-total // SIZE))
        at = min(page, pages)
        rows = conn.execute(
            sa.select(
                Release.id,
                Release.published_at,
                Release.published_by,
                editions.label("editions"),
                Withdrawal.withdrawn_at,
                Withdrawal.withdrawn_by,
                Withdrawal.reason,
            )
            .outerjoin(Withdrawal, Withdrawal.release_id == Release.id)
            .order_by(Release.id.desc())
            .limit(SIZE)
            .offset((at - 1) * SIZE)
        ).all()
        current = {audience: current_release(conn, audience.edition) for audience in Audience}
        failed = failed_since(conn)
    return office_page(
        request,
        by,
        "publications.html",
        rubrique="publications",
        publications=rows,
        echec=failed,
        publics={audience.edition: label for audience, label in LABELS.items()},
        servies={audience.edition: own.id for audience, own in current.items() if own is not None},
        total=total,
        numero=at,
        pages=pages,
    )


def failed_since(conn: Connection) -> sa.Row[Any] | None:
    """Return the line of the last publication that failed (at, actor, delivery_id, details), if none was made since."""
    last = sa.select(sa.func.max(Event.id)).where(Event.action.in_(("published", "failed"))).scalar_subquery()
    return conn.execute(
        sa.select(Event.at, Event.actor, Event.delivery_id, Event.details).where(
            Event.id == last, Event.action == "failed"
        )
    ).one_or_none()


@router.post(f"{RELEASES}/{{number}}/retirer")
def withdraw(request: Request, form: Form, number: int) -> Response:
    """Withdraw a release: the one before it is served again."""
    reason = reason_of(form)
    with office_of(request).transaction() as conn:
        withdraw_release(conn, number if 0 < number < 2**31 else 0, form.by.actor, reason)
    return to(request, RELEASES)
