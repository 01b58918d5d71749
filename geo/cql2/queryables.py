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


JSON_TYPES: dict[Kind, dict[str, str]] = {
    Kind.TEXT: {"type": "string"},
    Kind.INTEGER: {"type": "integer"},
    Kind.NUMBER: {"type": "number"},
    Kind.FLAG: {"type": "boolean"},
    Kind.DAY: {"type": "string", "format": "date"},
    Kind.INSTANT: {"type": "string", "format": "date-time"},
}


@dataclass(frozen=True)
class Told:
    """What people read of a property; `codes` are the values that there are, where they are few."""

    title: str
    description: str = ""
    unit: str = ""
    codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Queryable:
    """A property that filters may name: its type, its column in the layer, and what people read of it.

    `shape` and `srid` are the type of a geometry and the system that it is stored in. `hint` makes, for some texts, a
    condition that holds wherever the property is one of them and that an index serves: for a property that is computed.
    """

    name: str
    kind: Kind
    column: ColumnElement[Any]
    told: Told
    shape: str = "any"
    srid: int = 4326
    hint: Callable[[Sequence[str]], ColumnElement[bool]] | None = None

    @property
    def schema(self) -> dict[str, Any]:
        """Return its JSON Schema, as OGC API Features parts 3 and 5 want it."""
        told = {"title": self.told.title, "description": self.told.description, "x-ogc-unit": self.told.unit}
        parts: dict[str, Any] = {name: text for name, text in told.items() if text}
        if self.kind is Kind.GEOMETRY:
            return {**parts, "x-ogc-role": "primary-geometry", "format": f"geometry-{self.shape}"}
        return {**parts, **JSON_TYPES[self.kind], **({"enum": list(self.told.codes)} if self.told.codes else {})}


Queryables = Mapping[str, Queryable]


def queryables(rows: Rows, told: Mapping[str, Told] | None = None) -> dict[str, Queryable]:
    """Return what may be named in a filter of a layer: all its columns whose type a filter can compare.

    A condition on them is added to the same select by `where`. Raises ValueError for a column without a type.
    """
    found = {}
    for named in rows.selected_columns:
        column = named.element if isinstance(named, Label) else named
        own = (told or {}).get(named.name, Told(named.name))
        if isinstance(column.type, Geometry):
            shape = (column.type.geometry_type or "GEOMETRY").lower().replace("geometry", "any")
            found[named.name] = Queryable(named.name, Kind.GEOMETRY, column, own, shape, column.type.srid)
        elif (typed := _typed(named.name, column)) is not None:
            found[named.name] = Queryable(named.name, *typed, own)
    return found


def schema(properties: Queryables, address: str, title: str) -> dict[str, Any]:
    """Return the JSON Schema of what may be named, at its own address (OGC API Features part 3, /req/queryables)."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": address,
        "type": "object",
        "title": title,
        "properties": {name: one.schema for name, one in properties.items()},
        "additionalProperties": False,
    }


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
