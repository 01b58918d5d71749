"""A layer as a JSON Schema, as OGC API Features part 5 has them: what its features are, what may be asked of them."""

from typing import Any

from geo.formats.layer import Field, Kind, Layer
from geo.formats.units import ucum

DIALECT = "https://json-schema.org/draft/2020-12/schema"
GEOMETRY = "geom"
TYPES: dict[Kind, dict[str, str]] = {
    Kind.TEXT: {"type": "string"},
    Kind.INTEGER: {"type": "integer"},
    Kind.NUMBER: {"type": "number"},
    Kind.FLAG: {"type": "boolean"},
    Kind.DAY: {"type": "string", "format": "date"},
    Kind.INSTANT: {"type": "string", "format": "date-time"},
}


def schema(layer: Layer, address: str, *, shaped: bool = True) -> dict[str, Any]:
    """Return the JSON Schema of the features of a layer, at its own address; `shaped`: with their geometry.

    Properties that are not there are refused, and none can be written. Units are those of UCUM; a code says what it means.
    """
    properties = {one.name: property_schema(one) for one in layer.fields}
    properties[layer.key]["x-ogc-role"] = "id"
    if shaped:
        properties[GEOMETRY] = {
            "title": "Contour",
            "readOnly": True,
            "x-ogc-role": "primary-geometry",
            "format": f"geometry-{layer.geometry.lower()}",
        }
    for rank, one in enumerate(properties.values(), 1):
        one["x-ogc-propertySeq"] = rank
    return {
        "$schema": DIALECT,
        "$id": address,
        "type": "object",
        "title": layer.title,
        **({"description": layer.description} if layer.description else {}),
        "properties": properties,
        "additionalProperties": False,
    }


def property_schema(one: Field) -> dict[str, Any]:
    """Return the JSON Schema of a field.

    >>> property_schema(Field("part", "Part", Kind.NUMBER, "%"))
    {'title': 'Part (%)', 'type': 'number', 'x-ogc-unit': '%', 'readOnly': True}
    """
    told: dict[str, Any] = {"title": one.heading}
    if one.description:
        told["description"] = one.description
    told |= TYPES[one.kind]
    if one.unit and not one.labels:  # a code has no unit
        told["x-ogc-unit"] = ucum(one.unit)
    if one.labels:
        codes = [(_code(code, one.kind), label) for code, label in one.labels.items()]
        told["enum"] = [code for code, _ in codes]
        told["oneOf"] = [{"const": code, "title": label} for code, label in codes]
    return told | {"readOnly": True}


def _code(text: str, kind: Kind) -> str | int:
    return int(text) if kind in (Kind.INTEGER, Kind.NUMBER) else text
