"""The Folium map whose polygons are vector tiles: MapLibre inside Leaflet, every file served by us.

Folium writes the map (container, view, bounds, attribution); two small elements add what it lacks: a layer of
vector tiles and controls in French. A page takes the two parts that Folium renders, the container and the
script, and puts them in its own document under its own policy: Folium's header (style of a full-screen page,
a viewport that forbids zooming, libraries from four hosts) is left out.

Nothing here knows what the territories are, nor their values.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import folium
from branca.element import MacroElement
from folium.map import FitBounds
from folium.template import Template

from geo.mapstyle import Bounds, TileSource, territory_style

MIN_ZOOM, MAX_ZOOM = 4.0, 14.0


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
