"""A real browser on the real pages: Debian's Chromium, drawing without a graphics card."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from pictures import Picture
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

from api import assets

QUIET = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-gpu-rasterization",  # drawing text on the graphics card that is not there takes longer
    "--disable-sync",
    "--no-first-run",
    "--no-pings",
]
DRAWING = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
DRAWN_MS = 90_000


@dataclass
class Visit:
    """A page, and everything that it asked for or complained of."""

    page: Page
    server: str
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        self.page.goto(self.server + path)

    def drawn(self) -> None:
        """Wait until the map shows what the rest of the page says."""
        self.page.wait_for_function(
            """() => {
              const map = document.getElementById("map_carte");
              const told = JSON.parse(document.getElementById("etat").textContent).url;
              return map.dataset.etat === "prete" && map.dataset.adresse === told;
            }""",
            timeout=DRAWN_MS,
        )

    @property
    def foreign(self) -> list[str]:
        """What was asked of another host."""
        own = urlsplit(self.server).netloc
        return [url for url in self.requests if urlsplit(url).netloc not in (own, "")]

    @property
    def tiles(self) -> list[str]:
        return [url for url in self.requests if "/api/tiles/" in url]


@pytest.fixture(scope="session", autouse=True)
def built_assets() -> None:
    assets.build(tests=True)


@pytest.fixture(scope="session")
def chromium() -> str:
    return shutil.which("chromium") or "/usr/bin/chromium"


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=QUIET + DRAWING)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Browser, server: str) -> Iterator[Callable[..., Visit]]:
    """Give a function that opens a fresh profile, of a given size and with given options."""
    contexts: list[BrowserContext] = []

    def fresh(width: int = 1280, height: int = 900, **options: Any) -> Visit:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        return watched(context.new_page(), server)

    yield fresh
    for context in contexts:
        context.close()


def watched(page: Page, server: str) -> Visit:
    """Return a visit that records requests, console errors and exceptions of a page."""
    seen = Visit(page, server)

    def asked(request: Request) -> None:
        if not request.url.startswith(("data:", "blob:")):
            seen.requests.append(request.url)

    def said(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            seen.complaints.append(f"{message.type}: {message.text}")

    page.on("request", asked)
    page.on("console", said)
    page.on("pageerror", lambda error: seen.complaints.append(f"exception: {error}"))
    return seen


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go: the folder of ORES_PICTURES where it is set, a temporary one otherwise."""
    kept = os.environ.get("ORES_PICTURES")
    folder = Path(kept) if kept else tmp_path_factory.mktemp("pictures")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def picture(pictures: Path) -> Picture:
    """Give a function that takes a picture of a whole page, where ORES_PICTURES asks for some: it takes a while."""

    def take(page: Page, name: str) -> None:
        if "ORES_PICTURES" in os.environ:
            page.screenshot(path=pictures / f"{name}.png", full_page=True)

    return take


@pytest.fixture(scope="session")
def blind_browser(browser: Browser, chromium: str) -> Iterator[Browser]:
    """A browser that has no WebGL."""
    blind = browser.browser_type.launch(executable_path=chromium, args=[*QUIET, "--disable-3d-apis"])
    yield blind
    blind.close()
