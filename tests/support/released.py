"""Releases written by hand: of a day, like another, or of some series."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from boundaries.readers import Audience
from indicators.tables import Release, ReleaseEdition, ReleaseSeries


def release_of(conn: sa.Connection, series: Sequence[int], digest: str = "toy") -> int:
    """Return the id of a release that shows the same series to everybody."""
    made = _release(conn, {"published_by": "essai"}, digest)
    rows = [
        {"release_id": made, "edition": audience.edition, "series_id": one}
        for audience in Audience
        for one in series
    ]
    conn.execute(sa.insert(ReleaseSeries), rows)
    return made


def release_like(conn: sa.Connection, other: int, day: datetime) -> int:
    """Return the id of a release made on a day, with the series of another."""
    made = _release(conn, {"published_by": "Jeanne", "published_at": day}, f"on {day}")
    series = sa.select(sa.literal(made), ReleaseSeries.edition, ReleaseSeries.series_id)
    series = series.where(ReleaseSeries.release_id == other)
    conn.execute(sa.insert(ReleaseSeries).from_select(["release_id", "edition", "series_id"], series))
    return made


def _release(conn: sa.Connection, values: dict[str, object], digest: str) -> int:
    made: int = conn.execute(sa.insert(Release).values(**values).returning(Release.id)).scalar_one()
    rows = [{"release_id": made, "edition": audience.edition, "digest": digest} for audience in Audience]
    conn.execute(sa.insert(ReleaseEdition), rows)
    return made
