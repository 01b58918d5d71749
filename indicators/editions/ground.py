"""The territories that values are held for: their names, their people, what they are made of, what they become."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection

from boundaries.levels import LABELS, Level
from boundaries.tables import Membership, Passage, Territory
from indicators.secrecy.cells import Floats, Indices
from indicators.tables import Member

WHOLE = 1e-9
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Ground:
    """The territories of some millesimes.

    `territories` is indexed by id (level, code, nom, millesime, people, label), people being those of its communes;
    `members` holds (millesime, territory, unit), a territory being a unit of itself.
    """

    territories: pd.DataFrame
    members: pd.DataFrame
    passages: pd.DataFrame
    _kept: dict[tuple[Any, ...], Any] = field(default_factory=dict)

    def kept(self, key: tuple[Any, ...], found: Callable[[], T]) -> T:
        """Return what a function finds, asked once for each key: every audience's system asks the same."""
        if key not in self._kept:
            self._kept[key] = found()
        kept: T = self._kept[key]
        return kept

    def of(self, territory: Indices, column: str) -> np.ndarray:
        """Return a column of some territories, all of them known."""
        ids, values = self.kept(("column", column), lambda: self._column(column))
        found: np.ndarray = values[np.searchsorted(ids, territory)]
        return found

    def _column(self, column: str) -> tuple[Indices, np.ndarray]:
        return self.territories.index.to_numpy(), self.territories[column].to_numpy()

    def parts(self, millesime: int) -> tuple[Indices, Indices]:
        """Return the pairs (territory, unit) of a millesime, without those of a territory and itself."""
        return self.kept(("parts", millesime), lambda: self._parts(millesime))

    def _parts(self, millesime: int) -> tuple[Indices, Indices]:
        rows = self.members[self.members.millesime == millesime]
        rows = rows[rows.territory != rows.unit]
        return rows.territory.to_numpy(), rows.unit.to_numpy()

    def communes(self, millesime: int) -> dict[str, int]:
        """Return the communes of a millesime, by code."""
        rows = self.territories[
            (self.territories.millesime == millesime) & (self.territories.level == Level.COMMUNE)
        ]
        return dict(zip(rows.code, rows.index.tolist(), strict=True))

    def pieces(self, start: int, end: int) -> pd.DataFrame:
        """Return what the communes of a millesime become in another: origin, target (ids) and weight, every one.

        A commune that no movement names stays itself.
        """
        return self.kept(("pieces", start, end), lambda: self._became(start, end))

    def _became(self, start: int, end: int) -> pd.DataFrame:
        before, after = self.communes(start), self.communes(end)
        moves = self.passages[(self.passages.start == start) & (self.passages.end == end)]
        gone = set(moves.origin)
        still = [(code, code, 1.0) for code in before if code not in gone]
        told = list(zip(moves.origin, moves.target, moves.weight, strict=True))
        rows = [
            (before[origin], after[target], weight)
            for origin, target, weight in sorted(still + told)
            if origin in before and target in after
        ]
        return pd.DataFrame(rows, columns=["origin", "target", "weight"])

    def compositions(self, millesime: int, reference: int) -> dict[int, tuple[int, ...]]:
        """Return what territories of a millesime are made of: whole communes of the reference millesime.

        Territories of one composition are one place, in two millesimes or at two levels: a ratio or a mean has one
        value there. A part of a single commune counts as that commune: conversions give it the same ratio. Other
        parts make no such place, and their territories are left out.
        """
        return self.kept(("made", millesime, reference), lambda: self._composed(millesime, reference))

    def _composed(self, millesime: int, reference: int) -> dict[int, tuple[int, ...]]:
        pieces = self.pieces(reference, millesime)
        rows = self.members[self.members.millesime == millesime]
        rows = rows[rows.unit.isin(self.communes(millesime).values())]
        held = rows.merge(pieces, left_on="unit", right_on="target", how="left")
        unknown = set(held.territory[held.origin.isna()])
        shares = held.groupby(["territory", "origin"]).weight.sum().reset_index()
        whole = (shares.weight - 1).abs() < WHOLE
        several = shares.territory.duplicated(keep=False)
        unknown |= set(shares.territory[several & ~whole])
        made: dict[int, list[int]] = {}
        for territory, origin in zip(shares.territory.tolist(), shares.origin.tolist(), strict=True):
            if territory not in unknown:
                made.setdefault(territory, []).append(int(origin))
        return {territory: tuple(origins) for territory, origins in made.items()}


def read_ground(conn: Connection, millesimes: Sequence[int]) -> Ground:
    """Return the territories of some millesimes, with what they are made of and the passages between them."""
    years = sorted(set(millesimes))
    territories = pd.DataFrame(
        conn.execute(
            sa.select(
                Territory.id,
                Territory.millesime,
                Territory.level,
                Territory.code,
                Territory.nom,
                Territory.weight_population.label("people"),
            )
            .where(Territory.millesime.in_(years))
            .order_by(Territory.id)
        ).all(),
        columns=["id", "millesime", "level", "code", "nom", "people"],
    ).set_index("id")
    members = pd.DataFrame(
        conn.execute(
            sa.select(Member.millesime, Member.territory_id, Member.unit_id)
            .where(Member.millesime.in_(years))
            .order_by(Member.millesime, Member.territory_id, Member.unit_id)
        ).all(),
        columns=["millesime", "territory", "unit"],
    )
    passages = pd.DataFrame(
        conn.execute(
            sa.select(
                Passage.from_millesime, Passage.to_millesime, Passage.from_code, Passage.to_code, Passage.weight
            )
            .where(Passage.from_millesime.in_(years), Passage.to_millesime.in_(years))
            .order_by(Passage.from_millesime, Passage.to_millesime, Passage.from_code, Passage.to_code)
        ).all(),
        columns=["start", "end", "origin", "target", "weight"],
    )
    territories["people"] = _people(territories, members)
    words = {level.value: LABELS[level][0] for level in Level}
    territories["label"] = [
        f"{words[level]} {nom} ({code})"
        for level, nom, code in zip(territories.level, territories.nom, territories.code, strict=True)
    ]
    return Ground(territories, members, passages)


def cities(conn: Connection, millesimes: Sequence[int]) -> pd.DataFrame:
    """Return the municipal arrondissements with their city: millesime, part and whole (codes)."""
    rows = conn.execute(
        sa.select(Membership.millesime, Membership.code, Membership.parent_code).where(
            Membership.millesime.in_(list(millesimes)),
            Membership.level == Level.ARRONDISSEMENT_MUNICIPAL.value,
            Membership.parent_level == Level.COMMUNE.value,
        )
    )
    return pd.DataFrame(rows.all(), columns=["millesime", "part", "whole"])


def _people(territories: pd.DataFrame, members: pd.DataFrame) -> Floats:
    """The people of each territory: its own count, or that of its communes; unknown where one of them is."""
    own = territories.people.astype(float)
    communes = own[territories.level == Level.COMMUNE]
    parts = members[(members.territory != members.unit) & members.unit.isin(communes.index)]
    counted = communes.reindex(parts.unit).set_axis(parts.territory)
    summed = counted.groupby(level=0).sum(min_count=1)
    unknown = counted.isna().groupby(level=0).any()
    summed[unknown] = np.nan
    return np.asarray(own.fillna(summed.reindex(own.index)).to_numpy(), float)
