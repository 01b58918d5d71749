"""The shipped nginx in front of a real server: the public is answered from the cache, nobody else's bytes are in it."""

import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import orjson
import pytest
from crawling import Answer, Asker
from fastapi import FastAPI, Request
from proxies import Proxy, proxied
from servers import serving
from starlette.responses import PlainTextResponse, Response
from twins import Place, Places

from api.accounts import keys
from api.settings import Settings
from boundaries.readers import Audience

VALUES = "/api/indicators/medecins_generalistes/values?level=departement&period=2018&millesime=2023"
LARGE = 3 * 2**20  # bytes: more than a form has, less than a file may


@pytest.fixture(scope="module")
def proxy(places: Places, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    folder = opened(tmp_path_factory.mktemp("nginx"))
    with proxied(places.one.url, folder) as running:
        yield running


def opened(folder: Path) -> Path:
    """A folder that nginx, which does not run as root, can enter."""
    for parent in (folder, *folder.parents[:4]):  # pytest-of-<user>/pytest-<n>/popen-gw<k>/nginx0
        if parent == folder or (parent.owner() != "nobody" and parent.name.startswith(("popen-", "pytest-"))):
            parent.chmod(0o755)
    return folder


def release(place: Place, audience: Audience) -> str:
    return str(orjson.loads(place.asker(audience)("/api").body)["release"])


def logged(proxy: Proxy, since: int, expected: int) -> list[str]:
    """The lines of the access log since one, once there are as many as expected."""
    limit = time.monotonic() + 5
    while len(proxy.log) < since + expected and time.monotonic() < limit:
        time.sleep(0.02)
    return proxy.log[since:]


def test_what_is_public_is_answered_from_the_cache(places: Places, proxy: Proxy) -> None:
    ask, straight = Asker(proxy.url), places.one.asker()
    version = release(places.one, Audience.PUBLIC)
    tiles = orjson.loads(straight("/api/tiles/2023/commune/tilejson.json?indicator=population:2022").body)
    tile = tiles["tiles"][0].replace("http://ores.test", "").format(z=0, x=0, y=0)
    for address in (f"{VALUES}&v={version}", tile, "/static/ores.css?v=1"):
        first = ask(address)
        assert first.status == 200
        assert "immutable" in first.header("cache-control")
        assert first.body == straight(address).body == kept(ask, proxy, address).body
        since = len(proxy.log)
        head = ask(address, "HEAD")
        assert (head.status, head.body, head.header("etag")) == (200, b"", first.header("etag"))
        unchanged = ask(address, If_None_Match=first.header("etag"))
        assert (unchanged.status, unchanged.body) == (304, b"")
        told = logged(proxy, since, 2)
        assert all(" HIT " in line for line in told), told


def kept(ask: Asker, proxy: Proxy, address: str) -> Answer:
    """The answer to an address once it comes from the cache: nginx keeps it a moment after it has sent it."""
    limit = time.monotonic() + 5
    while time.monotonic() < limit:
        since = len(proxy.log)
        found = ask(address)
        if " HIT " in logged(proxy, since, 1)[0]:
            return found
    raise AssertionError(f"{address} is never kept")


def test_compressed_answers_pass_through_and_are_kept_apart(places: Places, proxy: Proxy) -> None:
    address = "/api/openapi.json"
    assert Asker(proxy.url)(address).body == places.one.asker()(address).body
    address = f"/static/ores.css?v={release(places.one, Audience.PUBLIC)}"
    tilejson = "/api/indicators?as_of=2026-02-20"
    ask = Asker(proxy.url)
    for one in (address, tilejson):
        for encoding in ("", "gzip", "br, gzip", "", "gzip"):
            straight = places.one.asker()(one, Accept_Encoding=encoding)
            through = ask(one, Accept_Encoding=encoding)
            assert (through.header("content-encoding"), through.body) == (
                straight.header("content-encoding"),
                straight.body,
            )


def test_an_answer_that_may_change_is_asked_again_and_confirmed_by_its_tag(places: Places, proxy: Proxy) -> None:
    ask = Asker(proxy.url)
    since = len(proxy.log)
    answers = [ask(VALUES) for _ in range(3)]
    assert {answer.header("cache-control") for answer in answers} == {"public, max-age=0, must-revalidate"}
    assert ask(VALUES, If_None_Match=answers[0].header("etag")).status == 304
    assert not any("HIT" in line for line in logged(proxy, since, 4))


def test_nobody_is_ever_given_what_was_made_for_another(places: Places, proxy: Proxy) -> None:
    """Three audiences ask the same addresses at the same time, in any order, by each way to say who they are."""
    place = places.one
    versions = [release(place, audience) for audience in Audience]
    asked = [f"{VALUES}&v={version}" for version in versions]
    asked += [
        f"/api/tiles/2023/departement/0/0/0.mvt?indicator=medecins_generalistes:2018&v={v}" for v in versions
    ]
    asked += ["/api", "/api/indicators", "/api/indicators/boulangeries", "/", "/cartes?indicateur=boulangeries",
              "/api/indicators/menages_fiscaux/values?level=commune&period=2021", "/api/nulle-part"]  # fmt: skip
    right = {(one, audience): said(place.asker(audience)(one)) for one in asked for audience in Audience}
    assert right[asked[0], Audience.PUBLIC] != right[asked[0], Audience.REGION]
    ways = [(audience, way) for audience in Audience for way in ("header", "bearer", "session", "cle", "%63l%65")]
    cookies = {
        audience: place.session(place.keys[audience]) for audience in (Audience.PROFESSIONAL, Audience.REGION)
    }
    orders = [(one, *way) for one in asked for way in ways] * 2
    random.Random(1).shuffle(orders)  # noqa: S311 - an order, not a secret

    def once(order: tuple[str, Audience, str]) -> str | None:
        address, audience, way = order
        ask, key = Asker(proxy.url), place.keys.get(audience)
        if key is None:
            found = ask(address)
        elif way == "header":
            found = ask(address, X_API_Key=key)
        elif way == "bearer":
            found = ask(address, Authorization=f"Bearer {key}")
        elif way == "session":
            found = ask(address, Cookie=f"autre=1; ores_session={cookies[audience]}")
        elif not address.startswith("/api"):
            return None  # a key in an address opens no page
        else:
            found = ask(f"{address}{'&' if '?' in address else '?'}{way}={key}")
        if said(found) != right[address, audience]:
            return f"{address} for {audience} by {way}: {found.status} {found.body[:200]!r}"
        kept = found.header("cache-control")
        if key is not None and "public" in kept:
            return f"{address} for {audience}: {kept}"
        return None

    with ThreadPoolExecutor(8) as beside:
        wrong = [one for one in beside.map(once, orders) if one]
    assert not wrong, "\n".join(wrong[:10])


def said(answer: Answer) -> tuple[int, str, bytes]:
    """What was answered: pages, which have a nonce, by their title and what they name."""
    if answer.header("content-type").startswith("text/html"):
        names = sorted(
            {name for name in (b"boulangeries", b"bureaux_poste", b"niveau_vie_d9") if name in answer.body}
        )
        return answer.status, "", b" ".join(names)
    return answer.status, answer.header("etag"), answer.body


def test_no_key_is_left_behind(places: Places, proxy: Proxy) -> None:
    """Not in the logs, not in the cache, not when the server does not answer."""
    for audience, key in places.one.keys.items():
        token = places.one.session(key)
        ask = Asker(proxy.url)
        address = f"{VALUES}&v={release(places.one, audience)}"
        assert ask(f"{address}&cle={key}").status == 200
        assert ask(address, X_API_Key=key, Referer=f"http://ores.test/api?cle={key}").status == 200
        assert ask("/cartes", Cookie=f"ores_session={token}").status == 200
        for secret in (key, token):
            assert secret.encode() not in proxy.written
    assert any(f'"GET {VALUES.partition("?")[0]} HTTP/1.1"' in line for line in proxy.log)


def test_a_server_that_is_away_leaves_no_key_in_the_log_of_errors(tmp_path: Path) -> None:
    with proxied("http://127.0.0.1:9", opened(tmp_path)) as running:
        answer = Asker(running.url)("/api?cle=ores_secret", X_API_Key="ores_other")
        assert answer.status == 502
        assert "cache-control" not in {name.lower() for name, _ in answer.headers}
        logged(running, 0, 1)
        assert b"ores_secret" not in running.written
        assert b"ores_other" not in running.written


def test_a_revoked_key_is_refused_within_its_seconds(places: Places, proxy: Proxy) -> None:
    place = places.one
    with place.engine.begin() as conn:
        key = keys.create(conn, "Ali", "reader", audience="region")
    address = f"{VALUES}&v={release(place, Audience.REGION)}"
    ask = Asker(proxy.url)
    assert ask(address, X_API_Key=key).status == ask(f"{address}&cle={key}").status == 200
    with place.engine.begin() as conn:
        found = next(one for one in keys.listed(conn) if one.name == "Ali" and one.valid)
        keys.revoke(conn, found.id)
    limit = time.monotonic() + 5  # what a process remembers of a key, three seconds
    while ask(address, X_API_Key=key).status == 200 and time.monotonic() < limit:
        time.sleep(0.1)
    for refused in (
        ask(address, X_API_Key=key),
        ask(f"{address}&cle={key}"),
        ask(address, Authorization=f"Bearer {key}"),
    ):
        assert (refused.status, refused.header("cache-control")) == (401, "no-store")
    assert ask(address).status == 200, "the public is answered still"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asker]:
    """Who asks, through the proxy, a server that says what it was told, and how often it was asked."""
    app = FastAPI()
    asked: list[str] = []

    @app.api_route("/{path:path}", methods=["GET", "POST"])
    async def tell(request: Request) -> Response:
        asked.append(request.url.path)
        size = len(await request.body())
        status = int(request.query_params.get("status", 200))
        kept = {"Cache-Control": "no-store" if status >= 400 else "public, max-age=31536000, immutable"}
        client = request.client.host if request.client else ""
        headers = " ".join(f"{name}={value}" for name, value in sorted(request.headers.items()))
        return PlainTextResponse(f"{client} {request.url.scheme} {size} {len(asked)} {headers}", status, kept)

    folder = opened(tmp_path_factory.mktemp("forwarding"))
    with serving(Settings(), app, forwarded_allow_ips=Settings().proxies) as url, proxied(url, folder) as running:
        yield Asker(running.url)


