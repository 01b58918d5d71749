"""What a tile asks of the database: one statement when it is cold, nothing when it is warm."""

import asyncio
from collections.abc import Iterator

import httpx
import mapbox_vector_tile
import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from api.app import create_app
from api.documents import Documents
from api.settings import Settings

GEOMETRY = "/api/tiles/2025/commune/10/507/358.mvt"
JOINED = f"{GEOMETRY}?indicator=densite:2022"


@pytest.fixture
def app(loaded_settings: Settings) -> Iterator[FastAPI]:
    """An application whose versions nothing follows: the requests alone ask the database."""
    app = create_app(loaded_settings)
    app.state.versions.refresh()
    yield app
    app.state.engine.dispose()


def get(app: FastAPI, address: str) -> httpx.Response:
    async def asked() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://ores") as client:
            return await client.get(address)

    return asyncio.run(asked())


@pytest.mark.parametrize("address", [GEOMETRY, JOINED])
def test_a_cold_tile_is_one_statement_and_a_warm_one_none(app: FastAPI, address: str) -> None:
    asked: list[str] = []
    taken: list[object] = []
    sa.event.listen(app.state.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    sa.event.listen(app.state.engine, "checkout", lambda *given: taken.append(given[0]))
    cold = get(app, address)
    assert (cold.status_code, len(asked), len(taken)) == (200, 1, 1)
    assert get(app, address).content == cold.content
    assert (len(asked), len(taken)) == (1, 1)


@pytest.mark.parametrize(
    "addresses",
    [
        [f"/api/tiles/2025/commune/12/{x}/1434.mvt?indicator=densite:2022" for x in range(2022, 2042)],
        [f"/api/indicators/population/values?level=epci&period={year}" for year in (2016, 2019, 2020, 2021, 2022)]
        * 2,
    ],
)
def test_postgresql_keeps_the_plans_of_what_is_asked_again(app: FastAPI, addresses: list[str]) -> None:
    for address in addresses:
        app.state.documents = Documents()
        assert get(app, address).status_code == 200
    with app.state.engine.connect() as conn:
        assert conn.scalar(sa.text("SELECT count(*) FROM pg_prepared_statements")) > 0


def test_a_tile_holds_nothing_without_geometry(app: FastAPI) -> None:
    layers = mapbox_vector_tile.decode(get(app, GEOMETRY).content)
    assert all(feature["geometry"]["coordinates"] for layer in layers.values() for feature in layer["features"])
