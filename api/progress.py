"""How the progress of long work is shown: bars on a terminal, a few plain lines elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn
from rich.text import Text

from geo import progress as ports

LINE_SECONDS = 10.0


@contextmanager
def shown(console: Console) -> Iterator[ports.Progress]:
    """Give a progress that draws on this console, one line per step; a step is done when its sum is its total."""
    if not console.is_terminal:
        yield _Lines(console)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        _Count(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, refresh_per_second=8) as bars:

        def step(label: str, total: int) -> Callable[[int], None]:
            task = bars.add_task(label, total=max(total, 1), completed=0 if total else 1)
            return lambda done: bars.advance(task, done)

        yield step


class _Count(ProgressColumn):
    """The count done out of the total, in French figures."""

    def render(self, task: Task) -> Text:
        """Return "12 / 1 228"."""
        return Text(f"{_figures(task.completed)} / {_figures(task.total or 0)}", style="progress.download")


class _Lines:
    """One line when a step ends, and one from time to time while it is long: a log is not flooded."""

    def __init__(self, console: Console) -> None:
        self.console = console

    def __call__(self, label: str, total: int) -> Callable[[int], None]:
        """Return a function that is told how much more was done."""
        started = said = time.monotonic()
        so_far = 0

        def advance(done: int) -> None:
            nonlocal so_far, said
            finished = so_far >= total
            so_far += done
            now = time.monotonic()
            if so_far >= total and not finished:
                seconds = f"{now - started:.1f}".replace(".", ",")
                self._say(f"{label}\u202f: {_figures(total)}, fait en {seconds} s")
            elif now - said >= LINE_SECONDS and so_far < total:
                said = now
                self._say(f"{label}\u202f: {_figures(so_far)} / {_figures(total)}")

        if total <= 0:
            self._say(f"{label}\u202f: rien à faire")
        return advance

    def _say(self, line: str) -> None:
        self.console.print(line, highlight=False, soft_wrap=True, markup=False)


def _figures(number: float) -> str:
    """Return a whole number as the French write it.

    >>> _figures(1228) == "1\\u202f228"
    True
    """
    return f"{int(number):,}".replace(",", "\u202f")
