"""The description of the interface in OpenAPI 3.0, as OGC's clients read it: a path for each collection.

It is made of the application's own description (OpenAPI 3.1), so that what is declared is what there is. QGIS reads
`components.parameters.limit`, and takes for a property every parameter of items that is `form` and not exploded; GDAL
looks for `cql-text` among the languages of filters. What OpenAPI 3.0 does not know of 3.1 is written as it does.
"""

from collections.abc import Mapping
from typing import Any

from api.grammars import MOST_TOGETHER, SYSTEM
from api.layers import period_suffix
from api.ogc.describing import LICENCES, Description
from api.ogc.ordering import MOST_KEYS
from api.ogc.parameters import LONGEST_PAGE, PAGE
from geo.formats.crs import CRS84
from geo.formats.jsonschema import property_schema
from geo.formats.layer import Field
from geo.formats.media_types import FORMATS, HTML

PREFIX = "/api"
ITEMS = "/collections/{collection}/items"
SHEETS = ("/indicators/{identifier}", "/qgis/{identifier}")
FORM = {"style": "form", "explode": False}
SYSTEMS_SCHEMA = {"type": "string", **SYSTEM, "default": CRS84.uri}
LIMIT = 1_000
# What the standards, or the clients, want of a parameter beyond what the application says of it.
PARAMETERS: dict[str, dict[str, Any]] = {
    "limit": {**FORM, "schema": {"type": "integer", "minimum": 1, "default": PAGE, "maximum": LONGEST_PAGE}},
    "bbox": {
        **FORM,
        "schema": {
            "type": "array",
            "items": {"type": "number"},
            "minItems": 4,
            "maxItems": 6,
            "oneOf": [{"minItems": count, "maxItems": count} for count in (4, 6)],
        },
    },
    "datetime": {**FORM},
    "crs": {**FORM, "schema": SYSTEMS_SCHEMA},
    "bbox-crs": {**FORM, "schema": SYSTEMS_SCHEMA},
    "filter-crs": {**FORM, "schema": SYSTEMS_SCHEMA},
    "filter": {**FORM},
    "filter-lang": {**FORM},
    "millesime": {**FORM},
}
VALUED = ("value", "status", "coverage")  # the columns of a period that is asked for
PROBLEM = {
    "description": "Ce qui a été donné, ce qui est accepté",
    "content": {
        "application/problem+json": {
            "schema": {
                "type": "object",
                "required": ["type", "title", "status", "detail"],
                "properties": {
                    "type": {"type": "string"},
                    "title": {"type": "string"},
                    "status": {"type": "integer"},
                    "detail": {"type": "string"},
                },
            }
        }
    },
}
GEOJSON_SCHEMAS: dict[str, Any] = {
    "Feature": {
        "type": "object",
        "required": ["type", "geometry", "properties"],
        "properties": {
            "type": {"type": "string", "enum": ["Feature"]},
            "id": {"type": "string"},
            "geometry": {"type": "object", "nullable": True},
            "properties": {"type": "object", "nullable": True},
        },
    },
    "FeatureCollection": {
        "type": "object",
        "required": ["type", "features"],
        "properties": {
            "type": {"type": "string", "enum": ["FeatureCollection"]},
            "features": {"type": "array", "items": {"$ref": "#/components/schemas/Feature"}},
            "numberReturned": {"type": "integer", "minimum": 0},
            "numberMatched": {"type": "integer", "minimum": 0},
            "links": {"type": "array", "items": {"type": "object"}},
        },
    },
}


