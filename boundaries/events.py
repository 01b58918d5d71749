"""The passage between any two dates from the dated movements of communes: ordering, weights, both directions.

Only COM -> COM rows of the events that move communes count. Within one date codes change first, then communes are
created, restored or dissolved, then they merge: 1 January 2018 needs it (49144 -> 44225 -> 44180). A millesime Y
holds the events up to 1 January Y included. Pure functions on plain data; reading is `boundaries.movements`.

The weights belong to each event, not to the passage that was asked, so that passages compose. Forward, a commune
that gives several is shared out by the municipal population of its parts in the first later millesime where each
of them is known as it was born (it may have changed code since, not merged nor split). Backward, a commune born of
several goes back to them by their populations in the last earlier millesime, carried forward to the event.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from boundaries.movements import MERGED, MOVING, RECODED, Kind, Movement
from boundaries.passage import Kind as Certainty
from boundaries.passage import Shares, composed, shared_out

Populations = Mapping[
    int, Mapping[str, float | None]
]  # millesime -> code -> municipal population, None if unknown

RECODING, RESHAPING, MERGING = range(3)  # the order inside a date


@dataclass(frozen=True)
class Step:
    """What happens at once: for each commune that takes part, the communes it becomes.

    One that becomes none vanished without a successor; those in `born` have no commune before them.
    """

    day: date
    becomes: Mapping[str, frozenset[str]]
    born: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Weighed:
    """A step with the shares that it moves, onward and back."""

    step: Step
    forward: Shares
    backward: Shares


def steps(movements: Iterable[Movement]) -> list[Step]:
    """Return the steps of a history, in order.

    >>> from boundaries.movements import read
    >>> head = "MOD,DATE_EFF,TYPECOM_AV,COM_AV,TYPECOM_AP,COM_AP\\n"
    >>> rows = "32,2018-01-01,COM,44225,COM,44180\\n41,2018-01-01,COM,49144,COM,44225\\n"
    >>> [dict(step.becomes)["49144"] for step in steps(read((head + rows).encode()))[:1]]
    [frozenset({'44225'})]
    """
    moving = sorted((row for row in movements if row.mod in MOVING), key=_order)
    found: list[Step] = []
    gone: set[str] = set()
    for (day, rank), group in groupby(moving, key=_order):
        step = _step(day, rank, list(group), gone)
        if step.becomes or step.born:
            found.append(step)
            arrived = step.born.union(*step.becomes.values())
            gone = (gone | step.becomes.keys()) - arrived
    return found


def between(history: Iterable[Step], start: int, end: int) -> list[Step]:
    """Return the steps after 1 January `start`, up to 1 January `end` included."""
    return [step for step in history if date(start, 1, 1) < step.day <= date(end, 1, 1)]


def weighed(history: list[Step], populations: Populations) -> list[Weighed]:
    """Return the steps with their shares, by the populations of the millesimes around each."""
    onward = _onward(history, populations)
    return [
        Weighed(step, ahead, back)
        for step, ahead, back in zip(history, onward, _back(history, onward, populations), strict=True)
    ]


def forward(history: Iterable[Weighed]) -> Shares:
    """Return where each commune goes that is not itself, whole, after all the steps."""
    steps = list(history)
    there = _there_at_first((item.forward, item.step.born) for item in steps)
    return composed([item.forward for item in steps], there)


def backward(history: Iterable[Weighed]) -> Shares:
    """Return where each commune came from that was not itself, whole, before all the steps."""
    steps = list(history)[::-1]
    lost = [frozenset(code for code, after in item.step.becomes.items() if not after) for item in steps]
    there = _there_at_first((item.backward, gone) for item, gone in zip(steps, lost, strict=True))
    return composed([item.backward for item in steps], there)


def heirs(history: Iterable[Step]) -> dict[str, str | None]:
    """Return the commune of today for each code that vanished; None where several took it over, or nobody.

    Where a commune was split since, the part that kept its code is followed: the table of INSEE's vanished codes
    does the same. A code used again is followed from its last disappearance.
    """
    now: dict[str, str | None] = {}
    for step in history:
        goes = {code: _heir(code, after) for code, after in step.becomes.items()}
        for old, place in now.items():
            if place in goes:
                now[old] = goes[place]
        now |= goes
        for code in step.born.union(*step.becomes.values()):
            now.pop(code, None)
    return dict(sorted(now.items()))


def alive(history: Iterable[Step]) -> frozenset[str]:
    """Return the codes that the steps name and that exist after the last one."""
    codes: set[str] = set()
    for step in history:
        codes -= step.becomes.keys()
        codes.update(step.born, *step.becomes.values())
    return frozenset(codes)


def _order(row: Movement) -> tuple[date, int]:
    if row.mod in RECODED:
        return row.day, RECODING
    return row.day, MERGING if row.mod in MERGED else RESHAPING


def _step(day: date, rank: int, rows: list[Movement], gone: set[str]) -> Step:
    becomes: dict[str, set[str]] = {}
    born: set[str] = set()
    for row in rows:
        if row.kind_before is row.kind_after is Kind.COMMUNE:
            becomes.setdefault(row.before, set()).add(row.after)
        elif row.kind_after is Kind.COMMUNE and row.kind_before is Kind.NOTHING:
            born.add(row.after)
    for row in rows:
        if row.kind_before is Kind.COMMUNE and row.kind_after in (Kind.NOTHING, Kind.ASSOCIEE, Kind.DELEGUEE):
            becomes.setdefault(row.before, set())
    if rank == MERGING:
        _complete(becomes, gone)
    arrived = set().union(*becomes.values())
    return Step(day, {code: frozenset(after) for code, after in becomes.items()}, frozenset(born - arrived))


def _complete(becomes: dict[str, set[str]], gone: set[str]) -> None:
    """A commune that absorbs others without a row of its own stays; mergers of mergers are followed."""
    for target in set().union(*becomes.values()) - becomes.keys() - gone:
        becomes[target] = {target}
    for code, after in becomes.items():
        for _ in becomes:  # a chain is no longer than the step
            onward = set().union(*({place} if place == code else becomes.get(place, {place}) for place in after))
            if onward == after:
                break
            after = onward
        becomes[code] = after


def _onward(history: list[Step], populations: Populations) -> list[Shares]:
    """The shares of each step, from the last to the first: people are those of the communes just after it."""
    found: list[Shares] = []
    people: dict[str, float] = {}
    waiting = sorted(populations)
    for step in reversed(history):
        while waiting and date(waiting[-1], 1, 1) >= step.day:
            people.update(_counted(populations[waiting.pop()]))
        moves = {
            code: shared_out({place: people.get(place) for place in sorted(after)}) if after else {}
            for code, after in step.becomes.items()
        }
        found.append(moves)
        parents = _parents(step)
        before = {
            code: sum(people[place] for place in after)
            for code, after in step.becomes.items()
            if after and all(len(parents[place]) == 1 and place in people for place in after)
        }
        for place in parents:
            people.pop(place, None)
        for place in step.born:
            people.pop(place, None)
        people |= before
    return found[::-1]


def _back(history: list[Step], onward: list[Shares], populations: Populations) -> list[Shares]:
    """The shares of each step the other way: people are those of the communes just before it."""
    found: list[Shares] = []
    people: dict[str, float] = {}
    waiting = sorted(populations, reverse=True)
    for step, moves in zip(history, onward, strict=True):
        while waiting and date(waiting[-1], 1, 1) < step.day:
            people.update(_counted(populations[waiting.pop()]))
        parts: dict[str, dict[str, float | None]] = {place: {} for place in step.born}
        for code, targets in moves.items():
            for place, (weight, kind) in targets.items():
                known = code in people and kind is not Certainty.IMPOSSIBLE
                parts.setdefault(place, {})[code] = people[code] * weight if known else None
        found.append(
            {place: shared_out(dict(sorted(part.items()))) if part else {} for place, part in parts.items()}
        )
        for code in step.becomes:
            people.pop(code, None)
        for place, part in parts.items():
            counts = [count for count in part.values() if count is not None]
            if counts and len(counts) == len(part):
                people[place] = sum(counts)
    return found


def _counted(populations: Mapping[str, float | None]) -> dict[str, float]:
    return {code: people for code, people in populations.items() if people is not None}


def _parents(step: Step) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for code, after in step.becomes.items():
        for place in after:
            found.setdefault(place, []).append(code)
    return found


def _there_at_first(history: Iterable[tuple[Shares, frozenset[str]]]) -> set[str]:
    """The codes that take part and were there before the first step, in the direction of the moves."""
    there: set[str] = set()
    arrived: set[str] = set()
    for moves, born in history:
        there |= moves.keys() - arrived
        arrived |= born.union(*moves.values())
    return there


def _heir(code: str, after: frozenset[str]) -> str | None:
    if code in after:
        return code
    return next(iter(after)) if len(after) == 1 else None
