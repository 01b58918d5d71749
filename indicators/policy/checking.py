"""What a row of the policy must be: known words, everything that its rules judge by, and an order of audiences."""

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC
from itertools import pairwise

from boundaries.readers import LABELS
from geo.errors import Invalid
from indicators.catalogue import catalogue
from indicators.natures import Nature
from indicators.policy.rows import AppliedRule, Policy, in_order, looser

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
YEAR = re.compile(r"[12][0-9]{3}")
YEARS = (1900, 2200)  # an embargo outside is a slip of the keyboard


def checked(row: Policy) -> Policy:
    """Return a row in its one form: its rules completed and in order, its embargo in universal time. Raises Invalid."""
    _require_known(f"Règle de diffusion ({LABELS[row.audience]})", row.indicator)
    _require_periods(row)
    for name in ("rounding", "minimum_population"):
        number = getattr(row, name)
        if number is not None and not (math.isfinite(number) and number > 0):
            raise Invalid(f"{told(row)}, {FIELDS[name]} : « {number} » n’est pas un nombre positif.")
    if row.rounding is not None and catalogue()[row.indicator].nature is Nature.TYPOLOGY:
        raise Invalid(f"{told(row)}, {FIELDS['rounding']} : des catégories ne s’arrondissent pas.")
    if row.embargo is not None and row.embargo.tzinfo is None:
        raise Invalid(f"{told(row)}, embargo : il manque le fuseau horaire (2026-12-01T08:00:00+01:00).")
    if row.embargo is not None and not YEARS[0] < row.embargo.year < YEARS[1]:
        raise Invalid(
            f"{told(row)}, embargo : l’année {row.embargo.year} n’est pas entre {YEARS[0]} et {YEARS[1]}."
        )
    names = [one.rule.name for one in row.rules]
    if len(set(names)) < len(names):
        raise Invalid(f"{told(row)} : une règle de secret est appliquée deux fois ({', '.join(sorted(names))}).")
    rules = in_order([_completed(row, one) for one in row.rules])
    return replace(row, rules=rules, embargo=row.embargo and row.embargo.astimezone(UTC))


def require_order(rows: Sequence[Policy]) -> None:
    """Refuse rows of an indicator, from the public's, of which one shows what the next one's audience may not see."""
    for lower, higher in pairwise(rows):
        shown = looser(lower, higher)
        if shown:
            raise Invalid(
                f"{catalogue()[lower.indicator].label} ({lower.indicator}) : l’audience « {LABELS[lower.audience]} » "
                f"verrait plus que « {LABELS[higher.audience]} » ({', '.join(FIELDS[name] for name in shown)}). "
                "Une audience ne voit qu’une partie de ce que voit la suivante : restreignez les deux, ou aucune."
            )


def told(row: Policy) -> str:
    """Return how a row is named in an error."""
    return f"Règle de diffusion de « {row.indicator} » ({LABELS[row.audience]})"


def _require_periods(row: Policy) -> None:
    for name in ("first_period", "last_period"):
        year = getattr(row, name)
        if year is not None and not YEAR.fullmatch(year):
            raise Invalid(
                f"{told(row)}, {FIELDS[name]} : « {year} » n’est pas une année de quatre chiffres (2018)."
            )
    if row.first_period and row.last_period and row.first_period > row.last_period:
        raise Invalid(
            f"{told(row)} : la première période ({row.first_period}) vient après la dernière ({row.last_period})."
        )


def _completed(row: Policy, applied: AppliedRule) -> AppliedRule:
    """The rule with what it judges by, told in one way."""
    rule = applied.rule
    where = f"{told(row)}, règle de secret « {rule.name} »"
    respondents = applied.respondents or (row.indicator if rule.count else None)
    for name in (*applied.largest, *([respondents] if respondents else [])):
        _require_known(where, name)
    if respondents is None and (rule.threshold or rule.zero_is_secret):
        raise Invalid(f"{where} : dites l’indicateur qui compte les unités de chaque cellule (respondents).")
    if respondents is not None and not catalogue()[respondents].nature.additive:
        raise Invalid(f"{where} : « {respondents} » ne compte pas d’unités, ses valeurs ne s’additionnent pas.")
    needed = max(rule.dominance[0] if rule.dominance else 0, 2 if rule.p_percent is not None else 0)
    if len(applied.largest) < needed:
        raise Invalid(
            f"{where} : les plus gros contributeurs de chaque cellule, dans l’ordre, sont attendus (largest) : "
            f"{needed} indicateurs, {len(applied.largest)} donnés."
        )
    # Whether cells are counts of units is no property of the rule: it depends on the indicator that it is applied to.
    counted = replace(rule, count=respondents == row.indicator)
    return AppliedRule(counted, respondents, applied.largest, row.indicator)


def _require_known(where: str, name: str) -> None:
    if name not in catalogue():
        raise Invalid(
            f"{where} : indicateur inconnu, « {name[:100]} ». Indicateurs du catalogue : {', '.join(sorted(catalogue()))}."
        )
