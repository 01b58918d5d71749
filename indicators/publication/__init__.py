"""Publication: the series of the catalogue in every loaded millesime, listed together as a release.

A series is computed once for what it is made of: its digest covers the definition, the import and the geography.
What did not change is taken over as it is; a release that would change nothing is not made. What most people ask
for (the geography of the delivery and the newest one) is computed here, in the caller's transaction: what is
served changes at once, or not at all. Other conversions are computed when they are first asked for, from the same
passport.
"""

import hashlib

import sqlalchemy as sa
from sqlalchemy import Connection

from geo.progress import Progress
from indicators.actors import Actor
from indicators.catalogue import catalogue
from indicators.journal import record
from indicators.publication.alone import publish_alone
from indicators.publication.feeding import read_feeds
from indicators.publication.filling import fill
from indicators.publication.geographies import read_geographies, refresh_members, require_unchanged
from indicators.publication.plans import Plan, plans
from indicators.published import current_release
from indicators.tables import Release, ReleaseSeries, Series, Withdrawal

SYSTEM = Actor("ores", "validator")


def publish(conn: Connection, progress: Progress, by: Actor = SYSTEM) -> int:
    """Return the id of the release that holds every series of the catalogue, made if anything changed.

    `by` is who publishes, for the journal. One publication is made at a time, whichever process makes it.
    Raises Conflict where territories were loaded meanwhile.
    """
    publish_alone(conn)
    geographies = read_geographies(conn)
    refresh_members(conn, geographies)
    feeds = read_feeds(conn)
    made: dict[str, dict[tuple[str, int], Plan]] = {}
    for indicator in catalogue().values():
        found = plans(indicator, feeds, made, geographies)
        made[indicator.id] = {(plan.period, plan.millesime): plan for plan in found}
    listed = [plan for own in made.values() for plan in own.values()]
    known = _store(conn, listed)
    due = [known[plan.digest][0] for plan in listed if plan.eager and not known[plan.digest][1]]
    advance = progress("Publication (séries)", len(due))
    for identity in due:
        fill(conn, identity, geographies)
        advance(1)
    require_unchanged(conn, geographies)
    return _release(conn, sorted(identity for identity, _ in known.values()), by)


def _store(conn: Connection, listed: list[Plan]) -> dict[str, tuple[int, bool]]:
    """Return the id of each plan's series and whether it has its values, after the new ones were written down."""
    digests = [plan.digest for plan in listed]
    there = set(conn.scalars(sa.select(Series.digest).where(Series.digest.in_(digests))))
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
        if plan.digest not in there
    ]
    if new:
        conn.execute(sa.insert(Series), new)
    rows = conn.execute(
        sa.select(Series.digest, Series.id, Series.computed_at.is_not(None)).where(Series.digest.in_(digests))
    )
    return {digest: (identity, computed) for digest, identity, computed in rows}


def _release(conn: Connection, listed: list[int], by: Actor) -> int:
    digests = conn.scalars(sa.select(Series.digest).where(Series.id.in_(listed)).order_by(Series.digest))
    digest = hashlib.sha256("".join(digests).encode()).hexdigest()[:12]
    latest = current_release(conn)
    if latest is not None and latest.digest == digest:
        return int(latest.id)
    withdrawn = sa.select(Withdrawal.release_id).join(Release, Release.id == Withdrawal.release_id)
    if latest is not None and by == SYSTEM:
        again = withdrawn.where(Release.digest == digest, Release.id > latest.id)
        if conn.execute(again).first():
            # What people withdrew does not come back because a server starts again; it does when people release it.
            return int(latest.id)
    release_id = conn.execute(
        sa.insert(Release).values(digest=digest, published_by=by.name).returning(Release.id)
    ).scalar_one()
    series = sa.select(sa.literal(release_id), Series.id).where(Series.id.in_(listed))
    conn.execute(sa.insert(ReleaseSeries).from_select(["release_id", "series_id"], series))
    record(conn, by, "published", release_id=release_id, series=len(listed))
    return release_id
