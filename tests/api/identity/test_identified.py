"""Who asks: nobody pays for it, a good credential opens its edition, a wrong one is never taken for the public."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI, Request
from loops import run
from servers import serving
from starlette.requests import Request as StarletteRequest
from starlette.responses import Response
from starlette.routing import Route
from statuscountry import YEAR, served

from api.accounts import keys, people, sessions
from api.accounts.journal import spoken
from api.accounts.rights import COMMAND
from api.accounts.tables import AccountEvent, ApiKey, Person
from api.identity.credentials import Given, given
from api.identity.exported import note_export
from api.identity.identified import Identified
from api.identity.openings import Openings
from api.office import Office
from api.settings import Settings
from boundaries.readers import ANYBODY, Audience, Reader
from geo.clock import PARIS
from geo.cluster import Cluster

TODAY = datetime.now(PARIS).date()
SOMEWHERE = "192.0.2.1"


@pytest.fixture
def office(cluster: Cluster, engine: sa.Engine, tmp_path: Path) -> Iterator[Office]:
    made = Office(cluster.url, tmp_path)
    yield made
    made.dispose()
    with engine.begin() as conn:
        conn.execute(sa.delete(Person))


def settings(**given: Any) -> Settings:
    return Settings(**({"rate_address": 0, "rate_key": 0} | given))


def application() -> FastAPI:
    """Says to each who they are, and everything that it was told of the request."""
    app = FastAPI()
    app.state.region = "52"

    @app.get("/{path:path}")
    def told(request: Request) -> dict[str, str]:
        reader: Reader = request.state.reader
        seen = f"{request.url} {request.headers.items()} {request.query_params}"
        return {"audience": reader.audience, "name": reader.name, "seen": seen}

    return app


Asking = Callable[..., httpx.Response]


def asking(app: Any, address: str = SOMEWHERE) -> Asking:
    """Return what asks an application in this process, from an address."""

    def ask(path: str = "/api", **options: Any) -> httpx.Response:
        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(app=app, client=(address, 5000))
            async with httpx.AsyncClient(transport=transport, base_url="http://ores.test") as client:
                return await client.get(path, **options)

        return run(asked())

    return ask


@pytest.fixture
def ask(office: Office) -> Asking:
    return asking(Identified(application(), office, settings()))


def key_of(office: Office, name: str = "Jeanne", role: str = "reader", audience: str | None = "region") -> str:
    with office.transaction() as conn:
        organisation = "CAF" if role == "contributor" else ""
        return keys.create(conn, name, role, audience=audience, organisation=organisation)


def bearer(key: str) -> dict[str, Any]:
    return {"headers": {"Authorization": f"Bearer {key}"}}


def refused(answer: httpx.Response, status: int = 401) -> str:
    """The sentence of a refusal."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert ("www-authenticate" in answer.headers) == (status == 401)
    return str(answer.json()["detail"])


class TestCredentials:
    @pytest.mark.parametrize(
        ("headers", "query", "expected", "left"),
        [
            ([], b"", [], b""),
            ([(b"accept", b"*/*")], b"a=cle&article=1&cles=2", [], b"a=cle&article=1&cles=2"),
            ([(b"authorization", b"bearer  k ")], b"a=1", [Given("k")], b"a=1"),
            ([(b"authorization", b"Basic aaaa")], b"", [Given("")], b""),
            ([(b"x-api-key", b" k ")], b"", [Given("k")], b""),
            ([], b"a=1&cle=k%5F1&b=%26", [Given("k_1", in_address=True)], b"a=1&b=%26"),
            ([], b"%63%6Ce=k", [Given("k", in_address=True)], b""),
            ([], b"cle", [Given("", in_address=True)], b""),
            ([(b"cookie", b"a=1; ores_session=t; b=2")], b"", [Given("t", session=True)], b""),
            ([(b"cookie", b"xores_session=t; ores_session=")], b"", [], b""),
            (
                [(b"x-api-key", b"k"), (b"authorization", b"Bearer l")],
                b"cle=m&cle=n",
                [Given("k"), Given("l"), Given("m", in_address=True), Given("n", in_address=True)],
                b"",
            ),
        ],
    )
    def test_they_are_found_and_taken_out(
        self, headers: list[tuple[bytes, bytes]], query: bytes, expected: list[Given], left: bytes
    ) -> None:
        scope = {"headers": headers, "query_string": query}
        assert given(scope) == expected
        assert scope["query_string"] == left
        assert not {name for name, _ in scope["headers"]} & {b"authorization", b"x-api-key"}


