"""`ores audit`, as people run it: on a database of its own, before and after what is stored is spoilt."""

import signal
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from deliveries import bring
from restricted import restrict, unmask
from toycountry import country

from boundaries.load import load
from geo.cluster import Cluster
from geo.progress import silent
from indicators.publication import publish

SALES = {"35001": 20, "44001": 2, "44002": 30, "44003": 40, "44004": 50, "49001": 60, "49002": 70}
NAME = "audited"


@pytest.fixture(scope="module")
def database(cluster: Cluster) -> Iterator[sa.Engine]:
    """A database where sales are published under a rule, committed."""
    from api.migrate import migrate

    owner = sa.make_url(cluster.url).set(database=NAME)
    server = sa.create_engine(sa.make_url(cluster.admin_url), isolation_level="AUTOCOMMIT")
    with server.connect() as conn:
        conn.execute(sa.text(f"CREATE DATABASE {NAME} OWNER ores"))
    inside = sa.create_engine(sa.make_url(cluster.admin_url).set(database=NAME), isolation_level="AUTOCOMMIT")
    with inside.connect() as conn:
        conn.execute(sa.text("CREATE EXTENSION postgis"))
        conn.execute(sa.text("CREATE EXTENSION btree_gist"))
    inside.dispose()
    engine = sa.create_engine(owner)
    migrate(engine)
    with engine.begin() as conn:
        load(conn, country(2023), "52", silent)
        bring(conn, "2021", 2023, {code: float(one) for code, one in SALES.items()}, indicator="ventes_logements")
        restrict(conn, "ventes_logements")
        publish(conn, silent)
    yield engine
    engine.dispose()
    with server.connect() as conn:
        conn.execute(sa.text(f"DROP DATABASE {NAME} WITH (FORCE)"))
    server.dispose()


@pytest.fixture
def audit(
    database: sa.Engine, tmp_path: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., tuple[int, str, str]]]:
    monkeypatch.setenv("ORES_HOME", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", database.url.render_as_string(hide_password=False))
    monkeypatch.setenv("COLUMNS", "200")
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}

    def run(*arguments: str) -> tuple[int, str, str]:
        from api.cli import app

        with pytest.raises(SystemExit) as end:
            app(["audit", *arguments], prog_name="ores")
        told = capsys.readouterr()
        return int(end.value.code or 0), told.out, told.err

    yield run
    for number, handler in handlers.items():
        signal.signal(number, handler)


def test_every_edition_is_attacked_and_nothing_is_found(audit: Callable[..., tuple[int, str, str]]) -> None:
    code, out, err = audit()
    assert (code, err) == (0, "")
    assert out.count("aucune valeur masquée ne se retrouve") == 3
    assert "public" in out
    assert "Conseil régional" in out


def test_what_is_found_is_named_without_its_value(
    audit: Callable[..., tuple[int, str, str]], database: sa.Engine
) -> None:
    with database.begin() as conn:
        unmask(conn, "ventes_logements", "44002")
    code, out, _ = audit("--audience", "public")
    assert code == 1
    assert "se retrouve exactement par" in out
    assert "Commune 44001 (44001)" in out
    assert "(2)" not in out


def test_an_unknown_audience_is_refused(audit: Callable[..., tuple[int, str, str]]) -> None:
    code, _, err = audit("--audience", "presse")
    assert code != 0
    assert "public, professional, region" in err
