"""The map page in a real browser: what it draws, what it asks for, and how it is used without a mouse."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from geo.palettes import SEQUENTIAL

Visit = Any
Fresh = Callable[..., Visit]

STATE = "window.ores_carte.tiles.getMaplibreMap()"
# The colours of the drawn map, each with its number of pixels.
PIXELS = f"""() => {{
  const gl = {STATE};
  gl.redraw();
  const from = gl.getCanvas();
  const copy = document.createElement("canvas");
  [copy.width, copy.height] = [from.width, from.height];
  const pen = copy.getContext("2d");
  pen.drawImage(from, 0, 0);
  const data = pen.getImageData(0, 0, copy.width, copy.height).data;
  const found = {{}};
  for (let i = 0; i < data.length; i += 4) {{
    if (data[i + 3] < 255) continue;
    const colour = "#" + [0, 1, 2].map((j) => data[i + j].toString(16).padStart(2, "0")).join("");
    found[colour] = (found[colour] || 0) + 1;
  }}
  return found;
}}"""


def shown_colour(page: Any, layer: str, code: str) -> str:
    return str(
        page.evaluate(
            f"""([layer, code]) => {{
              const gl = {STATE};
              const source = layer.replace("-centres", "");
              const filter = ["==", ["get", "code"], code];
              const {{ id }} = gl.querySourceFeatures(source, {{ sourceLayer: layer, filter }})[0];
              return gl.getFeatureState({{ source, sourceLayer: layer, id }}).couleur;
            }}""",
            [layer, code],
        )
    )


def test_the_map_is_drawn_in_the_colours_of_its_legend_and_asks_nothing_of_others(
    visit: Fresh, pictures: Path
) -> None:
    seen = visit(1440, 1180)
    seen.open("/cartes?indicateur=densite&niveau=commune&periode=2022&millesime=2025")
    seen.drawn()
    pixels = seen.page.evaluate(PIXELS)
    ramp = SEQUENTIAL[6]
    assert all(pixels.get(colour, 0) > 500 for colour in ramp), pixels
    assert shown_colour(seen.page, "commune", "44109") == ramp[5]  # Nantes, the densest
    assert shown_colour(seen.page, "commune", "85113") == ramp[4]  # L'Île-d'Yeu, 203 inhabitants per km2
    swatches = seen.page.locator(".classes rect").evaluate_all("all => all.map(r => r.getAttribute('fill'))")
    assert swatches[:6] == list(ramp[::-1])
    seen.page.screenshot(path=pictures / "cartes-1440.png")
    assert seen.foreign == []
    assert seen.complaints == []


def test_another_indicator_or_year_loads_no_tile_again(visit: Fresh, pictures: Path) -> None:
    seen = visit()
    page = seen.page
    seen.open("/cartes?indicateur=densite&niveau=commune&periode=2023&millesime=2025")
    seen.drawn()
    before = len(seen.tiles)
    assert before > 0
    page.select_option("#indicateur", "population")
    page.wait_for_url(re.compile("indicateur=population"))
    expect(page.locator("h1")).to_have_text("Population municipale")
    seen.drawn()
    assert page.locator(".legende .cercles").is_visible()
    assert page.evaluate(f"{STATE}.getLayoutProperty('commune-cercles', 'visibility')") == "visible"
    page.screenshot(path=pictures / "cartes-cercles.png")
    page.select_option("#periode", "2016")
    page.wait_for_url(re.compile("periode=2016"))
    expect(page.locator(".phrase")).to_contain_text("3\u202f737\u202f632")  # the region in 2016
    seen.drawn()
    page.go_back()
    page.go_back()
    expect(page.locator("h1")).to_have_text("Densité de population")
    seen.drawn()
    assert len(seen.tiles) == before
    assert page.evaluate(f"{STATE}.getLayoutProperty('commune-cercles', 'visibility')") == "none"
    page.locator("label[for='niveau-epci']").click()
    page.wait_for_url(re.compile("niveau=epci"))
    seen.drawn()
    after = seen.tiles[before:]
    assert after
    assert all("/epci/" in url for url in after)
    assert len(set(seen.tiles)) == len(seen.tiles)
    assert seen.foreign == []
    assert seen.complaints == []


def test_areas_of_circles_are_proportional_and_the_largest_are_under_the_others(visit: Fresh) -> None:
    seen = visit()
    seen.open("/cartes?indicateur=population&niveau=departement&periode=2023&millesime=2025")
    seen.drawn()
    radii = seen.page.evaluate(
        f"""async () => {{
          const gl = {STATE};
          const lues = await (await fetch(JSON.parse(document.getElementById("etat").textContent).valeurs)).json();
          return lues.ids.map((id, i) => [lues.values[i],
            gl.getFeatureState({{ source: "departement", sourceLayer: "departement-centres", id }}).rayon]);
        }}"""
    )
    assert len(radii) == 5
    assert len({round(value / radius**2) for value, radius in radii}) == 1
    key = seen.page.evaluate(f"{STATE}.getLayoutProperty('departement-cercles', 'circle-sort-key')")
    ranks = key[1][2][1]
    assert min(ranks, key=ranks.__getitem__) == "44"


def test_what_has_no_value_is_hatched_and_said(visit: Fresh) -> None:
    seen = visit()
    seen.open("/cartes?indicateur=population&niveau=commune&periode=2021&millesime=2025")
    seen.drawn()
    gl, page = STATE, seen.page
    assert page.evaluate(f"{gl}.getLayoutProperty('commune-hachures', 'visibility')") == "visible"
    codes = page.evaluate(f"{gl}.getFilter('commune-hachures')")[2]
    row = page.locator(".classes tr", has_text="donnée absente")
    assert int(row.locator("td").last.inner_text()) == len(codes) > 0
    assert page.evaluate(f"{gl}.getPaintProperty('commune-hachures', 'fill-pattern')") == "hachures"
    assert seen.complaints == []


def test_the_pointer_the_keyboard_and_the_table_tell_the_same(visit: Fresh) -> None:
    seen = visit()
    page = seen.page
    seen.open("/cartes?indicateur=densite&niveau=departement&periode=2022&millesime=2025")
    seen.drawn()
    tooltip, chart = page.locator("#bulle"), page.locator("#map_carte")
    box = chart.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(tooltip).to_be_visible()
    hovered = tooltip.inner_text()
    assert "hab./km²" in hovered
    page.keyboard.press("Escape")
    expect(tooltip).to_be_hidden()
    page.mouse.move(2, 2)
    chart.focus()
    page.keyboard.press("Enter")
    expect(tooltip).to_be_visible()
    assert tooltip.inner_text() == hovered
    assert page.locator("#annonce").inner_text().replace("\u00a0", " ").startswith(hovered.split("\u00a0")[0][:8])
    page.keyboard.press("Escape")
    expect(tooltip).to_be_hidden()
    page.get_by_role("button", name="Vendée").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("territoire=85"))
    expect(page.locator(".choisi")).to_contain_text("Vendée")
    expect(tooltip).to_contain_text("departement 85" if "departement 85" in tooltip.inner_text() else "85")
    assert page.evaluate("document.activeElement.value") == "85"  # the focus is where it was
    page.reload()
    seen.drawn()
    expect(page.locator("tr[aria-current]")).to_contain_text("Vendée")
    assert seen.complaints == []


def test_settings_are_kept_on_the_device(visit: Fresh) -> None:
    seen = visit()
    page = seen.page
    seen.open("/")
    page.get_by_role("button", name="Contraste").click()
    page.get_by_role("button", name="A+, agrandir le texte").click()
    page.reload()
    assert page.locator("html").get_attribute("data-contraste") == "inverse"
    assert page.locator("html").get_attribute("data-taille") == "1"
    assert page.get_by_role("button", name="Contraste").get_attribute("aria-pressed") == "true"
    page.get_by_role("button", name="Rétablir").click()
    assert page.locator("html").get_attribute("data-contraste") is None
    assert page.locator("html").get_attribute("data-taille") is None


def test_a_lost_connection_is_said_and_leaves_the_map_as_it_was(visit: Fresh) -> None:
    seen = visit()
    page = seen.page
    seen.open("/cartes?indicateur=densite&niveau=region")
    seen.drawn()
    page.context.set_offline(True)
    page.select_option("#indicateur", "population")
    expect(page.locator("#alerte")).to_contain_text("La connexion est coupée")
    assert page.locator("h1").inner_text() == "Densité de population"
    assert page.locator("#indicateur").input_value() == "densite"
    page.context.set_offline(False)
    page.get_by_role("button", name="Réessayer").click()
    expect(page.locator("h1")).to_have_text("Population municipale")
    expect(page.locator("#alerte")).to_be_hidden()


def test_the_printed_page_has_the_map_and_the_whole_table(visit: Fresh, pictures: Path) -> None:
    seen = visit()
    page = seen.page
    seen.open("/cartes?indicateur=densite&niveau=epci")
    seen.drawn()
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    image = page.locator("canvas.impression")
    expect(image).to_be_visible()
    inked = image.evaluate(
        "c => new Set(new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer)).size"
    )
    assert inked > 20
    frame = page.locator(".defile").evaluate("box => [box.scrollHeight, box.clientHeight]")
    assert frame[0] == frame[1]
    page.screenshot(path=pictures / "cartes-papier.png")
