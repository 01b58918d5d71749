"""A value computed again from its passport alone, without the database: the proof that the passport is complete.

The formulas are written here a second time on purpose, from the definitions and not from the SQL of publication.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

Inputs = Sequence[Mapping[str, Any]]
_DOUBTFUL = ("not-significant", "partial")  # what says nothing of its unit stands in no mean and in no ratio


def recomputed(passport: Mapping[str, Any]) -> float | None:
    """Return the value that the formula of a passport gives for its inputs; None where it gives none.

    >>> whole = {"code": "44001", "kind": "exact", "value": 2.0, "weight": 1.0}
    >>> inputs = [whole, {"code": "44003", "kind": "estimated", "value": 4.0, "weight": 0.5}]
    >>> recomputed({"by": "stock", "inputs": inputs})
    4.0
    """
    return _FORMULAS[passport["by"]](passport)


def _stock(passport: Mapping[str, Any]) -> float | None:
    present = [piece["value"] * piece["weight"] for piece in passport["inputs"] if piece["value"] is not None]
    return sum(present) if present and not _unknown_share(passport["inputs"]) else None


def _mean(passport: Mapping[str, Any]) -> float | None:
    pieces = passport["inputs"]
    if _unknown_share(pieces):
        return None
    if len(pieces) == 1 and passport["coverage"] == 1:  # one unit and nothing else: the producer's own mean
        value: float | None = pieces[0]["value"]
        return value
    total = weight = 0.0
    for piece in pieces:
        fit = piece["status"] not in _DOUBTFUL and piece["weighting_status"] not in _DOUBTFUL
        if piece["value"] is not None and (piece["weighting"] or 0) > 0 and fit:
            total += piece["value"] * piece["weighting"] * piece["weight"]
            weight += piece["weighting"] * piece["weight"]
    return total / weight if weight else None


def _unknown_share(pieces: Inputs) -> bool:
    """Whether a part of a unit is in it, and not the whole, while nobody knows how much the part is."""
    held: dict[str, float] = defaultdict(float)
    for piece in pieces:
        held[piece["code"]] += piece["weight"]
    return any(
        piece["kind"] == "impossible" and piece["value"] is not None and held[piece["code"]] < 1 - 1e-9
        for piece in pieces
    )


def _single(passport: Mapping[str, Any]) -> float | None:
    inputs = passport["inputs"]
    return inputs[0]["value"] if len(inputs) == 1 and passport["status"] != "impossible" else None


def _typology(passport: Mapping[str, Any]) -> float | None:
    pieces = passport["inputs"]
    found = {piece["value"] for piece in pieces}
    if not pieces or None in found:
        return None
    rule, own = passport["rule"], passport["territory"]["code"]
    if len(found) == 1 or rule == "difference":
        return found.pop() if len(found) == 1 else None
    asked = [
        piece
        for piece in pieces
        if rule == "largest-population" or (piece["code"] == own) == (rule == "absorbing")
    ]
    people: dict[float, float | None] = defaultdict(float)
    for piece in asked:
        before, more = people[piece["value"]], piece["people"]
        people[piece["value"]] = None if before is None or more is None else before + more * piece["weight"]
    if len(people) == 1:
        return next(iter(people))
    if rule == "absorbing" or None in people.values():
        return None
    most = [category for category, count in people.items() if count == max(map(float, people.values()))]  # type: ignore[arg-type]
    return most[0] if len(most) == 1 else None


def _sums(passport: Mapping[str, Any]) -> tuple[float, float] | None:
    """The sums of both series over the units that have both and whose values say something of them."""
    usable = [
        unit
        for unit in passport["inputs"]
        if unit["first"] is not None
        and unit["second"] is not None
        and unit["first_status"] not in _DOUBTFUL
        and unit["second_status"] not in _DOUBTFUL
    ]
    if not usable:
        return None
    return sum(unit["first"] for unit in usable), sum(unit["second"] for unit in usable)


def _ratio(passport: Mapping[str, Any]) -> float | None:
    sums = _sums(passport)
    return passport["factor"] * sums[0] / sums[1] if sums and sums[1] else None


def _growth(passport: Mapping[str, Any]) -> float | None:
    sums = _sums(passport)
    if sums is None or sums[0] <= 0 or sums[1] < 0:
        return None
    return float(100 * ((sums[1] / sums[0]) ** (1 / passport["years"]) - 1))


def _index(passport: Mapping[str, Any]) -> float | None:
    sums = _sums(passport)
    return 100 * sums[1] / sums[0] if sums and sums[0] else None


def _class(passport: Mapping[str, Any]) -> float | None:
    low, high = passport["low"], passport["high"]
    usable = [
        unit["first"]
        for unit in passport["inputs"]
        if unit["first"] is not None and unit["first_status"] not in _DOUBTFUL
    ]
    if not usable:
        return None
    inside = [value for value in usable if value >= low and (high is None or value < high)]
    return float(sum(inside) if passport["counted"] == "value" else len(inside))


_FORMULAS = {
    "area": _single,
    "epci_nature": _single,
    "producer": _single,
    "stock": _stock,
    "mean": _mean,
    "typology": _typology,
    "ratio": _ratio,
    "growth": _growth,
    "index": _index,
    "class": _class,
}
