"""The passage between two millesimes from their code lists alone: which code took over which, without any date.

A code list says which commune took over each vanished code (`former`) and which communes deleguees or associees
its communes have (`delegated`). Two lists make a passage: what vanished goes to its successor; what appeared
came out of the commune whose deleguee it was. Several events between two lists are seen as one, and a code list
knows no split but those of its deleguees: the dated movements (`boundaries.events`) are better where they are known.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from boundaries.passage import Kind, Shares, shared_out


@dataclass(frozen=True)
class CodeList:
    """The communes of one millesime, with what is known of their past and of their populations."""

    millesime: int
    populations: Mapping[str, float | None]
    former: Mapping[str, str] = field(default_factory=dict)
    delegated: Mapping[str, str] = field(default_factory=dict)
    outside: frozenset[str] = frozenset()  # codes that are there only to complete an EPCI

    @property
    def codes(self) -> frozenset[str]:
        """The codes of the communes."""
        return frozenset(self.populations)


def forward(earlier: CodeList, later: CodeList) -> Shares:
    """Return where each commune that does not stay itself goes, and in which share.

    >>> old = CodeList(2024, {"49069": 16000, "49001": 10})
    >>> new = CodeList(2025, {"49126": 17000, "49001": 10}, former={"49069": "49126"})
    >>> forward(old, new)["49069"]["49126"].weight
    1.0
    """
    children: dict[str, set[str]] = {code: {code} for code in earlier.codes & later.codes}
    for code in earlier.codes - later.codes:
        successor = later.former.get(code) or later.delegated.get(code)
        if successor in later.populations:
            children[code] = {str(successor)}
    for code in sorted(later.codes - earlier.codes):
        origin = earlier.delegated.get(code) or earlier.former.get(code)
        if origin in earlier.populations:
            children.setdefault(str(origin), set()).add(code)
    return {
        code: shared_out({target: later.populations[target] for target in targets})
        for code, targets in sorted(children.items())
        if targets != {code}
    }


def backward(earlier: CodeList, later: CodeList) -> Shares:
    """Return where each commune of the later list came from, and in which share.

    A commune born of a merger is split between its parts by their populations in the earlier list: an estimate.
    """
    ahead = forward(earlier, later)
    parents: dict[str, dict[str, float | None]] = {}
    for code in earlier.codes & later.codes:
        if code not in ahead:
            parents[code] = {code: earlier.populations[code]}
    for code, targets in ahead.items():
        people = earlier.populations[code]
        for target, (weight, kind) in targets.items():
            known = people is not None and kind is not Kind.IMPOSSIBLE
            parents.setdefault(target, {})[code] = people * weight if people is not None and known else None
    return {code: shared_out(parents[code]) for code in sorted(parents) if parents[code].keys() != {code}}
