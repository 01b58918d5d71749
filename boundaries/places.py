"""Territories as selects: which ones, what they are part of, where they come from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Select
from sqlalchemy.orm import aliased

from boundaries.levels import Level, is_code
from boundaries.passage import Kind
from boundaries.tables import FormerCode, Membership, Millesime, Outline, Passage, Territory
from geo.errors import Invalid, NotFound
from geo.layers import Rows


@dataclass(frozen=True)
class Place:
    """A territory named by level and code, written `commune:44109`."""

    level: Level
    code: str

    @classmethod
    def parse(cls, text: str) -> "Place":
        """Return the place that a text names. Raises Invalid when it is malformed.

        >>> Place.parse("departement:44")
        Place(level=<Level.DEPARTEMENT: 'departement'>, code='44')
        """
        level, _, code = text.partition(":")
        if level not in set(Level) or not is_code(Level(level), code):
            accepted = ", ".join(Level)
            raise Invalid(
                f"Territoire mal formé : « {text} ». Forme attendue : niveau:code, par exemple commune:44109 "
                f"(niveaux : {accepted})."
            )
        return cls(Level(level), code)

    def __str__(self) -> str:
        return f"{self.level}:{self.code}"


def millesimes(conn: Connection) -> list[sa.Row[Any]]:
    """Return the loaded millesimes, oldest first."""
    return list(conn.execute(sa.select(*Millesime.__table__.c).order_by(Millesime.year)))


def inside(place: Place | None, millesime: int) -> ColumnElement[bool]:
    """Return the condition that a territory lies in a place; without one, in what was loaded for itself.

    A place is in itself. Communes that only complete an EPCI are found through that EPCI alone.
    """
    if place is None:
        return Territory.in_scope.is_(True)
    member = sa.exists().where(
        Membership.millesime == millesime,
        Membership.level == Territory.level,
        Membership.code == Territory.code,
        Membership.parent_level == place.level.value,
        Membership.parent_code == place.code,
    )
    itself = sa.and_(Territory.level == place.level.value, Territory.code == place.code)
    return sa.or_(member, itself)


def require(conn: Connection, place: Place, millesime: int) -> sa.Row[Any]:
    """Return the territory row of a place. Raises NotFound, naming the commune that took over a former code."""
    row = conn.execute(
        sa.select(*Territory.__table__.c).where(
            Territory.millesime == millesime,
            Territory.level == place.level.value,
            Territory.code == place.code,
        )
    ).one_or_none()
    if row is not None:
        return row
    sentence = f"Aucun territoire {place} dans la géographie au 1er janvier {millesime}."
    if place.level is Level.COMMUNE:
        former = conn.execute(
            sa.select(FormerCode.successor, FormerCode.part_of).where(
                FormerCode.millesime == millesime, FormerCode.code == place.code
            )
        ).one_or_none()
        if former is not None:
            sentence += f" Cette ancienne commune fait partie de commune:{former.successor}."
    raise NotFound(sentence)


def require_millesime(conn: Connection, millesime: int) -> sa.Row[Any]:
    """Return the row of a loaded millesime. Raises NotFound, naming those that are."""
    rows = millesimes(conn)
    for row in rows:
        if row.year == millesime:
            return row
    known = ", ".join(str(row.year) for row in rows) or "aucun"
    raise NotFound(f"Millésime {millesime} non chargé. Millésimes chargés : {known}.")


def parent_codes(level: Level, of: type[Territory] | type[Outline] = Territory) -> ColumnElement[str | None]:
    """Return the codes of a territory's parents of a level, joined by commas (an EPCI may have several)."""
    return (
        sa.select(sa.func.string_agg(Membership.parent_code, sa.text("',' ORDER BY parent_code"), type_=sa.Text))
        .where(
            Membership.millesime == of.millesime,
            Membership.level == of.level,
            Membership.code == of.code,
            Membership.parent_level == level.value,
        )
        .scalar_subquery()
    )


