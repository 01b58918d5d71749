"""What every address does the same: HEAD, OPTIONS, other sites, compression, tags and dates, errors that nobody keeps."""

import gzip
import json
import socket
import time
from collections.abc import Iterator
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

import brotli
import httpx
import pytest
import sqlalchemy as sa
import zstandard
from servers import serving
from statuscountry import served

from api.app import create_app
from api.dependencies import Connection
from api.settings import Settings
from api.versions import WRITTEN
from geo.cluster import Cluster

TILE = "/api/tiles/2023/commune/6/32/22.mvt"
READ = (
    "/api",
    "/api/openapi.json",
    "/api/territories?level=commune",
    "/api/indicators",
    "/api/indicators/population/values?level=commune&period=2016&millesime=2023",
    "/api/collections",
    "/api/collections/communes/items",
    TILE,
)
LONG = (
    "/api/openapi.json",
    "/api/territories?level=commune",
    "/api/indicators",
    "/api/collections",
    "/api/collections/communes/items",
    "/api/collections/communes/items?f=csv",
    "/",
    "/static/ores.css",
)
WRONG = (
    ("/api/rien", 404),
    ("/api/collections/rien/items", 404),
    ("/api/collections/communes/items?inconnu=1", 400),
    ("/api/collections/communes/items?limit=0", 400),
    ("/api/territories", 400),
    ("/api/tiles/2023/commune/3/9/0.mvt", 404),
    ("/api?cle=fausse", 401),
    ("/api/passports/x", 400),
)
ELSEWHERE = {"Origin": "https://ailleurs.example"}
UNPACKED = {
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": lambda packed: zstandard.ZstdDecompressor().decompressobj().decompress(packed),
}


@pytest.fixture(scope="module")
def small(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, sa.Engine]]:
    """A server over a small country, and an engine that may write in its database."""
    with served(cluster, tmp_path_factory.mktemp("behaviour"), "behaviour") as (url, engine):
        time.sleep(2.5)  # what has just changed has no date yet
        httpx.get(f"{url}/api")
        time.sleep(1.2)
        yield url, engine


@pytest.fixture(scope="module")
def asked(small: tuple[str, sa.Engine]) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=small[0], timeout=30) as client:
        yield client


def database(small: tuple[str, sa.Engine]) -> str:
    return small[1].url.render_as_string(hide_password=False)


def raw(client: httpx.Client, address: str, accepted: str) -> tuple[httpx.Response, bytes]:
    """An answer, and its bytes as they were sent."""
    with client.stream("GET", address, headers={"Accept-Encoding": accepted}) as answer:
        return answer, b"".join(answer.iter_raw())


@pytest.mark.parametrize("address", READ)
def test_head_has_the_headers_of_get_and_no_body(asked: httpx.Client, address: str) -> None:
    get, head = asked.get(address), asked.head(address)
    assert (head.status_code, head.content) == (get.status_code, b"") == (200, b"")
    left = {"date", "transfer-encoding"}
    told = [{name: value for name, value in one.headers.items() if name not in left} for one in (get, head)]
    assert told[0] == told[1]


@pytest.mark.parametrize("address", ["/api/rien", "/rien", "/api/territories?level=rien"])
def test_head_of_an_error_has_its_status_and_no_body(asked: httpx.Client, address: str) -> None:
    assert asked.head(address).status_code == asked.get(address).status_code
    assert asked.head(address).content == b""


@pytest.mark.parametrize("form", ["csv", "geojsonseq", "parquet", "gpkg"])
def test_head_of_an_export_does_not_wait_for_it(asked: httpx.Client, form: str) -> None:
    answer = asked.head(f"/api/collections/communes/items?f={form}")
    assert (answer.status_code, answer.content) == (200, b"")
    assert "filename=" in answer.headers["content-disposition"]


@pytest.mark.parametrize("address", [*READ, "/api/collections/rien", "/", "/cartes", "/livez", "/static/ores.css"])
def test_options_say_the_methods(asked: httpx.Client, address: str) -> None:
    answer = asked.options(address)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"


def test_options_of_a_form_have_post(asked: httpx.Client) -> None:
    assert asked.options("/administration/session").status_code in (204, 404)
    assert "POST" in asked.options("/administration/imports").headers["allow"]


def test_options_of_nothing_are_not_there(asked: httpx.Client) -> None:
    answer = asked.options("/api/rien")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_what_is_only_read_says_how(asked: httpx.Client, method: str) -> None:
    for address in ("/api/indicators", TILE, "/static/ores.css"):
        answer = asked.request(method, address)
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("address", [*READ, *(address for address, _ in WRONG)])
def test_pages_of_any_site_may_read_the_interface_with_no_credentials(asked: httpx.Client, address: str) -> None:
    answer = asked.get(address, headers=ELSEWHERE)
    assert answer.headers.get_list("access-control-allow-origin") == ["*"]
    assert "access-control-allow-credentials" not in answer.headers
    exposed = set(answer.headers["access-control-expose-headers"].split(", "))
    assert exposed >= {"Link", "Content-Crs", "OGC-NumberMatched", "OGC-NumberReturned", "ETag", "Retry-After"}


