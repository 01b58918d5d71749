"""The pages that people read of what programs are given: same addresses, same content, complete without JavaScript."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import sqlalchemy as sa
from fastapi import Request
from starlette.responses import Response

from api.ogc import conformance
from api.ogc.collected import Collected
from api.ogc.describing import Description
from api.ogc.relations import Link
from api.ogc.representing import address_of, varied
from api.pages.french import exact, listing, number
from api.pages.rows import sort_key
from api.pages.selection import MAPPED
from api.pages.site import page
from boundaries.levels import LABELS
from geo.formats.crs import SYSTEMS
from geo.formats.jsonschema import GEOMETRY
from geo.formats.layer import Field, Kind, Layer, typed
from geo.formats.media_types import FORMATS, GEOJSON

KEY = "identifies"
PAGE = 100  # features of a page that people read, where they do not say how many
KINDS = {
    Kind.TEXT: "texte",
    Kind.INTEGER: "nombre entier",
    Kind.NUMBER: "nombre",
    Kind.FLAG: "vrai ou faux",
    Kind.DAY: "date",
    Kind.INSTANT: "instant",
}
SCHEMAS = {
    "queryables": (
        "Ce qu’un filtre peut nommer",
        "Les propriétés qu’un filtre, ou un paramètre de même nom, compare.",
    ),
    "schema": ("Propriétés", "Ce que dit chaque objet, dans toutes les représentations."),
    "sortables": ("Ce qui peut ordonner", "Les propriétés que prend sortby."),
}
STANDARDS = {
    conformance.FEATURES_1: "Objets, partie 1 : le socle (OGC API Features)",
    conformance.FEATURES_2: "Objets, partie 2 : les systèmes de coordonnées",
    conformance.FEATURES_3: "Objets, partie 3 : les filtres",
    conformance.FEATURES_5: "Objets, partie 5 : les schémas",
    conformance.FEATURES_6: "Objets, partie 6 : le choix des propriétés (projet de norme)",
    conformance.FEATURES_8: "Objets, partie 8 : l’ordre (projet de norme)",
    conformance.CQL2: "Langage de filtre CQL2",
    conformance.RECORDS: "Notices, partie 1 : le catalogue (OGC API Records)",
    conformance.TILES: "Tuiles, partie 1 : le socle (OGC API Tiles)",
    conformance.GRIDS: "Grilles de tuiles",
}


def landing_page(request: Request, links: Sequence[Link], api: str) -> Response:
    """Return what the interface is, and how software is connected to it."""
    kept = {one["href"]: one for one in reversed(links) if one["rel"] not in ("self", "alternate")}
    return _page(request, "accueil", liens=list(reversed(kept.values())), api=api)


def conformance_page(request: Request, classes: Sequence[str]) -> Response:
    """Return the classes that the interface conforms to, standard by standard."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for uri in classes:
        prefix = f"{uri.rpartition('/')[0]}/"
        groups.setdefault(STANDARDS.get(prefix, prefix), []).append((uri.rpartition("/")[2], uri))
    return _page(request, "conformite", groupes=groups)


def service_page(request: Request, native: Mapping[str, Any], api: str) -> Response:
    """Return how items are asked for: each parameter, and what it takes."""
    get = native["paths"]["/api/collections/{collection}/items"]["get"]
    told = [(one["name"], one.get("description", "")) for one in get["parameters"] if one["in"] == "query"]
    return _page(request, "service", parametres=told, formats=FORMATS, systemes=SYSTEMS, api=api)


def collections_page(request: Request, listed: Sequence[Description], api: str) -> Response:
    """Return all the collections: the territories, then the indicators theme by theme."""
    themes: dict[str, list[Description]] = {}
    for one in listed:
        if one.collected.sheet is not None:
            themes.setdefault(one.collected.sheet.theme, []).append(one)
    groups = {"Territoires": [one for one in listed if one.collected.sheet is None]}
    groups |= {theme: themes[theme] for theme in sorted(themes, key=sort_key)}
    return _page(request, "collections", groupes={title: own for title, own in groups.items() if own}, api=api)


def collection_page(request: Request, one: Description, body: Mapping[str, Any]) -> Response:
    """Return a collection: what it is, its files, its properties."""
    sheet = one.collected.sheet
    mapped = sheet is not None and any(level in MAPPED for level in one.levels)
    return _page(
        request,
        "collection",
        une=one,
        corps=body,
        niveaux=listing([LABELS[level][1] for level in one.levels or (one.level,)]),
        carte=f"indicateur={sheet.id}" if sheet is not None and mapped else None,
        emprises=[", ".join(exact(round(number, 2)) for number in box) for box in one.extent.boxes],
        fichiers=[
            link
            for link in body["links"]
            if (link["rel"] == "items" and "f=html" not in link["href"])
            or (link["rel"] == "alternate" and not link["type"].endswith(("html", "json")))
        ],
        programmes=[link for link in body["links"] if link["type"].endswith("json") and link["rel"] != "items"],
        proprietes=_properties(one.layer.fields),
    )


