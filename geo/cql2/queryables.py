"""What of a layer may be named in a filter: its properties and its geometry, each with its type and its column."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from geoalchemy2 import Geometry
from sqlalchemy import ColumnElement, Label

from geo.layers import Rows


class Kind(StrEnum):
    """The type of a value in a filter, as people are told of it."""

    TEXT = "un texte"
    INTEGER = "un nombre entier"
    NUMBER = "un nombre"
    FLAG = "un booléen"
    DAY = "une date"
    INSTANT = "un instant"
    GEOMETRY = "une géométrie"

    @property
    def numeric(self) -> bool:
        """Whether it can be computed with."""
        return self in (Kind.INTEGER, Kind.NUMBER)


@dataclass(frozen=True)
class Queryable:
    """A property that filters may name: its type and its column in the layer.

    `srid` is the system that a geometry is stored in. `hint` makes, for some texts, a condition that holds wherever the
    property is one of them and that an index serves: for a property that is computed.
    """

    name: str
    kind: Kind
    column: ColumnElement[Any]
    srid: int = 4326
    hint: Callable[[Sequence[str]], ColumnElement[bool]] | None = None


Queryables = Mapping[str, Queryable]


def queryables(rows: Rows) -> dict[str, Queryable]:
    """Return what may be named in a filter of a layer: all its columns whose type a filter can compare.

    A condition on them is added to the same select by `where`. Raises ValueError for a column without a type.
    """
    found = {}
    for named in rows.selected_columns:
        column = named.element if isinstance(named, Label) else named
        if isinstance(column.type, Geometry):
            found[named.name] = Queryable(named.name, Kind.GEOMETRY, column, column.type.srid)
        elif (typed := _typed(named.name, column)) is not None:
            found[named.name] = Queryable(named.name, *typed)
    return found


def _typed(name: str, column: ColumnElement[Any]) -> tuple[Kind, ColumnElement[Any]] | None:
    """The type of a column and the column as it is compared; None for what filters do not compare (JSON, lists)."""
    match column.type:
        case sa.Enum():  # PostgreSQL compares an enumeration with no text
            return Kind.TEXT, sa.cast(column, sa.Text)
        case sa.String():
            return Kind.TEXT, column
        case sa.Integer():
            return Kind.INTEGER, column
        case sa.REAL():  # 0.1 in single precision is not 0.1 in double: what is compared is what is written
            return Kind.NUMBER, sa.cast(sa.cast(column, sa.Text), sa.Double)
        case sa.Numeric() | sa.Float():
            return Kind.NUMBER, column
        case sa.Boolean():
            return Kind.FLAG, column
        case sa.DateTime():
            return Kind.INSTANT, column
        case sa.Date():
            return Kind.DAY, column
        case sa.types.NullType():
            raise ValueError(f"column {name} has no type")
    return None
