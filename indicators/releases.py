"""Which release is served, and to whom: each audience reads its own edition of it.

A connection reads the edition that its setting `ores.edition` names, that of the public where it names none. The setting
chooses among what a connection may read; what it may read is held by the roles of the database (`api.securing`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from geo.clock import PARIS
from geo.errors import NotFound
from geo.layers import Rows
from indicators.tables import ClosedEdition, Release, ReleaseEdition, ReleaseSeries, Series, Withdrawal

SETTING = "ores.edition"
OWN: ColumnElement[int] = sa.cast(
    sa.func.coalesce(sa.func.nullif(sa.func.current_setting(SETTING, True), ""), "1"), sa.SmallInteger
)


@dataclass(frozen=True)
class Shown:
    """A series as who reads is shown it: what names it in passports, and since when."""

    digest: str
    published_at: datetime


def current_release(conn: Connection, edition: int | None = None) -> sa.Row[Any] | None:
    """Return the latest release that was not withdrawn (id, digest, published_at), or None before the first.

    `edition`: that of another audience than the one that the connection reads for.
    """
    return conn.execute(_releases(edition).where(_kept()).order_by(Release.id.desc()).limit(1)).one_or_none()


def current_digest() -> sa.ScalarSelect[str]:
    """Return what gives, in a statement, the digest of the release that is served."""
    latest = _releases().where(_kept()).order_by(Release.id.desc()).limit(1)
    return latest.with_only_columns(ReleaseEdition.digest).scalar_subquery()


def digest_of(conn: Connection, release_id: int | None) -> str:
    """Return the digest of a release (the one that is served if None), or nothing before the first."""
    if release_id is None:
        return conn.scalar(sa.select(current_digest())) or ""
    found = conn.scalar(sa.select(ReleaseEdition.digest).where(ReleaseEdition.release_id == release_id, _own()))
    return found or ""


def release_of(conn: Connection, digest: str) -> int | None:
    """Return the last release of a digest that may still be read, or None."""
    found = _releases().where(_kept(), ReleaseEdition.digest == digest).order_by(Release.id.desc()).limit(1)
    row = conn.execute(found).one_or_none()
    return None if row is None else int(row.id)


def release_on(conn: Connection, day: date) -> sa.Row[Any]:
    """Return the release that was served at the end of a day, in Paris time, withdrawn since or not.

    Raises NotFound for a day before the first release, naming its date, and for one whose release was closed since.
    """
    end = datetime.combine(day + timedelta(days=1), time.min, PARIS)
    served = sa.and_(Release.published_at < end, _kept(Withdrawal.withdrawn_at < end))
    found = conn.execute(_releases(closed=True).where(served).order_by(Release.id.desc()).limit(1)).one_or_none()
    if found is not None and conn.scalar(
        sa.select(_closed()).where(ReleaseEdition.release_id == found.id, _own())
    ):
        raise NotFound(
            f"Ce qui était publié le {day:%d/%m/%Y} ne peut plus être lu : des valeurs en sont protégées depuis."
        )
    if found is None:
        first = conn.scalar(sa.select(sa.func.min(_releases(closed=True).subquery().c.published_at)))
        known = f" La première publication est du {first.astimezone(PARIS):%d/%m/%Y}." if first else ""
        raise NotFound(f"Rien n’était publié le {day:%d/%m/%Y}.{known}")
    return found


def released(*columns: Any, release_id: int | None = None) -> Rows:
    """Return a select over the series of a release, the latest one that was not withdrawn if none is given."""
    latest = sa.select(sa.func.max(ReleaseEdition.release_id)).where(_own(), ~_closed(), _kept())
    return (
        sa.select(*columns)
        .select_from(Series)
        .join(ReleaseSeries, ReleaseSeries.series_id == Series.id)
        .where(
            ReleaseSeries.edition == OWN,
            ReleaseSeries.release_id == (latest.scalar_subquery() if release_id is None else release_id),
        )
    )


def first_shown(conn: Connection, names: Iterable[tuple[str, str, int]]) -> dict[tuple[str, str, int], Shown]:
    """Return, by indicator, period and millesime, the series that who reads is shown now, and since when."""
    named = sa.tuple_(Series.indicator, Series.period, Series.millesime)
    current = released(Series.id).where(named.in_(list(names)))
    rows = conn.execute(
        sa.select(Series.indicator, Series.period, Series.millesime, Series.digest)
        .add_columns(sa.func.min(Release.published_at).label("published_at"))
        .join(ReleaseSeries, ReleaseSeries.series_id == Series.id)
        .join(Release, Release.id == ReleaseSeries.release_id)
        .where(Series.id.in_(current), ReleaseSeries.edition == OWN)
        .group_by(Series.id)
    )
    return {(row.indicator, row.period, row.millesime): Shown(row.digest, row.published_at) for row in rows}


def _releases(edition: int | None = None, *, closed: bool = False) -> Rows:
    rows = (
        sa.select(Release.id, ReleaseEdition.digest, Release.published_at)
        .join(ReleaseEdition, ReleaseEdition.release_id == Release.id)
        .where(_own(edition))
    )
    return rows if closed else rows.where(~_closed())


def _own(edition: int | None = None) -> ColumnElement[bool]:
    return ReleaseEdition.edition == (OWN if edition is None else edition)


def _closed() -> ColumnElement[bool]:
    """An edition of a release that may not be read any more."""
    closed = sa.select(ClosedEdition.release_id)
    return closed.where(
        ClosedEdition.release_id == ReleaseEdition.release_id, ClosedEdition.edition == ReleaseEdition.edition
    ).exists()


def _kept(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """A release that was not withdrawn (under the conditions)."""
    gone = sa.select(Withdrawal.release_id)  # of all columns, no serving role may read
    return ~gone.where(Withdrawal.release_id == ReleaseEdition.release_id, *conditions).exists()
