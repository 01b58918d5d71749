"""What was published on a day, on every route that gives values; rare conversions, computed when first asked for."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import mapbox_vector_tile
import pytest
import sqlalchemy as sa
from deliveries import VALIDATOR, bring
from released import release_like
from servers import serving

from api.settings import Settings
from geo.clock import PARIS
from geo.progress import silent
from indicators.lifecycle import withdraw_release
from indicators.publication import publish
from indicators.tables import Release, Series

PAST = "2020-06-01"
NANTES = "44109"


@pytest.fixture
def engine_of(loaded_copy: Settings) -> Iterator[sa.Engine]:
    assert loaded_copy.database_url is not None
    engine = sa.create_engine(loaded_copy.database_url.get_secret_value())
    yield engine
    engine.dispose()


@pytest.fixture
def asked(loaded_copy: Settings, engine_of: sa.Engine, tmp_path: Path) -> Iterator[httpx.Client]:
    """A server whose first release is said to be of 2020; Nantes was then corrected to a million people."""
    with engine_of.begin() as conn:
        first = conn.scalar(sa.select(sa.func.max(Release.id)))
        day = datetime.fromisoformat(f"{PAST}T12:00:00+02:00")
        release_like(conn, first, day)
        communes = conn.execute(
            sa.text("SELECT code FROM boundaries.territory WHERE millesime = 2024 AND level = 'commune'")
        )
        bring(conn, "2022", 2024, {code: 1.0 for (code,) in communes} | {NANTES: 1_000_000.0})
        publish(conn, silent)
    with serving(loaded_copy) as address, httpx.Client(base_url=address, timeout=60) as client:
        yield client


def values(client: httpx.Client, **query: str) -> dict[str, float]:
    asked = {"level": "commune", "period": "2022", "millesime": "2024", **query}
    answer = client.get("/api/indicators/population/values", params=asked)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    return dict(zip(body["codes"], body["values"], strict=True))


def test_every_route_answers_as_of_a_day(asked: httpx.Client) -> None:
    before, now = values(asked, as_of=PAST)[NANTES], values(asked)[NANTES]
    assert (now, before) == (1_000_000.0, 325_070.0)
    series = "/api/indicators/population/series"
    territory = {"territory": f"commune:{NANTES}", "millesime": "2024"}
    for query, expected in (({}, now), ({"as_of": PAST}, before)):
        body = asked.get(series, params=territory | query).json()
        assert body["values"][body["periods"].index("2022")] == expected
        joined = {"millesime": "2024", "indicator": "population:2022", **query}
        item = asked.get(f"/api/collections/communes/items/{NANTES}", params=joined).json()
        assert item["properties"]["value"] == expected
        tile = asked.get(
            "/api/tiles/2024/commune/10/507/358.mvt", params={"indicator": "population:2022", **query}
        )
        found = mapbox_vector_tile.decode(tile.content)["commune"]["features"]
        told = {feature["properties"]["code"]: feature["properties"].get("value") for feature in found}
        assert told[NANTES] == expected
        assert "immutable" not in tile.headers["Cache-Control"]


def test_a_day_before_the_first_release_or_to_come_is_said(asked: httpx.Client) -> None:
    address = "/api/indicators/population/values?level=commune&period=2022&as_of="
    early = asked.get(address + "2019-01-01")
    assert (early.status_code, "01/06/2020" in early.json()["detail"]) == (404, True)
    tomorrow = (datetime.now(PARIS) + timedelta(days=1)).date()
    assert asked.get(address + str(tomorrow)).status_code == 400
    malformed = asked.get(address + "hier")
    assert (malformed.status_code, "AAAA-MM-JJ" in malformed.json()["detail"]) == (400, True)


def test_a_withdrawn_release_is_served_no_more(asked: httpx.Client, engine_of: sa.Engine) -> None:
    assert values(asked)[NANTES] == 1_000_000.0
    with engine_of.begin() as conn:
        latest = conn.scalar(sa.select(sa.func.max(Release.id)))
        withdraw_release(conn, int(latest or 0), VALIDATOR, "erreur de saisie")
    limit = time.monotonic() + 10
    while values(asked)[NANTES] == 1_000_000.0 and time.monotonic() < limit:
        time.sleep(0.1)
    assert values(asked)[NANTES] == 325_070.0


def test_a_conversion_nobody_asked_for_is_computed_once(asked: httpx.Client, engine_of: sa.Engine) -> None:
    rare = sa.select(Series.id, Series.computed_at).where(
        Series.indicator == "densite", Series.period == "2016", Series.millesime == 2021
    )
    with engine_of.connect() as conn:
        assert [row.computed_at for row in conn.execute(rare)] == [None]
    address = "/api/indicators/densite/values?level=epci&period=2016&millesime=2021"
    first = asked.get(address)
    assert first.status_code == 200
    with engine_of.connect() as conn:
        [row] = conn.execute(rare).all()
    assert row.computed_at is not None
    assert asked.get(address).content == first.content
    assert asked.get("/cartes?indicateur=densite&niveau=epci&periode=2019&millesime=2021").status_code == 200
    with engine_of.connect() as conn:
        assert conn.execute(rare).one().computed_at == row.computed_at


def test_the_periods_of_a_collection_that_nobody_asked_for_are_computed(
    asked: httpx.Client, engine_of: sa.Engine
) -> None:
    """All the periods in columns: those that are lacking are computed, and say what the route of values says."""
    lacking = sa.select(sa.func.count()).where(
        Series.indicator == "densite", Series.millesime == 2021, Series.computed_at.is_(None)
    )
    with engine_of.connect() as conn:
        before = conn.scalar(lacking) or 0
    query = {"millesime": 2021, "level": "epci", "skipGeometry": True}
    features = asked.get("/api/collections/densite/items", params=query).json()["features"]
    with engine_of.connect() as conn:
        assert (conn.scalar(lacking) or 0) < before - 1
    names = [name for name in features[0]["properties"] if name.startswith("value_")]
    assert len(names) > 2
    for name in (names[0], names[-1]):
        query = {"level": "epci", "millesime": 2021, "period": name.removeprefix("value_")}
        table = asked.get("/api/indicators/densite/values", params=query).json()
        assert {one["id"]: one["properties"][name] for one in features} == dict(
            zip(table["codes"], table["values"], strict=True)
        )
