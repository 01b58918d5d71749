"""Statistical secrecy: what to hide so that nothing protected can be computed back, and the attack that proves it.

A release is a set of cells (`cells`) tied by everything that is visible at once (`relations`, `readings`): totals of
any hierarchy, nested or not, categories, rates beside their denominators, other millesimes, earlier releases, titles,
ranks, classes, legends. Tables that share cells are one system. Nothing here knows a database or a page: numbers in,
numbers and French sentences out.

Primary secrecy (`rules`) is data: thresholds, dominance (n, k), p per cent, minimum population, each with its source
and date, and how wide a protected cell must stay. Secondary secrecy (`protection`) hides the cheapest other cells:
small systems by an exact optimum (`optimum`), others by a greedy pass over single relations (`covering`), then by
linear programs that move narrow cells together (`repairing`). The attack (`auditing`) is written apart from the
choice: hidden values are unknowns, visible ones are known within their rounding, and linear programs bound each
protected cell (`space`, `intervals`, `solver`). A disclosure names the relations that make it, by the duals of the
program or by the chain of relations with a single unknown. Anything but an optimum raises Inconclusive: a release
that cannot be proved is not published.

What the attacker is assumed to know: every visible value, every relation given, the rule that values lie between
`lower` (0 unless said otherwise) and `upper` (nothing unless said otherwise) and, with `integer`, that they are whole.
Not which hidden cells are primary: one undifferentiated `secret` is published. Not how the pattern was chosen.

Limits. A relation that is not given is not attacked: all that an edition shows must be written. Products of two
unknowns are used in one direction only (a hidden rate times a hidden denominator tells nothing). That some cell
reaches the bound of a legend, or that a contributor knows its own part (singletons), is not used: the width that a
rule asks answers for the latter. Deviations without a known bound are stopped ten times the largest value away. With
`integer`, bounds are those of whole values, but large components may take long. Optima and time limits depend on the
clock: a system near the limit may get the heuristic on a slower machine, and its note says so; for the rest, the same
cells give the same pattern, whatever their order.

Sources: A. Hundepool et al., « Statistical Disclosure Control », Wiley, 2012, ch. 4; M. Fischetti and J. J. Salazar
González, « Solving the cell suppression problem on tabular data with linear constraints », Management Science 47,
2001; J. P. Kelly, B. L. Golden and A. A. Assad, « Cell suppression: disclosure protection for sensitive tabular data »,
Networks 22, 1992. HiGHS solves the programs.
"""

from indicators.secrecy.auditing import Disclosure, audit
from indicators.secrecy.cells import Cells, Standing
from indicators.secrecy.errors import Inconclusive, Inconsistent, Unprotectable
from indicators.secrecy.protection import Protection, protect
from indicators.secrecy.relations import Relations, growth_factor, ratios, releases, rows, sums, together
from indicators.secrecy.reporting import Alternative, Report, alternative, report
from indicators.secrecy.rules import Contributions, Primary, primary, strictest
from indicators.secrecy.witnessing import witnesses
from indicators.secrecyrule import Rule

__all__ = [
    "Alternative",
    "Cells",
    "Contributions",
    "Disclosure",
    "Inconclusive",
    "Inconsistent",
    "Primary",
    "Protection",
    "Relations",
    "Report",
    "Rule",
    "Standing",
    "Unprotectable",
    "alternative",
    "audit",
    "growth_factor",
    "primary",
    "protect",
    "ratios",
    "releases",
    "report",
    "rows",
    "strictest",
    "sums",
    "together",
    "witnesses",
]
