"""How communes go from one millesime to another: shares, their kinds, and how they compose.

Two sources make a passage between two millesimes: the dated movements of communes (`boundaries.events`), and the
code lists alone (`boundaries.former_codes`), which know no date. Both give `Shares`: for each commune that does not
simply stay itself, where it goes and in which share.

A commune that gives several is shared out by the municipal population of its parts in the later list, a commune
born of several goes back to them by their populations in the earlier list: both are estimates. Shares are never
even ones made up: where a part is not counted, where it goes is known and how much is not. Such shares are marked
`impossible`; the weight they carry is a place-holder that sums to 1, so that a total over all the parts is still
right, and no value may be given to a territory that holds only some of them.
"""

from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """How sure a share is."""

    EXACT = "exact"
    ESTIMATED = "estimated"
    IMPOSSIBLE = "impossible"


CERTAINTY = {Kind.EXACT: 0, Kind.ESTIMATED: 1, Kind.IMPOSSIBLE: 2}


class Share(NamedTuple):
    """The part of a commune that goes to another, 0 to 1."""

    weight: float
    kind: Kind


class Row(NamedTuple):
    """One line of a table of passage; without target or weight where they cannot be known."""

    origin: str
    target: str
    weight: float | None
    kind: Kind


WHOLE = Share(1.0, Kind.EXACT)
ROUNDING = 1e-9

# A code that is not there stays itself; one that goes nowhere has no share.
Shares = dict[str, dict[str, Share]]
Moves = dict[str, dict[str, float]]  # the weights alone


def shared_out(populations: Mapping[str, float | None]) -> dict[str, Share]:
    """Return the share of each part, by population; a single part takes all, counted or not.

    >>> shared_out({"85084": 6000, "85165": 1000, "85212": 1000})["85084"]
    Share(weight=0.75, kind=<Kind.ESTIMATED: 'estimated'>)
    >>> shared_out({"85084": 6000, "85165": None})["85165"]
    Share(weight=0.5, kind=<Kind.IMPOSSIBLE: 'impossible'>)
    """
    if len(populations) == 1:
        return dict.fromkeys(populations, WHOLE)
    counted = {code: people for code, people in sorted(populations.items()) if people is not None}
    total = sum(counted.values())
    if len(counted) < len(populations) or not total > 0:
        return {code: Share(1 / len(populations), Kind.IMPOSSIBLE) for code in sorted(populations)}
    return {code: Share(people / total, Kind.ESTIMATED) for code, people in counted.items()}


def composed(moves: Iterable[Shares], codes: Collection[str]) -> Shares:
    """Return moves made one after the other, for the codes of the first millesime; a commune back whole is left out.

    >>> half = Share(0.5, Kind.ESTIMATED)
    >>> composed([{"a": {"b": WHOLE}}, {"b": {"b": half, "c": half}}], ["a"])["a"]["c"].weight
    0.5
    >>> composed([{"a": {"b": half, "c": half}}, {"b": {"a": WHOLE}, "c": {"a": WHOLE}}], ["a"])
    {}
    """
    reached: Shares = {}
    holders: dict[str, set[str]] = {}  # where the communes that moved are now
    for step in moves:
        going = {place: _owners(place, reached, holders, codes) for place in step}
        for place, origins in going.items():
            for origin in origins:
                holders.get(place, set()).discard(origin)
        landed: dict[str, dict[str, Share]] = {}
        for place, origins in going.items():
            for origin in origins:
                held = reached.get(origin, {origin: WHOLE})[place]
                for target, share in step[place].items():
                    _add(landed.setdefault(origin, {}), target, _product(held, share))
                landed.setdefault(origin, {})
        for origin, targets in landed.items():
            kept = reached.get(origin, {origin: WHOLE})
            after = {place: share for place, share in kept.items() if place not in step}
            for target, share in targets.items():
                _add(after, target, share)
            reached[origin] = after
            for target in after:
                holders.setdefault(target, set()).add(origin)
    return {origin: _tidy(reached[origin]) for origin in sorted(reached) if reached[origin].keys() != {origin}}


def rows(there: Shares, back: Shares) -> list[Row]:
    """Return the lines of a table of passage, sorted: every commune whose code or perimeter changed.

    `back` is the passage the other way: a commune that stays itself and comes back from several grew.
    A share that cannot be known has no weight; a commune that goes nowhere has no target.
    """
    found = []
    for origin, targets in there.items():
        if not targets:
            found.append(Row(origin, "", None, Kind.IMPOSSIBLE))
        for target, (weight, kind) in targets.items():
            found.append(Row(origin, target, None if kind is Kind.IMPOSSIBLE else weight, kind))
    found += [Row(code, code, *WHOLE) for code, origins in back.items() if code in origins and code not in there]
    return sorted(found)


def _owners(
    place: str, reached: Shares, holders: Mapping[str, set[str]], codes: Collection[str]
) -> Collection[str]:
    """The communes of the first millesime that are (partly) in a place now; itself, where nothing happened yet."""
    owners = set(holders.get(place, ()))
    if place not in reached and place in codes:
        owners.add(place)
    return sorted(owners)


def _product(first: Share, second: Share) -> Share:
    return Share(first.weight * second.weight, max(first.kind, second.kind, key=CERTAINTY.__getitem__))


def _add(targets: dict[str, Share], target: str, share: Share) -> None:
    there = targets.get(target)
    if there is not None:
        share = Share(there.weight + share.weight, max(there.kind, share.kind, key=CERTAINTY.__getitem__))
    targets[target] = share


def _tidy(targets: dict[str, Share]) -> dict[str, Share]:
    """Targets in order; all of a commune in one place is the whole of it, without a rounding error."""
    if len(targets) == 1 and sum(share.weight for share in targets.values()) > 1 - ROUNDING:
        return dict.fromkeys(targets, WHOLE)
    return dict(sorted(targets.items()))
