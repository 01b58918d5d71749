"""Embargoes that end: what they held back is published by itself, by whichever process looks first."""

import asyncio
from contextlib import suppress
from datetime import datetime

import sqlalchemy as sa

from api.office import Office
from api.publishing import change
from api.stepping import to_its_end
from geo.progress import silent
from indicators.policy.tables import PolicyRow
from indicators.publication import SYSTEM
from indicators.tables import Event

SECONDS = 30.0
WORK = "publication None"  # as the back office names a publication of nothing in particular


async def follow(office: Office) -> None:
    """Look for ever for embargoes that ended since the last publication; a database that is silent is asked again."""
    since: datetime | None = None
    while True:
        with suppress(sa.exc.SQLAlchemyError):
            since = await to_its_end(look, office, since)
        await asyncio.sleep(SECONDS)


def look(office: Office, since: datetime | None) -> datetime:
    """Begin a publication if an embargo ended since a moment (by default that of the last publication); return now."""
    with office.transaction() as conn:
        if since is None:
            since = conn.scalar(sa.select(sa.func.max(Event.at)).where(Event.action.in_(("published", "failed"))))
        ended = sa.select(sa.func.count()).select_from(PolicyRow).where(PolicyRow.embargo <= sa.func.now())
        if since is not None:
            ended = ended.where(PolicyRow.embargo > since)
        due = conn.scalar(ended)
        now: datetime = conn.execute(sa.select(sa.func.now())).scalar_one()
    if due and not office.jobs.start(
        WORK, lambda: change(office.engine, lambda conn, actor: None, SYSTEM, silent)
    ):
        return since or now  # one that began before the end of the embargo: looked at again
    return now
