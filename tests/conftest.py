"""The private PostGIS server that every test shares, started by the tests themselves.

`cluster` is a real server in a temporary folder; `engine` has every migration applied; `conn` is a
transaction that is rolled back, so that tests may write freely.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from geo.cluster import Cluster


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    with tempfile.TemporaryDirectory(prefix="ores-", ignore_cleanup_errors=True) as folder:
        cluster = Cluster(Path(folder), ephemeral=True)
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.remove()


@pytest.fixture(scope="session")
def engine(cluster: Cluster) -> Iterator[sa.Engine]:
    from api.migrate import migrate

    engine = sa.create_engine(cluster.url)
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def conn(engine: sa.Engine) -> Iterator[sa.Connection]:
    with engine.connect() as connection:
        transaction = connection.begin()
        try:
            yield connection
        finally:
            transaction.rollback()