def test_a_browser_may_ask_before_it_asks(asked: httpx.Client) -> None:
    asking = {**ELSEWHERE, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "x-api-key"}
    answer = asked.options("/api/collections/communes/items", headers=asking)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "X-API-Key" in answer.headers["access-control-allow-headers"]
    assert answer.headers["access-control-allow-methods"] == "GET, HEAD, OPTIONS"
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("address", ["/", "/cartes", "/administration", "/static/ores.css"])
def test_pages_are_for_this_site_alone(asked: httpx.Client, address: str) -> None:
    asking = {**ELSEWHERE, "Access-Control-Request-Method": "GET"}
    for answer in (asked.get(address, headers=ELSEWHERE), asked.options(address, headers=asking)):
        assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize("address", LONG)
@pytest.mark.parametrize("name", UNPACKED)
def test_answers_are_compressed_as_the_client_wants(asked: httpx.Client, address: str, name: str) -> None:
    plain, body = raw(asked, address, "identity")
    packed, sent = raw(asked, address, f"gzip;q=0.3, {name}")
    assert "content-encoding" not in plain.headers
    assert packed.headers.get_list("content-encoding") == [name]
    assert "Accept-Encoding" in packed.headers["vary"]
    assert "Accept-Encoding" in plain.headers["vary"]
    assert len(UNPACKED[name](sent)) == pytest.approx(len(body), abs=100)
    if address != "/":  # it has a nonce
        assert UNPACKED[name](sent) == body
        assert packed.headers.get("etag", "packed") != plain.headers.get("etag", "plain")
    assert len(sent) < len(body)


def test_a_small_answer_is_not_compressed(asked: httpx.Client) -> None:
    answer, _ = raw(asked, "/livez", "gzip, br, zstd")
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize("address", [READ[0], *READ[2:]])
def test_what_a_client_has_is_not_sent_again(asked: httpx.Client, address: str) -> None:
    first = asked.get(address)
    tag, date = first.headers["etag"], first.headers["last-modified"]
    known = [
        {"If-None-Match": tag},
        {"If-None-Match": f'"other", W/{tag.removeprefix("W/")}'},
        {"If-None-Match": "*"},
        {"If-Modified-Since": date},
        {"If-None-Match": tag, "If-Modified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"},
    ]
    for headers in known:
        again = asked.get(address, headers=headers)
        assert (again.status_code, again.content) == (304, b""), headers
        for name in ("etag", "cache-control", "vary", "last-modified", "access-control-allow-origin"):
            assert again.headers[name] == first.headers[name]
    other = [
        {"If-None-Match": '"other"', "If-Modified-Since": date},
        {"If-Modified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"},
        {"If-Modified-Since": "Thu, 01 Jan 2150 00:00:00 GMT"},  # a release that is withdrawn turns the date back
        {"If-Modified-Since": "demain"},
    ]
    assert {asked.get(address, headers=headers).status_code for headers in other} == {200}


def test_the_date_is_that_of_the_release_or_of_the_limits_and_changes_with_them(
    small: tuple[str, sa.Engine], asked: httpx.Client
) -> None:
    address = "/api/indicators"
    with small[1].connect() as conn:
        moments = conn.execute(
            sa.text(
                "SELECT (SELECT max(published_at) FROM indicators.release), "
                "(SELECT max(loaded_at) FROM boundaries.millesime)"
            )
        ).one()
    before = asked.get(address).headers["last-modified"]
    assert before == format_datetime(max(*moments, WRITTEN).astimezone(WRITTEN.tzinfo), usegmt=True)
    with small[1].begin() as conn:
        conn.execute(sa.text("UPDATE boundaries.millesime SET loaded_at = now()"))
    limit = time.monotonic() + 10
    while asked.get(address).headers.get("last-modified", before) == before:
        assert time.monotonic() < limit
        time.sleep(0.1)
    assert parsedate_to_datetime(asked.get(address).headers["last-modified"]) > parsedate_to_datetime(before)
    assert asked.get(address, headers={"If-Modified-Since": before}).status_code == 200


def test_an_address_with_its_version_never_changes(asked: httpx.Client) -> None:
    release = asked.get("/api").json()["release"]
    address = "/api/indicators/population/values?level=commune&period=2016&millesime=2023"
    assert asked.get(f"{address}&v={release}").headers["cache-control"] == "public, max-age=31536000, immutable"
    for other in (address, f"{address}&v=former"):
        assert asked.get(other).headers["cache-control"] == "public, max-age=0, must-revalidate"


