"""Relations in time between dates, instants and intervals, as CQL2 takes them from OWL-Time.

An interval has its two ends; `..` is an end that is open. An instant starts and ends at once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from geo.cql2.errors import BadFilter
from geo.cql2.expressions import SQL_TYPES, Value, day, instant, literal, property_value
from geo.cql2.queryables import Kind, Queryables

OPEN = ".."


@dataclass(frozen=True)
class Span:
    """A time with a start and an end, of one granularity (None where both ends are open)."""

    kind: Kind | None
    start: ColumnElement[Any] | None
    end: ColumnElement[Any] | None
    interval: bool

    def typed(self, kind: Kind) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
        """Return its two ends, those that are open at infinity."""
        before, after = (sa.cast(sa.literal(text, sa.Text), SQL_TYPES[kind]) for text in ("-infinity", "infinity"))
        return before if self.start is None else self.start, after if self.end is None else self.end


Ends = ColumnElement[Any]
Relation = Callable[[Ends, Ends, Ends, Ends], ColumnElement[bool]]

ANY: Mapping[str, Relation] = {
    "t_after": lambda s1, e1, s2, e2: s1 > e2,
    "t_before": lambda s1, e1, s2, e2: e1 < s2,
    "t_disjoint": lambda s1, e1, s2, e2: sa.or_(e1 < s2, s1 > e2),
    "t_equals": lambda s1, e1, s2, e2: sa.and_(s1 == s2, e1 == e2),
    "t_intersects": lambda s1, e1, s2, e2: sa.and_(s1 <= e2, e1 >= s2),
}
INTERVALS: Mapping[str, Relation] = {
    "t_contains": lambda s1, e1, s2, e2: sa.and_(s1 < s2, e1 > e2),
    "t_during": lambda s1, e1, s2, e2: sa.and_(s1 > s2, e1 < e2),
    "t_finishedby": lambda s1, e1, s2, e2: sa.and_(s1 < s2, e1 == e2),
    "t_finishes": lambda s1, e1, s2, e2: sa.and_(s1 > s2, e1 == e2),
    "t_meets": lambda s1, e1, s2, e2: e1 == s2,
    "t_metby": lambda s1, e1, s2, e2: s1 == e2,
    "t_overlappedby": lambda s1, e1, s2, e2: sa.and_(s1 > s2, s1 < e2, e1 > e2),
    "t_overlaps": lambda s1, e1, s2, e2: sa.and_(s1 < s2, e1 > s2, e1 < e2),
    "t_startedby": lambda s1, e1, s2, e2: sa.and_(s1 == s2, e1 > e2),
    "t_starts": lambda s1, e1, s2, e2: sa.and_(s1 == s2, e1 < e2),
}
RELATIONS = frozenset(ANY) | frozenset(INTERVALS)


def relation(op: str, args: list[Any], properties: Queryables, path: str) -> ColumnElement[bool]:
    """Return the condition that two times are so related. Raises BadFilter for what is not a time."""
    spans = [_span(node, properties, f"{path}/args/{rank}") for rank, node in enumerate(args)]
    if op in INTERVALS and not all(span.interval for span in spans):
        raise BadFilter(f"{op.upper()} attend deux intervalles, écrits INTERVAL(début, fin).", word=op, path=path)
    kinds = {span.kind for span in spans if span.kind}
    if len(kinds) > 1:
        raise BadFilter(
            f"{op.upper()} compare deux dates ou deux instants, pas l’une à l’autre.", word=op, path=path
        )
    kind = kinds.pop() if kinds else Kind.DAY
    return (ANY.get(op) or INTERVALS[op])(*spans[0].typed(kind), *spans[1].typed(kind))


def _span(node: Any, properties: Queryables, path: str) -> Span:
    if isinstance(node, dict) and "interval" in node:
        return _interval(node["interval"], properties, f"{path}/interval")
    value = _end(node, properties, path)
    return Span(value.kind, value.sql, value.sql, interval=False)


def _interval(ends: Any, properties: Queryables, path: str) -> Span:
    if not (isinstance(ends, list) and len(ends) == 2):
        raise BadFilter("Un intervalle a deux bornes\u202f: INTERVAL('2020-01-01', '..').", path=path)
    values = [None if end == OPEN else _end(end, properties, f"{path}/{rank}") for rank, end in enumerate(ends)]
    closed = [value for value in values if value is not None]
    if len({value.kind for value in closed}) > 1:
        raise BadFilter("Les deux bornes d’un intervalle sont deux dates, ou deux instants.", path=path)
    given = [value.given for value in closed if value.given is not None]
    if len(given) == 2 and given[0] > given[1]:
        raise BadFilter(
            f"L’intervalle finit avant de commencer\u202f: {closed[0].name}, {closed[1].name}.", path=path
        )
    start, end = (None if value is None else value.sql for value in values)
    return Span(closed[0].kind if closed else None, start, end, interval=True)


def _end(node: Any, properties: Queryables, path: str) -> Value:
    return _written(node, path) if isinstance(node, str) else _instant_of(node, properties, path)


def _written(text: str, path: str) -> Value:
    return instant(text, path) if "T" in text else day(text, path)


def _instant_of(node: Any, properties: Queryables, path: str) -> Value:
    named = isinstance(node, dict) and "property" in node
    value = property_value(node, properties, path) if named else literal(node, path)
    if value.kind not in (Kind.DAY, Kind.INSTANT):
        raise BadFilter(
            f"Une date est attendue et {value.name} est {value.kind}. Une date s’écrit DATE('2020-01-31').",
            path=path,
        )
    return value
