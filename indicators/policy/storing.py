"""The diffusion policy in the database: read, replaced as a whole or in part; every change is in the journal.

A change takes effect at the next publication: editions already released stay what they are.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from boundaries.levels import Level
from boundaries.readers import LABELS, Audience
from geo.errors import Conflict, NotFound
from indicators.actors import Actor, require_role
from indicators.journal import record
from indicators.policy.policies import Policies
from indicators.policy.rows import AppliedRule, Policy
from indicators.policy.tables import PolicyRow, RuleApplied, SecrecyRule
from indicators.policy.toml import asked, from_toml, stated, to_toml
from indicators.policy.wording import rule_words, words
from indicators.secrecyrule import Rule
from indicators.tables import Event

DEFAULT = Path(__file__).with_name("default.toml")
SHIPPED = Actor("règles livrées avec Ores", "administrator")
CHANGED, IMPORTED = "policy-changed", "policies-imported"


def read_policies(conn: Connection) -> Policies:
    """Return the policy in force. Raises Invalid, saying which row cannot be applied (to an indicator now unknown)."""
    return Policies(*_stored(conn))


def export_policies(conn: Connection) -> str:
    """Return the policy in force as TOML, which `import_policies` takes back."""
    return to_toml(read_policies(conn))


def import_policies(conn: Connection, toml: str, by: Actor, name: str = "reçu") -> Policies:
    """Return the policy of a TOML file, which replaces all that was there. Raises Invalid, Forbidden.

    Rows that stay the same keep who changed them last.
    """
    require_role(by, "validator")
    _lock(conn)
    policies = from_toml(toml, name)
    _put(conn, policies, by, IMPORTED, file=name)
    return policies


def ensure_default(conn: Connection) -> bool:
    """Return whether the policy shipped with the product was loaded: only where nobody ever changed or loaded one.

    A policy that people emptied stays empty.
    """
    if _chosen(conn):
        return False  # and whoever changes the policy meanwhile does not wait
    _lock(conn)
    if _chosen(conn):
        return False
    import_policies(conn, DEFAULT.read_text(encoding="utf-8"), SHIPPED, DEFAULT.name)
    return True


def change_rows(conn: Connection, rows: Sequence[Policy], by: Actor, seen: str | None = None) -> Policies:
    """Return the policy once some rows are replaced; one that restricts nothing is removed.

    `seen` is the digest of the policy that the change was decided upon. Raises Conflict when it has changed since,
    Invalid when the whole would not hold, Forbidden.
    """
    require_role(by, "validator")
    before = _locked(conn, seen)
    places = {(row.indicator, row.audience) for row in rows}
    kept = [row for row in before.rows if (row.indicator, row.audience) not in places]
    after = Policies((*kept, *rows), before.rules)
    _put(conn, after, by, CHANGED)
    return after


def change_rule(conn: Connection, rule: Rule, by: Actor, seen: str | None = None) -> Policies:
    """Return the policy once a rule of secrecy is added, or replaces that of its name wherever it applies.

    Raises Conflict, Invalid, Forbidden: see `change_rows`.
    """
    require_role(by, "validator")
    before = _locked(conn, seen)
    rows = [
        replace(
            row, rules=tuple(replace(one, rule=rule) if one.rule.name == rule.name else one for one in row.rules)
        )
        for row in before.rows
    ]
    after = Policies(tuple(rows), (*(one for one in before.rules if one.name != rule.name), rule))
    _put(conn, after, by, CHANGED)
    return after


def remove_rule(conn: Connection, name: str, by: Actor, seen: str | None = None) -> Policies:
    """Return the policy without a rule of secrecy. Raises NotFound, Conflict where it applies still, Forbidden."""
    require_role(by, "validator")
    before = _locked(conn, seen)
    if name not in {rule.name for rule in before.rules}:
        raise NotFound(f"Il n’y a pas de règle de secret « {name[:100]} ».")
    users = {row.indicator for row in before.rows if name in {one.rule.name for one in row.rules}}
    if users:
        raise Conflict(f"La règle de secret « {name} » s’applique encore à : {', '.join(sorted(users))}.")
    after = Policies(before.rows, tuple(rule for rule in before.rules if rule.name != name))
    _put(conn, after, by, CHANGED)
    return after


def _chosen(conn: Connection) -> bool:
    """Whether there is a policy, or was one."""
    known = sa.exists().where(Event.action.in_([CHANGED, IMPORTED]))
    return bool(conn.scalar(sa.select(known))) or any(_stored(conn))


def _lock(conn: Connection) -> None:
    """One change at a time: two that hold apart may not hold together."""
    conn.execute(sa.text("LOCK TABLE indicators.policy, indicators.secrecy_rule IN SHARE ROW EXCLUSIVE MODE"))


def _locked(conn: Connection, seen: str | None) -> Policies:
    _lock(conn)
    found = read_policies(conn)
    if seen is not None and seen != found.digest:
        raise Conflict(
            "Les règles de diffusion ont changé entre-temps : relisez-les avant de les changer à votre tour."
        )
    return found


def _put(conn: Connection, after: Policies, by: Actor, action: str, **details: Any) -> None:
    """Write what differs from what is stored, and a line in the journal where something does."""
    rows, rules = _stored(conn)
    old_rules = {rule.name: _rule_values(rule) for rule in rules}
    new_rules = {rule.name: _rule_values(rule) for rule in after.rules}
    old_rows = {_place(row): _row_values(row) for row in rows}
    new_rows = {_place(row): _row_values(row) for row in after.rows}
    changed = sorted(place for place in old_rows | new_rows if old_rows.get(place) != new_rows.get(place))
    renewed = sorted(name for name in old_rules | new_rules if old_rules.get(name) != new_rules.get(name))

    written = sa.tuple_(PolicyRow.indicator, PolicyRow.audience)
    conn.execute(sa.delete(PolicyRow).where(written.in_(changed)))
    for name in renewed:
        if name not in new_rules:
            conn.execute(sa.delete(SecrecyRule).where(SecrecyRule.name == name))
        elif name in old_rules:
            values = new_rules[name] | {"changed_by": by.name, "changed_at": sa.func.now()}
            conn.execute(sa.update(SecrecyRule).where(SecrecyRule.name == name).values(values))
        else:
            conn.execute(sa.insert(SecrecyRule).values(new_rules[name] | {"changed_by": by.name}))
    for place in changed:
        if place in new_rows:
            values, applied = new_rows[place]
            conn.execute(sa.insert(PolicyRow).values(values | {"changed_by": by.name}))
            if applied:
                conn.execute(sa.insert(RuleApplied), applied)
    if changed or renewed or action == IMPORTED:
        asked_of = [{_place(row): asked(row) for row in some} for some in (rows, after.rows)]
        stated_by = [{rule.name: stated(rule) for rule in some} for some in (rules, after.rules)]
        record(
            conn,
            by,
            action,
            digest=after.digest,
            change=_sentence(changed, renewed, after),
            rows=[[*place, *(each.get(place) for each in asked_of)] for place in changed],
            rules=[[name, *(each.get(name) for each in stated_by)] for name in renewed],
            **details,
        )


def _sentence(changed: list[tuple[str, str]], renewed: list[str], after: Policies) -> str:
    """What a change is, for the journal, which has it in whole: told in words only where it is short."""
    rules = {rule.name: rule for rule in after.rules}
    told = [
        f"règle de secret « {name} » : {', '.join(rule_words(rules[name])) if name in rules else 'retirée'}"
        for name in renewed
    ]
    for indicator, audience in changed:
        row = after.own(indicator, Audience(audience))
        told.append(f"{indicator} ({LABELS[row.audience]}) : {', '.join(words(row))}")
    if len(told) > 3:
        return f"{len(changed)} règles de diffusion, {len(renewed)} règles de secret"
    return " ; ".join(told) or "aucun changement"


def _place(row: Policy) -> tuple[str, str]:
    return row.indicator, str(row.audience)


def _row_values(row: Policy) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What is stored of a row, and of the rules that apply to it."""
    key = {"indicator": row.indicator, "audience": str(row.audience)}
    values = key | {
        "finest_level": None if row.finest_level is None else str(row.finest_level),
        "first_period": row.first_period,
        "last_period": row.last_period,
        "rounding": row.rounding,
        "minimum_population": row.minimum_population,
        "shown": row.shown,
        "embargo": row.embargo,
    }
    applied: list[dict[str, Any]] = [
        key | {"rule": one.rule.name, "respondents": one.respondents, "largest": list(one.largest)}
        for one in row.rules
    ]
    return values, sorted(applied, key=lambda one: str(one["rule"]))