class TestWhoAsks:
    def test_nobody_is_the_public_and_asks_nothing_of_the_database(self, tmp_path: Path) -> None:
        nowhere = Office("postgresql+psycopg://nobody@127.0.0.1:1/none", tmp_path)
        ask = asking(Identified(application(), nowhere, settings()))
        assert ask().json()["audience"] == "public"
        assert ask("/cartes", headers={"Cookie": "other=1"}).json() == ask("/cartes").json() | {
            "seen": ask("/cartes", headers={"Cookie": "other=1"}).json()["seen"]
        }
        assert "momentanément" not in refused(ask(**bearer("ores_00000000_x")), 503)
        assert ask("/static/a.css", **bearer("ores_00000000_x")).status_code == 200

    @pytest.mark.parametrize("audience", ["professional", "region"])
    def test_a_key_opens_its_edition_each_way(self, office: Office, ask: Asking, audience: str) -> None:
        key = key_of(office, audience=audience)
        for path, options in (
            ("/api", bearer(key)),
            ("/cartes", bearer(key)),
            ("/api", {"headers": {"X-API-Key": key}}),
            (f"/api/x?f=json&cle={key}", {}),
        ):
            told = ask(path, **options)
            assert told.json()["audience"] == audience
            assert told.json()["name"] == "Jeanne"
            assert key not in told.text, "what is behind must not see the key"
        assert "f=json" in told.json()["seen"]

    def test_a_key_opens_no_more_than_its_scope_and_its_person(self, office: Office, ask: Asking) -> None:
        key_of(office, "Ali", "administrator", None)
        narrow = key_of(office, "Ali", "reader", "professional")
        assert ask(**bearer(narrow)).json()["audience"] == "professional"
        paul = key_of(office, "Paul", "contributor", "region")
        assert ask(**bearer(paul)).json()["audience"] == "region"
        with office.transaction() as conn:
            found = people.named(conn, "Paul")
            assert found is not None
            people.change(conn, found.id, people.Rights("contributor", Audience.PROFESSIONAL, "CAF"), by=COMMAND)
        again = asking(Identified(application(), office, settings()))
        assert again(**bearer(paul)).json()["audience"] == "professional"
        assert key_of(office, "Lise", "contributor", None)
        with office.transaction() as conn:
            assert [row.audience for row in keys.listed(conn)][-1] == "professional"

    def test_what_opens_nothing_is_refused_never_taken_for_the_public(self, office: Office, ask: Asking) -> None:
        ended, revoked, closed = (key_of(office, name) for name in ("Ended", "Revoked", "Closed"))
        with office.transaction() as conn:
            of = {row.name: row for row in keys.listed(conn)}
            keys.end(conn, of["Ended"].id, TODAY - timedelta(days=1))
            keys.revoke(conn, of["Revoked"].id)
            people.close(conn, of["Closed"].person_id, by=COMMAND)
        wrong = [bearer(key) for key in (ended, revoked, closed, ended[:-1], "x" * 300, "")]
        wrong += [{"headers": headers} for headers in ({"Authorization": "Basic YTpi"}, {"X-API-Key": ""})]
        said = {refused(ask(**one)) for one in wrong} | {refused(ask("/api?cle="))}
        assert len(said) == 1, "what is wrong with a key is not told"
        assert refused(ask("/cartes", **bearer(revoked))) in said

    def test_several_at_once_are_refused(self, office: Office, ask: Asking) -> None:
        key = key_of(office)
        for path, headers in (
            ("/api", {"Authorization": f"Bearer {key}", "X-API-Key": key}),
            (f"/api?cle={key}", {"X-API-Key": key}),
            (f"/api?cle={key}&cle={key}", {}),
            (f"/api?cle={key}", {"Cookie": "ores_session=x"}),
        ):
            answer = ask(path, headers=headers)
            assert "une seule est acceptée" in refused(answer, 400)
            assert key not in answer.text

    def test_a_key_in_the_address_of_a_page_opens_nothing(self, office: Office, ask: Asking) -> None:
        key = key_of(office)
        for path in ("/", "/cartes", "/administration"):
            answer = ask(f"{path}?cle={key}")
            assert "interface de programmation" in refused(answer, 400)
            assert key not in answer.text


