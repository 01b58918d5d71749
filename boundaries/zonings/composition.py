"""What a zoning is, what it is made of, and what a level of zoning allows."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from boundaries.levels import MAY_OVERLAP, ZONINGS, Level

Pairs = frozenset[tuple[str, str]]
Moves = Mapping[str, Mapping[str, float]]

# Levels whose zones never share a commune: an overlap is an error of the list, not a fact to report.
PARTITIONS = frozenset(ZONINGS) - MAY_OVERLAP
# Levels whose zones may cross the border of a region, and that are defined for the whole country.
NATIONAL = frozenset({Level.ZONE_EMPLOI, Level.BASSIN_DE_VIE, Level.AIRE_ATTRACTION, Level.UNITE_URBAINE})


@dataclass(frozen=True)
class Terms:
    """What is said of a zoning beside its composition.

    `definition` is the year in which its zones were defined, `given_in` the geography that the communes of the
    file are coded in; `liste` names the list of a perimetre, and is empty at the other levels.
    """

    level: Level
    label: str
    definition: int
    given_in: int
    source: str
    licence: str
    file: str
    sha256: str
    liste: str = ""


@dataclass(frozen=True)
class Composition:
    """The communes of each zone, the names of the zones, and the codes that stand for no zone (`apart`)."""

    pairs: Pairs
    names: Mapping[str, str]
    apart: frozenset[str] = field(default_factory=frozenset)

    def digest(self, terms: Terms) -> str:
        """A digest of the definition and of the composition."""
        parts = (
            terms.level.value,
            terms.liste,
            terms.label,
            terms.definition,
            sorted(self.pairs),
            sorted(self.names.items()),
            sorted(self.apart),
        )
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]


def is_apart(level: Level, zone: str) -> bool:
    """Return whether the producer's code says that a commune is in no zone.

    AAV 000 is "hors attraction des villes"; a unité urbaine 44000 (9A000 overseas) holds the communes of a
    departement that are outside any; Z stands for what does not apply (ZZZZ, 972ZZ).

    >>> is_apart(Level.AIRE_ATTRACTION, "000"), is_apart(Level.UNITE_URBAINE, "44000")
    (True, True)
    >>> is_apart(Level.UNITE_URBAINE, "44701"), is_apart(Level.CANTON, "972ZZ"), is_apart(Level.ZONE_EMPLOI, "0000")
    (False, True, False)
    """
    if level is Level.AIRE_ATTRACTION and zone == "000":
        return True
    if level is Level.UNITE_URBAINE and zone.endswith("000"):
        return True
    return level in PARTITIONS and zone.endswith("ZZ")


def territory_code(level: Level, liste: str, zone: str) -> str:
    """Return the code of a zone's territory: its own, or `liste.zone` for a perimetre."""
    return f"{liste}.{zone}" if level is Level.PERIMETRE else zone