def _rule_values(rule: Rule) -> dict[str, Any]:
    many, per_cent = rule.dominance or (None, None)
    return {
        "name": rule.name,
        "source": rule.source,
        "read_on": rule.read_on,
        "threshold": rule.threshold,
        "dominance_contributors": many,
        "dominance_pct": per_cent,
        "p_percent": rule.p_percent,
        "minimum_population": rule.minimum_population,
        "zero_is_secret": rule.zero_is_secret,
        "protection_pct": rule.protection_pct,
    }


def _stored(conn: Connection) -> tuple[tuple[Policy, ...], tuple[Rule, ...]]:
    """The rows and the rules as they are stored, not checked."""
    rules = {row.name: _rule(row) for row in conn.execute(sa.select(SecrecyRule.__table__))}
    applied: dict[tuple[str, str], list[AppliedRule]] = {}
    for row in conn.execute(sa.select(RuleApplied.__table__)):
        one = AppliedRule(rules[row.rule], row.respondents, tuple(row.largest))
        applied.setdefault((row.indicator, row.audience), []).append(one)
    rows = (
        Policy(
            row.indicator,
            Audience(row.audience),
            None if row.finest_level is None else Level(row.finest_level),
            row.first_period,
            row.last_period,
            row.rounding,
            row.minimum_population,
            tuple(applied.get((row.indicator, row.audience), ())),
            row.shown,
            row.embargo,
        )
        for row in conn.execute(sa.select(PolicyRow.__table__))
    )
    return tuple(rows), tuple(rules.values())


def _rule(row: Any) -> Rule:
    dominance = None if row.dominance_contributors is None else (row.dominance_contributors, row.dominance_pct)
    return Rule(
        row.name,
        row.source,
        row.read_on,
        row.threshold,
        dominance,
        row.p_percent,
        row.minimum_population,
        row.zero_is_secret,
        protection_pct=row.protection_pct,
    )