@pytest.mark.parametrize(("address", "status"), WRONG)
def test_errors_are_kept_by_nobody_and_say_nothing_of_the_inside(
    asked: httpx.Client, address: str, status: int
) -> None:
    answer = asked.get(address)
    assert answer.status_code == status
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/problem+json"
    assert not {"etag", "last-modified"} & set(answer.headers)
    assert not [word for word in ("Traceback", "psycopg", "SELECT", ".py", "Error") if word in answer.text]


@pytest.mark.parametrize("address", ["/rien", "/cartes?niveau=rien", "/static/rien.js"])
def test_pages_of_errors_are_kept_by_nobody(asked: httpx.Client, address: str) -> None:
    answer = asked.get(address)
    assert answer.status_code >= 400
    assert answer.headers["cache-control"] == "no-store"


def test_what_nobody_foresaw_is_told_without_its_reason(
    small: tuple[str, sa.Engine], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(Settings(home=tmp_path, DATABASE_URL=database(small)))

    @app.get("/api/boum")
    def boum() -> None:
        raise ValueError("un secret")

    with serving(Settings(), app) as url:
        answer = httpx.get(f"{url}/api/boum", headers=ELSEWHERE)
    assert answer.status_code == 500
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "secret" not in answer.text
    assert "un secret" in caplog.text


def test_who_asks_too_often_is_told_when_to_ask_again(small: tuple[str, sa.Engine], tmp_path: Path) -> None:
    app = create_app(Settings(home=tmp_path, DATABASE_URL=database(small), rate_address=0.2))
    somebody = {"X-Forwarded-For": "192.0.2.1", **ELSEWHERE}
    with serving(Settings(), app, forwarded_allow_ips="*") as url:
        for address in (TILE, "/api"):
            refused = [httpx.get(f"{url}{address}", headers=somebody) for _ in range(4)][-1]
            assert refused.status_code == 429
            assert 1 <= int(refused.headers["retry-after"]) <= 5
            assert refused.headers["cache-control"] == "no-store"
            assert refused.headers["access-control-allow-origin"] == "*"
            assert refused.json()["status"] == 429


def test_a_client_that_reads_slowly_holds_no_connection(small: tuple[str, sa.Engine], tmp_path: Path) -> None:
    app = create_app(Settings(home=tmp_path, DATABASE_URL=database(small)))
    held: list[object] = []
    sa.event.listen(app.state.public.engine, "checkout", lambda connection, *rest: held.append(connection))
    sa.event.listen(app.state.public.engine, "checkin", lambda connection, *rest: held.remove(connection))
    # more than what the sockets and the server keep of an answer between them
    large = "x" * 4_000_000

    @app.get("/api/long")
    def long(conn: Connection) -> dict[str, str]:
        conn.execute(sa.text("SELECT 1"))
        return {"x": large}

    with serving(Settings(), app) as url, socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect((urlsplit(url).hostname, urlsplit(url).port))
        slow.sendall(b"GET /api/long HTTP/1.1\r\nHost: ores\r\n\r\n")
        assert slow.recv(15) == b"HTTP/1.1 200 OK"
        limit = time.monotonic() + 2
        while held:
            assert time.monotonic() < limit, "the connection is held until the answer is read"
            time.sleep(0.01)
        assert json.loads(httpx.get(f"{url}/api/long").text) == {"x": large}


def test_a_request_that_takes_too_long_is_told_the_way_out(small: tuple[str, sa.Engine], tmp_path: Path) -> None:
    app = create_app(Settings(home=tmp_path, DATABASE_URL=database(small)))
    # the roles that serve are made when the application starts; the limit of a statement, shortened here
    sa.event.listen(
        app.state.public.engine,
        "begin",
        lambda conn: conn.execute(sa.text("SET LOCAL statement_timeout = '300ms'")),
    )

    @app.get("/api/slow")
    def slow(conn: Connection) -> None:
        conn.execute(sa.text("SELECT pg_sleep(30)"))

    with serving(Settings(), app) as url:
        answer = httpx.get(f"{url}/api/slow", timeout=10)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.headers["cache-control"] == "no-store"
    assert "bbox=" in answer.json()["detail"]
    assert "canceling" not in answer.text


def test_when_every_connection_is_held_the_next_is_told_to_come_back(
    small: tuple[str, sa.Engine], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.editions.WAITING_SECONDS", 0.3)
    app = create_app(Settings(home=tmp_path, DATABASE_URL=database(small)))
    with serving(Settings(), app) as url:
        pool = app.state.public.engine
        held = [pool.connect() for _ in range(pool.pool.size())]
        answer = httpx.get(f"{url}/readyz", timeout=10)
        for one in held:
            one.close()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
