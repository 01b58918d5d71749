"""What is in memory is never stale for long, and a warm tile asks the database nothing."""

import json
import time
from dataclasses import replace

import httpx
import pytest
import sqlalchemy as sa
from deliveries import bring
from servers import serving

from api.app import create_app
from api.documents import Documents, document
from api.migrate import config
from api.settings import Settings
from boundaries.levels import Level
from geo.progress import silent
from indicators.publication import publish


def test_a_warm_tile_costs_no_query(loaded_settings: Settings) -> None:
    app = create_app(loaded_settings)
    asked: list[str] = []
    sa.event.listen(
        app.state.public.engine,
        "before_cursor_execute",
        lambda conn, cursor, statement, *rest: asked.append(statement),
    )
    one = app.state.public.asking.one
    app.state.public.asking.one = lambda statement, values: asked.append(statement) or one(statement, values)
    with serving(loaded_settings, app) as base, httpx.Client(base_url=base) as client:
        address = "/api/tiles/2025/commune/8/126/89.mvt?indicator=densite:2022"
        cold = client.get(address)
        assert any("ST_AsMVT(" in statement for statement in asked)
        asked.clear()
        assert client.get(address).content == cold.content
    assert not any("ST_AsMVT" in statement or "indicators.value" in statement for statement in asked)


def test_a_new_release_is_served_within_seconds(loaded_copy: Settings) -> None:
    with serving(loaded_copy) as address, httpx.Client(base_url=address, timeout=60) as client:
        query = {"level": "commune", "period": "2023", "millesime": 2025}
        before = client.get("/api/indicators/population/values", params=query)
        engine = sa.create_engine(str(loaded_copy.database_url.get_secret_value()))  # type: ignore[union-attr]
        with engine.begin() as conn:
            communes = conn.execute(
                sa.text("SELECT code FROM boundaries.territory WHERE millesime = 2025 AND level = 'commune'")
            )
            bring(conn, "2023", 2025, {code: 1.0 for (code,) in communes})
            publish(conn, silent)
        engine.dispose()
        limit = time.monotonic() + 10
        while True:
            after = client.get("/api/indicators/population/values", params=query)
            body = json.loads(after.content)
            if body["values"][body["codes"].index("44109")] == 1.0:
                break
            assert time.monotonic() < limit, "the new release is not served"
            time.sleep(0.1)
        assert after.headers["etag"] != before.headers["etag"]


def test_what_is_served_is_the_same_snapshot_until_something_changes(loaded_settings: Settings) -> None:
    app = create_app(loaded_settings)
    with serving(loaded_settings, app):
        versions = app.state.public.versions
        now = versions.now
        versions.refresh()
        assert versions.now is now
        versions.now = replace(now, release="former")
        versions.refresh()
        assert versions.now == now


def test_documents_forget_the_least_recently_used() -> None:
    kept = Documents(limit=4_000)
    for name in "abc":
        kept.get_or_build(name, lambda: document(b"x" * 400, "text/plain"))
    assert kept.get("a") is not None
    for name in "def":
        kept.get_or_build(name, lambda: document(b"x" * 400, "text/plain"))
    assert kept.get("a") is not None
    assert kept.get("b") is None


def test_what_was_read_of_another_release_is_served_once_and_never_kept(loaded_settings: Settings) -> None:
    app = create_app(loaded_settings)
    with serving(loaded_settings, app) as base, httpx.Client(base_url=base) as client:
        address = "/api/indicators/densite/values?level=epci&period=2022&millesime=2025&v=former"
        app.state.public.versions.refresh = lambda: None
        app.state.public.versions.now = replace(app.state.public.versions.now, release="former")
        answer = client.get(address)
        assert answer.status_code == 200
        assert "immutable" not in answer.headers["cache-control"]
        key = ("values", app.state.public.versions.now.data, "densite", "epci", "2022", 2025, "None", "json")
        assert app.state.public.documents.get(key) is None


def test_a_tile_of_limits_loaded_since_is_served_once_and_never_kept(loaded_settings: Settings) -> None:
    app = create_app(loaded_settings)
    with serving(loaded_settings, app) as base, httpx.Client(base_url=base) as client:
        address = "/api/tiles/2025/commune/8/126/89.mvt?v="
        current = app.state.public.versions.now
        version = current.drawn[2025, Level.COMMUNE].version
        assert "immutable" in client.get(address + version).headers["cache-control"]
        app.state.public.versions.refresh = lambda: None
        app.state.public.versions.now = replace(current, millesimes={**current.millesimes, 2025: "former"})
        app.state.public.documents = Documents()
        answer = client.get(address + version)
        assert answer.status_code == 200
        assert "immutable" not in answer.headers["cache-control"]
        assert app.state.public.documents._kept == {}


def test_a_document_that_fails_to_build_is_built_again() -> None:
    kept = Documents()

    def fail() -> None:
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011
        kept.get_or_build("a", fail)  # type: ignore[arg-type]
    assert kept.get_or_build("a", lambda: document(b"x", "text/plain")).body == b"x"


def test_there_is_one_migration_head_and_the_tables_match_it(engine: sa.Engine) -> None:
    from alembic import command
    from alembic.script import ScriptDirectory

    assert len(ScriptDirectory.from_config(config()).get_heads()) == 1
    with engine.begin() as conn:
        command.check(config(conn))