def openapi(
    native: Mapping[str, Any], collections: Mapping[str, Description], base: str, title: str
) -> dict[str, Any]:
    """Return the description for clients; `native` is the application's, `base` the address of the interface."""
    paths: dict[str, Any] = {}
    shared: dict[str, Any] = {}
    for path, methods in native["paths"].items():
        if not path.startswith(PREFIX):
            continue
        relative = path.removeprefix(PREFIX) or "/"
        get = methods["get"]
        if not relative.startswith(ITEMS):
            paths[relative] = {"get": _operation(relative, get, collections)}
            continue
        for name, one in collections.items():
            paths[relative.replace("{collection}", name)] = {"get": _of_items(get, name, one, shared)}
    schemas = {
        name: {
            key: part for key, part in lowered(schema).items() if key != "description"
        }  # a docstring, in English
        for name, schema in native.get("components", {}).get("schemas", {}).items()
        if not name.endswith("ValidationError")
    }
    (licence, address), *_ = LICENCES.items()
    return {
        "openapi": "3.0.3",
        "info": {"title": title, "version": "1", "license": {"name": licence, "url": address}},
        "servers": [{"url": base}],
        "paths": paths,
        "components": {
            "parameters": shared,
            "schemas": schemas | GEOJSON_SCHEMAS,
            "responses": {"probleme": PROBLEM},
        },
    }


def lowered(node: Any) -> Any:
    """Return a JSON Schema of OpenAPI 3.1 as 3.0 writes it; a parameter that may be absent is not null for that.

    >>> lowered({"anyOf": [{"type": "integer", "exclusiveMinimum": 0}, {"type": "null"}], "title": "N"})
    {'title': 'N', 'type': 'integer', 'minimum': 0, 'exclusiveMinimum': True}
    >>> lowered({"const": "a"}), lowered({"type": ["string", "null"]})
    ({'enum': ['a']}, {'type': 'string', 'nullable': True})
    """
    if isinstance(node, list):
        return [lowered(part) for part in node]
    if not isinstance(node, dict):
        return node
    found = {name: lowered(part) for name, part in node.items() if name not in ("examples", "$schema")}
    if "anyOf" in found:
        kept = [part for part in found.pop("anyOf") if part != {"type": "null"}]
        found |= kept[0] if len(kept) == 1 else {"anyOf": kept}
    if "const" in found:
        found["enum"] = [found.pop("const")]
    if isinstance(found.get("type"), list):
        kinds = [kind for kind in found["type"] if kind != "null"]
        found |= {"type": kinds[0], "nullable": len(kinds) < len(found["type"])}
    for side in ("Minimum", "Maximum"):
        bound = found.get(f"exclusive{side}")
        if isinstance(bound, int | float) and not isinstance(bound, bool):
            del found[f"exclusive{side}"]
            found |= {side.lower(): bound, f"exclusive{side}": True}
    return found


def _operation(relative: str, get: Mapping[str, Any], collections: Mapping[str, Description]) -> dict[str, Any]:
    parameters = [_parameter(one) for one in get.get("parameters", [])]
    for one in parameters:
        one |= _known(one["name"], collections)
        if relative.startswith(SHEETS):
            one |= _example(one, collections)
    found = lowered(get["responses"]["200"])
    return _answered(get, get["operationId"], parameters, found)


def _of_items(get: Mapping[str, Any], name: str, one: Description, shared: dict[str, Any]) -> dict[str, Any]:
    """Return what is asked of the items of a collection, or of one of them: what all share, and its own properties."""
    parameters: list[dict[str, Any]] = []
    single = any(given["name"] == "code" for given in get["parameters"])
    known = set()
    useless = ("collection", "period") if one.collected.sheet is None else ("collection", "indicator")
    for given in get["parameters"]:
        if given["name"] in useless:
            continue
        known.add(given["name"])
        made = _item_parameter(given)
        own = _own(made["name"], one)
        if own is not None:
            parameters.append(_shared(made | own, f"{name}.", shared))
        else:
            parameters.append(_shared(made, "item." if single else "", shared))
    if not single:
        parameters += [_queryable(own, name, one, shared) for own in one.layer.fields if own.name not in known]
    kind = "Feature" if single else "FeatureCollection"
    contents: dict[str, Any] = {
        form.essence: {"schema": {"type": "string", "format": "binary"}} for form in FORMATS
    }
    contents[HTML.essence] = {"schema": {"type": "string"}}
    contents[FORMATS[0].essence] = {"schema": {"$ref": f"#/components/schemas/{kind}"}}
    found = {"description": one.collected.title, "content": contents}
    told = {**get, "summary": f"{one.collected.title}\u202f: {get['summary']}"}
    return _answered(told, f"{name}.{kind}", parameters, found)


