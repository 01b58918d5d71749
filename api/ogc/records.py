"""The catalogue as OGC API Records has it (20-004r1): a record for each collection, and what the catalogue is itself."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC
from typing import Any
from urllib.parse import urlencode

import orjson

from api.ogc.collected import Collected
from api.ogc.describing import LICENCES, Described, Description
from api.ogc.packs import pack_link
from api.ogc.relations import REL, Link, link
from boundaries.extents import Box
from boundaries.levels import LABELS
from geo.formats.crs import CRS84
from geo.formats.media_types import FORMATS, GEOJSON, GEOPACKAGE
from indicators.releases import Shown

CATALOGUE = "catalogue"
TITLE = "Catalogue des indicateurs et des territoires"
DESCRIPTION = (
    "Une notice pour chaque indicateur et pour chaque niveau de territoire\u202f: ce que c’est, de quelles années, de quel "
    "producteur, sous quelle licence, et où le lire."
)
DATASET = "dataset"
CLASS = "http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/"
TILES = "application/vnd.mapbox-vector-tile"
SPDX = {"Licence Ouverte 2.0": "etalab-2.0", "ODbL 1.0": "ODbL-1.0"}
FRENCH = {"code": "fr", "name": "français", "dir": "ltr"}
TERRITORY = "Territoire"
Record = dict[str, Any]
_YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")


def catalogue_document(api: str, described: Sequence[Description]) -> dict[str, Any]:
    """Return the catalogue of what is described, as a collection; `api` is the address of the interface."""
    base = f"{api}/collections/{CATALOGUE}"
    return {
        "id": CATALOGUE,
        "type": "Collection",
        "itemType": "record",
        "title": TITLE,
        "description": DESCRIPTION,
        "language": FRENCH,
        "keywords": ["indicateurs", "territoires", "statistiques"],
        "conformsTo": [f"{CLASS}record-collection", f"{CLASS}searchable-catalog"],
        "extent": _extent(described),
        "crs": [CRS84.uri],
        "itemCount": len(described),
        "links": [
            link("self", base, "application/json", TITLE),
            link("alternate", f"{base}?f=html", "text/html", f"{TITLE}, page"),
            link("items", f"{base}/items", GEOJSON.essence, "Les notices"),
            link("items", f"{base}/items?f=html", "text/html", "Les notices, page"),
        ],
    }


def recorded(found: Described) -> list[Description]:
    """Return the collections that have a record: a level at which nothing is loaded is none that people may look for."""
    return [one for one in found.collections.values() if one.collected.sheet is not None or one.extent.count]


def landing_links(api: str) -> list[Link]:
    """Return the link by which the landing page leads to the catalogue."""
    return [link(f"{REL}ogc-catalog", f"{api}/collections/{CATALOGUE}", "application/json", TITLE)]


def record_of(one: Description, api: str, publisher: str, series: Shown | None) -> Record:
    """Return the record of a collection.

    `publisher` names the observatory; `series` is that of the last period: its digest, by which the record leads to the
    passports of its values, and when it was published.
    """
    sheet, layer = one.collected.sheet, one.layer
    producer = layer.source if sheet is None else sheet.producer
    properties: dict[str, Any] = {
        "type": DATASET,
        "title": one.collected.title,
        "description": one.text,
        "keywords": _keywords(one),
        "language": FRENCH,
        "themes": [
            {"concepts": [{"id": TERRITORY if sheet is None else sheet.theme}], "scheme": f"{api}/indicators"}
        ],
        "externalIds": [_external(one.collected)],
        "contacts": [
            {"organization": producer, "roles": ["producer"]},
            {"organization": publisher, "roles": ["publisher"]},
        ],
        "formats": [
            *({"name": form.title, "mediaType": form.essence} for form in FORMATS),
            {"name": "Tuiles vectorielles", "mediaType": TILES},
        ],
        "rights": ", ".join(part for part in (layer.licence, layer.source) if part),
    }
    if layer.licence in SPDX:
        properties["license"] = SPDX[layer.licence]
    if series is not None:
        properties["updated"] = series.published_at.astimezone(UTC).isoformat(timespec="seconds")
    record = {
        "id": one.collected.id,
        "type": "Feature",
        "conformsTo": [f"{CLASS}record-core"],
        "time": time_of(one),
        "geometry": geometry_of(one.extent.parts),
        "properties": properties,
        "links": _links(one, api),
    }
    if series is not None:
        record["linkTemplates"] = [_passports(one, api, series.digest)]
    return record


def records_document(found: Sequence[Record], matched: int, links: Sequence[Link], more: dict[str, Any]) -> bytes:
    """Return the bytes of a page of records; `more` are other members of the collection."""
    head = {"type": "FeatureCollection", "numberMatched": matched, "numberReturned": len(found)}
    return orjson.dumps({**head, "links": list(links), **more, "features": list(found)})


def time_of(one: Description) -> dict[str, Any] | None:
    """Return the days that a collection is about: the years of its periods, or of its geographies up to now."""
    if one.collected.sheet is None:
        return {"interval": [f"{one.millesimes[0]}-01-01", ".."], "resolution": "P1Y"}
    years = [year for period in one.periods for year in _YEAR.findall(period)]
    if not years:
        return None
    return {"interval": [f"{min(years)}-01-01", f"{max(years)}-12-31"], "resolution": "P1Y"}


def geometry_of(parts: Iterable[Box]) -> dict[str, Any] | None:
    """Return the rectangles around the parts of France that a collection covers; None where it draws nothing."""
    rings = [
        [[(west, south), (east, south), (east, north), (west, north), (west, south)]]
        for west, south, east, north in parts
    ]
    if not rings:
        return None
    if len(rings) == 1:
        return {"type": "Polygon", "coordinates": rings[0]}
    return {"type": "MultiPolygon", "coordinates": rings}


def _extent(described: Sequence[Description]) -> dict[str, Any]:
    """Return the extent of all that is described: the boxes around every collection, and the first and last days."""
    found: dict[str, Any] = {}
    widest = max(described, key=lambda one: one.extent.count, default=None)
    if widest is not None and widest.extent.parts:
        found["spatial"] = {"bbox": widest.extent.boxes, "crs": CRS84.uri}
    starts = [held["interval"][0] for one in described if (held := time_of(one)) is not None]
    if starts:
        found["temporal"] = {"interval": [[f"{min(starts)}T00:00:00Z", None]]}
    return found


def _keywords(one: Description) -> list[str]:
    sheet = one.collected.sheet
    if sheet is None:
        return [TERRITORY, "contours", *(f"géographie {year}" for year in one.millesimes)]
    levels = [LABELS[level][1] for level in one.levels]
    words = [sheet.theme, sheet.short_label, sheet.nature.rules.label, sheet.producer, *levels]
    return list({word.casefold(): word for word in reversed(words)}.values())[::-1]


def _external(collected: Collected) -> dict[str, str]:
    if collected.sheet is not None:
        return {"scheme": "indicateur", "value": collected.sheet.id}
    return {"scheme": "niveau", "value": str(collected.level)}


def _links(one: Description, api: str) -> list[Link]:
    collected, title = one.collected, one.collected.title
    base, own = f"{api}/collections/{collected.id}", f"{api}/collections/{CATALOGUE}"
    found = [
        link("self", f"{own}/items/{collected.id}", GEOJSON.essence, title),
        link("alternate", f"{own}/items/{collected.id}?f=html", "text/html", f"{title}, page"),
        link("collection", own, "application/json", TITLE),
        link("describes", base, "application/json", "La collection"),
        link("items", f"{base}/items", GEOJSON.essence, GEOJSON.title),
        link("enclosure", f"{base}/items?f={GEOPACKAGE.name}", GEOPACKAGE.essence, f"Tout, en {GEOPACKAGE.title}"),
        link(f"{REL}tilesets-vector", f"{base}/tiles", "application/json", "Tuiles vectorielles"),
    ]
    if one.layer.licence in LICENCES:
        found.append(link("license", LICENCES[one.layer.licence], "application/pdf", one.layer.licence))
    if collected.sheet is not None:
        sheet = collected.sheet.id
        page = f"{api.removesuffix('/api')}/cartes?{urlencode({'indicateur': sheet})}"
        found += [
            link("describedby", f"{api}/indicators/{sheet}", "application/json", "La fiche de l’indicateur"),
            link("preview", page, "text/html", "La carte"),
            pack_link("related", api, sheet),
        ]
    return found


def _passports(one: Description, api: str, digest: str) -> dict[str, Any]:
    return {
        "rel": "describedby",
        "title": f"Le passeport d’une valeur, {one.periods[-1]}",
        "type": "application/json",
        "uriTemplate": f"{api}/passports/{digest}:{{level}}:{{code}}",
        "variables": {
            "level": {"type": "string", "enum": [level.value for level in one.levels]},
            "code": {"type": "string", "description": "Code du territoire dans la géographie de la collection"},
        },
    }
