"""The whole diffusion policy, checked when it is built: what each audience may see of each indicator."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace

from boundaries.readers import LABELS, Audience
from geo.errors import Invalid
from indicators.catalogue import indicator as sheet_of
from indicators.policy.checking import checked, require_order, told
from indicators.policy.rows import Policy, strictest
from indicators.secrecyrule import Rule


@dataclass(frozen=True)
class Policies:
    """The rows of the policy and the rules of secrecy, applied or not; what has no row is open.

    Raises Invalid for an unknown indicator, a malformed period, step or date, two rows for the same audience, a rule
    without what it judges by or that would show it, and a row that shows an audience what a wider one is refused: the
    public sees a part of what professionals see, and these a part of what the Region sees.
    """

    rows: tuple[Policy, ...] = ()
    rules: tuple[Rule, ...] = ()
    _own: dict[tuple[str, Audience], Policy] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        for row in self.rows:
            place = (row.indicator, row.audience)
            if place in self._own:
                raise Invalid(f"{told(row)} : elle est donnée deux fois, une seule est attendue.")
            self._own[place] = checked(row)
        for name in {row.indicator for row in self.rows}:
            require_order([self.own(name, audience) for audience in Audience])
        kept = [row for _, row in sorted(self._own.items()) if not row.restricts_nothing]
        for row in kept:
            self._require_hidden_contributors(row)
        object.__setattr__(self, "rows", tuple(kept))
        object.__setattr__(self, "rules", _known(self.rules, kept))

    def own(self, indicator: str, audience: Audience) -> Policy:
        """Return the row of an indicator itself, without what it inherits."""
        return self._own.get((indicator, audience), Policy(indicator, audience))

    def of(self, indicator: str, audience: Audience) -> Policy:
        """Return the effective policy: the strictest of the indicator's own and of all that it is computed from.

        Periods of a denominator that comes later than its numerator are brought back to those of the indicator. An
        index whose base year an audience may not see is not shown to it: every value would give the base back.
        Raises NotFound for an unknown indicator.
        """
        sheet = sheet_of(indicator)
        named = (sheet.numerator, 0), (sheet.denominator, sheet.denominator_lag), (sheet.weight, 0)
        inputs = [_inherited(self.of(name, audience), lag) for name, lag in named if name is not None]
        found = strictest(self.own(indicator, audience), inputs)
        if sheet.base_period is not None and not all(one.visible_in(sheet.base_period) for one in inputs):
            return replace(found, shown=False)
        return found

    def is_open(self, indicator: str) -> bool:
        """Whether nothing restricts an indicator for anybody. Raises NotFound for an unknown one."""
        return all(self.of(indicator, audience).restricts_nothing for audience in Audience)

    @property
    def digest(self) -> str:
        """A digest of all that the rows ask: another one means other editions."""
        asked = json.dumps([asdict(row) for row in self.rows], sort_keys=True, default=str)
        return hashlib.sha256(asked.encode()).hexdigest()[:16]

    def _require_hidden_contributors(self, row: Policy) -> None:
        """Refuse to show what a single contributor holds: that is what a rule of dominance protects."""
        for one in row.rules:
            for name in one.largest:
                if self.own(name, row.audience).shown:
                    raise Invalid(
                        f"{told(row)}, règle de secret « {one.rule.name} » : « {name} » dit ce que détient un seul "
                        f"contributeur, son existence doit être cachée à l’audience « {LABELS[row.audience]} »."
                    )


def _known(given: Iterable[Rule], rows: Iterable[Policy]) -> tuple[Rule, ...]:
    """Every rule by name, whether applied or not; two that differ under one name are refused."""
    found: dict[str, Rule] = {}
    for rule in (*given, *(one.rule for row in rows for one in row.rules)):
        plain = replace(rule, count=False)  # which depends on what it is applied to
        if found.setdefault(rule.name, plain) != plain:
            raise Invalid(f"Deux règles de secret différentes portent le nom « {rule.name} ».")
    return tuple(found[name] for name in sorted(found))


def _inherited(found: Policy, lag: int) -> Policy:
    """What an input asks of what is computed from it: a rule still judges the input, whose cells it may count."""
    first, last = (
        None if year is None else str(int(year) - lag).zfill(4) for year in (found.first_period, found.last_period)
    )
    rules = tuple(replace(one, rule=replace(one.rule, count=False)) for one in found.rules)
    return replace(found, first_period=first, last_period=last, rules=rules)
