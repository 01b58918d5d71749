"""What a rule of statistical secrecy asks. Rules are data: the policy holds them, `indicators.secrecy` applies them.

Apart from that package, whose solver is slow to import, so that whoever only reads the policy does not wait for it.
"""

from dataclasses import dataclass
from datetime import date

from geo.errors import Invalid


@dataclass(frozen=True)
class Rule:
    """A rule of primary secrecy, with where and when it was read; what is None or 0 is not asked.

    threshold: fewer respondents than this (and at least one) make a cell primary.
    dominance: (n, k): the n largest contributors hold more than k per cent of the cell.
    p_percent: the second largest contributor can estimate the largest within p per cent.
    minimum_population: a territory with fewer inhabitants is primary, whatever the cell holds.
    zero_is_secret: a cell without respondents is primary too.
    count: the cells are counts of respondents, so a protected one must stay at least `threshold` wide.
    protection_pct: q; the attacker's interval must hold value x (1 - q) to value x (1 + q).

    >>> Rule("Entreprises", threshold=3, dominance=(1, 85), source="Insee", read_on=date(2024, 1, 1)).dominance
    (1, 85)
    """

    name: str
    source: str
    read_on: date
    threshold: int = 0
    dominance: tuple[int, float] | None = None
    p_percent: float | None = None
    minimum_population: float | None = None
    zero_is_secret: bool = False
    count: bool = False
    protection_pct: float = 10.0

    def __post_init__(self) -> None:
        if self.threshold < 0 or self.protection_pct < 0:
            raise Invalid(
                f"Règle de secret « {self.name} » : un seuil ou une protection ne peut pas être négatif."
            )
        if self.dominance and not (self.dominance[0] >= 1 and 0 < self.dominance[1] <= 100):
            raise Invalid(f"Règle de secret « {self.name} » : la dominance (n, k) demande n ≥ 1 et 0 < k ≤ 100.")
