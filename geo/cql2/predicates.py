"""Conditions on values: comparisons, LIKE, IN, BETWEEN, IS NULL."""

import operator
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement
from sqlalchemy.dialects.postgresql import ARRAY

from geo.cql2.errors import BadFilter
from geo.cql2.expressions import SQL_TYPES, Value, day, instant
from geo.cql2.queryables import Kind

COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def comparison(op: str, left: Value, right: Value, path: str) -> ColumnElement[bool]:
    """Return the condition that two values of one type compare so."""
    left, right = comparable([left, right], path)
    found: ColumnElement[bool] = COMPARISONS[op](left.sql, right.sql)
    return found


def between(values: list[Value], path: str) -> ColumnElement[bool]:
    """Return the condition that a value is between two others, these included."""
    value, low, high = comparable(values, path)
    return value.sql.between(low.sql, high.sql)


def member(value: Value, items: list[Value], path: str) -> ColumnElement[bool]:
    """Return the condition that a value is one of a list's; all literals are sent as one array."""
    value, *items = comparable([value, *items], path)
    if value.given is None and all(item.given is not None for item in items):
        kind = Kind.NUMBER if any(item.kind is Kind.NUMBER for item in items) else items[0].kind
        given = [float(item.given) if kind is Kind.NUMBER else item.given for item in items]
        listed = sa.bindparam(None, given, ARRAY(SQL_TYPES[kind]), unique=True)
        return value.sql == sa.any_(listed)
    return sa.or_(*(value.sql == item.sql for item in items))


def like(value: Value, pattern: Value, written: Any, path: str) -> ColumnElement[bool]:
    r"""Return the condition that a text has a pattern: % any characters, _ one, after \ as they are.

    `written` is the pattern as it was given, whatever function it is in.
    """
    while isinstance(written, dict) and written.get("op") in ("casei", "accenti"):
        written = written["args"][0]
    for part in (value, pattern):
        if part.kind is not Kind.TEXT:
            raise BadFilter(f"LIKE compare des textes\u202f; {part.name} est {part.kind}.", path=path)
    if not isinstance(written, str):
        raise BadFilter("Le modèle de LIKE est un texte, par exemple 'Saint%'.", path=path)
    if (len(written) - len(written.rstrip("\\"))) % 2:
        raise BadFilter("Le modèle de LIKE ne peut finir par une barre oblique inverse.", path=path)
    return value.sql.like(pattern.sql)


def comparable(values: list[Value], path: str) -> list[Value]:
    """Return values of one type. Raises BadFilter for others, but for a literal text that reads as a date."""
    timed = next((value.kind for value in values if value.kind in (Kind.DAY, Kind.INSTANT)), None)
    if timed is not None:
        read = day if timed is Kind.DAY else instant
        values = [read(value.given, path) if isinstance(value.given, str) else value for value in values]
    first = values[0]
    for value in values:
        if value.kind is Kind.GEOMETRY:
            raise BadFilter("Une géométrie se compare par S_EQUALS, S_INTERSECTS…", path=path)
        if value.kind is not first.kind and not (value.kind.numeric and first.kind.numeric):
            raise BadFilter(_mismatch(first, value), path=path)
    return values


def _mismatch(first: Value, other: Value) -> str:
    said = f"{first.name} est {first.kind} et {other.name} {other.kind}\u202f: ils ne se comparent pas."
    if Kind.TEXT in (first.kind, other.kind):
        return f"{said} Un texte s’écrit entre apostrophes, par exemple '44'."
    return said
