"""From the tree of a filter to a condition in SQL: every name checked, every type checked, every value bound."""

from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement
from sqlalchemy.sql.elements import Grouping

from geo.cql2 import predicates, spatial, temporal
from geo.cql2.errors import BadFilter, shown
from geo.cql2.expressions import ARITHMETIC, FOLDS, Value, calculation, folding, literal, property_value
from geo.cql2.queryables import Kind, Queryables
from geo.cql2.reading import operands
from geo.formats.crs import Crs

COUNTS = {"not": 1, "isnull": 1, "like": 2, "in": 2, "between": 3, **dict.fromkeys(FOLDS, 1)}
PAIRS = frozenset({*predicates.COMPARISONS, *ARITHMETIC, *spatial.RELATIONS, *temporal.RELATIONS})
FUNCTIONS = ", ".join(sorted(name.upper() for name in {*FOLDS, *spatial.RELATIONS, *temporal.RELATIONS}))


def computes(tree: Any) -> bool:
    """Return whether a tree has a function to compute: a relation of shapes, a text without case or accents."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            if str(node.get("op", "")).lower() in {*FOLDS, *spatial.RELATIONS}:
                return True
            waiting += node.get("args") or []
        elif isinstance(node, list):
            waiting += node
    return False


@dataclass(frozen=True)
class Translation:
    """What a filter is translated with: what it may name, and the system of its geometries."""

    properties: Queryables
    crs: Crs

    def condition(self, node: Any, path: str = "") -> ColumnElement[bool]:
        """Return the condition that a node of the tree states. Raises BadFilter for a value that is none."""
        value = self.value(node, path)
        if value.kind is not Kind.FLAG:
            raise BadFilter(f"Une condition est attendue et {value.name} est {value.kind}.", path=path)
        return value.sql

    def value(self, node: Any, path: str = "") -> Value:
        """Return the value of a node: a property, a literal, a calculation, or a condition as a boolean."""
        if isinstance(node, dict) and "op" in node:
            return self._operation(node, path)
        if isinstance(node, dict) and "property" in node:
            return property_value(node, self.properties, path)
        if isinstance(node, dict) and ("bbox" in node or "type" in node):
            raise BadFilter("Une géométrie ne se compare que par S_INTERSECTS, S_WITHIN…", path=path)
        if isinstance(node, dict) and "interval" in node:
            raise BadFilter("Un intervalle ne se compare que par T_INTERSECTS, T_DURING…", path=path)
        return literal(node, path)

    def _operation(self, node: dict[str, Any], path: str) -> Value:
        args = node.get("args")
        op = str(
            node["op"]
        ).lower()  # the standard writes `t_metBy` and `isNull`, and its text T_METBY and IS NULL
        if op not in ("and", "or") and op not in COUNTS and op not in PAIRS:
            said = f"Opération inconnue\u202f: {shown(node['op'])}. Fonctions acceptées\u202f: {FUNCTIONS}."
            raise BadFilter(said, word=op, path=path)
        wanted = 2 if op in PAIRS else COUNTS.get(op)
        if not isinstance(args, list) or (len(args) != wanted if wanted else len(args) < 2):
            raise BadFilter(f"«\u202f{op}\u202f» attend {wanted or 'au moins 2'} argument(s).", word=op, path=path)
        if op in FOLDS:
            return folding(op, self.value(args[0], f"{path}/args/0"), path)
        if op in ARITHMETIC:
            return calculation(op, self._values(args, f"{path}/args"), path)
        return Value(Kind.FLAG, f"le résultat de «\u202f{op}\u202f»", self._predicate(op, args, node, path))

    def _predicate(self, op: str, args: list[Any], node: dict[str, Any], path: str) -> ColumnElement[bool]:
        if op in ("and", "or"):
            join = sa.and_ if op == "and" else sa.or_
            return join(*(self.condition(part, place) for part, place in operands(node, path)))
        if op == "not":
            return sa.not_(self.condition(args[0], f"{path}/args/0"))
        if op in spatial.RELATIONS:
            return spatial.relation(op, args, self.properties, self.crs, path)
        if op in temporal.RELATIONS:
            return temporal.relation(op, args, self.properties, path)
        if op == "in":
            if not isinstance(args[1], list) or not args[1]:
                raise BadFilter("IN attend une liste, par exemple ('44', '49').", word=op, path=path)
            items = self._values(args[1], f"{path}/args/1")
            return predicates.member(self._value_apart(args[0], f"{path}/args/0"), items, path)
        values = self._values(args, f"{path}/args")
        if op == "isnull":
            return values[0].sql.is_(None)
        if op == "between":
            return predicates.between(values, path)
        if op == "like":
            return predicates.like(values[0], values[1], args[1], path)
        return predicates.comparison(op, values[0], values[1], path)

    def _values(self, nodes: list[Any], path: str) -> list[Value]:
        return [self._value_apart(node, f"{path}/{rank}") for rank, node in enumerate(nodes)]

    def _value_apart(self, node: Any, path: str) -> Value:
        """A value as an operand: a condition goes between parentheses, where SQLAlchemy puts none after a NOT."""
        value = self.value(node, path)
        if value.kind is Kind.FLAG and value.column is not None:
            return replace(value, column=Grouping(value.column))
        return value
