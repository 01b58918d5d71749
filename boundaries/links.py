"""The passages between all the loaded millesimes: from the dated movements where they are loaded, else from code lists.

Between two neighbours, the movements are used when they reach the later one and explain every code that appeared or
vanished; else the code lists are, and what was not explained is told. Other pairs are composed of the neighbours.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import pairwise

from boundaries import events, former_codes
from boundaries.former_codes import CodeList
from boundaries.passage import Shares, composed
from boundaries.sources.codes import departement_of

SHOWN = 10


class Source(StrEnum):
    """Where a passage was taken from."""

    MOVEMENTS = "insee-movements"
    LISTS = "code-lists"


@dataclass(frozen=True)
class Link:
    """The passage from one millesime to another, and what it was taken from; `remark` says why not the movements."""

    shares: Shares
    source: Source
    remark: str = ""


Links = dict[tuple[int, int], Link]


def links(lists: Iterable[CodeList], history: list[events.Step] | None = None, last: date | None = None) -> Links:
    """Return the passages between every two millesimes, both ways; `last` is the day of the last movement known.

    >>> old = CodeList(2024, {"49069": 16000, "49001": 10})
    >>> new = CodeList(2025, {"49126": 17000, "49001": 10}, former={"49069": "49126"})
    >>> links([old, new])[2024, 2025].source.value
    'code-lists'
    """
    ordered = sorted(lists, key=lambda item: item.millesime)
    populations = {item.millesime: item.populations for item in ordered}
    weighed = events.weighed(history, populations) if history else []
    codes = {item.millesime: item.codes for item in ordered}
    found: Links = {}
    for earlier, later in pairwise(ordered):
        pair = (earlier.millesime, later.millesime)
        found[pair], found[pair[::-1]] = _neighbours(earlier, later, weighed, last)
        for oldest in (year for year in codes if year < earlier.millesime):
            whole = (oldest, later.millesime)
            found[whole] = _chained(found[oldest, earlier.millesime], found[pair], codes[oldest])
            found[whole[::-1]] = _chained(
                found[pair[::-1]], found[earlier.millesime, oldest], codes[later.millesime]
            )
    return {
        (start, end): Link(_of(link.shares, codes[start]), link.source, link.remark)
        for (start, end), link in found.items()
    }


def _neighbours(
    earlier: CodeList, later: CodeList, weighed: list[events.Weighed], last: date | None
) -> tuple[Link, Link]:
    remark = ""
    if last is not None:
        start, end = date(earlier.millesime, 1, 1), date(later.millesime, 1, 1)
        period = f"Entre {earlier.millesime} et {later.millesime}"
        if last < end:
            remark = (
                f"{period}\u202f: les mouvements chargés s’arrêtent au {last:%d/%m/%Y}, le passage vient des listes "
                "de codes, sans dates."
            )
        else:
            within = [item for item in weighed if start < item.step.day <= end]
            ahead, behind = events.forward(within), events.backward(within)
            odd = sorted(_unexplained(earlier, later, ahead, behind))
            if not odd:
                return Link(ahead, Source.MOVEMENTS), Link(behind, Source.MOVEMENTS)
            shown = odd if len(odd) <= SHOWN + 1 else [*odd[:SHOWN], f"et {len(odd) - SHOWN} autres"]
            remark = (
                f"{period}\u202f: les mouvements n’expliquent pas {', '.join(shown)}\u202f; "
                "le passage vient des listes de codes, sans dates."
            )
    there, back = former_codes.forward(earlier, later), former_codes.backward(earlier, later)
    return Link(there, Source.LISTS, remark), Link(back, Source.LISTS)


def _unexplained(earlier: CodeList, later: CodeList, ahead: Shares, behind: Shares) -> Iterator[str]:
    """The codes that appear or vanish although no movement names them, in the departements that both lists hold."""
    held = _departements(earlier) & _departements(later)
    yield from (
        code
        for code in earlier.codes - later.codes - earlier.outside
        if code not in ahead and departement_of(code) in held
    )
    yield from (
        code
        for code in later.codes - earlier.codes - later.outside
        if code not in behind and departement_of(code) in held
    )
    # and those that the movements end, or begin, although both lists have them
    both = (earlier.codes & later.codes) - earlier.outside - later.outside
    yield from (code for code in both if _gone(code, ahead) != _gone(code, behind))


def _gone(code: str, shares: Shares) -> bool:
    return code in shares and code not in shares[code]


def _departements(one: CodeList) -> set[str]:
    return {departement_of(code) for code in one.codes - one.outside}


def _chained(first: Link, second: Link, codes: frozenset[str]) -> Link:
    source = first.source if first.source is second.source else Source.LISTS
    return Link(composed([first.shares, second.shares], codes), source)


def _of(shares: Shares, codes: frozenset[str]) -> Shares:
    return {code: targets for code, targets in shares.items() if code in codes}
