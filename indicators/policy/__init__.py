"""The diffusion policy: what each audience may see of each indicator, as data that the Region edits.

A row (`rows`) says what one audience may see of one indicator; `policies` holds them all, checked, and says what is
in force once what an indicator is computed from is counted in; `storing` keeps them in the database and in the
journal; `toml` reads and writes them as a file. Nothing here hides a value: `indicators.editions` does, at publication.
"""

from indicators.policy.policies import Policies
from indicators.policy.rows import AppliedRule, Policy
from indicators.policy.storing import ensure_default, export_policies, import_policies, read_policies

__all__ = [
    "AppliedRule",
    "Policies",
    "Policy",
    "ensure_default",
    "export_policies",
    "import_policies",
    "read_policies",
]