def test_who_asks_is_who_the_proxy_sees_not_who_they_say(told: Asker) -> None:
    body = told("/x", X_Forwarded_For="192.0.2.9", X_Forwarded_Proto="https", Forwarded="for=192.0.2.9").body
    assert body.startswith(b"127.0.0.1 http ")
    assert b"192.0.2.9" not in body
    assert b"host=ores.test" in body


@pytest.mark.parametrize("status", [401, 404, 429, 503])
def test_a_refusal_is_kept_by_nobody(told: Asker, status: int) -> None:
    first, second = (told(f"/api?v=1&status={status}") for _ in range(2))
    assert first.status == second.status == status
    assert first.body != second.body
    for _ in range(20):
        if told("/api?v=1").body == told("/api?v=1").body:
            return
    raise AssertionError("what may be kept is not")


@pytest.mark.parametrize(
    "address", ["?v=1", "?v=1&indicator=densite:2022", "?bbox-crs=x&collections=communes,epci&v=1", "?q=cle&v=a"]
)
def test_a_version_asked_by_nobody_is_kept_whatever_cookie_another_site_left(told: Asker, address: str) -> None:
    path = f"/kept{address}"
    for _ in range(20):  # nginx keeps an answer a moment after it has sent it, and asks for each moment again
        if told(path).body == told(path, Cookie="autre=1; session=2").body:
            return
    raise AssertionError(f"{path} is never kept")


