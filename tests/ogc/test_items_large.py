"""Items of a country as large as France: streamed with flat memory, paged and filtered by indexes."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import largecountry
import pytest
import sqlalchemy as sa
from statuscountry import YEAR, served

from api import exports
from api.filters import Asked
from api.ogc.collected import collection_of
from api.ogc.ordering import Place
from api.ogc.parameters import Box, Chosen, Paged, Shown, Subject
from api.ogc.planning import plan_of
from api.ogc.plans import parameters, pattern_of
from geo.cluster import Cluster
from geo.formats.crs import CRS84
from geo.formats.media_types import GEOJSON

ITEMS = "/api/collections/communes/items"
POPULATION = "/api/collections/population/items"
TRIES = 8  # of which the best is kept: the machine does other things
TEXTS = ("geojson", "jsonfg", "geojsonseq", "csv", "csv-wkt", "csv-excel", "kml")


@pytest.fixture(scope="module")
def large(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, sa.Engine]]:
    home = tmp_path_factory.mktemp("large")
    with (
        served(cluster, home, "large", largecountry.fill, rate_address=0) as (url, engine),
        httpx.Client(base_url=url, timeout=60) as client,
    ):
        yield client, engine


def resident() -> int:
    """How many bytes this process, in which the server is, has in memory."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096


def taken(client: httpx.Client, address: str, **query: Any) -> tuple[int, float, int]:
    """Ask for something, letting it go as it comes: bytes, seconds to the first, how much more memory was held at most."""
    before = most = resident()
    weight, first = 0, 0.0
    started = time.perf_counter()
    with client.stream("GET", address, params=query, headers={"Accept-Encoding": "identity"}) as answer:
        assert answer.status_code == 200
        for rank, piece in enumerate(answer.iter_raw()):
            first = first or time.perf_counter() - started
            weight += len(piece)
            if rank % 16 == 0:
                most = max(most, resident())
    return weight, first, max(most, resident()) - before


def first_byte(client: httpx.Client, address: str, **query: Any) -> float:
    """Seconds to the first byte of an answer, whose rest is left."""
    started = time.perf_counter()
    with client.stream("GET", address, params=query, headers={"Accept-Encoding": "identity"}) as answer:
        next(answer.iter_raw())
        return time.perf_counter() - started


@pytest.mark.parametrize("form", TEXTS)
def test_what_is_streamed_starts_at_once_and_holds_little(
    large: tuple[httpx.Client, sa.Engine], form: str
) -> None:
    client, _ = large
    query = {"f": form, "limit": 100_000} if form == "geojson" else {"f": form}
    taken(client, POPULATION, **query, departement="10")  # what is imported and planned once
    weight, _, more = taken(client, POPULATION, **query)
    assert weight > (2_000_000 if form in ("csv", "csv-excel") else 10_000_000)
    assert more < 64 * 2**20, f"{more / 2**20:.0f} MiB more were held"
    first = min(first_byte(client, POPULATION, **query) for _ in range(TRIES))
    # 100 ms on a machine that does nothing else
    assert first < 0.2, f"{first * 1000:.0f} ms before the first byte"


def explained(engine: sa.Engine, name: str, place: Place | None = None, **asked: Any) -> str:
    """Return how the database would find a page: what it reads, and how."""
    chosen = Chosen(asked.get("box"), asked.get("filter"), None, asked.get("order"))
    with engine.connect() as conn:
        collected = collection_of(name, {"population"})
        subject = Subject(None, None, None, asked.get("period"), None, None)
        shown = Shown(GEOJSON, None, None, True)
        paged = Paged(1000, 0, None, "none")
        plan, _ = plan_of(conn, collected, YEAR, subject, None, shown, chosen, paged, asked.get("simple", {}), ())
        page = plan.page(CRS84, pattern_of(place))
        made = page.compile(conn, compile_kwargs={"render_postcompile": True})
        return "\n".join(conn.exec_driver_sql("EXPLAIN " + str(made), made.params | parameters(place)).scalars())


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("communes", {}),
        ("communes", {"filter": Asked("departement = '44'", "cql2-text", CRS84)}),
        ("communes", {"filter": Asked("departement = '44' AND nom LIKE '%9'", "cql2-text", CRS84)}),
        ("communes", {"simple": {"departement": "44"}}),
        ("communes", {"simple": {"epci": "200040000,200041000"}}),
        ("communes", {"box": Box((0.0, 44.0, 0.2, 44.2), CRS84)}),
        ("communes", {"place": Place(("40000",))}),
        ("communes", {"place": Place(("40000",), back=True)}),
        ("population", {"filter": Asked("departement = '44'", "cql2-text", CRS84), "period": "2022"}),
        ("population", {"simple": {"departement": "44"}}),
        ("population", {"simple": {"departement": "44"}, "order": "-value_2022"}),
    ],
)
def test_what_is_asked_for_is_found_by_indexes(
    large: tuple[httpx.Client, sa.Engine], name: str, asked: dict[str, Any]
) -> None:
    _, engine = large
    found = explained(engine, name, **asked)
    assert "Seq Scan on territory" not in found, found
    assert "Seq Scan on value" not in found, found


def test_a_page_far_away_comes_as_quickly_as_the_first(large: tuple[httpx.Client, sa.Engine]) -> None:
    client, _ = large
    last = client.get(ITEMS, params={"limit": 1, "offset": 29_999}).json()
    assert [one["id"] for one in last["features"]] == ["39999"]
    [following] = [link["href"] for link in last["links"] if link["rel"] == "next"]
    address = httpx.URL(following).copy_merge_params({"limit": "100", "count": "none"})
    started = time.perf_counter()
    found = client.get(address).json()
    assert [one["id"] for one in found["features"][:2]] == ["40000", "40001"]
    assert time.perf_counter() - started < 0.5


def test_all_are_counted_unless_each_would_have_to_be_computed_with(large: tuple[httpx.Client, sa.Engine]) -> None:
    client, _ = large

    def number(**query: Any) -> Any:
        return client.get(ITEMS, params={"limit": 1, **query}).json().get("numberMatched")

    assert number() == 35_000
    assert number(departement="44") == 1_000
    assert number(bbox="-4.01,42.99,-3.9,43.05") == 6
    costly = "CASEI(nom) LIKE CASEI('%9')"
    assert number(filter=costly) is None
    assert number(filter=costly, count="exact") == 3_500
    assert number(filter=f"departement = '44' AND {costly}") == 100
    assert number(filter=costly, count="estimated") > 0


def test_words_are_found_in_a_moment(large: tuple[httpx.Client, sa.Engine]) -> None:
    client, _ = large
    started = time.perf_counter()
    found = client.get(ITEMS, params={"q": "evette 12345"}).json()
    assert [one["id"] for one in found["features"]] == ["12345"]
    assert time.perf_counter() - started < 2


def test_too_much_in_a_file_that_is_written_whole(
    large: tuple[httpx.Client, sa.Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, _ = large
    monkeypatch.setattr(exports, "MOST_WRITTEN", 30_000)
    answer = client.get(ITEMS, params={"f": "gpkg"})
    assert answer.status_code == 413
    for way_out in ("35000", "bbox", "f=parquet"):
        assert way_out in answer.json()["detail"]
    assert client.get(ITEMS, params={"f": "gpkg", "departement": "44"}).status_code == 200
