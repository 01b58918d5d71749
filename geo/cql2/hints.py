"""What helps the database to find what a filter keeps, and changes nothing of it."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement

from geo.cql2.queryables import Queryables
from geo.cql2.reading import operands


def hints(tree: Any, properties: Queryables) -> Iterator[ColumnElement[bool]]:
    """Give conditions that hold wherever a filter does, for each property that must be one of some texts.

    Only what the whole filter is a conjunction of is looked at: under NOT or OR, nothing is implied.
    """
    parts = operands(tree) if isinstance(tree, dict) and tree.get("op") == "and" else [(tree, "")]
    for part, _ in parts:
        name, texts = _equality(part)
        hint = properties[name].hint if name in properties else None
        if hint is not None:
            yield hint(texts)


def _equality(node: Any) -> tuple[str, list[str]]:
    """The property that a node states to be one of some texts, and these; or nothing."""
    match node:
        case {"op": "=", "args": [{"property": str(name)}, str(text)] | [str(text), {"property": str(name)}]}:
            return name, [text]
        case {"op": "in", "args": [{"property": str(name)}, [*texts]]} if all(
            isinstance(one, str) for one in texts
        ):
            return name, texts
    return "", []
