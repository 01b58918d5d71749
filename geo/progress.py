"""The one way in which long work tells how far it is; the edge decides how it looks."""

from collections.abc import Callable
from typing import Protocol


class Progress(Protocol):
    """A step that advances towards a known total, in the unit named by its label."""

    def __call__(self, label: str, total: int) -> Callable[[int], None]:
        """Return a function that is told how much more was done; the sum reaches `total`."""
        ...


def silent(label: str, total: int) -> Callable[[int], None]:
    """Return a progress that shows nothing."""
    return lambda done: None
