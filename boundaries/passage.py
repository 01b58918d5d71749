"""How communes go from one millesime to another: the geography time machine, from code lists alone.

A code list says which commune took over each vanished code (`former`) and which communes deleguees or associees
its communes have (`delegated`). Two lists make a passage: what vanished goes to its successor; what appeared
came out of the commune whose deleguee it was. A commune that gives several is split by the municipal population
of its parts in the later list (never 1/n), which is an estimate. Passages compose; only codes that do not stay
themselves are kept.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

Moves = dict[str, dict[str, float]]


@dataclass(frozen=True)
class CodeList:
    """The communes of one millesime, with what is known of their past and of their populations."""

    millesime: int
    populations: Mapping[str, float | None]
    former: Mapping[str, str] = field(default_factory=dict)
    delegated: Mapping[str, str] = field(default_factory=dict)

    @property
    def codes(self) -> frozenset[str]:
        """The codes of the communes."""
        return frozenset(self.populations)


def passages(lists: Iterable[CodeList]) -> dict[tuple[int, int], Moves]:
    """Return the moves between every two millesimes, both ways, by composing those between neighbours.

    >>> old = CodeList(2024, {"49069": 16000, "49001": 10})
    >>> new = CodeList(2025, {"49126": 17000, "49001": 10}, former={"49069": "49126"})
    >>> passages([old, new])[2024, 2025]
    {'49069': {'49126': 1.0}}
    """
    ordered = sorted(lists, key=lambda item: item.millesime)
    found: dict[tuple[int, int], Moves] = {}
    for position, later in enumerate(ordered[1:], start=1):
        earlier = ordered[position - 1]
        found[earlier.millesime, later.millesime] = forward(earlier, later)
        found[later.millesime, earlier.millesime] = backward(earlier, later)
        for oldest in ordered[: position - 1]:
            pair = (oldest.millesime, later.millesime)
            before, after = (oldest.millesime, earlier.millesime), (earlier.millesime, later.millesime)
            found[pair] = composed(found[before], found[after], oldest.codes)
            found[pair[::-1]] = composed(found[after[::-1]], found[before[::-1]], later.codes)
    return found


def forward(earlier: CodeList, later: CodeList) -> Moves:
    """Return where each commune that does not stay itself goes, and in which share.

    >>> old = CodeList(2023, {"85084": 9300}, delegated={"85165": "85084", "85212": "85084"})
    >>> new = CodeList(2024, {"85084": 6000, "85165": 1000, "85212": 1000})
    >>> forward(old, new)
    {'85084': {'85084': 0.75, '85165': 0.125, '85212': 0.125}}
    """
    children: dict[str, set[str]] = {code: {code} for code in earlier.codes & later.codes}
    for code in earlier.codes - later.codes:
        successor = later.former.get(code) or later.delegated.get(code)
        if successor in later.codes:
            children[code] = {str(successor)}
    for code in sorted(later.codes - earlier.codes):
        origin = earlier.delegated.get(code) or earlier.former.get(code)
        if origin in earlier.codes:
            children.setdefault(str(origin), set()).add(code)
    moves = {code: _shares(targets, later) for code, targets in children.items() if targets != {code}}
    return dict(sorted(moves.items()))


def backward(earlier: CodeList, later: CodeList) -> Moves:
    """Return where each commune of the later list came from, and in which share.

    A commune born of a merger is split between its parts by their populations in the earlier list: an estimate.
    """
    ahead = forward(earlier, later)
    parents: dict[str, dict[str, float]] = {}
    for code in earlier.codes & later.codes:
        if code not in ahead:
            parents[code] = {code: earlier.populations[code] or 0.0}
    for code, targets in ahead.items():
        for target, share in targets.items():
            parents.setdefault(target, {})[code] = (earlier.populations[code] or 0.0) * share
    moves = {}
    for code in sorted(parents):
        if set(parents[code]) != {code}:
            total = sum(parents[code].values())
            even = 1 / len(parents[code])
            moves[code] = {old: (part / total if total else even) for old, part in sorted(parents[code].items())}
    return moves


def composed(first: Moves, second: Moves, codes: Iterable[str]) -> Moves:
    """Return the moves made one after the other, for the codes of the first millesime.

    >>> composed({"a": {"b": 1.0}}, {"b": {"b": 0.5, "c": 0.5}}, ["a"])
    {'a': {'b': 0.5, 'c': 0.5}}
    """
    moves: Moves = {}
    for code in sorted(codes):
        if code not in first and code not in second:
            continue
        reached: dict[str, float] = {}
        for middle, share in first.get(code, {code: 1.0}).items():
            for target, part in second.get(middle, {middle: 1.0}).items():
                reached[target] = reached.get(target, 0.0) + share * part
        if reached.keys() != {code}:
            moves[code] = dict(sorted(reached.items()))
    return moves


def kind(weight: float) -> str:
    """Return `exact` for a whole commune, `estimated` for a share of one."""
    return "exact" if weight >= 1 - 1e-12 else "estimated"


def _shares(targets: set[str], later: CodeList) -> dict[str, float]:
    """Shares by population in the later list; a single target takes all, nobody counted means even parts."""
    if len(targets) == 1:
        return dict.fromkeys(targets, 1.0)
    weights = {code: float(later.populations[code] or 0) for code in sorted(targets)}
    total = sum(weights.values())
    return {code: (weight / total if total else 1 / len(weights)) for code, weight in weights.items()}
