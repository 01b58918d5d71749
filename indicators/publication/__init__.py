"""Publication: the series of the catalogue in every loaded millesime, listed together as a release.

A series is computed once for what it is made of: its digest covers the definition, the import and the geography.
What did not change is taken over as it is; a release that would change nothing is not made. What most people ask
for (the geography of the delivery and the newest one) is computed here, in the caller's transaction: what is
served changes at once, or not at all. Other conversions are computed when they are first asked for, from the same
passport.
"""

import hashlib
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from boundaries.readers import Audience
from geo.progress import Progress
from indicators.actors import Actor
from indicators.catalogue import catalogue
from indicators.journal import record
from indicators.policy import ensure_default, read_policies
from indicators.publication.alone import publish_alone
from indicators.publication.closing import close_earlier, renumber
from indicators.publication.feeding import read_feeds
from indicators.publication.filling import fill
from indicators.publication.geographies import read_geographies, refresh_members, require_unchanged
from indicators.publication.plans import Plan, plans
from indicators.releases import current_release
from indicators.tables import Release, ReleaseEdition, ReleaseSeries, Series, Withdrawal, series_id

SYSTEM = Actor("ores", "validator")


def publish(conn: Connection, progress: Progress, by: Actor = SYSTEM, close: str = "") -> int:
    """Return the id of the release that holds every series of the catalogue, made if anything changed for anybody.

    `by` is who publishes, for the journal. `close` is why the releases before are closed, if they are: what they showed
    may be restricted then (see `indicators.publication.closing`). One publication is made at a time, whichever process
    makes it.
    Raises Conflict where territories were loaded meanwhile, and where an edition cannot be proved to hide what it must:
    nothing is published then.
    """
    publish_alone(conn)
    ensure_default(conn)
    policies = read_policies(conn)
    geographies = read_geographies(conn)
    refresh_members(conn, geographies)
    feeds = read_feeds(conn)
    made: dict[str, dict[tuple[str, int], Plan]] = {}
    for indicator in catalogue().values():
        found = plans(indicator, feeds, made, geographies)
        edition = int(policies.is_open(indicator.id))
        made[indicator.id] = {(plan.period, plan.millesime): replace(plan, edition=edition) for plan in found}
    # what is restricted is computed where most people look for it, and protected everywhere at once
    listed = [plan for own in made.values() for plan in own.values() if plan.edition or plan.eager]
    known = _store(conn, listed)
    due = [known[plan.digest][0] for plan in listed if plan.eager and not known[plan.digest][1]]
    advance = progress("Publication (séries)", len(due))
    for identity in due:
        fill(conn, identity, geographies)
        advance(1)
    open_series = [known[plan.digest][0] for plan in listed if plan.edition]
    restricted = [known[plan.digest][0] for plan in listed if not plan.edition]
    if close:
        close_earlier(conn, open_series, by, close)
    shown = {audience: set(open_series) for audience in Audience}
    lost: dict[str, Any] = {}
    if restricted:
        from indicators.editions import make_editions  # the solver is slow to import

        editions = make_editions(conn, restricted, policies, progress)
        for audience, listed_for in editions.listed.items():
            shown[audience].update(listed_for)
        lost = editions.journal()
    require_unchanged(conn, geographies)
    return _release(conn, {audience: sorted(ids) for audience, ids in shown.items()}, by, lost)


def _store(conn: Connection, listed: list[Plan]) -> dict[str, tuple[int, bool]]:
    """Return the id of each plan's series and whether it has its values, after the new ones were written down."""
    digests = [plan.digest for plan in listed]
    there = set(conn.scalars(sa.select(Series.digest).where(Series.digest.in_(digests))))
    opened = {plan.digest for plan in listed if plan.edition}
    again = conn.scalars(sa.select(Series.id).where(Series.digest.in_(opened), Series.edition == 0)).all()
    renumber(conn, again, 1)  # restricted once, and open again
    for edition in (0, 1):
        new = [
            {
                "indicator": plan.indicator.id,
                "period": plan.period,
                "millesime": plan.millesime,
                "geography": plan.geography,
                "levels": list(plan.levels),
                "digest": plan.digest,
                "passport": plan.passport,
            }
            for plan in listed
            if plan.edition == edition and plan.digest not in there
        ]
        if new:
            conn.execute(sa.insert(Series).values(id=series_id(edition)), new)
    rows = conn.execute(
        sa.select(Series.digest, Series.id, Series.computed_at.is_not(None)).where(Series.digest.in_(digests))
    )
    return {digest: (identity, computed) for digest, identity, computed in rows}


def _release(conn: Connection, shown: dict[Audience, list[int]], by: Actor, lost: dict[str, Any]) -> int:
    """Return the id of a release that holds, for each audience, its series: a new one if that changes for anybody."""
    changed = {}
    for audience, listed in shown.items():
        digest = _digest(conn, listed)
        latest = current_release(conn, audience.edition)
        if latest is None or (latest.digest != digest and not _withdrawn(conn, audience, digest, latest.id, by)):
            changed[audience] = digest
    if not changed:
        return int(conn.execute(sa.select(sa.func.max(ReleaseEdition.release_id)).where(_served())).scalar_one())
    release_id = conn.execute(sa.insert(Release).values(published_by=by.name).returning(Release.id)).scalar_one()
    for audience, digest in changed.items():
        edition = audience.edition
        conn.execute(sa.insert(ReleaseEdition).values(release_id=release_id, edition=edition, digest=digest))
        series = sa.select(sa.literal(release_id), sa.literal(edition), Series.id)
        series = series.where(Series.id.in_(shown[audience]))
        conn.execute(sa.insert(ReleaseSeries).from_select(["release_id", "edition", "series_id"], series))
    details = {audience.value: len(shown[audience]) for audience in changed}
    record(conn, by, "published", release_id=release_id, series=details, **lost)
    return int(release_id)


def _digest(conn: Connection, listed: list[int]) -> str:
    digests = conn.scalars(sa.select(Series.digest).where(Series.id.in_(listed)).order_by(Series.digest))
    return hashlib.sha256("".join(digests).encode()).hexdigest()[:12]


def _withdrawn(conn: Connection, audience: Audience, digest: str, latest: int, by: Actor) -> bool:
    """Whether this is what people withdrew: it does not come back because a server starts, but when people release it."""
    again = (
        sa.select(Withdrawal.release_id)
        .join(ReleaseEdition, ReleaseEdition.release_id == Withdrawal.release_id)
        .where(
            ReleaseEdition.edition == audience.edition,
            ReleaseEdition.digest == digest,
            ReleaseEdition.release_id > latest,
        )
    )
    return by == SYSTEM and conn.execute(again).first() is not None


def _served() -> sa.ColumnElement[bool]:
    return ~sa.exists().where(Withdrawal.release_id == ReleaseEdition.release_id)