class TestSessions:
    @pytest.fixture
    def token(self, office: Office) -> str:
        with office.transaction() as conn:
            key = keys.create(conn, "Jeanne", "validator")
            return sessions.open_session(conn, keys.identify(conn, key))

    def test_a_session_opens_its_edition_everywhere(self, ask: Asking, token: str) -> None:
        for path in ("/api", "/cartes", "/administration/imports"):
            told = ask(path, headers={"Cookie": f"ores_session={token}"}).json()
            assert (told["audience"], told["name"]) == ("region", "Jeanne")

    def test_an_ended_session_is_said_before_the_public_edition_is_shown(
        self, office: Office, ask: Asking, token: str
    ) -> None:
        with office.transaction() as conn:
            sessions.close_session(conn, token)
        cookie = {"headers": {"Cookie": f"ores_session={token}"}}
        assert "Session terminée" in refused(ask("/api", **cookie))
        page = ask("/cartes", **cookie)
        assert page.status_code == 401
        assert "<h1>Session terminée</h1>" in page.text
        assert 'ores_session=""' in page.headers["set-cookie"]
        assert "Max-Age=0" in page.headers["set-cookie"]
        assert page.headers["cache-control"] == "no-store"
        assert "set-cookie" not in ask("/api", **cookie).headers, "the map of a page still shown would go on"
        assert ask("/administration", **cookie).json()["audience"] == "public"
        assert ask("/static/ores.css", **cookie).status_code == 200


class TestFreshness:
    def test_the_database_is_asked_every_few_seconds_and_revocations_act(self, office: Office) -> None:
        now = [100.0]
        statements: list[str] = []
        sa.event.listen(
            office.engine, "before_cursor_execute", lambda c, k, statement, *_: statements.append(statement)
        )
        openings = Openings(office, lambda: now[0])
        key = key_of(office)
        statements.clear()

        async def everything() -> None:
            found = await asyncio.gather(*(openings.holder(Given(key), SOMEWHERE) for _ in range(30)))
            assert {one.reader if one else None for one in found} == {Reader(Audience.REGION, "Jeanne")}
            assert sum("api_key" in one for one in statements if one.startswith("SELECT")) == 1
            assert sum(one.startswith("UPDATE") for one in statements) == 1  # when it was last used
            now[0] += 2.9
            with office.transaction() as conn:
                [row] = keys.listed(conn)
                keys.revoke(conn, row.id)
            statements.clear()
            assert await openings.holder(Given(key), SOMEWHERE) is not None
            assert statements == []
            now[0] += 0.2
            assert await openings.holder(Given(key), SOMEWHERE) is None

        run(everything())

    def test_the_time_of_use_is_not_written_all_the_time(self, office: Office) -> None:
        key = key_of(office)
        with office.transaction() as conn:
            keys.identify(conn, key)
        with office.transaction() as conn:
            first = keys.listed(conn)[0].last_used_at
            keys.identify(conn, key)
            assert keys.listed(conn)[0].last_used_at == first
            conn.execute(sa.update(ApiKey).values(last_used_at=first - timedelta(minutes=2)))
            keys.identify(conn, key)
            assert keys.listed(conn)[0].last_used_at > first


def test_what_leaves_is_noted_unless_it_is_the_public_s(office: Office, engine: sa.Engine) -> None:
    app = application()
    app.state.office = office
    app.router.routes.insert(0, Route("/api/export", exported))
    ask = asking(Identified(app, office, settings()), "192.0.2.88")
    assert ask("/api/export?f=csv").status_code == 200
    assert ask(f"/api/export?f=csv&cle={key_of(office)}").status_code == 200
    with engine.connect() as conn:
        told = sa.select(AccountEvent.action, AccountEvent.actor, AccountEvent.details)
        rows = conn.execute(told.where(AccountEvent.address == "192.0.2.88")).all()
    details = {"what": "/api/export", "audience": "region", "format": "csv", "rows": 3}
    assert [tuple(row) for row in rows] == [("exported", "Jeanne", details)]
    assert spoken(rows[0].details) == "/api/export ; format csv ; 3 lignes ; Conseil régional"


def exported(request: StarletteRequest) -> Response:
    note_export(request, format="csv", rows=3)
    return Response("a;b")


