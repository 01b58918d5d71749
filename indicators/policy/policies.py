"""The whole diffusion policy, checked when it is built: what each audience may see of each indicator."""

import hashlib
import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC
from itertools import pairwise

from boundaries.readers import LABELS, Audience
from geo.errors import Invalid
from indicators.catalogue import catalogue
from indicators.catalogue import indicator as sheet_of
from indicators.policy.rows import YEAR, AppliedRule, Policy, in_order, looser, strictest
from indicators.secrecy import Rule

FIELDS = {
    "finest_level": "niveau le plus fin",
    "first_period": "première période",
    "last_period": "dernière période",
    "rounding": "arrondi",
    "minimum_population": "population minimale",
    "rules": "règles de secret",
    "shown": "existence montrée",
    "embargo": "embargo",
}


@dataclass(frozen=True)
class Policies:
    """The rows of the policy and the rules of secrecy, applied or not; what has no row is open.

    Raises Invalid for an unknown indicator, a malformed period, step or date, two rows for the same audience, a rule
    without what it judges by, and a row that shows an audience what a wider one is refused: the public sees a part
    of what professionals see, and these a part of what the Region sees.
    """

    rows: tuple[Policy, ...] = ()
    rules: tuple[Rule, ...] = ()
    _own: dict[tuple[str, Audience], Policy] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        for row in self.rows:
            place = (row.indicator, row.audience)
            if place in self._own:
                raise Invalid(f"{_of(row)} : deux règles de diffusion sont données, une seule est attendue.")
            self._own[place] = _checked(row)
        for name in {row.indicator for row in self.rows}:
            _require_order([self.own(name, audience) for audience in Audience])
        kept = [row for _, row in sorted(self._own.items()) if not row.restricts_nothing]
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
        inputs = [
            _inherited(self.of(name, audience), lag)
            for name, lag in (
                (sheet.numerator, 0),
                (sheet.denominator, sheet.denominator_lag),
                (sheet.weight, 0),
            )
            if name is not None
        ]
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
        told = json.dumps([asdict(row) for row in self.rows], sort_keys=True, default=str)
        return hashlib.sha256(told.encode()).hexdigest()[:16]


def _known(given: Iterable[Rule], rows: Iterable[Policy]) -> tuple[Rule, ...]:
    """Every rule by name, whether applied or not; two that differ under one name are refused."""
    found: dict[str, Rule] = {}
    for rule in (*given, *(one.rule for row in rows for one in row.rules)):
        plain = replace(rule, count=False)  # which depends on what it is applied to
        if found.setdefault(rule.name, plain) != plain:
            raise Invalid(f"Deux règles de secret différentes portent le nom « {rule.name} ».")
    return tuple(found[name] for name in sorted(found))


def _checked(row: Policy) -> Policy:
    """The row in its one form: its rules in order and completed, its embargo in universal time."""
    if row.indicator not in catalogue():
        raise Invalid(
            f"Règles de diffusion : indicateur inconnu « {row.indicator} ». Indicateurs du catalogue : "
            f"{', '.join(sorted(catalogue()))}."
        )
    for name in ("first_period", "last_period"):
        year = getattr(row, name)
        if year is not None and not (YEAR.fullmatch(year) and year.isascii()):
            raise Invalid(f"{_of(row)}, {FIELDS[name]} : « {year} » n’est pas une année (2018).")
    if row.first_period and row.last_period and row.first_period > row.last_period:
        raise Invalid(
            f"{_of(row)} : la première période ({row.first_period}) vient après la dernière ({row.last_period})."
        )
    for name in ("rounding", "minimum_population"):
        number = getattr(row, name)
        if number is not None and not (math.isfinite(number) and number > 0):
            raise Invalid(f"{_of(row)}, {FIELDS[name]} : « {number} » n’est pas un nombre positif.")
    if row.embargo is not None and row.embargo.tzinfo is None:
        raise Invalid(f"{_of(row)}, embargo : il manque le fuseau horaire (2026-12-01T08:00:00+01:00).")
    names = [one.rule.name for one in row.rules]
    if len(set(names)) < len(names):
        raise Invalid(f"{_of(row)} : une règle de secret est appliquée deux fois ({', '.join(names)}).")
    rules = in_order([_completed(row, one) for one in row.rules])
    return replace(row, rules=rules, embargo=row.embargo and row.embargo.astimezone(UTC))


def _completed(row: Policy, applied: AppliedRule) -> AppliedRule:
    """The rule with what it judges by, told in one way. Raises Invalid where something is lacking."""
    rule = applied.rule
    where = f"{_of(row)}, règle de secret « {rule.name} »"
    respondents = applied.respondents or (row.indicator if rule.count else None)
    for name in (*applied.largest, *([respondents] if respondents else [])):
        if name not in catalogue():
            raise Invalid(
                f"{where} : indicateur inconnu « {name} ». Indicateurs du catalogue : "
                f"{', '.join(sorted(catalogue()))}."
            )
    if respondents is None and (rule.threshold or rule.zero_is_secret):
        raise Invalid(f"{where} : dites l’indicateur qui compte les unités de chaque cellule (respondents).")
    if respondents is not None and not catalogue()[respondents].nature.additive:
        raise Invalid(f"{where} : « {respondents} » ne compte pas d’unités, ses valeurs ne s’additionnent pas.")
    needed = max(rule.dominance[0] if rule.dominance else 0, 2 if rule.p_percent is not None else 0)
    if len(applied.largest) < needed:
        raise Invalid(
            f"{where} : {needed} indicateurs des plus gros contributeurs (largest) sont attendus, "
            f"{len(applied.largest)} sont donnés."
        )
    counted = replace(rule, count=respondents == row.indicator)
    return AppliedRule(counted, respondents, applied.largest, row.indicator)


def _require_order(rows: list[Policy]) -> None:
    """Refuse a row that shows its audience what the next one may not see."""
    for lower, higher in pairwise(rows):
        shown = looser(lower, higher)
        if shown:
            raise Invalid(
                f"{catalogue()[lower.indicator].label} ({lower.indicator}) : {_label(lower.audience)} verrait plus que "
                f"{_label(higher.audience)} ({', '.join(FIELDS[name] for name in shown)}). Une audience ne voit "
                "qu’une partie de ce que voit la suivante : restreignez les deux."
            )


def _inherited(found: Policy, lag: int) -> Policy:
    """What an input asks of what is computed from it: a rule still judges the input, whose cells it may count."""
    first, last = (
        None if year is None else f"{int(year) - lag:04}" for year in (found.first_period, found.last_period)
    )
    rules = tuple(replace(one, rule=replace(one.rule, count=False)) for one in found.rules)
    return replace(found, first_period=first, last_period=last, rules=rules)


def _of(row: Policy) -> str:
    return f"Règles de diffusion de « {row.indicator} » ({_label(row.audience)})"


def _label(audience: Audience) -> str:
    return LABELS[audience]
