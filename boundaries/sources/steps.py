"""A progress for work that may start again: it never goes back and ends exactly at its total."""

from collections.abc import Callable

from geo.progress import Progress


class Step:
    """One step of a download; a single unit when the server does not tell the size."""

    def __init__(self, progress: Progress, label: str) -> None:
        self._progress, self._label = progress, label
        self._advance: Callable[[int], None] | None = None
        self._total = 0
        self._reached = 0

    def begin(self, total: int | None) -> None:
        """Announce the total, once: a second attempt keeps the first announcement."""
        if self._advance is None:
            self._total = 0 if total is None else total
            self._advance = self._progress(self._label, self._total or 1)

    def reach(self, position: int) -> None:
        """Tell how far it is; going back or beyond the total shows nothing."""
        if self._advance and self._reached < position <= self._total:
            self._advance(position - self._reached)
            self._reached = position

    def end(self) -> None:
        """Complete the step."""
        if self._advance and self._reached < (self._total or 1):
            self._advance((self._total or 1) - self._reached)
            self._reached = self._total or 1
