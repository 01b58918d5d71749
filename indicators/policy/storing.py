"""The diffusion policy in the database: read, replaced as a whole, or row by row; every change is in the journal."""

import sqlalchemy as sa
from sqlalchemy import Connection

from boundaries.levels import Level
from boundaries.readers import Audience
from indicators.policy.policies import Policies
from indicators.policy.rows import AppliedRule, Policy
from indicators.policy.tables import PolicyRow, RuleApplied, SecrecyRule
from indicators.secrecy import Rule


def read_policies(conn: Connection) -> Policies:
    """Return the policy in force. Raises Invalid, saying which row cannot be applied (to an indicator now unknown)."""
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
    return Policies(tuple(rows), tuple(rules.values()))


def _rule(row: sa.Row[tuple[object, ...]]) -> Rule:
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
