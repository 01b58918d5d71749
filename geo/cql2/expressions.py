"""Values in a filter: properties, literals, arithmetic, and texts without case or accents.

A number is a double, as in JSON. Dividing by zero gives no value (NULL), like everything computed from a missing one.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from geo.cql2.errors import BadFilter, shown
from geo.cql2.queryables import Kind, Queryables

ICU = "und-x-icu"  # follows Unicode whatever the locale of the server
COMBINING = "[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
INSTANT = "AAAA-MM-JJThh:mm:ssZ"
LARGEST_INTEGER = 2**63 - 1
NUMBER = re.compile(r"[+-]?(\d{1,300}(\.\d{0,50})?|\.\d{1,50})([eE][+-]?\d{1,3})?", re.ASCII)


@dataclass(frozen=True)
class Value:
    """A value of a filter: its type, what it is called in messages, and its column or what was given.

    `folded` are the functions that it went through already: twice would change nothing.
    """

    kind: Kind
    name: str
    column: ColumnElement[Any] | None = None
    given: Any = None
    folded: frozenset[str] = frozenset()

    @property
    def sql(self) -> ColumnElement[Any]:
        """Return the column, or what was given, bound."""
        if self.column is None:
            return sa.bindparam(None, self.given, SQL_TYPES[self.kind], unique=True)
        return self.column


SQL_TYPES: Mapping[Kind, sa.types.TypeEngine[Any]] = {
    Kind.TEXT: sa.Text(),
    Kind.INTEGER: sa.BigInteger(),
    Kind.NUMBER: sa.Double(),
    Kind.FLAG: sa.Boolean(),
    Kind.DAY: sa.Date(),
    Kind.INSTANT: sa.TIMESTAMP(timezone=True),
}


def property_value(node: dict[str, Any], properties: Queryables, path: str) -> Value:
    """Return the value of a property. Raises BadFilter for one that the layer has not."""
    name = node["property"]
    found = properties.get(name) if isinstance(name, str) else None
    if found is None:
        known = ", ".join(properties)
        raise BadFilter(
            f"Propriété inconnue\u202f: {shown(name)}. Propriétés\u202f: {known}.", word=str(name), path=path
        )
    return Value(found.kind, shown(found.name), found.column)


def literal(node: Any, path: str) -> Value:
    """Return the value of a text, a number, a boolean, a date or an instant."""
    match node:
        case bool():
            return Value(Kind.FLAG, str(node).lower(), given=node)
        case int() | float():
            return _number(node, path)
        case str():
            if "\0" in node or any(0xD800 <= ord(mark) <= 0xDFFF for mark in node):
                raise BadFilter("Un texte du filtre a un caractère qui n’est pas accepté.", path=path)
            return Value(Kind.TEXT, shown(node), given=node)
        case {"date": str(text)}:
            return day(text, path)
        case {"timestamp": str(text)}:
            return instant(text, path)
        case None:
            raise BadFilter("NULL ne se compare pas\u202f: écrire «\u202fpropriété IS NULL\u202f».", path=path)
    raise BadFilter(f"Valeur non comprise dans le filtre\u202f: {shown(node)}.", path=path)


def written(text: str, name: str, kind: Kind) -> Any:
    """Return the node of a filter for a text, as the type of a property reads it. Raises BadFilter.

    >>> written("44", "departement", Kind.TEXT), written("44", "value", Kind.NUMBER)
    ('44', 44)
    """
    if kind is Kind.TEXT:
        return text
    if kind is Kind.DAY:
        return {"date": text}
    if kind is Kind.INSTANT:
        return {"timestamp": text}
    if kind is Kind.FLAG and text in ("true", "false"):
        return text == "true"
    if kind.numeric and NUMBER.fullmatch(text):
        return int(text) if text.lstrip("+-").isdigit() else float(text)
    if kind is Kind.GEOMETRY:
        raise BadFilter(
            f"{shown(name)} est une géométrie\u202f: elle se compare par filter=S_INTERSECTS(…), ou par bbox=."
        )
    raise BadFilter(f"{shown(name)} est {kind}, et {shown(text)} ne se lit pas ainsi.")


def day(text: str, path: str) -> Value:
    """Return the value of a date, AAAA-MM-JJ."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.isoformat() != text:
        raise BadFilter(f"Date mal formée\u202f: {shown(text)}. Forme attendue\u202f: AAAA-MM-JJ.", path=path)
    return Value(Kind.DAY, shown(text), given=found)


