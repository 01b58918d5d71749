"""The zonings that are loaded, as selects: what they are, where they come from, what their report says."""

import sqlalchemy as sa

from boundaries.levels import Level
from boundaries.tables import Zoning, ZoningCommune, ZoningZone
from geo.layers import Rows


def zonings(millesime: int, level: Level | None = None) -> Rows:
    """Return the zonings of a millesime by level and list, those of one level if asked.

    `zones` and `communes` count what the list names, in the Region or not; `report` is what was found when it was
    read and on the limits of the millesime.
    """
    zones = sa.select(sa.func.count()).where(ZoningZone.zoning_id == Zoning.id, ~ZoningZone.apart)
    communes = sa.select(sa.func.count(sa.distinct(ZoningCommune.commune))).where(
        ZoningCommune.zoning_id == Zoning.id
    )
    rows = sa.select(
        Zoning.level,
        Zoning.liste,
        Zoning.label,
        Zoning.definition,
        Zoning.millesime,
        Zoning.given_in,
        Zoning.source,
        Zoning.licence,
        Zoning.file,
        Zoning.sha256,
        Zoning.digest,
        zones.scalar_subquery().label("zones"),
        communes.scalar_subquery().label("communes"),
        Zoning.report,
    ).where(Zoning.millesime == millesime)
    if level is not None:
        rows = rows.where(Zoning.level == level.value)
    return rows.order_by(Zoning.level, Zoning.liste)


def zoning_of(level: Level, code: str, millesime: int) -> Rows:
    """Return what a zone belongs to: label, definition, source and licence of its zoning."""
    liste = code.partition(".")[0] if level is Level.PERIMETRE else ""
    return sa.select(Zoning.label, Zoning.definition, Zoning.source, Zoning.licence).where(
        Zoning.millesime == millesime, Zoning.level == level.value, Zoning.liste == liste
    )
