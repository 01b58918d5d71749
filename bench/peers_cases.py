"""What is asked of each server, and what must be kept of the comparison."""

import json
import shutil
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from statistics import mean, median
from urllib.parse import urlsplit

import pyogrio
import sqlalchemy as sa
from figures import french
from peers_asked import statements
from peers_data import SCHEMA
from peers_load import Rate, asked_alone, by_turns, loaded
from peers_nginx import in_front, sending
from peers_servers import dsn, ores

from api.settings import Settings
from boundaries.bands import band_of

ROW = 30_000
PAGE_OF_ROW = 100
WIDE = (5, 6, 7)
CLOSE = (8, 10)
ROUNDS_OF_TILES = 7
OURS = "/api/collections/communes/items"
TILES = "/api/collections/communes/tiles/WebMercatorQuad"
TILE = TILES + "/{tileMatrix}/{tileRow}/{tileCol}"
TIPG = f"/collections/{SCHEMA}.communes/items"
PYGEOAPI = "/collections/communes/items"


@dataclass(frozen=True)
class Servers:
    """What is compared: addresses, and what leads to the database."""

    shipped: str
    cold: str
    tipg: str
    pygeoapi: str
    asyncpg: Path
    home: Path
    url: sa.URL
    folder: Path

    @property
    def settings(self) -> Settings:
        """The settings of our own servers."""
        address = self.url.render_as_string(hide_password=False)
        return Settings(home=self.home, DATABASE_URL=address, region="all")

    def alone(self, paths: list[str]) -> float:
        """Return how many times a second the SQL of our answers is answered, asked alone."""
        return asked_alone(self.asyncpg, dsn(self.url), statements(self.settings, self.url, paths))


@dataclass(frozen=True)
class Limit:
    """What must be kept: at least, or at most, so many times something."""

    name: str
    found: float
    bound: float
    at_least: bool = True

    @property
    def kept(self) -> bool:
        """Return whether it is."""
        return self.found >= self.bound if self.at_least else self.found <= self.bound


@dataclass
class Found:
    """A line of the comparison: figures by name of column, and the limits that they must keep."""

    name: str
    unit: str
    figures: dict[str, float]
    limits: list[Limit] = field(default_factory=list)


def compared(
    servers: Servers, places: list[tuple[float, float]]
) -> list[tuple[str, Callable[[], Iterator[Found]]]]:
    """Return what is to be measured, in order: what it is, and the act that measures it."""
    return [
        ("objets", lambda: _items(servers)),
        ("page profonde", lambda: _deep(servers)),
        ("tuiles larges", lambda: _tiles(servers, places, WIDE)),
        ("tuiles proches", lambda: _tiles(servers, places, CLOSE)),
        ("tuiles en mémoire", lambda: _warm(servers, places)),
        ("filtre par GDAL", lambda: _gdal(servers)),
    ]


def _items(servers: Servers) -> Iterator[Found]:
    for size in (100, 1000):
        ours = f"{OURS}?limit={size}"
        cold, shipped = (loaded(one, [ours]).per_second for one in (servers.cold, servers.shipped))
        tipg = loaded(servers.tipg, [f"{TIPG}?limit={size}"]).per_second
        pygeoapi = loaded(servers.pygeoapi, [f"{PYGEOAPI}?f=json&limit={size}"]).per_second
        figures = {
            "à froid": cold, "tel quel": shipped, "tipg": tipg, "pygeoapi": pygeoapi, "SQL seul": servers.alone([ours])
        }  # fmt: skip
        name = f"objets, limit={size}"
        yield Found(name, "/s", figures, [Limit(f"{name}, rapport à tipg", shipped / tipg, 8)])


