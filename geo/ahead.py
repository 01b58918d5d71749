"""The next item made beside while one is used: reading and computing while PostgreSQL writes."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")


def ahead(items: Iterable[Item]) -> Iterator[Item]:
    """Give items, one more of which is held than is used. What making one raises is raised where it is asked for."""
    coming = ((item,) for item in items)  # so that any item at all is told from the end
    with ThreadPoolExecutor(1) as beside:
        found = beside.submit(next, coming, None)
        while (one := found.result()) is not None:
            found = beside.submit(next, coming, None)
            yield one[0]