class TestLimits:
    def test_keys_that_are_tried_make_their_address_wait_not_its_neighbours(self, office: Office) -> None:
        app = Identified(application(), office, settings())
        ask, elsewhere = asking(app), asking(app, "192.0.2.2")
        good = key_of(office)
        assert ask(**bearer(good)).status_code == 200
        for number in range(5):
            refused(ask(**bearer(f"ores_00000000_{number}")))
        waiting = ask(**bearer("ores_00000000_5"))
        assert "Trop de clés refusées" in refused(waiting, 429)
        assert 0 < int(waiting.headers["retry-after"]) <= 2
        assert refused(ask(**bearer("ores_00000000_0")))  # met already: known to be wrong
        assert ask(**bearer(good)).status_code == 200
        assert ask().status_code == 200
        assert elsewhere(**bearer(key_of(office, "Ali"))).status_code == 200

    def test_a_client_that_goes_on_with_an_ended_key_does_not_lock_its_colleagues_out(
        self, office: Office, engine: sa.Engine
    ) -> None:
        app = Identified(application(), office, settings())
        ask = asking(app, "192.0.2.77")
        key = key_of(office, "Ended")
        with office.transaction() as conn:
            keys.end(conn, keys.listed(conn)[0].id, TODAY - timedelta(days=1))
        for _ in range(20):
            refused(ask(**bearer(key)))
        assert ask(**bearer(key_of(office, "Colleague"))).status_code == 200
        with engine.connect() as conn:
            rows = conn.execute(
                sa.select(AccountEvent.action, AccountEvent.details).where(AccountEvent.address == "192.0.2.77")
            ).all()
        assert [(row.action, row.details["person"]) for row in rows] == [("refused", "Ended")]

    def test_an_address_and_a_key_may_ask_so_often(self, office: Office) -> None:
        app = Identified(application(), office, settings(rate_address=2))
        ask = asking(app)
        assert [ask().status_code for _ in range(21)] == [200] * 20 + [429]
        answer = ask()
        assert "Trop de demandes" in refused(answer, 429)
        assert answer.headers["retry-after"] == "1"
        assert asking(app, "192.0.2.2")().status_code == 200
        here = asking(app, "127.0.0.1")
        assert {here().status_code for _ in range(30)} == {200}
        time.sleep(0.6)
        assert ask().status_code == 200

        app = Identified(application(), office, settings(rate_key=1))
        first, second = bearer(key_of(office, "A")), bearer(key_of(office, "B"))
        assert [asking(app)(**first).status_code for _ in range(11)] == [200] * 10 + [429]
        assert asking(app)(**second).status_code == 200
        assert asking(app)().status_code == 200

    def test_tiles_that_are_answered_first_count_too(self, cluster: Cluster, tmp_path: Path) -> None:
        with served(cluster, tmp_path / "first", "toy_limits") as (_, engine):
            address = engine.url.render_as_string(hide_password=False)
            chosen = settings(DATABASE_URL=address, home=tmp_path, region="all", rate_address=0.5)
            with serving(chosen) as url, httpx.Client(base_url=url) as client:
                path = f"/api/tiles/{YEAR}/commune/5/15/11.mvt"
                said = [client.get(path, headers={"X-Forwarded-For": SOMEWHERE}).status_code for _ in range(7)]
                assert said == [said[0]] * 5 + [429] * 2
                assert said[0] in (200, 204)
                assert client.get(path).status_code == said[0]

    def test_one_place_has_one_bucket_in_ipv6(self, office: Office) -> None:
        app = Identified(application(), office, settings(rate_address=0.1))
        assert asking(app, "2001:db8::1")().status_code == 200
        assert asking(app, "2001:db8::2")().status_code == 429
        assert asking(app, "2001:db8:0:1::2")().status_code == 200


def test_no_log_and_no_answer_holds_a_key(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    app = Identified(application(), office, settings())
    good, wrong = key_of(office), "ores_00000000_wrong"
    caplog.set_level(logging.DEBUG)
    with serving(settings(), app, access_log=True, log_config=None, log_level="trace") as url:
        for key in (good, wrong):
            for path, headers in (
                (f"/api/x?a=1&cle={key}", {}),
                ("/api/x", {"Authorization": f"Bearer {key}"}),
                ("/api/x", {"X-API-Key": key}),
            ):
                answer = httpx.get(url + path, headers=headers)
                assert answer.status_code == (200 if key == good else 401)
                assert key not in answer.text + str(answer.headers)
    said = [record.getMessage() for record in caplog.records if record.name.startswith(("uvicorn", "api"))]
    assert any("GET /api/x?a=1" in one for one in said), said
    assert not [one for one in said if good in one or "wrong" in one]


def test_nobody_pays_for_it(office: Office) -> None:
    """A tile takes 300 µs; what is added to each is a few."""
    passed = 0

    async def nothing(scope: Any, receive: Any, send: Any) -> None:
        nonlocal passed
        passed += scope["state"]["reader"] is ANYBODY

    async def none() -> Any:
        raise AssertionError

    headers = [(b"host", b"x"), (b"user-agent", b"y" * 80), (b"accept", b"*/*"), (b"accept-encoding", b"gzip")]
    scope = {
        "type": "http",
        "path": "/api/tiles/2025/commune/8/126/89.mvt",
        "query_string": b"indicator=densite%3A2022&v=0123456789abcdef",
        "headers": headers,
        "client": (SOMEWHERE, 1),
    }

    async def ask(count: int) -> float:
        app = Identified(nothing, office, settings(rate_address=1e6))
        begun = time.perf_counter()
        for _ in range(count):
            await app({**scope, "state": {}}, none, none)
        return (time.perf_counter() - begun) / count

    assert min(run(ask(2000)) for _ in range(5)) < 30e-6
    assert passed == 10_000
