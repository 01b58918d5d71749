"""In which years each commune code exists: from lists of codes, or walked from one of them along the movements."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from boundaries.events import Step, between


@dataclass(frozen=True)
class Existence:
    """The known years, oldest first, and for each code the set of those where it exists: bit `n` is `years[n]`."""

    years: tuple[int, ...]
    masks: Mapping[str, int]

    @property
    def always(self) -> int:
        """The mask of a code that exists in every known year."""
        return (1 << len(self.years)) - 1

    def codes(self, year: int) -> frozenset[str]:
        """Return the codes that exist on 1 January of a known year."""
        bit = 1 << self.years.index(year)
        return frozenset(code for code, mask in self.masks.items() if mask & bit)

    def of(self, code: str) -> tuple[int, ...]:
        """Return the known years in which a code exists."""
        return self.in_mask(self.masks.get(code, 0))

    def in_mask(self, mask: int) -> tuple[int, ...]:
        """Return the known years of a mask."""
        return tuple(year for position, year in enumerate(self.years) if mask >> position & 1)


def listed(lists: Mapping[int, Collection[str]]) -> Existence:
    """Return what lists of codes tell, millesime by millesime.

    >>> listed({2023: {"85084"}, 2024: {"85084", "85165"}}).of("85165")
    (2024,)
    """
    years = tuple(sorted(lists))
    masks: dict[str, int] = {}
    for position, year in enumerate(years):
        for code in lists[year]:
            masks[code] = masks.get(code, 0) | 1 << position
    return Existence(years, masks)


def walked(history: Sequence[Step], base: int, codes: Iterable[str], years: range) -> Existence:
    """Return the existence of codes in every year, from the list of 1 January `base` and the movements around it.

    A code that no movement names is there every year, or never: as in the list. `base` is one of the years.
    """
    masks: dict[str, int] = {}
    whole = frozenset(codes)
    _walk(
        masks, whole, range(base, years.stop), years.start, lambda year: between(history, year - 1, year), _onward
    )
    backward = range(base, years.start - 1, -1)
    _walk(masks, whole, backward, years.start, lambda year: between(history, year, year + 1)[::-1], _back)
    return Existence(tuple(years), masks)


def _walk(
    masks: dict[str, int],
    codes: frozenset[str],
    years: range,
    first: int,
    steps: Callable[[int], list[Step]],
    apply: Callable[[set[str], Step], None],
) -> None:
    """Mark the years of each code, from the list of the first of `years` to the last; `steps` lead to a year."""
    alive = set(codes)
    entered = dict.fromkeys(codes, years[0])

    def mark(code: str, until: int) -> None:
        low, high = sorted((entered.pop(code), until))
        masks[code] = masks.get(code, 0) | ((1 << high - low + 1) - 1) << low - first

    for year in years[1:]:
        leading = steps(year)
        named = set().union(*(step.becomes.keys() | step.born.union(*step.becomes.values()) for step in leading))
        before = named & alive
        for step in leading:
            apply(alive, step)
        for code in before - alive:
            mark(code, year - years.step)
        for code in (named & alive) - before:
            entered[code] = year
    for code in list(entered):
        mark(code, years[-1])


def _onward(alive: set[str], step: Step) -> None:
    there = alive & step.becomes.keys()
    alive -= there
    alive.update(step.born, *(step.becomes[code] for code in there))


def _back(alive: set[str], step: Step) -> None:
    parents = {code for code, after in step.becomes.items() if not after or not after.isdisjoint(alive)}
    alive -= step.born.union(*step.becomes.values())
    alive |= parents
