"""Why a release cannot be protected, or its protection not proved: nothing is published then."""

from geo.errors import Conflict, Invalid


class Inconclusive(Conflict):
    """The secrecy of a release could not be established (solver failure, time limit): nothing may be published."""


class Unprotectable(Inconclusive):
    """No suppression gives a cell its protection, even with every cell that may be hidden hidden."""


class Inconsistent(Invalid):
    """The true values contradict a relation or a bound that they are said to obey."""
