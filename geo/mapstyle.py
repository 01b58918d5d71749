"""The MapLibre style of a map of territories: planes of colour, patterns, borders, circles, outlines.

Nothing here knows what the territories are, nor their values: colours come later, in the browser, as states of
the features (`couleur`, `rayon`, `survol`, `choisi`), so that a tile is never loaded twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from geo.palettes import PATTERNS

Bounds = tuple[float, float, float, float]  # west, south, east, north, in degrees

PLAIN, INK, PAPER = "#f7f5ef", "#14212b", "#ffffff"


@dataclass(frozen=True)
class TileSource:
    """Vector tiles with a layer `name` (polygons) and a layer `name-centres` (points), same feature ids.

    `url` is a path of this site with `{z}/{x}/{y}`; tiles exist from `minzoom` to `maxzoom`.
    """

    name: str
    url: str
    minzoom: int = 4
    maxzoom: int = 12


def territory_style(sources: Sequence[TileSource], shown: str, framed_by: str, attribution: str) -> dict[str, Any]:
    """Return the MapLibre style: for each source a plane of colour, one layer per pattern, borders, circles.

    Only the layers of `shown` and the borders of `framed_by` are visible, and MapLibre loads the tiles of no
    other source; showing another one is changing visibilities. Layers are named `<source>-<role>`.
    """
    layers = [layer for source in sources for layer in _planes(source.name, source.name == shown)]
    layers += [_frame(framed_by)] if any(source.name == framed_by for source in sources) else []
    layers += [layer for source in sources for layer in _marks(source.name, source.name == shown)]
    return {
        "version": 8,
        "sources": {
            source.name: {
                "type": "vector",
                "tiles": [source.url],
                "minzoom": source.minzoom,
                "maxzoom": source.maxzoom,
                "attribution": attribution,
            }
            for source in sources
        },
        "layers": layers,
    }


def _layer(source: str, role: str, kind: str, part: str, visible: bool) -> dict[str, Any]:
    return {
        "id": f"{source}-{role}",
        "type": kind,
        "source": source,
        "source-layer": part,
        "layout": {"visibility": "visible" if visible else "none"},
    }


def _planes(source: str, visible: bool) -> list[dict[str, Any]]:
    """Return the coloured plane, the patterns (empty until a territory has one) and the thin borders."""
    plane = _layer(source, "aplat", "fill", source, visible)
    plane["paint"] = {"fill-color": ["to-color", ["feature-state", "couleur"], PLAIN], "fill-antialias": False}
    patterns = [_layer(source, pattern.name, "fill", source, visible=False) for pattern in PATTERNS]
    for layer in patterns:
        layer["filter"] = ["==", ["get", "code"], ""]
    borders = _layer(source, "limites", "line", source, visible)
    borders["layout"]["line-join"] = "round"
    borders["paint"] = {
        "line-color": PAPER,
        "line-width": ["interpolate", ["linear"], ["zoom"], 5, 0.15, 7, 0.4, 9, 0.8, 12, 1.6],
        "line-opacity": ["interpolate", ["linear"], ["zoom"], 4.5, 0.1, 6, 0.8, 7, 1],
    }
    return [plane, *patterns, borders]


def _frame(source: str) -> dict[str, Any]:
    frame = _layer(source, "cadre", "line", source, visible=True)
    frame["layout"]["line-join"] = "round"
    frame["paint"] = {
        "line-color": INK,
        "line-opacity": 0.8,
        "line-width": ["interpolate", ["linear"], ["zoom"], 4, 0.35, 5.5, 0.6, 8, 1.1, 11, 2],
    }
    return frame


def _marks(source: str, visible: bool) -> list[dict[str, Any]]:
    """Return the circles, and the outline of what is pointed at or chosen."""
    circles = _layer(source, "cercles", "circle", f"{source}-centres", visible=False)
    circles["paint"] = {
        "circle-color": ["to-color", ["feature-state", "couleur"], PLAIN],
        "circle-opacity": 0.82,
        "circle-radius": ["coalesce", ["feature-state", "rayon"], 0],
        "circle-stroke-color": PAPER,
        "circle-stroke-width": ["case", [">", ["coalesce", ["feature-state", "rayon"], 0], 0], 0.8, 0],
    }
    lit: list[Any] = ["boolean", ["feature-state", "survol"], False]
    chosen: list[Any] = ["boolean", ["feature-state", "choisi"], False]
    outlines = []
    for role, colour, widths in (("halo", PAPER, (5, 4)), ("contour", INK, (3, 2))):
        outline = _layer(source, role, "line", source, visible)
        outline["layout"]["line-join"] = "round"
        outline["paint"] = {"line-color": colour, "line-width": ["case", chosen, widths[0], lit, widths[1], 0]}
        outlines.append(outline)
    return [circles, *outlines]
