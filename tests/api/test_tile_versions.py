"""The addresses of tiles change with what they show, and with nothing else, in every process that serves them."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from released import release_of
from statuscountry import COMMUNES, YEAR, series, served
from toycountry import country

from boundaries.levels import Level
from boundaries.load import load
from boundaries.zonings.composition import Composition, Terms
from boundaries.zonings.load import load as load_zoning
from geo.cluster import Cluster
from geo.progress import silent
from indicators.statuses import Status
from indicators.tables import Series

SETS = {
    "communes": "communes",
    "regions": "regions",
    "zones": "zones-emploi",
    "population": "population",
    "densite": "densite",
    "former densite": "densite?period=2016",
}
PLACE = "9/179/256"


@dataclass
class Places:
    """Two processes that serve one database, and who writes in it."""

    clients: tuple[httpx.Client, httpx.Client]
    engine: sa.Engine

    def addresses(self, process: int) -> dict[str, str]:
        """The address of one tile of each set, as its description writes it, without the host."""
        found = {}
        for name, asked in SETS.items():
            collection, _, query = asked.partition("?")
            answer = self.clients[process].get(f"/api/collections/{collection}/tiles/WebMercatorQuad?{query}")
            if answer.status_code == 200:
                [item] = [link["href"] for link in answer.json()["links"] if link["rel"] == "item"]
                path = item[item.index("/api/") :]
                found[name] = path.replace("{tileMatrix}/{tileRow}/{tileCol}", PLACE)
        return found

    def everywhere(self, told: Callable[[dict[str, str]], bool]) -> dict[str, str]:
        """The addresses, once both processes give the same and they are as told."""
        limit = time.monotonic() + 20
        while True:
            first, second = self.addresses(0), self.addresses(1)
            if first == second and told(first):
                return first
            assert time.monotonic() < limit, (first, second)
            time.sleep(0.2)

    def got(self, address: str, **headers: str) -> httpx.Response:
        """The answer of both processes, which is the same."""
        first, second = (client.get(address, headers=headers) for client in self.clients)
        assert (first.status_code, first.content, first.headers["etag"]) == (
            second.status_code,
            second.content,
            second.headers["etag"],
        )
        return first


@pytest.fixture(scope="module")
def places(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Places]:
    home = tmp_path_factory.mktemp("processes")
    with (
        served(cluster, home, "processes") as (url, engine),
        _another(engine, home) as other,
        httpx.Client(base_url=url, timeout=60) as first,
        httpx.Client(base_url=other, timeout=60) as second,
    ):
        yield Places((first, second), engine)


@contextmanager
def _another(engine: sa.Engine, home: Path) -> Iterator[str]:
    """Give the address of a process of its own that serves the same database."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = engine.url.render_as_string(hide_password=False)
    environment = {**os.environ, "DATABASE_URL": url, "ORES_HOME": str(home), "ORES_REGION": "all"}
    command = [sys.executable, "-m", "uvicorn", "--factory", "api.app:create_app", "--port", str(port)]
    process = subprocess.Popen([*command, "--log-level", "warning"], env=environment)
    try:
        limit = time.monotonic() + 60
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{port}/livez")
                break
            except httpx.TransportError:
                assert process.poll() is None, "the process stopped as soon as it was started"
                assert time.monotonic() < limit, "the process does not start"
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def test_after_a_release_and_loads_only_the_addresses_of_what_changed_change(places: Places) -> None:
    before = places.everywhere(lambda found: len(found) == 5)
    bodies = {name: places.got(address) for name, address in before.items()}
    assert all("immutable" in answer.headers["cache-control"] for answer in bodies.values())
    assert len({answer.headers["etag"] for answer in bodies.values()}) == 5

    # A release in which the density of 2022 alone is new.
    with places.engine.begin() as conn:
        kept = list(conn.scalars(sa.select(Series.id).where(Series.digest != "densite-2022")))
        conn.execute(sa.update(Series).where(Series.digest == "densite-2022").values(digest="densite-2022-before"))
        values = dict.fromkeys(COMMUNES, (7.0, Status.OBSERVED, 1.0))
        new = series(conn, "densite", "2022", values)
        conn.execute(sa.update(Series).where(Series.id == new).values(digest="densite-2022-after"))
        release_of(conn, [*kept, new], "second")
    after = places.everywhere(lambda found: found["densite"] != before["densite"])
    assert {name for name in before if after[name] != before[name]} == {"densite"}
    for name in ("communes", "regions", "population", "former densite"):
        again = places.got(after[name])
        assert (again.content, again.headers["etag"]) == (bodies[name].content, bodies[name].headers["etag"])
    changed = places.got(after["densite"])
    assert changed.content != bodies["densite"].content
    # who still has the former address is given what is served now, for no longer than that
    stale = places.got(before["densite"])
    assert stale.content == changed.content
    assert "immutable" not in stale.headers["cache-control"]

    # A zoning: the communes that it is made of stay as they were.
    with places.engine.begin() as conn:
        terms = Terms(Level.ZONE_EMPLOI, "Essai", 2020, YEAR, "Insee", "Licence Ouverte 2.0", "z.csv", "0" * 64)
        load_zoning(conn, terms, Composition(frozenset({("44001", "5201")}), {"5201": "Zone"}), YEAR, silent)
    zoned = places.everywhere(lambda found: "zones" in found)
    assert {name: zoned[name] for name in after} == after
    zones = places.got(zoned["zones"])

    # The same zoning, composed otherwise.
    with places.engine.begin() as conn:
        pairs = frozenset({("44001", "5201"), ("44002", "5201")})
        load_zoning(conn, terms, Composition(pairs, {"5201": "Zone"}), YEAR, silent)
    composed = places.everywhere(lambda found: found["zones"] != zoned["zones"])
    assert {name for name in zoned if composed[name] != zoned[name]} == {"zones"}
    assert places.got(composed["zones"]).content != zones.content

    # Another millesime: what is said of the one before stays; what says none goes to the newest.
    with places.engine.begin() as conn:
        load(conn, country(2024), "52", silent)
    newer = places.everywhere(lambda found: found["communes"] != composed["communes"])
    assert {name for name in composed if newer.get(name) != composed[name]} == {"communes", "regions", "zones"}
    again = places.got(before["communes"])
    assert (again.content, again.headers["etag"]) == (
        bodies["communes"].content,
        bodies["communes"].headers["etag"],
    )
    assert "immutable" in again.headers["cache-control"]
    assert places.got(before["communes"], **{"if-none-match": again.headers["etag"]}).status_code == 304