def _deep(servers: Servers) -> Iterator[Found]:
    """The page that begins at a row, asked by one client alone: how long it takes."""
    address = f"{OURS}?limit=10000"
    for _ in range(ROW // 10_000):
        with urllib.request.urlopen(servers.shipped + address) as answer:  # noqa: S310
            links = {link["rel"]: link["href"] for link in json.load(answer)["links"]}
        split = urlsplit(links["next"])
        address = f"{split.path}?{split.query}"
    ours = address.replace("limit=10000", f"limit={PAGE_OF_ROW}")
    asked = f"limit={PAGE_OF_ROW}&offset={ROW}"

    def took(base: str, path: str, seconds: float = 4) -> float:
        return loaded(base, [path], seconds, connections=1).median_ms

    figures = {
        "à froid": took(servers.cold, ours),
        "tel quel": took(servers.shipped, ours),
        "tipg": took(servers.tipg, f"{TIPG}?{asked}", 8),
        "pygeoapi": took(servers.pygeoapi, f"{PYGEOAPI}?f=json&{asked}", 8),
    }
    name = f"page au rang {ROW}"
    yield Found(name, "ms", figures, [Limit(f"{name}, rapport à tipg", figures["tipg"] / figures["à froid"], 30)])


def _tiles(servers: Servers, places: list[tuple[float, float]], zooms: tuple[int, ...]) -> Iterator[Found]:
    for zoom in zooms:
        tiles = _of_places(places, zoom)
        ours = [TILE.format(tileMatrix=zoom, tileRow=y, tileCol=x) for x, y in tiles]
        cold = loaded(servers.cold, ours)
        full = loaded(servers.tipg, _of_tipg("communes_3857", zoom, tiles))
        same = loaded(servers.tipg, _of_tipg(f"communes_band_{band_of(zoom).zoom}", zoom, tiles))
        name = f"tuile z{zoom}"
        figures = {
            "à froid": cold.per_second,
            "tel quel": loaded(servers.shipped, ours).per_second,
            "tipg": full.per_second,
            "tipg, mêmes contours": same.per_second,
        }
        beside = f"aux mêmes contours : {french(cold.per_second / same.per_second, 2)}"
        ratio = cold.per_second / full.per_second
        if zoom in CLOSE:  # so many a second that what else the machine does would decide
            ratio = by_turns(
                (servers.cold, ours), (servers.tipg, _of_tipg("communes_3857", zoom, tiles)), ROUNDS_OF_TILES
            ).ratio
        limits = [Limit(f"{name} à froid, rapport à tipg ({beside})", ratio, 5 if zoom in CLOSE else 6)]
        if zoom in CLOSE:
            asked = [f"/collections/communes_3857/tiles/WebMercatorQuad/{zoom}/{y}/{x}?f=mvt" for x, y in tiles]
            figures["pygeoapi"] = loaded(servers.pygeoapi, asked).per_second
        else:
            limits.append(
                Limit(f"{name}, octets par rapport à tipg", cold.mean_bytes / full.mean_bytes, 0.25, False)
            )
        figures["SQL seul"] = servers.alone(ours)
        yield Found(name, "/s", figures, limits)
        yield Found(f"{name}, taille", "ko", _sizes(cold, full, same))


def _sizes(cold: Rate, full: Rate, same: Rate) -> dict[str, float]:
    found = {"à froid": cold, "tipg": full, "tipg, mêmes contours": same}
    return {name: one.mean_bytes / 1e3 for name, one in found.items()}


def _warm(servers: Servers, places: list[tuple[float, float]]) -> Iterator[Found]:
    """One tile kept in memory, of a usual size, beside the least that can send it."""
    zoom = CLOSE[-1]
    with urllib.request.urlopen(f"{servers.shipped}{TILES}?f=tilejson") as answer:  # noqa: S310
        template = json.load(answer)["tiles"][0].removeprefix(servers.shipped)
    bodies = {}
    for x, y in _of_places(places, zoom):
        path = template.format(z=zoom, x=x, y=y)
        with urllib.request.urlopen(servers.shipped + path) as answer:  # noqa: S310
            bodies[path, x, y] = answer.read()
    middle = median(map(len, bodies.values()))
    (path, x, y), body = min(bodies.items(), key=lambda one: abs(len(one[1]) - middle))
    file = servers.folder / "site" / "tile.mvt"
    file.parent.mkdir()
    file.write_bytes(body)
    tipg = loaded(servers.tipg, _of_tipg("communes_3857", zoom, [(x, y)])).per_second
    with ores("bare", servers.home, "", file) as address:
        warm = by_turns((servers.shipped, [path]), (address, ["/"]))
    with (
        sending(file.parent, servers.folder / "static") as static,
        in_front(servers.shipped, servers.folder / "proxied") as address,
    ):
        nginx = by_turns((address, [path]), (static, [f"/{file.name}"]))
    shutil.rmtree(file.parent)
    name = f"tuile z{zoom} en mémoire"
    figures = {
        "tel quel": warm.first, "tipg": tipg, "ASGI nu": warm.second,
        "derrière nginx": nginx.first, "nginx, fichier": nginx.second,
    }  # fmt: skip
    limits = [
        Limit(f"{name}, rapport à tipg", warm.first / tipg, 30),
        Limit(f"{name}, rapport à un ASGI nu", warm.ratio, 0.7),
        Limit("nginx fourni devant, rapport à nginx seul", nginx.ratio, 0.8),
    ]
    yield Found(f"{name} ({len(body)} octets)", "/s", figures, limits)


def _gdal(servers: Servers) -> Iterator[Found]:
    """The communes of a département through GDAL, by an attribute: pushed down here, read whole from the peer."""

    def took(source: str, layer: str, departement: str) -> tuple[float, int]:
        begun = time.perf_counter()
        found = pyogrio.read_dataframe(source, layer=layer, where=f"departement = '{departement}'")
        return 1000 * (time.perf_counter() - begun), len(found)

    ours = [took(f"OAPIF:{servers.shipped}/api", "communes", departement) for departement in ("44", "29", "59")]
    tipg = took(f"OAPIF:{servers.tipg}", f"{SCHEMA}.communes", "44")
    if tipg[1] != ours[0][1]:
        raise RuntimeError(f"not the same communes: {ours[0][1]} and {tipg[1]}")
    figures = {"tel quel": mean(one[0] for one in ours), "tipg": tipg[0]}
    name = "filtre par GDAL"
    yield Found(name, "ms", figures, [Limit(f"{name}, rapport à tipg", figures["tipg"] / figures["tel quel"], 20)])


def _of_places(places: list[tuple[float, float]], zoom: int) -> list[tuple[int, int]]:
    """The tiles of a zoom that hold half of the places, those that hold most of them first."""
    counted = Counter(_around(zoom, x, y) for x, y in places).most_common()
    held = list(accumulate(count for _, count in counted))
    enough = next(rank for rank, sum_ in enumerate(held) if sum_ >= len(places) / 2)
    return [tile for tile, _ in counted[: enough + 1]]


def _around(zoom: int, x: float, y: float) -> tuple[int, int]:
    """The column and the row of the WebMercatorQuad tile that holds a point of EPSG:3857.

    >>> _around(1, 1.0, 1.0), _around(1, -1.0, -1.0)
    ((1, 0), (0, 1))
    """
    half = 20_037_508.342789244
    size = 2**zoom / (2 * half)
    return int((x + half) * size), int((half - y) * size)


def _of_tipg(table: str, zoom: int, tiles: list[tuple[int, int]]) -> list[str]:
    return [f"/collections/{SCHEMA}.{table}/tiles/WebMercatorQuad/{zoom}/{x}/{y}" for x, y in tiles]
