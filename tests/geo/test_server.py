"""What is said of a server that cannot serve, each case made on a real one."""

import socket
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from geo.cluster import Cluster
from geo.errors import Conflict, Forbidden, Invalid, OresError
from geo.server import check_server, parse, redacted

SECRET = "très/secret@42"  # noqa: S105


@contextmanager
def database(cluster: Cluster, name: str, owner: str = "ores", *, postgis: bool = True) -> Iterator[sa.URL]:
    """A database of its own on the tests' server, dropped afterwards."""
    admin = sa.create_engine(cluster.admin_url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with admin.connect() as server:
        for statement in (f"CREATE DATABASE {name} OWNER {owner}", f"CREATE ROLE {name} LOGIN"):
            server.execute(sa.text(statement))
    address = parse(cluster.admin_url).set(database=name)
    try:
        if postgis:
            with sa.create_engine(address, poolclass=sa.NullPool).begin() as inside:
                inside.execute(sa.text("CREATE EXTENSION postgis"))
        yield address
    finally:
        with admin.connect() as server:
            for statement in (f"DROP DATABASE {name} WITH (FORCE)", f"DROP ROLE {name}"):
                server.execute(sa.text(statement))


def shown(address: sa.URL) -> str:
    return address.render_as_string(hide_password=False)


def test_the_private_server_passes_and_nothing_stays_of_the_trial(cluster: Cluster) -> None:
    report = check_server(cluster.url)
    assert int(report.postgresql.split(".")[0]) >= 15
    assert report.postgis.startswith("3.")
    with sa.create_engine(cluster.url, poolclass=sa.NullPool).connect() as connection:
        assert not connection.scalar(
            sa.text("SELECT count(*) FROM pg_class WHERE relname = 'ores_essai_de_droits'")
        )


def test_postgis_that_the_account_may_not_create_is_asked_of_the_administrator(cluster: Cluster) -> None:
    with (
        database(cluster, "sans_postgis", postgis=False) as address,
        pytest.raises(
            Forbidden, match=r"«\u202fCREATE EXTENSION postgis;\u202f» dans la base «\u202fsans_postgis\u202f»"
        ),
    ):
        check_server(shown(address.set(username="ores")))


def test_postgis_that_the_account_may_create_is_enough(cluster: Cluster) -> None:
    with database(cluster, "presque", postgis=False) as address:
        check_server(shown(address))
        with sa.create_engine(address, poolclass=sa.NullPool).connect() as connection:
            assert not connection.scalar(sa.text("SELECT 1 FROM pg_extension WHERE extname = 'postgis'"))


def test_an_account_without_rights_is_told_which_to_ask(cluster: Cluster) -> None:
    with database(cluster, "sans_droits") as address:
        url = shown(address.set(username="sans_droits"))
        with pytest.raises(Forbidden, match=r"GRANT CREATE ON DATABASE sans_droits TO sans_droits"):
            check_server(url)
        with sa.create_engine(address, poolclass=sa.NullPool).begin() as connection:
            connection.execute(sa.text("GRANT CREATE ON DATABASE sans_droits TO sans_droits"))
        with pytest.raises(Forbidden, match=r"GRANT USAGE, CREATE ON SCHEMA public TO sans_droits"):
            check_server(url)
        with sa.create_engine(address, poolclass=sa.NullPool).begin() as connection:
            connection.execute(sa.text("GRANT ALL ON SCHEMA public TO sans_droits"))
        check_server(url)


def test_a_read_only_server_is_refused(cluster: Cluster) -> None:
    address = parse(cluster.url).update_query_dict({"options": "-c default_transaction_read_only=on"})
    with pytest.raises(Conflict, match="lecture seule"):
        check_server(shown(address))


def test_a_refused_connection_is_not_an_absent_server(cluster: Cluster) -> None:
    address = parse(cluster.url).set(database="inconnue", password=SECRET)
    with pytest.raises(Forbidden, match=r"refuse la connexion.*inconnue") as refused:
        check_server(shown(address))
    assert_no_secret(refused)


def test_an_unreachable_server_is_named_without_its_password() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    address = sa.URL.create("postgresql", "ores", SECRET, "127.0.0.1", port, "ores")
    with pytest.raises(
        Conflict, match=f"Aucun serveur PostgreSQL ne répond à .*ores:\\*\\*\\*@127.0.0.1:{port}"
    ) as error:
        check_server(shown(address))
    assert_no_secret(error)


@pytest.mark.parametrize("url", [f"postgresql://ores:{SECRET}@host:port/x", f"n’importe quoi {SECRET}", ""])
def test_a_malformed_address_is_not_repeated(url: str) -> None:
    with pytest.raises(Invalid, match="forme attendue") as error:
        check_server(url)
    assert_no_secret(error)


def test_another_database_is_refused() -> None:
    with pytest.raises(Invalid, match="«\u202fmysql\u202f»"):
        check_server("mysql://ores:secret@db/ores")


def test_the_redacted_address_keeps_all_but_the_password() -> None:
    assert redacted("postgres://ores:secret@db/ores") == "postgresql://ores:***@db/ores"


def assert_no_secret(error: pytest.ExceptionInfo[OresError]) -> None:
    told = "".join(traceback.format_exception(error.value))
    assert SECRET not in told
    assert "secret" not in error.value.detail
