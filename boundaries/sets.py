"""Sets of territories chosen by hand: their rows, how many communes each has, and nothing counted twice."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.orm import aliased

from boundaries.levels import Level
from boundaries.places import Place, inside, require
from boundaries.tables import Membership, Territory
from geo.errors import Invalid, NotFound, TooLarge

LIMIT = 2_000


@dataclass(frozen=True)
class Members:
    """The territories of a set, in the order of their level and code; `units` is how many communes each has.

    `straddling` are those that go beyond the place in which they were looked for.
    """

    millesime: int
    ids: list[int]
    places: list[Place]
    units: list[int]
    straddling: tuple[Place, ...] = ()

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def levels(self) -> list[Level]:
        """The levels that there are, each once."""
        return list(dict.fromkeys(place.level for place in self.places))


def parse(text: str) -> list[Place]:
    """Return the places of a list separated by commas. Raises Invalid (malformed) or TooLarge.

    >>> [str(place) for place in parse("commune:44109,epci:244400404")]
    ['commune:44109', 'epci:244400404']
    """
    parts = text.split(",")
    if len(parts) > LIMIT:
        raise TooLarge(f"{len(parts)} territoires demandés ; au plus {LIMIT} à la fois.")
    return [Place.parse(part) for part in parts]


def chosen(conn: Connection, places: Sequence[Place], millesime: int) -> Members:
    """Return the set of these places.

    Raises NotFound for one that is not in the millesime, and Invalid for two that have a commune in common.
    """
    wanted = [
        sa.tuple_(Territory.level, Territory.code).in_([(place.level.value, place.code) for place in places])
    ]
    members = _members(conn, wanted, millesime)
    known = set(members.places)
    for place in places:
        if place not in known:
            require(conn, place, millesime)
    if len(known) < len(places):
        twice = next(place for i, place in enumerate(places) if place in places[:i])
        raise Invalid(f"{twice} est donné deux fois : il serait compté deux fois.")
    _require_apart(conn, members)
    return members


def within(conn: Connection, level: Level, place: Place, millesime: int) -> Members:
    """Return the set of the territories of a level that lie in a place. Raises NotFound where there is none."""
    require(conn, place, millesime)
    members = _members(conn, [Territory.level == level.value, inside(place, millesime)], millesime)
    if not len(members):
        raise NotFound(f"Aucun territoire de niveau « {level} » dans {place}, géographie {millesime}.")
    _require_apart(conn, members)
    return replace(members, straddling=_straddling(conn, members, place))


def _straddling(conn: Connection, members: Members, place: Place) -> tuple[Place, ...]:
    """The territories of the set that have a commune out of a place."""
    inner, outer = aliased(Membership), aliased(Membership)
    beyond = (
        sa.select(inner.parent_level, inner.parent_code)
        .where(
            inner.millesime == members.millesime,
            inner.level == Level.COMMUNE.value,
            inner.parent_level.in_([level.value for level in members.levels]),
            ~sa.exists().where(
                outer.millesime == inner.millesime,
                outer.level == inner.level,
                outer.code == inner.code,
                outer.parent_level == place.level.value,
                outer.parent_code == place.code,
            ),
        )
        .distinct()
    )
    found = {Place(Level(level), code) for level, code in conn.execute(beyond)}
    return tuple(one for one in members.places if one in found and one != place)


def _members(conn: Connection, wanted: Sequence[sa.ColumnElement[bool]], millesime: int) -> Members:
    communes = (
        sa.select(Membership.parent_level, Membership.parent_code, sa.func.count().label("units"))
        .where(Membership.millesime == millesime, Membership.level == Level.COMMUNE.value)
        .group_by(Membership.parent_level, Membership.parent_code)
        .subquery("communes")
    )
    rows = conn.execute(
        sa.select(
            Territory.id,
            Territory.level,
            Territory.code,
            sa.func.coalesce(communes.c.units, 1).label("units"),
        )
        .outerjoin(
            communes,
            sa.and_(communes.c.parent_level == Territory.level, communes.c.parent_code == Territory.code),
        )
        .where(Territory.millesime == millesime, *wanted)
        .order_by(Territory.level, Territory.code)
    ).all()
    return Members(
        millesime,
        [row.id for row in rows],
        [Place(Level(row.level), row.code) for row in rows],
        [row.units for row in rows],
    )


def _require_apart(conn: Connection, members: Members) -> None:
    """Raise Invalid for two territories that share a commune: what it holds would be counted twice.

    A municipal arrondissement holds a part of its commune: several of them are apart, but none is from the commune.
    """
    holders: dict[str, Place] = {}
    for commune, place in _communes(conn, members):
        other = holders.setdefault(commune, place)
        parts = Level.ARRONDISSEMENT_MUNICIPAL
        if other != place and not (other.level is place.level is parts):
            raise Invalid(
                f"{other} et {place} ont en commun commune:{commune} : elle serait comptée deux fois. "
                "Donnez des territoires qui ne se recouvrent pas."
            )


def _communes(conn: Connection, members: Members) -> list[tuple[str, Place]]:
    """Each commune with the territory of the set that it is, is in, or has as a part; the parts last."""
    found: list[tuple[Any, ...]] = []
    above = [
        place for place in members.places if place.level not in (Level.COMMUNE, Level.ARRONDISSEMENT_MUNICIPAL)
    ]
    parts = [place for place in members.places if place.level is Level.ARRONDISSEMENT_MUNICIPAL]
    if above:
        keys = [(place.level.value, place.code) for place in above]
        found += conn.execute(
            sa.select(Membership.code, Membership.parent_level, Membership.parent_code)
            .where(
                Membership.millesime == members.millesime,
                Membership.level == Level.COMMUNE.value,
                sa.tuple_(Membership.parent_level, Membership.parent_code).in_(keys),
            )
            .order_by(Membership.code, Membership.parent_level, Membership.parent_code)
        ).all()
    own = [(place.code, place) for place in members.places if place.level is Level.COMMUNE]
    listed = own + [(code, Place(Level(level), parent)) for code, level, parent in found]
    if parts:
        listed += [
            (commune, Place(Level.ARRONDISSEMENT_MUNICIPAL, code))
            for code, commune in conn.execute(
                sa.select(Membership.code, Membership.parent_code)
                .where(
                    Membership.millesime == members.millesime,
                    Membership.level == Level.ARRONDISSEMENT_MUNICIPAL.value,
                    Membership.parent_level == Level.COMMUNE.value,
                    Membership.code.in_([place.code for place in parts]),
                )
                .order_by(Membership.code)
            )
        ]
    return listed
