"""The Folium map: honest Folium, no foreign file, one source per kind of territory."""

import re

from geo.maps import map_parts
from geo.mapstyle import TileSource, territory_style
from geo.palettes import PATTERNS

SOURCES = [
    TileSource("commune", "/t/commune/{z}/{x}/{y}"),
    TileSource("departement", "/t/departement/{z}/{x}/{y}"),
]
BOUNDS = (-2.6, 46.2, 0.9, 48.6)


def parts(name: str = "carte") -> tuple[str, str]:
    made = map_parts(name, BOUNDS, SOURCES, "commune", "departement", "Contours : IGN", "/static/worker.js")
    return made.html, made.script


def test_the_map_is_folium_s_and_loads_nothing_from_elsewhere() -> None:
    html, script = parts()
    assert 'class="folium-map" id="map_carte"' in html
    assert "map_carte.fitBounds(\n" in script
    assert "[[46.2, -2.6], [48.6, 0.9]]" in script
    hosts = set(re.findall(r"https?://([^/'\"]+)", html + script))
    assert hosts == {"leafletjs.com"}  # the credit, a link that nobody follows but the reader
    assert "<script" not in html + script
    assert "style=" not in html + script


def test_the_same_map_is_written_the_same_twice() -> None:
    assert parts() == parts()
    assert "map_other" in parts("other")[0]


def test_only_the_shown_source_and_the_frame_ask_for_tiles() -> None:
    style = territory_style(SOURCES, "commune", "departement", "Contours : IGN")
    visible = {layer["id"] for layer in style["layers"] if layer["layout"]["visibility"] == "visible"}
    assert visible == {"commune-aplat", "commune-limites", "commune-halo", "commune-contour", "departement-cadre"}
    assert {source["attribution"] for source in style["sources"].values()} == {"Contours : IGN"}
    ids = [layer["id"] for layer in style["layers"]]
    assert len(ids) == len(set(ids))
    for source in SOURCES:
        assert {f"{source.name}-{pattern.name}" for pattern in PATTERNS} <= set(ids)


def test_circles_are_over_the_frame_and_the_frame_over_the_borders() -> None:
    ids = [layer["id"] for layer in territory_style(SOURCES, "commune", "departement", "")["layers"]]
    order = ["commune-aplat", "commune-hachures", "commune-limites", "departement-cadre", "commune-cercles"]
    assert [ids.index(name) for name in order] == sorted(ids.index(name) for name in order)


def test_places_out_of_sight_are_listed_and_may_be_roamed_to() -> None:
    reunion = (55.2, -21.4, 55.9, -20.8)
    made = map_parts("carte", BOUNDS, SOURCES, "commune", "departement", "", "/w.js", {"La Réunion": reunion})
    assert '[["La R\\u00e9union", [[-21.4, 55.2], [-20.8, 55.9]]]]' in made.script
    assert "var places = [];" in parts()[1]