def parts_of(level: Level, millesime: int, parents: Level, codes: Sequence[str]) -> Select[str]:
    """Return the codes of the territories of a level that have one of these parents, found by an index."""
    return sa.select(Membership.code).where(
        Membership.millesime == millesime,
        Membership.level == level.value,
        Membership.parent_level == parents.value,
        Membership.parent_code == sa.any_(sa.literal(list(codes), sa.ARRAY(sa.Text))),
    )


def listing(level: Level, millesime: int, within: Place | None, begins: str | None = None) -> Rows:
    """Return the territories of a level: id, code, nom, nature, parents, emprise, area in km², without geometry.

    With `begins`, only those whose name or code begins so, in any case.
    """
    rows = (
        sa.select(
            Territory.id,
            Territory.code,
            Territory.nom,
            Territory.nature,
            parent_codes(Level.DEPARTEMENT).label("departement"),
            parent_codes(Level.REGION).label("region"),
            parent_codes(Level.EPCI).label("epci"),
            Territory.emprise,
            Territory.straddles,
            (Territory.area_m2 / 1e6).label("surface_km2"),
        )
        .where(Territory.millesime == millesime, Territory.level == level.value, inside(within, millesime))
        .order_by(Territory.code)
    )
    if begins is None:
        return rows
    return rows.where(
        Territory.nom.istartswith(begins, autoescape=True) | Territory.code.istartswith(begins, autoescape=True)
    )


def parents(place: Place, millesime: int) -> Rows:
    """Return what a territory is part of: level, code, nom (None where only the code is known)."""
    above = aliased(Territory)
    return (
        sa.select(Membership.parent_level.label("level"), Membership.parent_code.label("code"), above.nom)
        .outerjoin(
            above,
            sa.and_(
                above.millesime == Membership.millesime,
                above.level == Membership.parent_level,
                above.code == Membership.parent_code,
            ),
        )
        .where(
            Membership.millesime == millesime,
            Membership.level == place.level.value,
            Membership.code == place.code,
        )
        .order_by(Membership.parent_level, Membership.parent_code)
    )


def children(place: Place, millesime: int) -> Rows:
    """Return what is part of a territory: level, code, nom."""
    return (
        sa.select(Territory.level, Territory.code, Territory.nom)
        .join(
            Membership,
            sa.and_(
                Membership.millesime == Territory.millesime,
                Membership.level == Territory.level,
                Membership.code == Territory.code,
            ),
        )
        .where(
            Membership.millesime == millesime,
            Membership.parent_level == place.level.value,
            Membership.parent_code == place.code,
        )
        .order_by(Territory.level, Territory.code)
    )


def relatives(code: str, millesime: int) -> Rows:
    """Return how a commune reads in the other millesimes, where it is not simply itself there.

    Rows: millesime, code, share (of this commune that goes there), kind (`exact`, `estimated`, or `impossible`:
    nobody knows the share).
    """
    return (
        sa.select(
            Passage.to_millesime.label("millesime"),
            Passage.to_code.label("code"),
            sa.case((Passage.kind != Kind.IMPOSSIBLE, Passage.weight)).label("share"),
            Passage.kind,
        )
        .where(Passage.from_millesime == millesime, Passage.from_code == code)
        .order_by(Passage.to_millesime, Passage.to_code)
    )


def extent(place: Place, millesime: int) -> Rows:
    """Return the bounding box of a territory in EPSG:4326: xmin, ymin, xmax, ymax."""
    box = sa.func.ST_Envelope(Territory.geom)
    return sa.select(sa.func.ST_XMin(box), sa.func.ST_YMin(box), sa.func.ST_XMax(box), sa.func.ST_YMax(box)).where(
        Territory.millesime == millesime,
        Territory.level == place.level.value,
        Territory.code == place.code,
        Territory.geom.is_not(None),
    )
