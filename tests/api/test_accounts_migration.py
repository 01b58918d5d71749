"""Keys of before become those of people, and the journal of accounts can only be added to."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from alembic import command

from api.accounts import keys, people
from api.accounts.journal import NOBODY, record, sweep
from api.accounts.tables import AccountEvent
from api.migrate import config
from geo.cluster import Cluster
from geo.errors import Forbidden

OLD_KEYS = """
INSERT INTO accounts.api_key (name, role, mark, digest, revoked_at) VALUES
    ('Jeanne', 'contributor', 'ores_00000001', :one, NULL),
    ('Jeanne', 'validator', 'ores_00000002', :two, NULL),
    ('Paul', 'contributor', 'ores_00000003', :three, NULL),
    ('Ali', 'administrator', 'ores_00000004', :four, now())
"""


@pytest.fixture
def before(cluster: Cluster) -> Iterator[sa.Connection]:
    """A connection to a database as it was before people had accounts."""
    administered = sa.create_engine(cluster.admin_url, isolation_level="AUTOCOMMIT")
    with administered.connect() as server:
        server.execute(sa.text("CREATE DATABASE before_accounts OWNER ores"))
    url = sa.make_url(cluster.admin_url).set(database="before_accounts")
    database = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with database.connect() as conn:
        conn.execute(sa.text("CREATE EXTENSION postgis"))
        conn.execute(sa.text("CREATE EXTENSION btree_gist"))
    database.dispose()
    engine = sa.create_engine(sa.make_url(cluster.url).set(database="before_accounts"))
    with engine.connect() as conn:
        command.upgrade(config(conn), "0009")
        yield conn
        conn.rollback()
    engine.dispose()
    with administered.connect() as server:
        server.execute(sa.text("DROP DATABASE before_accounts WITH (FORCE)"))
    administered.dispose()


def test_whoever_had_a_key_has_an_account(before: sa.Connection) -> None:
    secrets = {name: f"ores_0000000{n}_x" for n, name in enumerate(("one", "two", "three", "four"), 1)}
    before.execute(sa.text(OLD_KEYS), {name: keys.digest(secret) for name, secret in secrets.items()})
    command.upgrade(config(before), "0010")
    found = {
        name: (row.role, row.audience, row.organisation)
        for name in ("Jeanne", "Paul", "Ali")
        if (row := people.named(before, name)) is not None
    }
    assert found == {
        "Jeanne": ("validator", "region", ""),
        "Paul": ("contributor", "professional", "Paul"),
        "Ali": ("administrator", "region", ""),
    }
    assert keys.identify(before, secrets["two"]).actor.role == "validator"
    assert keys.identify(before, secrets["one"]).actor.role == "contributor"  # a key opens what it opened
    assert keys.identify(before, secrets["three"]).actor.organisation == "Paul"
    with pytest.raises(Forbidden):
        keys.identify(before, secrets["four"])


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE accounts.event SET actor = 'another'",
        "DELETE FROM accounts.event WHERE actor = 'inconnu'",
        "TRUNCATE accounts.event",
    ],
)
def test_the_journal_of_accounts_is_only_added_to(conn: sa.Connection, statement: str) -> None:
    record(conn, NOBODY, "refused")
    with pytest.raises(sa.exc.ProgrammingError, match="append-only"):
        conn.execute(sa.text(statement))


def test_its_lines_go_after_a_year(conn: sa.Connection) -> None:
    record(conn, NOBODY, "refused")
    conn.execute(
        sa.insert(AccountEvent).values(
            at=sa.func.now() - timedelta(days=400), actor="old", role="", action="refused", details={}
        )
    )
    sweep(conn)
    left = conn.scalars(sa.select(AccountEvent.actor).where(AccountEvent.actor.in_(("old", NOBODY.name)))).all()
    assert set(left) == {NOBODY.name}
