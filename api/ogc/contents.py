"""What addresses answer with, where the application does not know it: types of documents, for both descriptions."""

from typing import Any

from geo.formats.media_types import FORMATS, HTML

TILE = ("application/vnd.mapbox-vector-tile",)
SCHEMA = ("application/schema+json",)
RECORD = (FORMATS[0].essence,)
ITEMS = tuple(form.essence for form in FORMATS)
# By how an address ends; the first that fits. Any other answers with JSON.
CONTENTS: dict[str, tuple[str, ...]] = {
    "/description": ("application/vnd.oai.openapi+json;version=3.0",),
    "/queryables": SCHEMA,
    "/schema": SCHEMA,
    "/sortables": SCHEMA,
    "/catalogue/items": RECORD,
    "/catalogue/items/{identifier}": RECORD,
    "/items": ITEMS,
    "/items/{code}": ITEMS,
    "/style.json": ("application/vnd.mapbox.style+json",),
    "/archive.pmtiles": ("application/vnd.pmtiles",),
    "/{tileCol}": TILE,
    "/{y}.mvt": TILE,
    "/tilejson.json": ("application/json",),
    "/tiles/{tileMatrixSetId}": ("application/json", "application/vnd.mapbox.tile+json"),
    "/{identifier}.qlr": ("application/x-qgis-layer-definition",),
    "/{sprite}": ("application/json", "image/png"),
    "/values": ("application/json", "text/csv"),
}


def tell(described: dict[str, Any]) -> None:
    """Put in the description that the application makes what each address of the interface answers with."""
    for path, methods in described["paths"].items():
        if path.startswith("/api"):
            for operation in methods.values():
                operation["responses"]["200"]["content"] = _contents(path, operation)


def _contents(path: str, operation: dict[str, Any]) -> dict[str, Any]:
    ends = (types for end, types in CONTENTS.items() if path.endswith(end))
    told: dict[str, Any] = {kind: {"schema": {}} for kind in next(ends, ("application/json",))}
    words = (one["schema"] for one in operation.get("parameters", ()) if one["name"] == "f")
    if any(HTML.name in word.get("enum", ()) or _among(word) for word in words):
        told[HTML.essence] = {"schema": {"type": "string"}}
    return told


def _among(word: dict[str, Any]) -> bool:
    return any(HTML.name in part.get("enum", ()) for part in word.get("anyOf", ()))
