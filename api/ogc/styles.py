"""MapLibre styles of the collections' tiles: the classes, colours, circles and patterns of the site's map, as layers.

One layer for each line of the legend, named by its words and chosen by a filter that compares an attribute with a number
or a text: MapLibre and QGIS read all of it. The status of a value is a pattern, never a colour alone.
"""

from collections.abc import Sequence
from math import ceil
from typing import Any

from api.ogc.tiling import TileSet
from api.pages.extent import CREDITS
from api.pages.legend import ABSENT, QUALIFIED, WORDS, class_labels, largest_radius
from api.pages.reading import Reading
from boundaries.layers import centres_of
from boundaries.levels import Level
from geo.grids import WEB_MERCATOR_QUAD
from geo.mapstyle import INK, PAPER, PLAIN
from geo.palettes import CIRCLE, CIRCLE_NEGATIVE
from indicators.statuses import Status

MEDIA_TYPE = "application/vnd.mapbox.style+json"
SOURCE = "ores"
SPRITE = "/styles/motifs"
BORDER = "#8f8a7c"  # of a level that nothing colours: white lines would not be seen
FIRST_NAMES = {Level.COMMUNE: 9, Level.ARRONDISSEMENT_MUNICIPAL: 10, Level.CANTON: 8, Level.UNITE_URBAINE: 8}
ROUNDING = 1e-9  # of a unit of the last decimal: what binary numbers lack of a half, as `rounded` has it


def style(
    api: str, title: str, tiles: str, bounds: Sequence[float], one: TileSet, shown: Reading | None
) -> dict[str, Any]:
    """Return the style of a set of tiles: `tiles` is the template of their addresses, `bounds` are in degrees.

    `shown` is the map of the values on the site, None for a set without values.
    """
    layers = _level(one) if shown is None else [*_values(one, shown), *_statuses(one, shown), _borders(one, PAPER)]
    return {
        "version": 8,
        "name": title,
        "sprite": api + SPRITE,
        "sources": {
            SOURCE: {
                "type": "vector",
                "tiles": [tiles],
                "minzoom": 0,
                "maxzoom": WEB_MERCATOR_QUAD.max_zoom,
                "bounds": list(bounds),
                "attribution": CREDITS,
            }
        },
        "layers": [*layers, _names(one)],
    }


def threshold(limit: float, decimals: int) -> tuple[str, float]:
    """Return the comparison that raw values fulfil when, rounded to their decimals, they are at least a limit.

    Values are rounded half away from zero: 2.5 is read 3 and is in the class of 3; -0.5 is read -1, below that of 0.

    >>> threshold(3, 0), threshold(0, 0)[0], threshold(0.25, 1)
    (('>=', 2.499999999), '>', ('>=', 0.2499999999))
    """
    unit = 10.0**-decimals
    least = ceil(round(limit / unit, 6)) * unit  # the smallest figure that is at least the limit
    half = least - unit / 2
    if least > 0:
        return ">=", round(half - ROUNDING * unit, decimals + 10)
    return ">", round(half + ROUNDING * unit, decimals + 10)


def _layer(
    one: TileSet, name: str, kind: str, paint: dict[str, Any], keep: list[Any] | None = None
) -> dict[str, Any]:
    part = centres_of(one.name) if kind in ("circle", "symbol") else one.name
    found: dict[str, Any] = {"id": name, "type": kind, "source": SOURCE, "source-layer": part, "paint": paint}
    return found if keep is None else {**found, "filter": keep}


def _level(one: TileSet) -> list[dict[str, Any]]:
    ground = _layer(one, "Territoires", "fill", {"fill-color": PLAIN, "fill-antialias": False})
    return [ground, _borders(one, BORDER)]


def _borders(one: TileSet, colour: str) -> dict[str, Any]:
    width = {"stops": [[5, 0.3], [9, 0.8], [12, 1.6]]}
    return _layer(one, "Limites", "line", {"line-color": colour, "line-width": width})


def _values(one: TileSet, shown: Reading) -> list[dict[str, Any]]:
    sheet = shown.selection.indicator
    figures = ["!in", "status", *(status.value for status in ABSENT)]
    if shown.classes is None:
        return _circles(one, shown, figures)
    if sheet.categories:
        codes = sorted(sheet.categories)
        return [
            _layer(one, sheet.categories[code], "fill", _fill(colour), ["all", ["==", "value", code], figures])
            for code, colour in zip(codes, shown.ramp, strict=True)
        ]
    limits = [threshold(limit, sheet.decimals) for limit in shown.classes.inner]
    found = []
    labels = class_labels(shown.classes, shown.signed)
    for rank, (label, colour) in enumerate(zip(labels, shown.ramp, strict=True)):
        keep: list[Any] = ["all", ["has", "value"], figures]
        if rank:
            keep.append([limits[rank - 1][0], "value", limits[rank - 1][1]])
        if rank < len(limits):
            comparison, limit = limits[rank]
            keep.append(["<" if comparison == ">=" else "<=", "value", limit])
        found.append(_layer(one, f"{label} {sheet.unit_short}".strip(), "fill", _fill(colour), keep))
    return found


def _circles(one: TileSet, shown: Reading, figures: list[Any]) -> list[dict[str, Any]]:
    """The ground, and circles whose area is proportional to the value, as large as on the site when it opens."""
    values = shown.known.values
    top = max((abs(value) for value in values), default=0.0)
    found = [_layer(one, "Territoires", "fill", {"fill-color": PLAIN, "fill-antialias": False})]
    if not top:
        return found
    factor = largest_radius(values) / top**0.5
    label = shown.selection.indicator.label
    radius = ["*", factor, ["sqrt", ["abs", ["get", "value"]]]]
    for words, colour, comparison in ((label, CIRCLE, ">"), (f"{label}, négatif", CIRCLE_NEGATIVE, "<")):
        if comparison == "<" and min(values) >= 0:
            continue
        paint = {
            "circle-color": colour,
            "circle-opacity": 0.82,
            "circle-radius": radius,
            "circle-stroke-color": PAPER,
            "circle-stroke-width": 0.8,
        }
        found.append(_layer(one, words, "circle", paint, ["all", [comparison, "value", 0], figures]))
    return found


def _statuses(one: TileSet, shown: Reading) -> list[dict[str, Any]]:
    """A pattern for each status: instead of a colour where there is no figure, over it where it is not plain."""
    held: set[Status] = set(shown.table.statuses)
    found = [
        _layer(
            one, _capital(WORDS[status]), "fill", {"fill-pattern": pattern.name}, ["==", "status", status.value]
        )
        for status, pattern in ABSENT.items()
    ]
    return found + [
        _layer(
            one,
            _capital(WORDS[status]),
            "fill",
            {"fill-pattern": pattern.name},
            ["all", ["==", "status", status.value], ["has", "value"]],
        )
        for status, pattern in QUALIFIED.items()
        if status in held
    ]


def _names(one: TileSet) -> dict[str, Any]:
    paint = {"text-color": INK, "text-halo-color": PAPER, "text-halo-width": 1.2}
    layer = _layer(one, "Noms", "symbol", paint, ["has", "nom"])
    layer["layout"] = {"text-field": "{nom}", "text-size": 11, "text-font": ["Arial"], "text-max-width": 8}
    return {**layer, "minzoom": FIRST_NAMES.get(one.level, 6)}


def _fill(colour: str) -> dict[str, Any]:
    return {"fill-color": colour, "fill-antialias": False}


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