def _known(name: str, collections: Mapping[str, Description]) -> dict[str, Any]:
    """Return what is said of a parameter that names collections."""
    names = {"type": "string", "enum": list(collections)}
    if name == "collection" and collections:
        return {"schema": names}
    if name == "collections" and collections:
        return {**FORM, "schema": {"type": "array", "items": names, "minItems": 1, "maxItems": MOST_TOGETHER}}
    return {}


def _example(parameter: Mapping[str, Any], collections: Mapping[str, Description]) -> dict[str, Any]:
    """Return an example of what a parameter of an indicator must be: something that is published."""
    for one in collections.values():
        if one.collected.sheet is not None and parameter["required"]:
            told = {"identifier": one.collected.sheet.id, "period": one.periods[-1], "level": one.level}
            return {"example": told[parameter["name"]]} if parameter["name"] in told else {}
    return {}


def _own(name: str, one: Description) -> dict[str, Any] | None:
    """Return what a parameter is for the items of a collection alone; None for one that is the same for all."""
    columns = [field.name for field in one.layer.fields]
    columns += [f"{kind}_{period_suffix(period)}" for period in one.elsewhere for kind in VALUED[:2]]
    columns += VALUED
    match name:
        case "level":
            return {"schema": {"type": "string", "enum": list(one.levels or (one.level,))}}
        case "properties":
            names: dict[str, Any] = {"type": "string", "enum": columns}
            return {**FORM, "schema": {"type": "array", "items": names, "minItems": 1}}
        case "sortby":
            names = {"type": "string", "pattern": f"^[+-]?(?:{'|'.join(columns)})$"}
            return {**FORM, "schema": {"type": "array", "items": names, "minItems": 1, "maxItems": MOST_KEYS}}
    return None


def _answered(
    get: Mapping[str, Any], name: str, parameters: list[dict[str, Any]], found: dict[str, Any]
) -> dict[str, Any]:
    return {
        "tags": get.get("tags", []),
        "summary": get.get("summary", ""),
        "operationId": name,
        "parameters": parameters,
        "responses": {"200": found, "default": {"$ref": "#/components/responses/probleme"}},
    }


def _item_parameter(given: Mapping[str, Any]) -> dict[str, Any]:
    made = _parameter(given)
    more = PARAMETERS.get(made["name"], {})
    schema = made["schema"]
    if "schema" in more:
        # the bounds and the default that the application checks stand, whatever is added
        schema = more["schema"] | {
            name: part for name, part in schema.items() if name in ("maximum", "minimum", "default")
        }
    return made | more | {"schema": schema}


def _parameter(given: Mapping[str, Any]) -> dict[str, Any]:
    schema = {
        name: part for name, part in lowered(given["schema"]).items() if name not in ("title", "description")
    }
    made = {name: given[name] for name in ("name", "in", "description", "style", "explode") if name in given}
    return made | {"required": given.get("required", False), "schema": schema}


def _shared(made: dict[str, Any], prefix: str, shared: dict[str, Any]) -> dict[str, Any]:
    name = f"{prefix}{made['name']}"
    shared[name] = made
    return {"$ref": f"#/components/parameters/{name}"}


def _queryable(own: Field, name: str, one: Description, shared: dict[str, Any]) -> dict[str, Any]:
    """Return the parameter that keeps the features of which a property has a value."""
    # A code that no feature has keeps none of them: it is not refused.
    schema = {key: part for key, part in property_schema(own).items() if key in ("type", "format")}
    made = {
        "name": own.name,
        "in": "query",
        "description": own.heading,
        "required": False,
        **FORM,
        "schema": schema,
    }
    prefix = f"{name}." if one.collected.sheet is not None and own.name.startswith(("value", "status")) else ""
    return _shared(made, prefix, shared)
