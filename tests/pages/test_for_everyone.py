"""The pages for all readers: without JavaScript, without WebGL, on a narrow screen, in large text, by machine."""

from collections.abc import Callable
from typing import Any

import pytest
from pictures import Picture
from playwright.sync_api import Browser, expect

from api.assets import VENDOR

Visit = Any
Fresh = Callable[..., Visit]

DENSITE = "/cartes?indicateur=densite&niveau=commune&periode=2022&millesime=2025"
PAGES = [
    "/",
    DENSITE,
    "/cartes?indicateur=population&niveau=epci&territoire=244400404",
    "/cartes?niveau=canton",
    "/api?f=html",
    "/api/collections/densite?f=html",
    "/api/collections/densite/items?f=html&limit=20&period=2022",
    "/api/collections/catalogue/items?f=html&q=population",
    "/api/collections/catalogue/items/densite?f=html",
]


def test_without_javascript_the_page_says_the_same(visit: Fresh) -> None:
    seen = visit(java_script_enabled=False)
    page = seen.page
    seen.open(DENSITE)
    assert page.locator(".tableau tbody tr").count() == 1228
    assert page.locator(".tableau tbody tr").first.inner_text().startswith("Nantes")
    assert page.locator(".phrase").inner_text().startswith("Sur 1\u202f228 communes")
    assert page.locator(".classes tbody tr").count() == 8
    page.select_option("#indicateur", "population")
    page.select_option("#periode", "2016")
    page.locator("label[for='niveau-region']").click()
    page.get_by_role("button", name="Afficher la carte").click()
    assert "ajuster" not in page.url
    assert page.locator("h1").inner_text() == "Population municipale"
    assert "3\u202f737\u202f632" in page.locator(".phrase").inner_text()
    page.get_by_role("button", name="Pays de la Loire").click()
    assert "territoire=52" in page.url
    assert seen.complaints == []


def test_without_webgl_the_page_says_where_the_values_are(blind_browser: Browser, server: str) -> None:
    page = blind_browser.new_page()
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.goto(server + DENSITE)
    expect(page.locator("[data-etat='sans-webgl']")).to_be_visible()
    page.select_option("#indicateur", "population")
    expect(page.locator("h1")).to_have_text("Population municipale")
    page.close()
    assert failures == []


@pytest.mark.parametrize("path", PAGES)
def test_nothing_scrolls_sideways(visit: Fresh, path: str, picture: Picture) -> None:
    seen = visit(320, 700)
    page = seen.page
    seen.open(path)
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    outside = """() => [...document.querySelectorAll("main *")].filter((e) => {
      const box = e.getBoundingClientRect();
      return box.width && !e.closest(".toile, .sr") && (box.right > innerWidth + 1 || box.left < -1);
    }).map((e) => e.className || e.tagName)"""
    assert page.evaluate(wide) <= 0
    assert page.evaluate(outside) == []
    picture(page, f"etroit-{PAGES.index(path)}")
    page.set_viewport_size({"width": 1280, "height": 900})
    page.evaluate("document.documentElement.dataset.taille = 4")  # text at 200 %
    assert page.evaluate(wide) <= 0
    assert page.evaluate(outside) == []


@pytest.mark.parametrize(
    ("path", "contrast"),
    # a table of 1,228 rows is looked at once: those of other pages have the same colours
    [(path, contrast) for path in PAGES for contrast in ("", "inverse") if not (contrast and path == DENSITE)],
)
def test_axe_finds_no_serious_fault(visit: Fresh, path: str, contrast: str) -> None:
    seen = visit()
    page = seen.page
    seen.open(path)
    if path.startswith("/cartes?indicateur"):
        seen.drawn()
    if contrast:
        page.get_by_role("button", name="Contraste").click()
    page.evaluate((VENDOR / "axe-core" / "axe.min.js").read_text())
    faults = page.evaluate("axe.run(document, { resultTypes: ['violations'] }).then((found) => found.violations)")
    serious = [
        (fault["id"], [node["target"] for node in fault["nodes"]][:5], fault["nodes"][0]["failureSummary"])
        for fault in faults
        if fault["impact"] in ("serious", "critical", "moderate")
    ]
    assert serious == []


def test_the_page_is_walked_by_keyboard_from_the_skip_link(visit: Fresh) -> None:
    seen = visit()
    page = seen.page
    seen.open(DENSITE)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "evitement"
    expect(page.locator(".evitement")).to_be_in_viewport()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "contenu"