def instant(text: str, path: str) -> Value:
    """Return the value of an instant in universal time."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or "T" not in text or not text.endswith("Z"):
        raise BadFilter(f"Instant mal formé\u202f: {shown(text)}. Forme attendue\u202f: {INSTANT}.", path=path)
    return Value(Kind.INSTANT, shown(text), given=found)


def calculation(op: str, parts: list[Value], path: str) -> Value:
    """Return the value of an arithmetic operation. Raises BadFilter for what is not a number."""
    for part in parts:
        if not part.kind.numeric:
            raise BadFilter(
                f"«\u202f{op}\u202f» calcule sur des nombres\u202f; {part.name} est {part.kind}.", path=path
            )
    left, right = (sa.cast(part.sql, sa.Double) for part in parts)
    sql = ARITHMETIC[op](left, right)
    return Value(Kind.NUMBER, f"le résultat de «\u202f{op}\u202f»", sql)


def _remainder(left: ColumnElement[Any], right: ColumnElement[Any]) -> ColumnElement[Any]:
    # PostgreSQL has no remainder of doubles.
    exact = sa.func.mod(sa.cast(left, sa.Numeric), sa.func.nullif(sa.cast(right, sa.Numeric), 0))
    return sa.cast(exact, sa.Double)


def _quotient(left: ColumnElement[Any], right: ColumnElement[Any]) -> ColumnElement[Any]:
    return left.op("/", return_type=sa.Double())(sa.func.nullif(right, 0, type_=sa.Double))


ARITHMETIC: dict[str, Callable[[ColumnElement[Any], ColumnElement[Any]], ColumnElement[Any]]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": _quotient,
    "^": lambda left, right: sa.func.power(left, right, type_=sa.Double),
    "%": _remainder,
    "div": lambda left, right: sa.func.trunc(_quotient(left, right), type_=sa.Double),
}


def folding(function: str, part: Value, path: str) -> Value:
    """Return a text without its case or without its accents. Raises BadFilter for what is not a text."""
    if part.kind is not Kind.TEXT:
        raise BadFilter(f"{function.upper()} attend un texte\u202f; {part.name} est {part.kind}.", path=path)
    if function in part.folded:
        return part
    name = f"{function.upper()}({part.name})"
    return Value(Kind.TEXT, name, FOLDS[function](part.sql), folded=part.folded | {function})


def _without_case(text: ColumnElement[Any]) -> ColumnElement[Any]:
    # Full case folding as Unicode has it, but for the dotless i: ß is SS in capitals, ς is Σ.
    lower = sa.func.lower(sa.collate(text, ICU), type_=sa.Text)
    upper = sa.func.upper(sa.collate(lower, ICU), type_=sa.Text)
    return sa.func.lower(sa.collate(upper, ICU), type_=sa.Text)


def _without_accents(text: ColumnElement[Any]) -> ColumnElement[Any]:
    # The marks that Unicode can write apart from their letters: accents, cedillas, tildes; not ligatures.
    apart = sa.func.normalize(text, sa.text("NFD"), type_=sa.Text)
    return sa.func.regexp_replace(apart, COMBINING, "", "g", type_=sa.Text)


FOLDS: Mapping[str, Callable[[ColumnElement[Any]], ColumnElement[Any]]] = {
    "casei": _without_case,
    "accenti": _without_accents,
}


def _number(given: int | float, path: str) -> Value:
    if not math.isfinite(given) or abs(given) > 1e308:
        raise BadFilter("Un nombre du filtre est trop grand.", path=path)
    name = shown(f"{given:g}")
    if given == int(given) and abs(given) <= LARGEST_INTEGER:  # an integer is compared as one, so indexes serve
        return Value(Kind.INTEGER, name, given=int(given))
    return Value(Kind.NUMBER, name, given=float(given))
