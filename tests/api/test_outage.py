"""Without its database the server says so, in French, and comes back by itself."""

from pathlib import Path

import httpx
from servers import serving

from api.app import create_app
from api.settings import Settings
from geo.cluster import Cluster


def test_a_database_that_stops_is_a_503_and_its_return_is_noticed(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path, ephemeral=True)
    cluster.start()
    try:
        from sqlalchemy import create_engine

        from api.migrate import migrate

        engine = create_engine(cluster.url)
        migrate(engine)
        engine.dispose()
        settings = Settings(home=tmp_path)
        with serving(settings, create_app(settings)) as base, httpx.Client(base_url=base, timeout=30) as client:
            assert client.get("/readyz").json()["detail"] == "Aucune donnée n’est encore publiée."
            nothing = client.get("/api/territories?level=commune")
            assert (nothing.status_code, nothing.headers["content-type"]) == (409, "application/problem+json")
            cluster.stop()
            assert client.get("/livez").status_code == 200
            stopped = client.get("/api/indicators")
            assert stopped.status_code == 503
            assert "n’a pas répondu" in stopped.json()["detail"]
            assert client.get("/readyz").status_code == 503
            cluster.start()
            assert client.get("/api/indicators").status_code == 200
    finally:
        cluster.remove()
