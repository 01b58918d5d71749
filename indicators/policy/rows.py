"""One row of the diffusion policy: what an audience may see of an indicator, and which of several is strictest."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime

from boundaries.levels import Level
from boundaries.readers import Audience
from indicators.secrecyrule import Rule

# From the finest. Levels before the EPCI may have territories of a single commune (a list of one's own, a town alone
# in its urban unit, a canton that is one town): where nothing finer than the EPCI is visible, they are not either.
FINEST_FIRST = (
    Level.ARRONDISSEMENT_MUNICIPAL,
    Level.COMMUNE,
    Level.PERIMETRE,
    Level.UNITE_URBAINE,
    Level.CANTON,
    Level.BASSIN_DE_VIE,
    Level.AIRE_ATTRACTION,
    Level.EPCI,
    Level.SCOT,
    Level.PETR,
    Level.ARRONDISSEMENT,
    Level.ZONE_EMPLOI,
    Level.DEPARTEMENT,
    Level.REGION,
    Level.FRANCE,
)
YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")


@dataclass(frozen=True)
class AppliedRule:
    """A rule of secrecy and what it judges by.

    `judged` is the indicator whose cells the rule judges: the one it was written for, of which others inherit it.
    `respondents` counts the units of each of those cells (the indicator itself where `rule.count`); `largest` hold
    the largest contributions, from the largest. A cell of a derived indicator is primary where one of the cells that
    it is computed from is: dominance compares contributions with the total of `judged`, never with a ratio.
    """

    rule: Rule
    respondents: str | None = None
    largest: tuple[str, ...] = ()
    judged: str = ""


@dataclass(frozen=True)
class Policy:
    """What an audience may see of an indicator; None asks nothing.

    finest_level: values of finer levels are hidden (see FINEST_FIRST).
    first_period, last_period: years; a period is visible when every year that it names is within.
    rounding: values are rounded to this step, in the indicator's unit.
    minimum_population: values of territories with fewer inhabitants are hidden.
    rules: rules of statistical secrecy.
    shown: whether the audience may know that the indicator exists.
    embargo: nothing is visible before this moment.
    """

    indicator: str
    audience: Audience
    finest_level: Level | None = None
    first_period: str | None = None
    last_period: str | None = None
    rounding: float | None = None
    minimum_population: float | None = None
    rules: tuple[AppliedRule, ...] = ()
    shown: bool = True
    embargo: datetime | None = None

    @property
    def restricts_nothing(self) -> bool:
        """Whether it lets everything be seen."""
        return self == Policy(self.indicator, self.audience)

    def visible_at(self, level: Level) -> bool:
        """Whether values of a level are visible.

        >>> policy = Policy("population", Audience.PUBLIC, finest_level=Level.EPCI)
        >>> [policy.visible_at(level) for level in (Level.COMMUNE, Level.CANTON, Level.EPCI, Level.REGION)]
        [False, False, True, True]
        """
        return self.finest_level is None or _coarseness(level) >= _coarseness(self.finest_level)

    def visible_in(self, period: str) -> bool:
        """Whether values of a period are visible: of a growth, both ends must be.

        >>> policy = Policy("population", Audience.PUBLIC, first_period="2016", last_period="2020")
        >>> [policy.visible_in(period) for period in ("2016", "2015", "2016-2020", "2016-2021", "2020-T4")]
        [True, False, True, False, True]
        """
        first, last = self.first_period, self.last_period
        return all(
            (first is None or year >= first) and (last is None or year <= last) for year in YEAR.findall(period)
        )

    def under_embargo(self, now: datetime) -> bool:
        """Whether nothing is visible yet."""
        return self.embargo is not None and now < self.embargo


def strictest(first: Policy, others: Sequence[Policy]) -> Policy:
    """Return the first policy made as strict as each of the others, in every respect.

    >>> mine = Policy("densite", Audience.PUBLIC, rounding=5, first_period="2012")
    >>> other = Policy("population", Audience.PUBLIC, Level.EPCI, first_period="2016", rounding=1)
    >>> found = strictest(mine, [other])
    >>> str(found.finest_level), found.first_period, found.last_period, found.rounding
    ('epci', '2016', None, 5)
    """
    every = (first, *others)
    levels = [one.finest_level for one in every if one.finest_level is not None]
    rules = {rule for one in every for rule in one.rules}
    return replace(
        first,
        finest_level=max(levels, key=_coarseness, default=None),
        first_period=max((one.first_period for one in every if one.first_period), default=None),
        last_period=min((one.last_period for one in every if one.last_period), default=None),
        rounding=max((one.rounding for one in every if one.rounding is not None), default=None),
        minimum_population=max(
            (one.minimum_population for one in every if one.minimum_population is not None), default=None
        ),
        rules=in_order(rules),
        shown=all(one.shown for one in every),
        embargo=max((one.embargo for one in every if one.embargo is not None), default=None),
    )


def looser(lower: Policy, higher: Policy) -> list[str]:
    """Return the names of the fields in which a policy shows something that another hides.

    >>> lower = Policy("population", Audience.PUBLIC, rounding=5)
    >>> looser(lower, Policy("population", Audience.REGION, Level.EPCI, rounding=1))
    ['finest_level']
    """
    both = strictest(lower, [higher])
    return [field.name for field in fields(Policy) if getattr(both, field.name) != getattr(lower, field.name)]


def in_order(rules: set[AppliedRule] | Sequence[AppliedRule]) -> tuple[AppliedRule, ...]:
    """Return rules in the one order in which they are compared, told and digested."""
    return tuple(
        sorted(
            rules, key=lambda one: (one.rule.name, one.judged, one.respondents or "", one.largest, one.rule.count)
        )
    )


def _coarseness(level: Level) -> int:
    return FINEST_FIRST.index(level)
