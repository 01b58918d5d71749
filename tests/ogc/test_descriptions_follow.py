"""What is described follows what is served: a release makes new descriptions at once, and no question asks twice."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from released import release_of
from statuscountry import served

from geo.cluster import Cluster
from indicators.tables import Series

WATCHED = 2.0  # seconds within which a server sees a release


@pytest.fixture
def place(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, sa.Engine]]:
    with (
        served(cluster, tmp_path_factory.mktemp("described"), "described") as (url, engine),
        httpx.Client(base_url=url, timeout=60) as client,
    ):
        yield client, engine


def said(client: httpx.Client) -> dict[str, Any]:
    listed = client.get("/api/collections").json()["collections"]
    paths = client.get("/api/description").json()["paths"]
    return {
        "listed": {one["id"] for one in listed if "periods" in one},
        "described": {path.split("/")[2] for path in paths if path.endswith("/items")},
        "found": client.get("/api/collections/densite").status_code,
        "schema": client.get("/api/collections/densite/schema").status_code,
        "columns": list(client.get("/api/collections/population/queryables").json()["properties"])[7:-1],
    }


def test_a_release_makes_new_descriptions_and_a_withdrawal_brings_back_the_old(
    place: tuple[httpx.Client, sa.Engine],
) -> None:
    client, engine = place
    before = said(client)
    assert {"densite", "population"} <= before["listed"] <= before["described"]
    assert (before["found"], before["schema"]) == (200, 200)
    assert before["columns"] == ["value_2016", "status_2016", "value_2022", "status_2022"]
    with engine.begin() as conn:
        wanted = sa.select(Series.id).where(Series.indicator == "population", Series.period == "2022")
        release = release_of(conn, [conn.scalars(wanted).one()], "only")
    time.sleep(WATCHED)
    after = said(client)
    assert after["listed"] == {"population"}
    assert not {"densite", "surface"} & after["described"]
    assert (after["found"], after["schema"]) == (404, 404)
    assert after["columns"] == ["value_2022", "status_2022"]
    with engine.begin() as conn:
        conn.execute(
            sa.text(
                "INSERT INTO indicators.withdrawal (release_id, withdrawn_by, reason) VALUES (:release, 'essai', 'essai')"
            ),
            {"release": release},
        )
    time.sleep(WATCHED)
    assert said(client) == before


def test_sixty_collections_are_described_without_a_question_for_each(
    place: tuple[httpx.Client, sa.Engine],
) -> None:
    """Nothing is asked of the database for what was described before: a table that is locked keeps nobody waiting."""
    client, engine = place
    addresses = ["/api", "/api/collections", "/api/description", "/api/conformance"]
    addresses += [
        f"/api/collections/{name}{rest}" for name in ("communes", "densite") for rest in ("", "/queryables")
    ]
    first = {address: client.get(address).content for address in addresses}
    with engine.begin() as conn:
        conn.execute(sa.text("LOCK TABLE boundaries.territory, boundaries.millesime IN ACCESS EXCLUSIVE MODE"))
        start = time.monotonic()
        assert {address: client.get(address).content for address in addresses} == first
        assert time.monotonic() - start < 5
