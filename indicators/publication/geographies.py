"""The geographies that series are computed in: what identifies each, and the units of their territories."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import aggregate_order_by

from boundaries.tables import Millesime, Passage
from geo.errors import Conflict
from geo.sqlfiles import sql_file
from indicators.tables import Fragment, FragmentMember, Member, MemberVersion

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Geographies:
    """The versions of the loaded millesimes, those with outlines, and a digest of each passage between two."""

    versions: Mapping[int, str]
    outlined: tuple[int, ...]
    passages: Mapping[tuple[int, int], str]

    @property
    def newest(self) -> int | None:
        """The newest millesime with outlines: the one that is served when none is asked for."""
        return max(self.outlined, default=None)

    def between(self, start: int, end: int) -> str:
        """Return what identifies the geography of values delivered in one millesime and read in another."""
        if start == end:
            return self.versions[end]
        return f"{self.versions[start]}>{self.versions[end]}:{self.passages.get((start, end), '')}"


def read_geographies(conn: Connection) -> Geographies:
    """Return the geographies that are loaded now."""
    rows = conn.execute(sa.select(Millesime.year, Millesime.version, Millesime.outlines)).all()
    move = sa.func.concat(Passage.from_code, ">", Passage.to_code, ":", Passage.weight, Passage.kind, ",")
    moves = sa.func.string_agg(move, aggregate_order_by(sa.literal(""), Passage.from_code, Passage.to_code))
    passages = conn.execute(
        sa.select(Passage.from_millesime, Passage.to_millesime, sa.func.md5(moves)).group_by(
            Passage.from_millesime, Passage.to_millesime
        )
    )
    return Geographies(
        {row.year: row.version for row in rows},
        tuple(sorted(row.year for row in rows if row.outlines)),
        {(start, end): digest[:12] for start, end, digest in passages},
    )


def require_unchanged(conn: Connection, before: Geographies) -> None:
    """Do nothing where the geographies are still those that were read before.

    Raises Conflict otherwise: what was computed since is of one geography for a part, and of another for the rest.
    """
    if read_geographies(conn) != before:
        raise Conflict(
            "Des territoires ont été rechargés pendant le calcul, dont rien n’est gardé : recommencez dans un instant."
        )


def refresh_members(conn: Connection, geographies: Geographies) -> None:
    """Take the units of every territory from the memberships, for the millesimes that changed since last time."""
    known = dict(conn.execute(sa.select(MemberVersion.millesime, MemberVersion.version)).all())
    for year, version in geographies.versions.items():
        if known.get(year) == version:
            continue
        for table in (Member, Fragment, FragmentMember, MemberVersion):
            conn.execute(sa.delete(table).where(table.millesime == year))
        for name in ("member", "fragment", "fragment_member"):
            conn.execute(sql_file(HERE, f"refresh_{name}s"), {"millesime": year})
            # at once: the next one reads it, and would take it for empty
            conn.execute(sa.text(f"ANALYZE indicators.{name}"))
        conn.execute(sa.insert(MemberVersion).values(millesime=year, version=version))
