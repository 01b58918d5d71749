"""What is served now: the version of each millesime and of the release, kept in memory and refreshed aside.

A request reads the snapshot without a query; a background task looks for a new release every second. An URL that
carries the version it wants is exact whatever the snapshot says.
"""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cached_property
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from api.documents import Document
from api.stepping import to_its_end
from boundaries.drawn import Drawn, drawn
from boundaries.levels import Level
from boundaries.places import millesimes
from geo.errors import Conflict
from indicators.published import Held, held_series
from indicators.releases import current_release

log = logging.getLogger(__name__)

SECONDS = 1.0
# When the programs were written: a newer version of them may say the same data otherwise.
ROOT = Path(__file__).resolve().parents[1]
WRITTEN = datetime.fromtimestamp(
    max(
        path.stat().st_mtime
        for folder in ("api", "geo", "indicators", "boundaries")
        for path in (ROOT / folder).rglob("*.py")
    ),
    UTC,
)
# A date of HTTP tells seconds: what changed within this one may change again within it.
SETTLED = timedelta(seconds=2)


@dataclass(frozen=True)
class Versions:
    """The version of each loaded millesime, those with outlines, the digest of the release and its series.

    `changed` is the date of HTTP when what is served last changed; None before anything is, or when it was just now.
    `drawn` is what is drawn of each level of each millesime, as of `loads`.
    """

    millesimes: Mapping[int, str] = field(default_factory=dict)
    outlined: frozenset[int] = frozenset()
    release: str = ""
    series: Mapping[tuple[str, str, int], Held] = field(default_factory=dict)
    changed: bytes | None = None
    drawn: Mapping[tuple[int, Level], Drawn] = field(default_factory=dict)
    loads: frozenset[tuple[int, str, datetime]] = frozenset()

    @cached_property
    def indicators(self) -> frozenset[str]:
        """The indicators that there are computed series of."""
        return frozenset(indicator for indicator, _, _ in self.series)

    @property
    def latest(self) -> int:
        """The newest millesime with outlines. Raises Conflict before anything is loaded."""
        if not self.outlined:
            raise Conflict("Aucune limite n’est encore chargée : lancez « ores load boundaries ».")
        return max(self.outlined)

    def levels_of(self, millesime: int) -> dict[Level, str]:
        """Return the version of what is drawn of each level in a millesime."""
        return {level: own.version for (year, level), own in self.drawn.items() if year == millesime}

    @property
    def data(self) -> str:
        """What identifies everything that is served."""
        return "-".join(
            [self.release, *(f"{year}.{version}" for year, version in sorted(self.millesimes.items()))]
        )


def read_versions(conn: Connection, before: Versions | None = None) -> Versions:
    """Return what the database serves now; `before` itself where nothing has changed since, so that it is told at once."""
    rows = millesimes(conn)
    release = current_release(conn)
    digest = release.digest if release is not None else ""
    loads = frozenset((row.year, row.version, row.loaded_at) for row in rows)
    now = Versions(
        {row.year: row.version for row in rows},
        frozenset(row.year for row in rows if row.outlines),
        digest,
        before.series if before is not None and before.release == digest else held_series(conn),
        _changed([row.loaded_at for row in rows] + ([release.published_at] if release is not None else [])),
        before.drawn if before is not None and before.loads == loads else drawn(conn),
        loads,
    )
    return before if before == now else now


def _changed(moments: list[datetime]) -> bytes | None:
    """Return when the last of these moments was, as HTTP writes it, or None if there is none that can be told."""
    last = max([*moments, WRITTEN]).astimezone(UTC)
    if not moments or datetime.now(UTC) - last < SETTLED:
        return None
    return format_datetime(last, usegmt=True).encode()


def kept_only_if_current(made: Document, conn: Connection, now: Versions) -> Document:
    """Return a document, not to be kept when what was read on this connection is not what `now` says is served.

    A snapshot may be a second old: content of a new release must never be kept under the version of the last.
    """
    return made if read_versions(conn, now).data == now.data else replace(made, lasting=False)


class CurrentVersions:
    """The snapshot of an application."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.now = Versions()

    def refresh(self) -> None:
        """Read the database again."""
        with self._engine.connect() as conn:
            self.now = read_versions(conn, self.now)
            conn.commit()  # psycopg forgets its prepared statements at every ROLLBACK

    def reread(self) -> None:
        """Read everything again: series of the same release were computed meanwhile."""
        with self._engine.connect() as conn:
            self.now = read_versions(conn)
            conn.commit()

    async def follow(self) -> None:
        """Refresh for ever; a database that does not answer is asked again, the last snapshot staying."""
        while True:
            await asyncio.sleep(SECONDS)
            with suppress(sa.exc.SQLAlchemyError):
                await to_its_end(self.refresh)
