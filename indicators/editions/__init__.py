"""The editions of a release: what each audience is shown of what may not be served as it is, and the attack on it."""

from indicators.editions.attacking import Disclosed
from indicators.editions.making import EditionsMade, make_editions

__all__ = ["Disclosed", "EditionsMade", "make_editions"]
