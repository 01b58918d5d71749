"""What no schema of a parameter can say, for schemathesis: where its two checks of acceptance would ask for it.

Each rule is of some parameters alone, with its reason; whatever does not carry them is checked as schemathesis does.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode

import schemathesis
from schemathesis.checks import CHECKS

from api.ogc.collected import LEVELS
from api.ogc.parameters import LONGEST_PAGE, SIDES
from api.ogc.words import MOST_WORDS, WORD, folded

Given = Mapping[str, Any]
COLUMN = re.compile("(?:value|status|coverage)")
NARROWING = {"level", "period", "millesime", "datetime", "as_of", "indicator"}


def _listed(value: Any) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else str(value).split(",")


def _collection(path: str, places: Given) -> str:
    found = re.match("/collections/([^/{]+)", path)
    return found[1] if found else str(places.get("collection", ""))


def _of_another_kind(path: str, places: Given, given: Given) -> bool:
    name = _collection(path, places)
    if not name:
        return False
    own = LEVELS.get(name)
    return "indicator" in given if own is None else "period" in given or given.get("level", own) != own


def _box_of_nothing(given: Given) -> bool:
    try:
        numbers = [float(one) for one in _listed(given["bbox"])]
    except ValueError:
        return True
    if len(numbers) not in SIDES:
        return True
    half = len(numbers) // 2
    west, south, east, north = (*numbers[:2], *numbers[half : half + 2])
    return not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90)


ACCEPTED: dict[str, Callable[[str, Given, Given], bool]] = {
    "CQL2 is a language, with a grammar and properties of its own": lambda path, places, given: "filter" in given,
    "a cursor is what another page gave": lambda path, places, given: "cursor" in given,
    "a box has its sides in order, within its system": lambda path, places, given: (
        "bbox" in given and ("bbox-crs" in given or _box_of_nothing(given))
    ),
    "an interval ends after it starts, not all years have a 29 February": lambda path, places, given: bool(
        re.search("/|02-29", str(given.get("datetime", "")))
    ),
    "of two parameters that choose the geography, each may contradict the other": lambda path, places, given: (
        {"datetime", "millesime"} <= set(given)
    ),
    "the future is not published": lambda path, places, given: str(given.get("as_of", "")) > str(date.today()),
    "level and period are asked of an indicator, indicator of a level": _of_another_kind,
    "what columns of values there are depends on level, period and geography": lambda path, places, given: (
        any(COLUMN.search(one) for name in ("properties", "sortby") for one in _listed(given.get(name, "")))
        or (bool(NARROWING & set(given)) and any(COLUMN.match(name) for name in given))
    ),
    "a property is there once in an order": lambda path, places, given: (
        len(names := [one.strip().lstrip("+-") for one in _listed(given.get("sortby", ""))]) > len(set(names))
    ),
    "words are made of letters of any alphabet, twenty at most": lambda path, places, given: (
        "q" in given and not 0 < len(WORD.findall(folded(str(given["q"])))) <= MOST_WORDS
    ),
    "a format may have one system alone": lambda path, places, given: {"f", "crs"} <= set(given),
    "a code has the form that its level has": lambda path, places, given: path.startswith("/territories/{level}"),
    "a set is listed or is in a territory, a period is one or several": lambda path, places, given: path.endswith(
        "/aggregate"
    ),
    "TileJSON describes one grid alone": lambda path, places, given: given.get("f") == "tilejson",
}
REJECTED: dict[str, Callable[[str, Given, Given], bool]] = {
    "a limit above the greatest is taken for the greatest, as Features part 1 has it": lambda path, places, given: (
        path.endswith("/items") and _integer(given.get("limit")) > LONGEST_PAGE
    ),
    "an empty parameter of the catalogue is as if it were not there, as Records part 1 has it": (
        lambda path, places, given: "/catalogue" in path and "" in given.values()
    ),
}
LONGEST_ADDRESS = 60_000  # beyond, the server of the interface reads no request at all


@schemathesis.hook
def filter_query(context: Any, query: Any) -> bool:
    """Whether the server reads an address with such a query."""
    return len(urlencode(query or {}, doseq=True)) < LONGEST_ADDRESS


def _integer(value: Any) -> int:
    return int(value) if re.fullmatch(r"\+?\d+", str(value)) else 0


def _beyond(rules: Mapping[str, Callable[[str, Given, Given], bool]], case: Any) -> bool:
    path = case.operation.path.removeprefix("/api")
    places, given = case.path_parameters or {}, case.query or {}
    return any(rule(path, places, given) for rule in rules.values())


@schemathesis.check
def what_is_described_is_accepted(context: Any, response: Any, case: Any) -> bool | None:
    """Valid data are accepted, but for what no schema says."""
    if case.meta is None or case.meta.generation.mode.is_negative or _beyond(ACCEPTED, case):
        return None
    return _of("positive_data_acceptance")(context, response, case)


@schemathesis.check
def what_is_not_described_is_refused(context: Any, response: Any, case: Any) -> bool | None:
    """Invalid data are refused, but for what the standard has accepted."""
    if case.meta is None or case.meta.generation.mode.is_positive or _beyond(REJECTED, case):
        return None
    return _of("negative_data_rejection")(context, response, case)


def _of(name: str) -> Any:
    return CHECKS.get_one(name)