def schema_page(request: Request, collected: Collected, layer: Layer, name: str, shaped: bool) -> Response:
    """Return what the features of a collection have, what a filter may name, or what may order them."""
    title, text = SCHEMAS[name]
    told = _properties(layer.fields)
    if shaped:
        told.append(
            {"nom": GEOMETRY, "titre": "Contour", "type": "géométrie", "unite": "", "texte": "", "codes": []}
        )
    query = urlencode([one for one in request.query_params.multi_items() if one[0] != "f"])
    return _page(
        request,
        "schema",
        titre=title,
        texte=text,
        une=collected,
        couche=layer,
        proprietes=told,
        nom=name,
        demande=query,
    )


def items_page(
    request: Request,
    collected: Collected,
    layer: Layer,
    rows: Sequence[sa.Row[Any]],
    links: Sequence[Link],
    matched: int | None,
) -> Response:
    """Return a page of items; `rows` are those of `shown`, `links` those of GeoJSON, `matched` how many there are."""
    following = {one["rel"]: one["href"] for one in links if one["rel"] in ("next", "prev", "first")}
    query = [
        (name, value)
        for name, value in parse_qsl(urlsplit(str(request.url)).query, keep_blank_values=True)
        if name not in ("f", "limit", "offset", "cursor")
    ]
    base = str(request.url).split("?", 1)[0]
    files = [(form.title, f"{base}?{urlencode([*query, ('f', form.name)])}") for form in FORMATS]
    return _page(
        request,
        "elements",
        une=collected,
        couche=layer,
        champs=layer.fields,
        lignes=[_cells(row, layer) for row in rows],
        codes=[getattr(row, KEY) for row in rows],
        suites=following,
        fichiers=files,
        total=matched,
        base=base,
        demande=urlencode(
            [one for one in query if one[0] in ("millesime", "datetime", "level", "period", "indicator", "as_of")]
        ),
        collection=f"{address_of(request)}/collections/{collected.id}",
    )


def item_page(request: Request, collected: Collected, layer: Layer, row: sa.Row[Any]) -> Response:
    """Return one item: its properties, and its files."""
    base = str(request.url).split("?", 1)[0]
    query = [one for one in request.query_params.multi_items() if one[0] != "f"]
    return _page(
        request,
        "element",
        une=collected,
        couche=layer,
        titre=getattr(row, "nom", getattr(row, KEY)),
        faits=list(zip([field.heading for field in layer.fields], _cells(row, layer), strict=True)),
        geojson=f"{base}?{urlencode([*query, ('f', GEOJSON.name)])}",
        collection=f"{address_of(request)}/collections/{collected.id}",
    )


def shown(layer: Layer) -> sa.Select[Any]:
    """Return the properties of a layer in its order, without the geometry, then what identifies each feature."""
    rows = layer.rows.subquery("rows")
    told = [typed(rows.c[one.name], one.kind).label(one.name) for one in layer.fields]
    return sa.select(*told, rows.c[layer.key].label(KEY))


def _page(request: Request, name: str, **values: Any) -> Response:
    return varied(page(request, f"ogc/{name}.html", rubrique="api", **values))


def _cells(row: sa.Row[Any], layer: Layer) -> list[str]:
    return [_written(getattr(row, field.name), field) for field in layer.fields]


def _properties(fields: Sequence[Field]) -> list[dict[str, Any]]:
    """Return what people read of some fields; codes and a definition that several have are told once."""
    told: dict[tuple[str, ...], str] = {}
    listed = []
    for field in fields:
        codes = tuple(field.labels)
        first = told.setdefault((field.description, *codes), field.name)
        texts = (
            [field.description] if first == field.name or not (field.description or codes) else [f"Comme {first}."]
        )
        listed.append(
            {
                "nom": field.name,
                "titre": field.title,
                "type": KINDS[field.kind],
                "unite": field.unit,
                "texte": " ".join(text for text in texts if text),
                "codes": list(field.labels.items()) if first == field.name else [],
            }
        )
    return listed


def _written(value: Any, field: Field) -> str:
    """Return a value as people read it; nothing where there is none: the status beside it says why."""
    if value is None:
        return ""
    if field.labels:
        code = f"{value:g}" if isinstance(value, float) else str(value)
        return field.labels.get(code, code)
    if not isinstance(value, float):
        return str(value)
    return exact(value) if field.decimals is None else number(value, field.decimals)