@pytest.mark.parametrize(
    "address",
    ["", "?", "?v=", "?v", "?x=v=1", "?av=1", "?v=1&cle=x", "?cle=x&v=1", "?v=1&cle", "?v=1&cle=", "?v=1&CLE=x",
     "?v=1&%63le=x", "?v=1&c%6Ce=x", "?cl%65=x&v=1", "?v=1&&cle=x", "?v=1&indicator=x&cle=x", "?v=1&x%0A=1",
     "?v=1&cle%0A=x"],
)  # fmt: skip
def test_an_address_without_version_or_that_may_hold_a_key_goes_through(told: Asker, address: str) -> None:
    path = f"/through{address}"
    assert len({told(path).body for _ in range(4)}) == 4


@pytest.mark.parametrize(
    "given",
    [{"Cookie": "ores_session=x"}, {"Cookie": "a=1;\tores_session=x"}, {"Cookie": "a=1; ores_session=x; b=2"},
     {"Authorization": "x"}, {"X_API_Key": "x"}],
)  # fmt: skip
def test_who_says_who_they_are_is_never_answered_from_the_cache(told: Asker, given: dict[str, str]) -> None:
    kept = {told("/said?v=1").body for _ in range(4)}
    own = {told("/said?v=1", **given).body for _ in range(4)}
    assert len(own) == 4
    assert not own & kept


def test_a_file_goes_through_to_the_imports_alone(told: Asker) -> None:
    assert told.send("/administration/imports", b"x" * LARGE).status == 200
    assert told.send("/administration", b"x" * 1000).status == 200
    assert told.send("/cartes", b"x" * LARGE).status == 413
