"""Pages of items: whatever the order, they are the whole, each feature once, even while others write."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from statuscountry import COMMUNES, release_of, series, served

from geo.cluster import Cluster
from indicators.statuses import Status

ITEMS = "/api/collections/densite/items"
SORTED = st.lists(
    st.sampled_from(
        ["value_2022", "-value_2022", "status_2022", "-status_2022", "departement", "-epci", "nom", "-code"]
    ),
    max_size=3,
    unique_by=lambda name: name.removeprefix("-"),
)
FORMS = st.sampled_from(["geojson", "csv"])


@pytest.fixture(scope="module")
def written(
    cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[httpx.Client, sa.Engine]]:
    """A client of a server over a country of its own, and an engine that writes in it."""
    with (
        served(cluster, tmp_path_factory.mktemp("pages"), "pages", rate_address=0) as (url, engine),
        httpx.Client(base_url=url, timeout=60) as client,
    ):
        yield client, engine


def pages(client: httpx.Client, **query: Any) -> Iterator[list[dict[str, Any]]]:
    """Give each page, by the links that lead from one to the next."""
    return (found["features"] for found in walked(client, "next", str(httpx.URL(ITEMS, params=query))))


def walked(client: httpx.Client, rel: str, address: str | None) -> Iterator[dict[str, Any]]:
    """Give each page from an address on, by the links of a relation, which are headers too."""
    while address is not None:
        answer = client.get(address)
        assert answer.status_code == 200, answer.text
        found = answer.json()
        yield found
        address = next((link["href"] for link in found["links"] if link["rel"] == rel), None)
        assert answer.links.get(rel, {}).get("url") == address


def ids(features: list[dict[str, Any]]) -> list[str]:
    return [feature["id"] for feature in features]


def expected(features: list[dict[str, Any]], names: list[str]) -> list[str]:
    """The order that is asked for, worked out: what has no value comes last, either way; then by code."""
    found = sorted(features, key=lambda one: one["id"])
    for name in reversed(names):
        key = name.removeprefix("-")
        own = [one for one in found if one["properties"][key] is not None]
        own.sort(key=lambda one, key=key: one["properties"][key], reverse=name.startswith("-"))
        found = own + [one for one in found if one["properties"][key] is None]
    return ids(found)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=SORTED, limit=st.integers(1, 16), offset=st.integers(0, 17))
def test_pages_are_the_whole_in_any_order(
    written: tuple[httpx.Client, sa.Engine], names: list[str], limit: int, offset: int
) -> None:
    client, _ = written
    query = {"sortby": ",".join(names)} if names else {}
    whole = client.get(ITEMS, params=query).json()["features"]
    assert ids(whole) == expected(whole, names)
    by_pages = [one for page in pages(client, limit=limit, offset=offset, **query) for one in page]
    assert by_pages == whole[offset:]
    assert all(len(page) == limit for page in list(pages(client, limit=limit, **query))[:-1])


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=SORTED, limit=st.integers(1, 16), offset=st.integers(0, 14))
def test_previous_pages_are_what_comes_before(
    written: tuple[httpx.Client, sa.Engine], names: list[str], limit: int, offset: int
) -> None:
    """From a page that follows, back: each page ends where the next one began, and the first has none before it."""
    client, _ = written
    query: dict[str, Any] = {"sortby": ",".join(names)} if names else {}
    whole = client.get(ITEMS, params=query).json()["features"]
    start = str(httpx.URL(ITEMS, params={**query, "limit": limit, "offset": offset}))
    here, *before = list(walked(client, "prev", start))
    assert here["features"] == whole[offset : offset + limit]
    starts = range(offset - limit, -limit, -limit) if offset else []
    assert [one["features"] for one in before] == [whole[max(at, 0) : at + limit] for at in starts]
    if before:  # and forward again, from the first
        [address] = [link["href"] for link in before[-1]["links"] if link["rel"] == "self"]
        again = [one for page in walked(client, "next", address) for one in page["features"]]
        assert again == whole


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=SORTED, limit=st.integers(1, 16))
def test_pages_of_files_are_the_whole(
    written: tuple[httpx.Client, sa.Engine], names: list[str], limit: int
) -> None:
    client, _ = written
    query: dict[str, Any] = {"sortby": ",".join(names)} if names else {}
    whole = client.get(ITEMS, params={**query, "f": "csv"}).text.splitlines()
    found = [whole[0]]
    address: str | None = str(httpx.URL(ITEMS, params={**query, "f": "csv", "limit": limit}))
    while address is not None:
        answer = client.get(address)
        found += answer.text.splitlines()[1:]
        address = answer.links.get("next", {}).get("url")
    assert found == whole
    back: list[str] = []
    last = client.get(ITEMS, params={**query, "f": "csv", "limit": limit, "offset": 14})
    while (address := last.links.get("prev", {}).get("url")) is not None:
        last = client.get(address)
        back = last.text.splitlines()[1:] + back
    assert back == whole[1:15]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=SORTED,
    limit=st.integers(1, 6),
    writes=st.lists(
        st.tuples(st.sampled_from(COMMUNES[:6]), st.one_of(st.none(), st.floats(0, 2000))), min_size=1, max_size=5
    ),
)
def test_what_nobody_writes_comes_once_whatever_is_written_meanwhile(
    written: tuple[httpx.Client, sa.Engine], names: list[str], limit: int, writes: list[tuple[str, float | None]]
) -> None:
    """Values of the first six communes change between pages; the others come once, in their order."""
    client, engine = written
    still = set(COMMUNES[6:])
    query = {"sortby": ",".join(names)} if names else {}
    order = [code for code in expected(client.get(ITEMS, params=query).json()["features"], names) if code in still]
    seen: list[str] = []
    waiting = list(writes)
    for page in pages(client, limit=limit, **query):
        seen += ids(page)
        if waiting:
            _write(engine, *waiting.pop())
    assert [code for code in seen if code in still] == order


def test_pages_that_follow_are_of_the_release_of_the_first(
    cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with (
        served(cluster, tmp_path_factory.mktemp("release"), "release") as (url, engine),
        httpx.Client(base_url=url, timeout=60) as client,
    ):
        walk = pages(client, limit=5, sortby="-value", period="2022")
        first = next(walk)
        with engine.begin() as conn:
            other = dict.fromkeys(COMMUNES, (7.0, Status.OBSERVED, 1.0))
            conn.execute(sa.text("UPDATE indicators.series SET digest = 'before' WHERE digest = 'densite-2022'"))
            release_of(conn, [series(conn, "densite", "2022", other)], "later")
        while client.get(ITEMS, params={"period": "2022"}).json()["features"][0]["properties"]["value"] != 7:
            time.sleep(0.1)
        values = [one["properties"]["value"] for page in (first, *walk) for one in page]
        assert values == [*sorted((v for v in values if v is not None), reverse=True), *[None] * 4]
        assert 7 not in values
        assert len(values) == 15


def test_a_cursor_of_another_order_is_refused(written: tuple[httpx.Client, sa.Engine]) -> None:
    client, _ = written
    found = client.get(ITEMS, params={"limit": 2, "sortby": "nom"}).json()
    [following] = [link["href"] for link in found["links"] if link["rel"] == "next"]
    assert client.get(following).status_code == 200
    for change in ({"sortby": "-nom"}, {"sortby": "code"}):
        answer = client.get(str(httpx.URL(following).copy_merge_params(change)))
        assert answer.status_code == 400
        assert "Curseur non accepté" in answer.json()["detail"]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(limit=st.floats(0, 600), name=st.sampled_from(["value_2022", "value_2016"]))
def test_a_filter_its_contrary_and_what_has_no_value_are_the_whole(
    written: tuple[httpx.Client, sa.Engine], limit: float, name: str
) -> None:
    client, _ = written

    def kept(text: str) -> list[str]:
        return ids(client.get(ITEMS, params={"filter": text}).json()["features"])

    above, below, without = (
        kept(text) for text in (f"{name} > {limit!r}", f"NOT ({name} > {limit!r})", f"{name} IS NULL")
    )
    assert sorted(above + below + without) == ids(client.get(ITEMS).json()["features"])


def _write(engine: sa.Engine, code: str, value: float | None) -> None:
    status = "missing" if value is None else "observed"
    with engine.begin() as conn:
        conn.execute(
            sa.text(
                "UPDATE indicators.value AS v SET value = :value, status = CAST(:status AS indicators.status) "
                "FROM indicators.series AS s, boundaries.territory AS t WHERE s.id = v.series_id "
                "AND s.indicator = 'densite' AND s.period = '2022' AND t.id = v.territory_id AND t.code = :code"
            ),
            {"value": value, "status": status, "code": code},
        )
