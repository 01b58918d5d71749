"""What parameters accept, as the descriptions of the interface say it: patterns of JSON Schema (ECMA-262).

They say no more than the programs that read the parameters, which have the sentences for what they refuse: nothing is
checked by them here. What no pattern says (a 29 February, an interval that ends before it starts) is refused all the same.
"""

from collections.abc import Iterable
from typing import Any

from boundaries.levels import CODE_FORMS
from geo.formats.crs import SYSTEMS

_YEAR = "(?:[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])"
_SHORTEST = "0[1-9]|[12][0-9]"
_DAY = f"(?:(?:0[13578]|1[02])-(?:{_SHORTEST}|3[01])|(?:0[469]|11)-(?:{_SHORTEST}|30)|02-(?:{_SHORTEST}))"
_HOUR, _SIXTY = "(?:[01][0-9]|2[0-3])", "[0-5][0-9]"
_TIME = rf"[Tt]{_HOUR}:{_SIXTY}:{_SIXTY}(?:\.[0-9]{{1,6}})?(?:[Zz]|[+-]{_HOUR}:{_SIXTY})"
_MOMENT = f"{_YEAR}-{_DAY}(?:{_TIME})?"
_END = rf"(?:{_MOMENT}|\.\.)?"
_PLACE = "|".join(f"{level}:(?:{form.pattern})" for level, form in CODE_FORMS.items()).replace(r"\d", "[0-9]")

TIMES = f"^(?:{_MOMENT}|{_END}/{_END})$"
TIMES_OR_NONE = f"^(?:{_MOMENT}|{_END}/{_END}|)$"
PLACE = f"^(?:{_PLACE})$"
PLACES = f"^(?:{_PLACE})(?:,(?:{_PLACE}))*$"
PASSPORT = f"^[0-9a-f]{{16}}:(?:{_PLACE})$"
SERIES = "^[^:]+:."
# Something else than blanks and marks: letters have no class that all readers of patterns know.
WORDS = r"[^\s!-/:-@\[-`{-~]"
MOST_TOGETHER = 12  # collections of one tile
COLLECTIONS = rf"^\s*[^,\s][^,]*(?:,\s*[^,\s][^,]*){{0,{MOST_TOGETHER - 1}}}$"


def told(pattern: str) -> dict[str, Any]:
    """Return what the schema of a parameter says of its form."""
    return {"pattern": pattern}


def among(words: Iterable[str]) -> dict[str, Any]:
    """Return what the schema of a parameter says of the words that it may be."""
    return {"enum": list(words)}


SYSTEM = {**among(system.uri for system in SYSTEMS), "format": "uri"}
