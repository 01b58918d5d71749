"""The territories that values are held for: their names, their people, what they are made of, what they become."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection

from boundaries.levels import LABELS, Level
from boundaries.tables import Membership, Passage, Territory
from indicators.secrecy.cells import Floats, Indices
from indicators.tables import Member


@dataclass(frozen=True, eq=False)
class Ground:
    """The territories of some millesimes.

    `territories` is indexed by id (level, code, nom, millesime, people, label), people being those of its communes;
    `members` holds (millesime, territory, unit), a territory being a unit of itself.
    """

    territories: pd.DataFrame
    members: pd.DataFrame
    passages: pd.DataFrame
    _pieces: dict[tuple[int, int], pd.DataFrame] = field(default_factory=dict)

    def of(self, territory: Indices, column: str) -> np.ndarray:
        """Return a column of some territories."""
        return np.asarray(self.territories[column].reindex(territory).to_numpy())

    def parts(self, millesime: int) -> tuple[Indices, Indices]:
        """Return the pairs (territory, unit) of a millesime, without those of a territory and itself."""
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
        if (start, end) not in self._pieces:
            self._pieces[start, end] = self._became(start, end)
        return self._pieces[start, end]

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
        """Return what each territory of a millesime is made of: communes, named as the reference millesime does.

        A commune that is the whole of one of the reference, and nothing else, has that one's name, whatever its
        code; so territories of the same composition are the same place, in two millesimes or at two levels.
        """
        name = {unit: unit for unit in self.communes(millesime).values()}
        if millesime != reference:
            pieces = self.pieces(reference, millesime)
            alone = ~pieces.origin.duplicated(keep=False) & ~pieces.target.duplicated(keep=False)
            name |= dict(zip(pieces.target[alone], pieces.origin[alone], strict=True))
        rows = self.members[(self.members.millesime == millesime) & self.members.unit.isin(list(name))]
        made: dict[int, list[int]] = {}
        for territory, unit in zip(rows.territory.tolist(), rows.unit.tolist(), strict=True):
            made.setdefault(territory, []).append(name[unit])
        return {territory: tuple(sorted(units)) for territory, units in made.items()}


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
