"""The styles of the collections' tiles: each territory is drawn as on the site's map, by what its tile says of it."""

import json
import re
from typing import Any

import httpx
import mapbox_vector_tile
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statuscountry import STATUSES

from api.ogc.styles import threshold
from api.pages.french import rounded
from api.pages.legend import ABSENT, QUALIFIED, WORDS
from geo.classes import index_of
from geo.palettes import PATTERNS

TILE = "9/179/256"


def style(client: httpx.Client, collection: str, **query: str) -> dict[str, Any]:
    answer = client.get(f"/api/collections/{collection}/style.json", params=query)
    assert answer.status_code == 200, answer.text[:300]
    assert answer.headers["content-type"] == "application/vnd.mapbox.style+json"
    return dict(answer.json())


def fits(keep: list[Any], told: dict[str, Any]) -> bool:
    """Whether a feature passes a filter, in the older form that MapLibre and QGIS both read."""
    word, *rest = keep
    if word == "all":
        return all(fits(one, told) for one in rest)
    if word == "has":
        return rest[0] in told
    value = told.get(rest[0])
    if word == "==":
        return bool(value == rest[1])
    if word == "!in":
        return value not in rest[1:]
    if not isinstance(value, int | float):
        return False
    compared = {"<": value < rest[1], "<=": value <= rest[1], ">": value > rest[1], ">=": value >= rest[1]}
    return compared[word]


def drawn(client: httpx.Client, collection: str, made: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The layers that draw each territory of a tile, polygons and points."""
    template = made["sources"]["ores"]["tiles"][0]
    zoom, row, column = TILE.split("/")
    address = template.replace("{z}", zoom).replace("{y}", row).replace("{x}", column)
    decoded = mapbox_vector_tile.decode(client.get(address).content)
    found: dict[str, list[dict[str, Any]]] = {}
    for layer in made["layers"]:
        assert layer["source-layer"] in (collection, f"{collection}-centres")
        for feature in decoded[layer["source-layer"]]["features"]:
            told = feature["properties"]  # points that are there for names say nothing else
            own = found.setdefault(told.get("code") or told["nom"].removeprefix("Commune "), [])
            if "filter" not in layer or fits(layer["filter"], feature["properties"]):
                own.append(layer)
    return found


def shown(client: httpx.Client, indicator: str, period: str) -> dict[str, Any]:
    """What the script of the site's map is given."""
    page = client.get(f"/cartes?indicateur={indicator}&niveau=commune&periode={period}&millesime=2023")
    told = re.search(r'<script[^>]*type="application/json"[^>]*>(.*?)</script>', page.text, re.DOTALL)
    assert told
    return dict(json.loads(told[1]))


def test_a_rate_has_the_classes_and_the_colours_of_the_site(country: httpx.Client) -> None:
    made = style(country, "densite", period="2022", level="commune")
    site = shown(country, "densite", "2022")
    layers = drawn(country, "densite", made)
    for code, own in layers.items():
        value, status, _ = STATUSES[code]
        colours = [one["paint"]["fill-color"] for one in own if "fill-color" in one["paint"]]
        patterns = [one["paint"]["fill-pattern"] for one in own if "fill-pattern" in one["paint"]]
        if status in ABSENT:
            assert (colours, patterns) == ([], [ABSENT[status].name]), code
            continue
        assert value is not None
        figure = rounded(value / 2, site["decimales"])
        assert colours == [site["couleurs"][index_of(site["limites"], figure)]], code
        assert patterns == ([QUALIFIED[status].name] if status in QUALIFIED else []), code


def test_every_line_of_the_legend_is_a_layer_named_by_its_words(country: httpx.Client) -> None:
    made = style(country, "densite", period="2022")
    names = [layer["id"] for layer in made["layers"]]
    assert len(names) == len(set(names))
    assert {WORDS[status].capitalize() for status in ABSENT} <= set(names)
    assert sum("moins de" in name for name in names) >= 2
    assert names[-1] == "Noms"


def test_a_stock_has_circles_proportional_by_area(country: httpx.Client) -> None:
    made = style(country, "population", period="2022")
    site = shown(country, "population", "2022")
    [circle] = [layer for layer in made["layers"] if layer["type"] == "circle"]
    assert not [layer for layer in made["layers"] if layer["paint"].get("fill-color") in site["couleurs"]]
    word, factor, (root, (absolute, got)) = circle["paint"]["circle-radius"]
    assert (word, root, absolute, got) == ("*", "sqrt", "abs", ["get", "value"])
    assert factor * site["maximum"] ** 0.5 == pytest.approx(site["rayon"])
    layers = drawn(country, "population", made)
    circled = {code for code, own in layers.items() if circle in own}
    figures = {c for c, (value, status, _) in STATUSES.items() if value and status not in ABSENT}
    assert circled <= figures
    assert "44011" in circled


def test_categories_have_their_colours(country: httpx.Client) -> None:
    made = style(country, "grille_densite", period="2022")
    site = shown(country, "grille_densite", "2022")
    for code, own in drawn(country, "grille_densite", made).items():
        colours = [one["paint"]["fill-color"] for one in own if "fill-color" in one["paint"]]
        if STATUSES[code][0] is not None:
            assert len(colours) == 1, code
            assert colours[0] in site["couleurs"]


@pytest.mark.parametrize("collection", ["communes", "epci", "departements", "regions"])
def test_a_level_has_its_limits_and_names(country: httpx.Client, collection: str) -> None:
    made = style(country, collection)
    assert [layer["type"] for layer in made["layers"]] == ["fill", "line", "symbol"]
    assert made["layers"][-1]["layout"]["text-field"] == "{nom}"
    assert made["version"] == 8
    assert "glyphs" not in made, "names are drawn with the reader's own fonts"


def test_the_patterns_are_served_where_the_style_says(country: httpx.Client) -> None:
    sprite = style(country, "densite")["sprite"]
    for suffix in ("", "@2x"):
        index = country.get(f"{sprite}{suffix}.json").json()
        assert set(index) == {pattern.name for pattern in PATTERNS}
        picture = country.get(f"{sprite}{suffix}.png")
        assert picture.headers["content-type"] == "image/png"
        assert picture.content.startswith(b"\x89PNG")
    assert country.get(f"{sprite}@3x.png").status_code == 404


def test_a_style_of_a_past_day_is_refused(country: httpx.Client) -> None:
    answer = country.get("/api/collections/densite/style.json?as_of=2024-01-01")
    assert answer.status_code == 400


@given(
    st.floats(-1e6, 1e6, allow_subnormal=False),
    st.integers(-(10**6), 10**6),
    st.integers(0, 3),
)
def test_a_threshold_parts_raw_values_as_their_figures_are_parted(value: float, units: int, decimals: int) -> None:
    """Laws of the filters: a raw value passes exactly when the figure that people read is at least the limit."""
    limit = units / 10**decimals
    word, number = threshold(limit, decimals)
    passes = value >= number if word == ">=" else value > number
    assert passes == (rounded(value, decimals) >= limit)


@given(st.integers(-(10**5), 10**5), st.integers(0, 2))
def test_a_threshold_is_right_on_halves(halves: int, decimals: int) -> None:
    value = halves / 2 / 10**decimals
    for limit in ((halves + step) // 2 / 10**decimals for step in (-1, 0, 1, 2)):
        word, number = threshold(limit, decimals)
        passes = value >= number if word == ">=" else value > number
        assert passes == (rounded(value, decimals) >= limit), (value, limit)
