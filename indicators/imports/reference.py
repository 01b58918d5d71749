"""What a delivery is read against: the codes of every loaded geography, what contains them, what became of them."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy import Connection

from boundaries.levels import Level
from boundaries.scope import ALL
from boundaries.tables import FormerCode, Membership, Millesime, Passage, PostalCode, Territory

Key = tuple[int, Level]
Moved = Mapping[str, Mapping[str, float]]

# What contains communes and arrondissements, each once; zonings are read as values, never to verify totals.
PARENTS = (Level.COMMUNE, Level.EPCI, Level.DEPARTEMENT, Level.REGION, Level.FRANCE)


@dataclass(frozen=True)
class Reference:
    """The territories, by millesime and level.

    - names: code -> name, of everything loaded; expected: the codes that were loaded for themselves, without the
      communes that only complete an EPCI;
    - parents: (millesime, parent level) -> commune -> parent; municipal arrondissements lead to their commune
      under Level.COMMUNE;
    - former: millesime -> vanished code -> the commune that took it over;
    - passages: (from, to) -> commune -> commune -> share, of those that change;
    - postal: millesime -> postal code -> communes; whole: millesimes loaded for the whole country.
    """

    names: Mapping[Key, Mapping[str, str]]
    expected: Mapping[Key, frozenset[str]] = field(default_factory=dict)
    parents: Mapping[Key, Mapping[str, str]] = field(default_factory=dict)
    former: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    passages: Mapping[tuple[int, int], Moved] = field(default_factory=dict)
    postal: Mapping[int, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    whole: frozenset[int] = frozenset()

    @property
    def millesimes(self) -> tuple[int, ...]:
        """The geographies known, oldest first."""
        return tuple(sorted({year for year, _ in self.names}))

    def codes(self, millesime: int, level: Level) -> Mapping[str, str]:
        """Code -> name of a level in a geography; empty where it is not loaded."""
        return self.names.get((millesime, level), {})

    def successors(self, millesime: int, code: str) -> dict[str, float]:
        """Where a commune code of another geography went, and in which shares; empty when nothing is known.

        The nearest earlier geography that has the code is asked first, then the list of vanished codes, then those
        of the other geographies, as far as the commune that they name is there.
        """
        others = sorted(self.millesimes, key=lambda year: (year > millesime, abs(year - millesime)))
        for year in others:
            if year != millesime and code in self.codes(year, Level.COMMUNE):
                moved = self.passages.get((year, millesime), {}).get(code)
                if moved:
                    return dict(moved)
        known = self.codes(millesime, Level.COMMUNE)
        for year in [millesime, *others]:
            successor = self.former.get(year, {}).get(code)
            if successor is not None and successor in known:
                return {successor: 1.0}
        return {}


def read_reference(conn: Connection) -> Reference:
    """Return everything loaded, for every millesime."""
    names: dict[Key, dict[str, str]] = defaultdict(dict)
    expected: dict[Key, set[str]] = defaultdict(set)
    territories = sa.select(
        Territory.millesime, Territory.level, Territory.code, Territory.nom, Territory.in_scope
    ).order_by(Territory.millesime, Territory.level, Territory.code)
    for millesime, level, code, name, in_scope in conn.execute(territories):
        names[millesime, Level(level)][code] = name
        if in_scope:
            expected[millesime, Level(level)].add(code)
    parents: dict[Key, dict[str, str]] = defaultdict(dict)
    links = sa.select(
        Membership.millesime, Membership.parent_level, Membership.code, Membership.parent_code
    ).where(
        Membership.level.in_([Level.COMMUNE.value, Level.ARRONDISSEMENT_MUNICIPAL.value]),
        Membership.parent_level.in_([level.value for level in PARENTS]),
    )
    for millesime, above, code, parent in conn.execute(links):
        parents[millesime, Level(above)][code] = parent
    former: dict[int, dict[str, str]] = defaultdict(dict)
    for row in conn.execute(sa.select(FormerCode.millesime, FormerCode.code, FormerCode.successor)):
        former[row.millesime][row.code] = row.successor
    passages: dict[tuple[int, int], dict[str, dict[str, float]]] = defaultdict(dict)
    steps = sa.select(
        Passage.from_millesime, Passage.to_millesime, Passage.from_code, Passage.to_code, Passage.weight
    )
    for start, end, code, target, weight in conn.execute(steps):
        passages[start, end].setdefault(code, {})[target] = weight
    postal: dict[int, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for row in conn.execute(sa.select(*PostalCode.__table__.c).order_by(PostalCode.commune)):
        postal[row.millesime][row.postal_code].append(row.commune)
    whole = sa.select(Millesime.year).where(Millesime.scope == ALL)
    return Reference(
        names=dict(names),
        expected={key: frozenset(codes) for key, codes in expected.items()},
        parents=dict(parents),
        former=dict(former),
        passages=dict(passages),
        postal={year: {code: tuple(found) for code, found in codes.items()} for year, codes in postal.items()},
        whole=frozenset(conn.scalars(whole)),
    )
