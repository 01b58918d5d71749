"""Statistical secrecy: what to hide so that nothing protected can be computed back, and the attack that proves it."""

from indicators.secrecy.auditing import Disclosure, audit
from indicators.secrecy.cells import Cells, Standing
from indicators.secrecy.errors import Inconclusive, Inconsistent, Unprotectable
from indicators.secrecy.protection import Protection, protect
from indicators.secrecy.relations import Relations, growth_factor, ratios, releases, rows, sums, together
from indicators.secrecy.reporting import Alternative, Report, alternative, report
from indicators.secrecy.rules import Contributions, Primary, Rule, primary, strictest

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
]
