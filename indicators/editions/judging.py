"""What an audience may not see of each series, before anything is hidden to protect it: policy and primary secrecy."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from boundaries.levels import Level
from boundaries.readers import Audience
from geo.errors import Invalid
from indicators.editions.ground import Ground
from indicators.editions.held import Held
from indicators.editions.implied import Implied, implied
from indicators.policy import AppliedRule, Policies, Policy
from indicators.secrecy import Contributions, Primary, Rule, Standing, primary, strictest
from indicators.secrecy.cells import Flags, Floats, Indices

# Whatever an interval of two holds of whole numbers, it holds two of them at least.
WHOLE_WIDTH = 2.0
PROTECTION_PCT = 10.0
SHARE = 1e-9

Beside = Callable[[str, Held], Held | None]


class Uncounted(Invalid):
    """A rule without the counts or the contributions that it judges by."""


@dataclass(frozen=True, eq=False)
class Judged:
    """One series for one audience: whether it is listed, at which levels, and where each of its cells stands.

    `secret` are the cells that rules or the minimum population hide, whatever the policy withholds besides; `refused`
    all that may not be served. Those that may not be computed either are protected: primary or withheld. What is
    withheld by its level alone and is zero, or says only that a commune is in a class, is not: a total of zero tells
    that all its parts are, and hiding it would hide that nothing is there. A rule may say that zero is secret. What
    each protected cell needs is in the unit of `Held.measure`. `step` is that of the rounding, 0 for none. `implied`
    are cells that nobody publishes and that may not be computed.
    """

    listed: bool
    levels: tuple[str, ...]
    standing: np.ndarray
    secret: Flags
    refused: Flags
    floor: Floats
    ceiling: Floats
    width: Floats
    step: float
    implied: Implied | None = None


def judge(
    held: Sequence[Held], ground: Ground, policies: Policies, audience: Audience, now: datetime, beside: Beside
) -> dict[int, Judged]:
    """Return what an audience may see of each series, by id; those that others are computed from come first.

    A cell of a derived series is primary where one of the cells that it is computed from is. `beside` gives the
    series of another indicator for the period and millesime of one: what rules judge by. Raises Invalid where it is
    not there: a rule is never passed over; a cell without a count, where others have one, is secret.
    """
    by_digest = {one.digest: one for one in held}
    by_key = {one.key: one for one in held}
    judged: dict[int, Judged] = {}
    for one in held:
        if not one.restricted:
            judged[one.id] = _open(one)
            continue
        policy = policies.of(one.sheet.id, audience)
        inputs = [by_digest[digest] for digest in one.passport.get("series", ())]
        if one.sheet.weight is not None:
            inputs += [by_key[key] for key in [(one.sheet.weight, one.period, one.millesime)] if key in by_key]
        try:
            found = _primary(one, inputs, judged, ground, policy, beside)
        except Uncounted:
            if not one.past:
                raise
            judged[one.id] = _open(one)  # what was read of it is known; the rest is judged in its new geography
            continue
        delivered = by_key.get((one.sheet.id, one.period, one.passport.get("delivered_millesime", 0)))
        if delivered is not None and delivered is not one and one.by == "stock":
            found = _shared(one, delivered, judged[delivered.id], found, ground)
        parts = None if one.past else _implied(one, ground, policy, beside)
        judged[one.id] = replace(_judged(one, found, ground, policy, now), implied=parts)
    return judged


def _shared(one: Held, delivered: Held, judged: Judged, found: Primary, ground: Ground) -> Primary:
    """What rules ask once the shares of split communes are judged by what they are shares of.

    A share is an estimate that anybody makes from the whole: it tells nothing of the part, however small.
    """
    pieces = ground.pieces(delivered.millesime, one.millesime)
    alone = (pieces.weight < 1 - SHARE) & ~pieces.target.duplicated(keep=False)
    target, origin = one.at(pieces.target[alone].to_numpy()), delivered.at(pieces.origin[alone].to_numpy())
    known = (target >= 0) & (origin >= 0)
    target, origin = target[known], origin[known]
    secret, width = found.secret.copy(), found.width.copy()
    floor, ceiling = found.floor.copy(), found.ceiling.copy()
    secret[target] = judged.secret[origin]
    free = target[~judged.secret[origin]]
    floor[free], ceiling[free], width[free] = one.measure[free], one.measure[free], 0.0
    return Primary(secret, floor, ceiling, width)


def _open(one: Held) -> Judged:
    none = np.zeros(len(one.value), bool)
    standing = np.where(one.known, Standing.PUBLISHED, Standing.MISSING).astype(np.uint8)
    return Judged(True, one.levels, standing, none, none, one.measure, one.measure, np.zeros(len(one.value)), 0.0)


def _judged(one: Held, found: Primary, ground: Ground, policy: Policy, now: datetime) -> Judged:
    levels = tuple(level for level in one.levels if policy.visible_at(Level(level)))
    listed = policy.shown and policy.visible_in(one.period) and not policy.under_embargo(now) and bool(levels)
    level = ground.of(one.territory, "level")
    withheld = ~np.isin(level.astype(str), levels) if listed else np.ones(len(level), bool)
    standing = np.full(len(level), Standing.PUBLISHED, np.uint8)
    standing[found.secret] = Standing.PRIMARY
    standing[withheld] = Standing.WITHHELD
    empty = one.value == 0 if one.sheet.nature.additive else np.zeros(len(level), bool)
    if one.by == "class" and one.passport["counted"] == "communes":
        empty |= level == Level.COMMUNE.value
    standing[withheld & empty & ~found.secret] = Standing.MISSING
    standing[~one.known] = Standing.MISSING
    width = found.width
    if one.whole_numbers:
        width = np.where(found.secret | withheld, np.maximum(width, WHOLE_WIDTH), width)
    return Judged(
        listed,
        levels if listed else (),
        standing,
        found.secret & one.known,
        (found.secret | withheld) & one.known,
        found.floor,
        found.ceiling,
        width,
        policy.rounding or 0.0,
    )


def _primary(
    one: Held,
    inputs: Sequence[Held],
    judged: Mapping[int, Judged],
    ground: Ground,
    policy: Policy,
    beside: Beside,
) -> Primary:
    """What rules ask of the cells of a series: its own rules, the minimum population, what its inputs hide."""
    value = one.measure
    asked = [Primary(np.zeros(len(value), bool), value.copy(), value.copy(), np.zeros(len(value)))]
    for applied in policy.rules:
        if applied.judged == one.sheet.id:
            asked.append(_ruled(one, applied, ground, beside))
    others = np.zeros(len(value), bool)
    for source in inputs:
        places = source.at(one.territory)
        others |= (places >= 0) & judged[source.id].secret[places]
    if policy.minimum_population is not None:
        # a territory whose people nobody counted is not shown to be large enough
        people = ground.of(one.territory, "people").astype(float)
        others |= ~(people >= policy.minimum_population)
    share = max([PROTECTION_PCT, *(applied.rule.protection_pct for applied in policy.rules)]) / 100
    around = np.where(others, share * np.abs(value), 0.0)
    asked.append(Primary(others, value - around, value + around, np.zeros(len(value))))
    return strictest(asked)


def _ruled(one: Held, applied: AppliedRule, ground: Ground, beside: Beside) -> Primary:
    counting, sources = _needed(one, applied, beside)
    return _secret(
        applied.rule,
        one.measure,
        None if counting is None else counting.values_at(one.territory),
        _largest(one, sources, ground) if sources else None,
        ground.of(one.territory, "people").astype(float),
    )


def _needed(one: Held, applied: AppliedRule, beside: Beside) -> tuple[Held | None, list[Held]]:
    """The series that count the units of each cell, and those of the largest contributions."""
    counting = None
    if applied.respondents is not None:
        counting = one if applied.rule.count else _source(one, applied.respondents, applied, beside)
    return counting, [_source(one, name, applied, beside) for name in applied.largest]


def _secret(
    rule: Rule, total: Floats, respondents: Floats | None, largest: Floats | None, people: Floats
) -> Primary:
    """What a rule asks of cells; one that lacks what it is judged by is secret."""
    uncounted = np.zeros(len(total), bool)
    if respondents is not None:
        uncounted |= np.isnan(respondents)
    if largest is not None:
        uncounted |= np.isnan(largest).any(axis=1)
    if rule.minimum_population is not None:
        uncounted |= np.isnan(people)
    given = Contributions(
        np.nan_to_num(total),
        None if respondents is None else np.nan_to_num(respondents),
        None if largest is None else np.nan_to_num(largest),
        np.nan_to_num(people),
    )
    found = primary(given, rule)
    share = np.where(uncounted, rule.protection_pct / 100 * np.abs(total), 0.0)
    missing = Primary(uncounted, total - share, total + share, np.zeros(len(total)))
    both = strictest([found, missing])
    return Primary(both.secret & np.isfinite(total), both.floor, both.ceiling, both.width)


def _largest(one: Held, sources: Sequence[Held], ground: Ground) -> Floats:
    """The largest contributions to each cell, from the largest.

    Where the sources add up over communes, their sums are nobody's contribution: the largest ones of a territory are
    the largest of those of its communes.
    """
    alone = np.column_stack([source.values_at(one.territory) for source in sources])
    if not all(source.by == "stock" for source in sources):
        return alone
    units = tuple(str(unit) for unit in sources[0].passport["units"])
    territory, unit = ground.parts(one.millesime)
    inside = np.isin(ground.of(unit, "level").astype(str), units) & (one.at(territory) >= 0)
    place, unit = one.at(territory[inside]), unit[inside]
    several = np.unique(place)
    alone[several] = _pooled(one, sources, place, unit, len(alone))[several]
    return alone


def _pooled(one: Held, sources: Sequence[Held], group: Indices, unit: Indices, count: int) -> Floats:
    """The largest contributions to groups of communes; unknown where those of one that counts are."""
    each = np.column_stack([source.values_at(unit) for source in sources])
    lacking = np.isnan(each).any(axis=1) & ~np.isnan(one.values_at(unit))
    found = np.full((count, len(sources)), np.nan)
    order = np.argsort(group, kind="stable")
    group, each, lacking = group[order], each[order], lacking[order]
    starts = np.flatnonzero(np.diff(group, prepend=-1))
    for start, end in zip(starts, [*starts[1:].tolist(), len(group)], strict=True):
        pooled = each[start:end].ravel()
        pooled = np.sort(pooled[np.isfinite(pooled)])[::-1][: len(sources)]
        if len(pooled) and not lacking[start:end].any():
            found[group[start]] = np.pad(pooled, (0, len(sources) - len(pooled)))
    return found


def _implied(one: Held, ground: Ground, policy: Policy, beside: Beside) -> Implied | None:
    """The parts of EPCI that the series' own rules, or the minimum population, make secret."""
    own = [(applied, _needed(one, applied, beside)) for applied in policy.rules if applied.judged == one.sheet.id]
    if not own and policy.minimum_population is None:
        return None

    def summed(values: Floats, group: Indices) -> Floats:
        return np.bincount(group, values).astype(float)

    def ruling(group: Indices, unit: Indices) -> Primary:
        total = summed(one.values_at(unit), group)
        people = summed(ground.of(unit, "people").astype(float), group)
        asked = [Primary(np.zeros(len(total), bool), total, total, np.zeros(len(total)))]
        if policy.minimum_population is not None:
            few = ~(people >= policy.minimum_population)
            around = np.where(few, PROTECTION_PCT / 100 * np.abs(total), 0.0)
            asked.append(Primary(few, total - around, total + around, np.zeros(len(total))))
        for applied, (counting, sources) in own:
            respondents = None if counting is None else summed(counting.values_at(unit), group)
            largest = _pooled(one, sources, group, unit, len(total)) if sources else None
            asked.append(_secret(applied.rule, total, respondents, largest, people))
        return strictest(asked)

    return implied(one, ground, ruling)


def _source(one: Held, name: str, applied: AppliedRule, beside: Beside) -> Held:
    found = beside(name, one)
    if found is None:
        raise Uncounted(
            f"La règle de secret « {applied.rule.name} » juge « {one.sheet.id} » d’après « {name} », qui n’a pas de "
            f"valeurs pour la période {one.period} dans la géographie {one.millesime} : livrez-les, ou retirez la "
            "règle. Rien n’est publié."
        )
    return found


def written(one: Held, step: float) -> Floats:
    """Return the values as an edition gives them: rounded to the nearest multiple of the step, halves to the even one.

    So that rounding favours neither side; who reads one knows the value within half a step.

    >>> np.round(np.array([5.0, 15.0, 12.0]) / 10) * 10
    array([ 0., 20., 10.])
    """
    if not step:
        return one.value
    decimals = max(0, 12 - int(np.ceil(np.log10(max(1.0, float(np.nanmax(np.abs(one.value), initial=1.0)))))))
    return np.round(np.round(one.value / step) * step, decimals) + 0.0
