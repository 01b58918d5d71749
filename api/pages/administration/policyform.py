"""The forms of the diffusion policy: what they show of a row or of a rule, and what is read of them when sent."""

import re
from datetime import datetime
from typing import Any

from api.pages.administration.signing import Posted
from boundaries.levels import LABELS as LEVELS
from boundaries.levels import Level
from boundaries.readers import Audience
from geo.clock import PARIS
from geo.errors import Invalid
from indicators.catalogue import catalogue
from indicators.policy import AppliedRule, Policies, Policy
from indicators.policy.checking import FIELDS
from indicators.policy.rows import FINEST_FIRST
from indicators.policy.toml import Name, RuleSheet, sheet
from indicators.policy.wording import number
from indicators.secrecyrule import Rule

NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
RULE_FIELDS = {
    "name": "nom",
    "source": "source",
    "read_on": "lue le",
    "threshold": "seuil de répondants",
    "dominance": "dominance",
    "p_percent": "règle du p %",
    "minimum_population": "population minimale",
    "protection_pct": "protection",
}


class _NamedRule(RuleSheet):
    """A rule of secrecy and its name, as a form gives them."""

    name: Name


def shown(row: Policy) -> dict[str, str]:
    """Return what the fields of a row's form hold: text, empty for what is not asked."""
    embargo = row.embargo and row.embargo.astimezone(PARIS).replace(tzinfo=None)
    held = {
        "niveau": row.finest_level or "",
        "premiere": row.first_period or "",
        "derniere": row.last_period or "",
        "arrondi": _text(row.rounding),
        "population": _text(row.minimum_population),
        "embargo": embargo.isoformat(timespec="minutes") if embargo else "",
        "montre": "oui" if row.shown else "",
    }
    for applied in row.rules:
        held[f"regle.{applied.rule.name}"] = "oui"
        held[f"repondants.{applied.rule.name}"] = applied.respondents or ""
        held[f"contributeurs.{applied.rule.name}"] = ", ".join(applied.largest)
    return held


def read_row(form: Posted, indicator: str, audience: Audience, policies: Policies) -> Policy:
    """Return the row that a form asks for. Raises Invalid, naming the field."""
    level = form.text("niveau", 40)
    if level and level not in LEVELS:
        raise Invalid(f"{_label('finest_level')} : « {level} » n’existe pas. Niveaux : {', '.join(FINEST_FIRST)}.")
    applied = [
        AppliedRule(
            rule,
            form.text(f"repondants.{rule.name}", 100) or None,
            tuple(filter(None, re.split(r"[\s,;]+", form.text(f"contributeurs.{rule.name}", 1000)))),
        )
        for rule in policies.rules
        if form.text(f"regle.{rule.name}")
    ]
    return Policy(
        indicator,
        audience,
        Level(level) if level else None,
        form.text("premiere", 10) or None,
        form.text("derniere", 10) or None,
        _number(form, "arrondi", _label("rounding")),
        _number(form, "population", _label("minimum_population")),
        tuple(applied),
        bool(form.text("montre")),
        _moment(form.text("embargo", 40)),
    )


def rule_shown(rule: Rule | None) -> dict[str, str]:
    """Return what the fields of a rule's form hold; those of a new rule are empty."""
    if rule is None:
        return {"protection": "10"}
    many, share = rule.dominance or (None, None)
    return {
        "nom": rule.name,
        "source": rule.source,
        "lue": rule.read_on.isoformat(),
        "seuil": str(rule.threshold or ""),
        "contributeurs": _text(many),
        "part": _text(share),
        "p": _text(rule.p_percent),
        "population": _text(rule.minimum_population),
        "zero": "oui" if rule.zero_is_secret else "",
        "protection": _text(rule.protection_pct),
    }


def read_rule(form: Posted) -> Rule:
    """Return the rule that a form states. Raises Invalid, naming the field."""
    many = _number(form, "contributeurs", "nombre de contributeurs")
    share = _number(form, "part", "part des contributeurs")
    if (many is None) != (share is None):
        raise Invalid("Dominance : donnez le nombre de contributeurs et leur part, ou aucun des deux.")
    threshold = _number(form, "seuil", RULE_FIELDS["threshold"])
    values: dict[str, Any] = {
        "name": form.text("nom", 200),
        "source": form.text("source", 2000),
        "read_on": form.text("lue", 20),
        "threshold": 0 if threshold is None else _whole(threshold),
        "dominance": None if many is None else (_whole(many), share),
        "p_percent": _number(form, "p", RULE_FIELDS["p_percent"]),
        "minimum_population": _number(form, "population", RULE_FIELDS["minimum_population"]),
        "zero_is_secret": bool(form.text("zero")),
        "protection_pct": _number(form, "protection", RULE_FIELDS["protection_pct"]) or 0.0,
    }
    return sheet(_NamedRule, values, RULE_FIELDS).rule(values["name"])


def inherited_from(policies: Policies, indicator: str, audience: Audience) -> list[str]:
    """Return the labels of what an indicator is computed from that restricts it, the nearest first."""
    found: list[str] = []
    sheet_ = catalogue()[indicator]
    for name in (sheet_.numerator, sheet_.denominator, sheet_.weight):
        if name is not None:
            if not policies.own(name, audience).restricts_nothing:
                found.append(catalogue()[name].label)
            found += inherited_from(policies, name, audience)
    return list(dict.fromkeys(found))


def _number(form: Posted, name: str, label: str) -> float | None:
    given = form.text(name, 40)
    if not given:
        return None
    bare = re.sub(r"\s", "", given).replace(",", ".")
    if not NUMBER.fullmatch(bare):
        raise Invalid(f"{label.capitalize()} : « {given} » n’est pas un nombre.")
    return float(bare)


def _whole(value: float) -> float | int:
    return int(value) if value.is_integer() else value


def _moment(given: str) -> datetime | None:
    if not given:
        return None
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        raise Invalid(f"Embargo : « {given} » n’est pas une date et une heure (2026-12-01T08:00).") from None
    return at if at.tzinfo else at.replace(tzinfo=PARIS)


def _text(value: float | None) -> str:
    return "" if value is None else number(value)


def _label(field: str) -> str:
    return FIELDS[field].capitalize()
