"""The Folium map whose polygons are vector tiles: MapLibre inside Leaflet, every file served by us.

Folium writes the map (container, view, bounds, attribution); two small elements add what it lacks: a layer of
vector tiles and controls in French. A page takes the two parts that Folium renders, the container and the
script, and puts them in its own document under its own policy: Folium's header (style of a full-screen page,
a viewport that forbids zooming, libraries from four hosts) is left out.

Nothing here knows what the territories are, nor their values: colours come later, in the browser, as states of
the features (`couleur`, `rayon`, `survol`, `choisi`), so that a tile is never loaded twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import folium
from branca.element import MacroElement
from folium.map import FitBounds
from folium.template import Template

from geo.palettes import PATTERNS

Bounds = tuple[float, float, float, float]  # west, south, east, north, in degrees

PLAIN, INK, PAPER = "#f7f5ef", "#14212b", "#ffffff"
MIN_ZOOM, MAX_ZOOM = 4.0, 14.0


@dataclass(frozen=True)
class TileSource:
    """Vector tiles with a layer `name` (polygons) and a layer `name-centres` (points), same feature ids.

    `url` is a path of this site with `{z}/{x}/{y}`; tiles exist from `minzoom` to `maxzoom`.
    """

    name: str
    url: str
    minzoom: int = 4
    maxzoom: int = 12


@dataclass(frozen=True)
class MapParts:
    """What a page takes of the map: its container, and the script that fills it."""

    html: str
    script: str


def map_parts(
    name: str,
    bounds: Bounds,
    sources: Sequence[TileSource],
    shown: str,
    framed_by: str,
    attribution: str,
    worker_url: str,
    elsewhere: Mapping[str, Bounds] | None = None,
) -> MapParts:
    """Return the parts of a map of the source `shown`, its bigger divisions drawn from `framed_by`.

    The map opens on `bounds`; `elsewhere` names places out of them that a list of the map leads to.

    After the script, the page's own finds `window.ores_<name>` with the Leaflet map, the layer of tiles and
    the bounds; the layer is null, and the container says `data-webgl="absent"`, where the browser has no WebGL.
    """
    places = dict(elsewhere or {})
    west, south, east, north = bounds
    roam = _around([bounds, *places.values()])
    drawn = TileMap(
        location=[(south + north) / 2, (west + east) / 2],
        tiles=None,
        zoom_control=False,
        max_bounds=True,
        min_lon=roam[0],
        min_lat=roam[1],
        max_lon=roam[2],
        max_lat=roam[3],
        zoom_snap=0.1,
        zoom_delta=0.5,
        scroll_wheel_zoom=False,  # a page is scrolled over its map; a click on the map turns it on
    )
    drawn.options |= {"min_zoom": MIN_ZOOM, "max_zoom": MAX_ZOOM}  # folium keeps these for its own tiles
    drawn._id = name  # names in the page do not change from one answer to the next
    framing = FitBounds(_corners(bounds), padding=(10, 10))
    framing.options["animate"] = False  # the first view is the right one: no tile of another zoom is asked for
    drawn.add_child(framing)
    controls = FrenchControls(bounds, places)
    tiles = VectorTiles(territory_style(sources, shown, framed_by, attribution), attribution, worker_url, bounds)
    for child in (controls, tiles):
        child._id = name
        drawn.add_child(child)
    figure: Any = drawn.get_root()
    figure.render()
    return MapParts(figure.html.render(), figure.script.render())


def _around(boxes: Sequence[Bounds]) -> Bounds:
    """Return where the map may roam: all its places and half their size on every side."""
    west, south = min(box[0] for box in boxes), min(box[1] for box in boxes)
    east, north = max(box[2] for box in boxes), max(box[3] for box in boxes)
    pad_x, pad_y = (east - west) / 2, (north - south) / 2
    return max(west - pad_x, -180), max(south - pad_y, -85), min(east + pad_x, 180), min(north + pad_y, 85)


class TileMap(folium.Map):
    """A Folium map that links no file: the page serves Leaflet and MapLibre itself."""

    default_js: list[tuple[str, str]] = []  # noqa: RUF012 (folium's own declaration)
    default_css: list[tuple[str, str]] = []  # noqa: RUF012


class VectorTiles(MacroElement):
    """A layer of vector tiles drawn by MapLibre, under everything else of its Leaflet map."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
            var {{ this.get_name() }} = (function (map) {
                var style = {{ this.style|tojson }};
                Object.values(style.sources).forEach(function (source) {
                    source.tiles = source.tiles.map(function (url) { return window.location.origin + url; });
                });
                var probe = document.createElement("canvas");
                var context = probe.getContext("webgl2") || probe.getContext("webgl");
                if (!context) {
                    map.getContainer().dataset.webgl = "absent";
                    return null;
                }
                var release = context.getExtension("WEBGL_lose_context");
                if (release) { release.loseContext(); }
                maplibregl.setWorkerUrl({{ this.worker_url|tojson }});
                return L.maplibreGL({
                    style: style,
                    attributionControl: { customAttribution: {{ this.attribution|tojson }} },
                    fadeDuration: 0,
                    locale: { "Map.Title": "Carte" }
                }).addTo(map);
            })({{ this._parent.get_name() }});
            window["ores_" + {{ this._id|tojson }}] = {
                map: {{ this._parent.get_name() }},
                tiles: {{ this.get_name() }},
                bounds: {{ this.bounds|tojson }}
            };
        {% endmacro %}
        """
    )

    def __init__(self, style: dict[str, Any], attribution: str, worker_url: str, bounds: Bounds) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "VectorTiles"
        self.style, self.attribution, self.worker_url = style, attribution, worker_url
        self.bounds = _corners(bounds)


class FrenchControls(MacroElement):
    """Zoom buttons, a way back to the whole, a metric scale and credits, with words in French."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
            (function (map) {
                var words = { zoomInTitle: "Agrandir", zoomOutTitle: "Réduire" };
                L.control.zoom(L.extend({ position: "topleft" }, words)).addTo(map);
                var whole = L.control({ position: "bottomleft" });
                whole.onAdd = function () {
                    var button = L.DomUtil.create("button", "carte-ensemble");
                    button.type = "button";
                    button.textContent = "Vue d’ensemble";
                    L.DomEvent.disableClickPropagation(button);
                    L.DomEvent.on(button, "click", function () {
                        map.fitBounds({{ this.bounds|tojson }}, { padding: [10, 10] });
                    });
                    return button;
                };
                L.control.scale({ position: "bottomleft", imperial: false }).addTo(map);
                whole.addTo(map);
                var places = {{ this.places|tojson }};
                if (places.length) {
                    var away = L.control({ position: "topright" });
                    away.onAdd = function () {
                        var list = L.DomUtil.create("select", "carte-ailleurs");
                        list.setAttribute("aria-label", "Aller à");
                        list.appendChild(new Option("Aller à…", ""));
                        places.forEach(function (place, i) { list.appendChild(new Option(place[0], i)); });
                        L.DomEvent.disableClickPropagation(list);
                        L.DomEvent.on(list, "change", function () {
                            if (list.value) { map.fitBounds(places[list.value][1], { animate: false }); }
                            list.value = "";
                        });
                        return list;
                    };
                    away.addTo(map);
                }
                map.attributionControl.setPrefix("<a href='https://leafletjs.com'>Leaflet</a>");
            })({{ this._parent.get_name() }});
        {% endmacro %}
        """
    )

    def __init__(self, bounds: Bounds, places: Mapping[str, Bounds]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "FrenchControls"
        self.bounds = _corners(bounds)
        self.places = [[name, _corners(box)] for name, box in places.items()]


def _corners(bounds: Bounds) -> list[list[float]]:
    """Return bounds as Leaflet wants them: south-west, then north-east, latitude first."""
    west, south, east, north = bounds
    return [[south, west], [north, east]]


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
