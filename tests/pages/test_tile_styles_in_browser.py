"""The styles of the collections' tiles in MapLibre itself: nothing is refused, and each territory wears its colour."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser
from statuscountry import STATUSES, served

from api.pages.legend import ABSENT, WORDS
from geo.cluster import Cluster

# A map of its own beside that of the page, whose policy it obeys; what it draws of each territory, by code.
DRAW = """async (style) => {
  const box = document.createElement("div");
  box.style.cssText = "position:fixed;inset:0;z-index:9999";
  document.body.append(box);
  const refused = [];
  const map = new maplibregl.Map({ container: box, style, center: [0.35, 47.15], zoom: 8.5, fadeDuration: 0 });
  map.on("error", (event) => refused.push(String(event.error && event.error.message)));
  await new Promise((done) => map.once("idle", done));
  const drawn = {};
  for (const feature of map.queryRenderedFeatures({ layers: map.getStyle().layers.map((layer) => layer.id) })) {
    const code = feature.properties.code;
    (drawn[code] = drawn[code] || []).push(feature.layer.id);
  }
  map.jumpTo({ zoom: 9.5 });
  await new Promise((done) => map.once("idle", done));
  return { refused, drawn, named: map.queryRenderedFeatures({ layers: ["Noms"] }).length };
}"""


@pytest.fixture(scope="module")
def styled(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(cluster, tmp_path_factory.mktemp("styles"), "styles") as (url, _):
        yield url


def drawn(browser: Browser, url: str, style: str) -> dict[str, Any]:
    context = browser.new_context(viewport={"width": 900, "height": 900})
    page = context.new_page()
    page.goto(f"{url}/cartes?indicateur=densite&niveau=commune&periode=2022&millesime=2023")
    page.wait_for_function("() => document.getElementById('map_carte').dataset.etat === 'prete'", timeout=90_000)
    found: dict[str, Any] = page.evaluate(DRAW, url + style)
    context.close()
    return found


def test_maplibre_draws_a_rate_as_its_legend_says(browser: Browser, styled: str) -> None:
    found = drawn(browser, styled, "/api/collections/densite/style.json?period=2022")
    assert found["refused"] == []
    for code, (_, status, _) in STATUSES.items():
        lines = list({*found["drawn"][code]} - {"Limites", "Noms"})  # a territory of two tiles is found twice
        if status in ABSENT:
            assert lines == [WORDS[status].capitalize()], code
        else:
            assert len([line for line in lines if "hab./km" in line]) == 1, (code, lines)
    assert found["named"] > 0, "names are drawn without any font of ours"


def test_maplibre_draws_the_circles_of_a_stock(browser: Browser, styled: str) -> None:
    found = drawn(browser, styled, "/api/collections/population/style.json?period=2022")
    assert found["refused"] == []
    circled = {code for code, lines in found["drawn"].items() if "Population municipale" in lines}
    assert circled == {c for c, (value, status, _) in STATUSES.items() if value and status not in ABSENT}
