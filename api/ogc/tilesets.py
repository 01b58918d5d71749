"""Which tiles are those of a collection: its level, millesime and series, and how its sets are described.

The descriptions follow OGC API Tiles part 1 (20-057) and Tile Matrix Set 2.0 (17-083r4).
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa

from api.dependencies import Series
from api.grammars import MOST_TOGETHER
from api.ogc.asked import wanted_of
from api.ogc.collected import LEVELS, Collected, collection_of
from api.ogc.relations import REL, Link, link
from api.ogc.tiling import MEDIA_TYPE, TileSet, box_of, limited, limits_of, version_of
from api.ogc.times import Times
from api.pages.extent import CREDITS
from api.versions import Versions
from boundaries.layers import DETAILS, centres_of, said
from boundaries.levels import LABELS, Level
from geo.errors import Conflict, Invalid, NotFound
from geo.grids import GRIDS, WEB_MERCATOR_QUAD, Grid
from indicators import published
from indicators.catalogue import Indicator, catalogue
from indicators.natures import Form
from indicators.published import Held
from indicators.statuses import LABELS as STATUS_LABELS

TILESETS, SCHEME, SCHEMES = f"{REL}tilesets-vector", f"{REL}tiling-scheme", f"{REL}tiling-schemes"
ARCHIVE = "application/vnd.pmtiles"
TILEJSON = "application/vnd.mapbox.tile+json"
TOGETHER = (
    "communes",
    "epci",
    "departements",
    "regions",
)  # what the tiles of everything show, unless told otherwise
TITLES = {
    "code": "Code officiel",
    "nom": "Nom",
    "departement": "Département, ou départements",
    "region": "Région, ou régions",
    "epci": "EPCI à fiscalité propre",
    "status": "Statut de la valeur",
}


def quick_set(
    now: Versions, name: str, millesime: int | None, level: str | None, period: str | None
) -> TileSet | None:
    """Return the set of a collection if the snapshot of versions is enough to know it: nothing else is read.

    It is for a collection of a level, and for that of an indicator whose millesime, level and period are all said, as
    descriptions write them. None for anything else, and for what there is nothing of: `tile_set` knows why.
    """
    own = LEVELS.get(name)
    if own is not None:
        year = max(now.outlined, default=0) if millesime is None else millesime
        drawn = now.drawn.get((year, own))
        return TileSet(name, own, year, drawn) if drawn and level is None and period is None else None
    indicator = name.removeprefix("indicateur-") if name.removeprefix("indicateur-") in LEVELS else name
    if millesime is None or level is None or period is None:
        return None
    series = now.series.get((indicator, period, millesime))
    if series is None or level not in series.levels:
        return None
    drawn = now.drawn.get((millesime, Level(level)))
    sheet = catalogue().get(indicator)
    return _valued(name, Level(level), millesime, drawn, series, sheet) if drawn and sheet else None


def tile_set(
    conn: sa.Connection,
    now: Versions,
    name: str,
    millesime: int | None = None,
    level: Level | None = None,
    period: str | None = None,
    release: int | None = None,
    when: Times | None = None,
) -> tuple[TileSet, Series | None]:
    """Return the set of a collection, and the indicator and period of its values if it has some.

    What is not said is chosen: the newest millesime with outlines, the finest level, the latest period. Raises NotFound
    for what is not published or not drawn, Invalid for what the collection has not, and NotYetComputed.
    """
    collected = collection_of(name, now.indicators)
    wanted = wanted_of(
        conn, collected, now.latest, millesime=millesime, level=level, period=period, release=release, times=when
    )
    if wanted.nothing:
        raise NotFound("Aucune géographie n’était en vigueur à la date demandée par datetime.")
    drawn = now.drawn.get((wanted.millesime, wanted.level))
    if drawn is None:
        told = ", ".join(str(year) for year, own in sorted(now.drawn) if own is wanted.level) or "aucun"
        raise NotFound(
            f"Aucun territoire de niveau « {LABELS[wanted.level][0]} » n’est dessiné dans la géographie "
            f"{wanted.millesime}. Millésimes dessinés : {told}."
        )
    sheet = collected.sheet
    if sheet is None:
        return TileSet(name, wanted.level, wanted.millesime, drawn), None
    if period is None:
        period = published.choices(conn, sheet.id, release).periods[wanted.level, wanted.millesime][-1]
    # as tiles are chosen: an address is never written with a version that this process does not serve yet
    series = now.series.get((sheet.id, period, wanted.millesime)) if release is None else None
    if series is None:
        found = published.find(conn, sheet.id, period, wanted.millesime, release)
        series = Held(found.id, found.digest, frozenset(found.levels))
    return _valued(name, wanted.level, wanted.millesime, drawn, series, sheet), Series(sheet.id, period)


def _valued(name: str, level: Level, millesime: int, drawn: Any, series: Held, sheet: Indicator) -> TileSet:
    return TileSet(name, level, millesime, drawn, series, circles=sheet.nature.map_form is Form.CIRCLES)


def names_of(collections: str | None) -> tuple[str, ...]:
    """Return the collections that are asked together, the first at the bottom. Raises Invalid for a list of nothing.

    >>> names_of("communes,densite"), names_of(None)
    (('communes', 'densite'), ('communes', 'epci', 'departements', 'regions'))
    """
    if collections is None:
        return TOGETHER
    names = tuple(dict.fromkeys(name.strip() for name in collections.split(",")))
    if "" in names or len(names) > MOST_TOGETHER:
        raise Invalid(
            f"collections = « {collections[:100]} » : de 1 à {MOST_TOGETHER} identifiants de collections séparés par "
            "des virgules sont attendus, par exemple communes,departements."
        )
    return names


def together(
    conn: sa.Connection, now: Versions, collections: str | None, millesime: int | None, when: Times | None = None
) -> list[tuple[TileSet, Series | None]]:
    """Return the sets of collections that are asked together; of the usual ones, those of which something is drawn."""
    if not now.outlined:
        raise Conflict("Aucune limite n’est encore chargée : lancez « ores load boundaries ».")
    names = names_of(collections)
    if collections is None:
        year = now.latest if millesime is None else millesime
        names = tuple(name for name in names if (year, LEVELS[name]) in now.drawn) or names
    return [tile_set(conn, now, name, millesime, when=when) for name in names]


def quick_together(now: Versions, collections: str | None, millesime: int | None) -> list[TileSet] | None:
    """Return the sets of collections of levels that are asked together, if nothing has to be read for it."""
    names = names_of(collections)
    if collections is None:
        year = max(now.outlined, default=0) if millesime is None else millesime
        names = tuple(name for name in names if (year, LEVELS[name]) in now.drawn)
    found = [quick_set(now, name, millesime, None, None) for name in names]
    sets = [one for one in found if one is not None]
    return sets if sets and len(sets) == len(found) else None


def links_of(api: str, collected: Collected) -> list[Link]:
    """Return the links of a collection to its tiles, its style, and its tiles as MapLibre wants them described."""
    base = f"{api}/collections/{collected.id}"
    return [
        link(TILESETS, f"{base}/tiles", "application/json", "Jeux de tuiles vectorielles"),
        link("alternate", f"{base}/tiles/{WEB_MERCATOR_QUAD.id}?f=tilejson", TILEJSON, "TileJSON"),
        link("stylesheet", f"{base}/style.json", "application/vnd.mapbox.style+json", "Style MapLibre"),
    ]


def landing_links(api: str) -> list[Link]:
    """Return the links of the landing page to the tiles of everything and to the grids."""
    return [
        link(TILESETS, f"{api}/tiles", "application/json", "Jeux de tuiles de plusieurs collections"),
        link(SCHEMES, f"{api}/tileMatrixSets", "application/json", "Grilles de tuiles"),
    ]


def listed(api: str, base: str, title: str, sets: Sequence[TileSet], query: str) -> dict[str, Any]:
    """Return the list of the sets of tiles at `base`, one for each grid that something lies in."""
    return {
        "title": title,
        "links": [link("self", base + query, "application/json", title)],
        "tilesets": [
            _headed(api, f"{base}/{grid.id}{query}", title, grid)
            for grid in GRIDS.values()
            if box_of(sets, grid) is not None
        ],
    }


def _headed(api: str, address: str, title: str, grid: Grid) -> dict[str, Any]:
    return {
        "title": f"{title}, {grid.title[:1].lower()}{grid.title[1:]}",
        "dataType": "vector",
        "crs": grid.crs.uri,
        # GDAL knows grids by this name alone: one that is registered nowhere has the address of its definition
        "tileMatrixSetURI": grid.uri or f"{api}/tileMatrixSets/{grid.id}",
        "links": [
            link("self", address, "application/json", title),
            link(SCHEME, f"{api}/tileMatrixSets/{grid.id}", "application/json", grid.title),
        ],
    }


def described(
    api: str,
    base: str,
    title: str,
    grid: Grid,
    sets: Sequence[tuple[TileSet, Series | None]],
    query: Mapping[str, object],
    more: Sequence[Link] = (),
) -> dict[str, Any]:
    """Return the metadata of a set of tiles: its grid, its limits, its layers, and where its tiles are.

    `query` is what is asked in the addresses of its tiles, beside their version. Raises NotFound where nothing of it
    lies in the grid.
    """
    alone = [one for one, _ in sets]
    box = box_of(alone, grid)
    held = [limits_of(alone, grid, zoom) for zoom in range(grid.max_zoom + 1)]
    if box is None:
        raise NotFound(f"Rien n’est dessiné dans la grille {grid.id}.")
    asked = {name: value for name, value in query.items() if value is not None}
    headed = _headed(api, base + (f"?{urlencode(asked)}" if asked else ""), title, grid)
    told = urlencode({**asked, "v": version_of(alone)}, safe=",:")
    template = f"{base}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}?{told}"
    tiles: dict[str, Any] = {**link("item", template, MEDIA_TYPE, "Une tuile"), "templated": True}
    return {
        **headed,
        "attribution": CREDITS,
        "tileMatrixSetLimits": [
            {
                "tileMatrix": str(one.zoom),
                "minTileRow": one.rows[0],
                "maxTileRow": one.rows[1],
                "minTileCol": one.columns[0],
                "maxTileCol": one.columns[1],
            }
            for one in held
        ],
        "boundingBox": {
            "lowerLeft": box[:2],
            "upperRight": box[2:],
            "crs": grid.crs.uri,
            "orderedAxes": ["X", "Y"],
        },
        "mediaTypes": [MEDIA_TYPE],
        "layers": [layer for one, named in sets for layer in layers_of(one, named, grid)],
        "links": [*headed["links"], tiles, *more],
    }


def layers_of(one: TileSet, named: Series | None, grid: Grid) -> list[dict[str, Any]]:
    """Return what is said of the layers of a set: what their features are, and from which zoom each property is there.

    `x-limits` lists the zooms at which a tile may be without some of its territories; none elsewhere.
    """
    plural = LABELS[one.level][1]
    parts = {
        one.name: ("polygons", 2, f"{_capital(plural)} au 1er janvier {one.millesime}"),
        centres_of(one.name): ("points", 0, f"Un point dans chaque contour, pour les noms ({plural})"),
    }
    if one.circles:
        parts[centres_of(one.name)] = (
            "points",
            0,
            f"Un point dans chaque contour, pour les cercles et les noms ({plural})",
        )
    return [
        {
            "id": name,
            "title": title,
            "dataType": "vector",
            "geometryDimension": dimension,
            "minTileMatrix": "0",
            "maxTileMatrix": str(grid.max_zoom),
            "propertiesSchema": {"type": "object", "properties": _properties(one, named, grid, name)},
            "x-limits": _limits(one, grid, name),
        }
        for name, (_, dimension, title) in parts.items()
    ]


def _properties(one: TileSet, named: Series | None, grid: Grid, layer: str) -> dict[str, Any]:
    """The properties of a layer, each with the first zoom (`x-minTileMatrix`) at which it is there."""
    points = layer != one.name
    if points and one.named:
        return {"nom": {"type": "string", "title": TITLES["nom"], "x-minTileMatrix": "0"}}
    found: dict[str, Any] = {}
    for rank, (first, _) in enumerate(DETAILS):
        zoom = max(first - grid.coarser, 0)
        for name in said(rank, valued=named is not None):
            found.setdefault(name, {"type": "string", "title": TITLES[name], "x-minTileMatrix": str(zoom)})
    if points:
        found["nom"]["x-minTileMatrix"] = "0"
    if named is not None and (not points or one.circles):
        sheet = catalogue()[named.indicator]
        found["value"] = {
            "type": "number",
            "title": f"{sheet.label} {named.period}",
            "x-ogc-unit": sheet.unit,
            "x-minTileMatrix": "0",
        }
        found["status"] = {
            "type": "string",
            "title": TITLES["status"],
            "enum": [status.value for status in STATUS_LABELS],
            "x-minTileMatrix": "0",
        }
    return found


def _limits(one: TileSet, grid: Grid, layer: str) -> list[dict[str, Any]]:
    zooms: dict[int, list[int]] = {}
    for zoom in range(grid.max_zoom + 1):
        most = dict(limited(one, grid, zoom))[layer]
        if most is not None and most < one.drawn.count:
            zooms.setdefault(most, []).append(zoom)
    kept = "les plus grandes valeurs" if one.circles else "les plus grandes superficies"
    return [
        {
            "tileMatrices": [str(zoom) for zoom in own],
            "features": most,
            "description": f"Au plus {most} territoires par tuile : {kept} sont gardées. L’en-tête Ores-Left-Out dit "
            "combien manquent.",
        }
        for most, own in zooms.items()
    ]


def tilejson(
    title: str, base: str, sets: Sequence[tuple[TileSet, Series | None]], query: Mapping[str, object]
) -> dict[str, Any]:
    """Return the TileJSON 3.0.0 of sets of tiles in WebMercatorQuad. Raises NotFound where nothing is drawn."""
    from pyproj import Transformer

    grid = WEB_MERCATOR_QUAD
    alone = [one for one, _ in sets]
    box = box_of(alone, grid)
    if box is None:
        raise NotFound(f"Rien n’est dessiné dans la grille {grid.id}.")
    asked = {name: value for name, value in query.items() if value is not None}
    told = urlencode({**asked, "v": version_of(alone)}, safe=",:")
    bounds = Transformer.from_crs(3857, 4326, always_xy=True).transform_bounds(*box)
    described = [layer for one, named in sets for layer in layers_of(one, named, grid)]
    return {
        "tilejson": "3.0.0",
        "name": title,
        "attribution": CREDITS,
        "scheme": "xyz",
        "tiles": [f"{base}/{grid.id}/{{z}}/{{y}}/{{x}}?{told}"],
        "minzoom": 0,
        "maxzoom": grid.max_zoom,
        "bounds": [round(degree, 6) for degree in bounds],
        "vector_layers": [
            {
                "id": layer["id"],
                "description": layer["title"],
                "fields": {name: own["title"] for name, own in layer["propertiesSchema"]["properties"].items()},
                "minzoom": 0,
                "maxzoom": grid.max_zoom,
                "geometry_type": "polygon" if layer["geometryDimension"] else "point",
                "limits": layer["x-limits"],
            }
            for layer in described
        ],
    }


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
