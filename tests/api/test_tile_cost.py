"""What a tile asks of the database: one statement when it is cold, nothing when it is warm, as other documents."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace

import httpx
import mapbox_vector_tile
import psycopg
import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from loops import run

from api import documents, plaintiles
from api.app import create_app
from api.documents import Documents
from api.editions import TILE_CONNECTIONS
from api.securing import secure
from api.settings import Settings
from boundaries.levels import Level
from geo.cluster import Cluster

GEOMETRY = "/api/tiles/2025/commune/10/507/358.mvt"
JOINED = f"{GEOMETRY}?indicator=densite:2022"
COMMUNES = "/api/collections/communes/tiles/WebMercatorQuad/10/358/507"
LAMBERT = "/api/collections/communes/tiles/Lambert93Quad/6/18/11"
VALUED = "/api/collections/densite/tiles/WebMercatorQuad/10/358/507"
CHOSEN = f"{VALUED}?level=commune&millesime=2025&period=2022"
TOGETHER = "/api/tiles/WebMercatorQuad/10/358/507"


@pytest.fixture
def app(loaded_settings: Settings) -> Iterator[FastAPI]:
    """An application whose versions nothing follows: the requests alone ask the database."""
    app = create_app(loaded_settings)
    secure(app.state.office.engine)
    app.state.public.versions.refresh()
    yield app
    run(app.state.public.asking.close())
    app.state.public.engine.dispose()
    app.state.office.dispose()


def get(app: FastAPI, address: str, **headers: str) -> httpx.Response:
    return get_all(app, [address], **headers)[0]


def get_all(app: FastAPI, addresses: list[str], **headers: str) -> list[httpx.Response]:
    """The answers to requests made at the same time."""

    async def asked() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://ores") as client:
            return await asyncio.gather(*(client.get(address, headers=headers) for address in addresses))

    return run(asked())


@pytest.fixture
def asked(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement that the application asks, and every connection that it takes."""
    asked: list[str] = []
    sa.event.listen(app.state.public.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    sa.event.listen(app.state.public.engine, "checkout", lambda *given: asked.append("connection"))
    one = app.state.public.asking.one

    async def heard(statement: str, values: Sequence[bytes]) -> list[bytes | None]:
        asked.append(statement)
        return list(await one(statement, values))

    monkeypatch.setattr(app.state.public.asking, "one", heard)
    return asked


@pytest.mark.parametrize("address", [GEOMETRY, JOINED, COMMUNES, LAMBERT, CHOSEN])
def test_a_cold_tile_is_one_statement_and_a_warm_one_none(app: FastAPI, asked: list[str], address: str) -> None:
    cold = get(app, address)
    assert (cold.status_code, len(asked)) == (200, 1)
    assert "ST_AsMVT(" in asked[0]
    assert get(app, address).content == cold.content
    assert len(asked) == 1


@pytest.mark.parametrize(
    "address",
    [
        "/api/indicators/densite/values?level=epci&period=2022&millesime=2025",
        "/api/collections/departements/items?millesime=2025",
    ],
)
def test_a_document_in_memory_takes_no_connection(app: FastAPI, asked: list[str], address: str) -> None:
    cold = get(app, address)
    assert asked.count("connection") == 1
    asked.clear()
    assert get(app, address).content == cold.content
    assert asked == []


def test_postgresql_keeps_the_plan_of_tiles(app: FastAPI) -> None:
    for column in range(2022, 2032):
        assert get(app, f"/api/tiles/2025/commune/12/{column}/1434.mvt?indicator=densite:2022").status_code == 200
    counted = (
        "SELECT count(*)::text FROM pg_prepared_statements "
        "WHERE statement LIKE 'WITH here AS%SELECT byteacat%' AND generic_plans > 0"
    )
    assert run(app.state.public.asking.one(counted, [])) == (b"1",)


def test_postgresql_keeps_the_plans_of_values_asked_again(app: FastAPI) -> None:
    for year in (2016, 2019, 2020, 2021, 2022) * 2:
        app.state.public.documents = Documents()
        assert get(app, f"/api/indicators/population/values?level=epci&period={year}").status_code == 200
    with app.state.public.engine.connect() as conn:
        assert conn.scalar(sa.text("SELECT count(*) FROM pg_prepared_statements")) > 0


def test_several_collections_are_a_statement_each_and_then_none(app: FastAPI, asked: list[str]) -> None:
    cold = get(app, f"{TOGETHER}?collections=communes,epci")
    assert (cold.status_code, len(asked)) == (200, 2)
    assert get(app, f"{TOGETHER}?collections=communes,epci").content == cold.content
    assert get(app, COMMUNES).status_code == 200
    assert len(asked) == 2, "what was made for several serves one alone"


def test_a_tile_holds_nothing_without_geometry(app: FastAPI) -> None:
    layers = mapbox_vector_tile.decode(get(app, GEOMETRY).content)
    assert all(feature["geometry"]["coordinates"] for layer in layers.values() for feature in layer["features"])


@pytest.mark.parametrize(
    "address",
    [
        GEOMETRY,
        JOINED,
        f"{JOINED}&v=stale",
        f"{GEOMETRY}?v=",
        f"{GEOMETRY}?v={'x' * 81}",
        f"{GEOMETRY}?truc=1",
        f"{GEOMETRY}?v=1&v=2",
        f"{GEOMETRY}?indicator=",
        f"{GEOMETRY}?indicator=densite",
        f"{GEOMETRY}?indicator=densite:1999",
        f"{GEOMETRY}?indicator=chomage:2022",
        "/api/tiles/%32025/commune/8/126/89.mvt",
        "/api/tiles/2025/canton-ville/8/126/89.mvt",
        "/api/tiles/2025/commune/8/0/0.mvt",
        "/api/tiles/2025/commune/8/256/0.mvt",
        "/api/tiles/2025/commune/15/0/0.mvt",
        "/api/tiles/2025/commune/8/-1/0.mvt",
        "/api/tiles/2025/commune/8/a/0.mvt",
        "/api/tiles/1900/commune/8/0/0.mvt",
        "/api/tiles/2022/commune/8/0/0.mvt",
        COMMUNES,
        LAMBERT,
        f"{COMMUNES}?millesime=2021&v=stale",
        f"{COMMUNES}?millesime=0000",
        f"{COMMUNES}?millesime=2022",
        f"{COMMUNES}?f=mvt",
        f"{COMMUNES}?f=png",
        f"{COMMUNES}?f=mvt&f=mvt",
        f"{COMMUNES}?truc=1",
        f"{COMMUNES}?indicator=densite:2022",
        f"{COMMUNES}?period=2022",
        f"{COMMUNES}?level=commune",
        f"{COMMUNES}?collections=epci",
        CHOSEN,
        VALUED,
        f"{VALUED}?level=canton&millesime=2025&period=2022",
        f"{VALUED}?level=lune&millesime=2025&period=2022",
        f"{VALUED}?level=commune&millesime=2025&period=1999",
        f"{VALUED}?level=commune&millesime=2025&period=2022&v={'x' * 601}",
        "/api/collections/indicateur-communes/tiles/WebMercatorQuad/8/89/126?level=epci&millesime=2025&period=2025",
        "/api/collections/indicateur-densite/tiles/WebMercatorQuad/8/89/126?level=commune&millesime=2025&period=2022",
        "/api/collections/petr/tiles/WebMercatorQuad/8/89/126",
        "/api/collections/lune/tiles/WebMercatorQuad/8/89/126",
        "/api/collections/communes/tiles/WorldCRS84Quad/8/89/126",
        "/api/collections/communes/tiles/WebMercatorQuad/8/0/0",
        "/api/collections/communes/tiles/WebMercatorQuad/15/0/0",
        "/api/collections/communes/tiles/WebMercatorQuad/8/a/0",
        TOGETHER,
        f"{TOGETHER}?collections=communes,regions",
        f"{TOGETHER}?collections=densite",
        f"{TOGETHER}?collections=communes,lune",
        f"{TOGETHER}?collections=",
        f"{TOGETHER}?level=commune",
        f"{TOGETHER}?millesime=2024",
    ],
)
def test_a_tile_answered_before_the_routes_is_the_answer_of_the_route(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    before = get(app, address)
    again = get(app, address, **{"if-none-match": before.headers.get("etag", ""), "accept-encoding": "gzip"})
    monkeypatch.setattr(plaintiles.Families, "asked", lambda *given: None)
    app.state.public.documents = Documents()
    after = get(app, address)
    assert (before.status_code, before.headers, before.content) == (
        after.status_code,
        after.headers,
        after.content,
    )
    after = get(app, address, **{"if-none-match": after.headers.get("etag", ""), "accept-encoding": "gzip"})
    assert (again.status_code, again.headers, again.content) == (after.status_code, after.headers, after.content)


def test_the_version_in_the_address_makes_it_immutable_before_the_routes_too(app: FastAPI) -> None:
    now = app.state.public.versions.now
    version = f"{now.drawn[2025, Level.COMMUNE].version}-{now.series['densite', '2022', 2025].digest}"
    for address in (JOINED, CHOSEN):
        assert "immutable" in get(app, f"{address}&v={version}").headers["cache-control"]
        assert "immutable" not in get(app, f"{address}&v=other").headers["cache-control"]


def test_a_tile_asked_by_many_at_once_is_made_once(app: FastAPI, asked: list[str]) -> None:
    bodies = {answer.content for answer in get_all(app, [JOINED] * 20)}
    assert (len(bodies), len(asked)) == (1, 1)


def test_tiles_asked_at_once_take_few_connections_and_those_that_die_are_replaced(
    app: FastAPI, loaded: sa.Engine, cluster: Cluster
) -> None:
    # what serves logs in as another role than the owner, whose connections only the administrator sees
    administrator = sa.create_engine(sa.make_url(cluster.admin_url).set(database=loaded.url.database))
    tiles = [f"/api/tiles/2025/commune/12/{2022 + number}/1434.mvt" for number in range(20)]
    makers = "FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%ST_AsMVT%'"
    others = "AND pid <> pg_backend_pid()"

    async def both_times() -> tuple[int | None, list[int]]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://ores") as client:
            with administrator.connect() as conn:  # those of other applications of these tests
                conn.execute(sa.text(f"SELECT pg_terminate_backend(pid, 5000) {makers} {others}"))
            await asyncio.gather(*(client.get(tile) for tile in tiles))
            with administrator.connect() as conn:
                taken = conn.scalar(sa.text(f"SELECT count(*) {makers} {others}"))
                conn.execute(sa.text(f"SELECT pg_terminate_backend(pid, 5000) {makers} {others}"))
            app.state.public.documents = Documents()
            return taken, [
                answer.status_code for answer in await asyncio.gather(*(client.get(tile) for tile in tiles))
            ]

    taken, statuses = run(both_times())
    administrator.dispose()
    assert taken is not None
    assert 0 < taken <= TILE_CONNECTIONS
    assert set(statuses) == {200}


def test_what_tiles_are_asked_with_can_only_read_and_for_a_time(app: FastAPI) -> None:
    async def asked(statement: str) -> list[bytes | None]:
        try:
            return list(await app.state.public.asking.one(statement, []))
        finally:
            await app.state.public.asking.close()

    assert run(asked("SELECT current_setting('statement_timeout')")) == [b"10s"]
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        run(asked("DELETE FROM indicators.release RETURNING id"))


def test_a_tile_that_the_database_does_not_answer_is_a_503(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    async def silent(statement: str, values: Sequence[bytes]) -> list[bytes | None]:
        raise psycopg.errors.QueryCanceled

    monkeypatch.setattr(app.state.public.asking, "one", silent)
    answer = get(app, JOINED)
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert answer.headers["retry-after"] == "5"


def test_what_is_ready_to_be_sent_is_sent_again_until_something_changes(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = get(app, CHOSEN, **{"accept-encoding": "gzip"})

    def refused(*given: object) -> None:
        raise AssertionError("nothing has to be found again")

    monkeypatch.setattr(plaintiles.Families, "asked", refused)
    again = get(app, CHOSEN, **{"accept-encoding": "gzip"})
    assert (again.headers, again.content) == (first.headers, first.content)
    for changed in (
        {"accept-encoding": "identity"},
        {"accept-encoding": "gzip", "if-none-match": first.headers["etag"]},
    ):
        with pytest.raises(AssertionError, match="found again"):
            get(app, CHOSEN, **changed)
    app.state.public.versions.now = replace(app.state.public.versions.now, series={})
    with pytest.raises(AssertionError, match="found again"):
        get(app, CHOSEN, **{"accept-encoding": "gzip"})


def test_what_is_ready_is_never_sent_to_who_says_who_they_are(app: FastAPI) -> None:
    assert get(app, GEOMETRY).status_code == 200
    for headers in ({"x-api-key": "ores_faux"}, {"authorization": "Bearer ores_faux"}):
        assert get(app, GEOMETRY, **headers).status_code == 401


def test_what_is_ready_weighs_no_more_than_it_may(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MOST_READY", 3_000)
    for column in range(2022, 2032):
        assert get(app, f"/api/tiles/2025/commune/12/{column}/1434.mvt").status_code == 200
        assert app.state.public.documents.ready._weight <= 3_000


@pytest.mark.parametrize("address", [JOINED, CHOSEN, f"{TOGETHER}?collections=communes,epci&millesime=2025"])
def test_what_tiles_of_a_map_have_in_common_is_found_once_until_something_changes(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    assert get(app, address).status_code == 200
    neighbour = address.replace("/507", "/508")

    def refused(*given: object) -> None:
        raise AssertionError("what it is of has to be found again")

    monkeypatch.setattr(plaintiles, "_family", refused)
    assert get(app, neighbour).status_code == 200
    now = app.state.public.versions.now
    for changed in (replace(now, series=dict(now.series)), replace(now, drawn=dict(now.drawn))):
        app.state.public.versions.now = changed
        with pytest.raises(AssertionError, match="found again"):
            get(app, neighbour)


@pytest.mark.parametrize("address", [f"{COMMUNES}.mvt", GEOMETRY.removesuffix(".mvt"), f"{TOGETHER}.mvt"])
def test_an_address_is_written_as_its_kind_is(app: FastAPI, address: str) -> None:
    assert get(app, GEOMETRY).status_code == 200
    assert get(app, COMMUNES).status_code == 200
    assert get(app, f"{TOGETHER}?collections=communes").status_code == 200
    assert get(app, address).status_code in (400, 404)


def test_families_of_tiles_are_no_more_than_they_may(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plaintiles, "MOST_FAMILIES", 3)
    for version in range(8):
        assert get(app, f"{GEOMETRY}?v={version}").status_code == 200
        assert len(app._families._held) <= 3
