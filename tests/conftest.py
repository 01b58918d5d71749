"""The private PostGIS server that every test shares, started by the tests themselves.

`cluster` is a real server in a temporary folder; `engine` has every migration applied; `conn` is a
transaction that is rolled back, so that tests may write freely.

`loaded` is another database, with the real data of Pays de la Loire as `make run` puts them; `loaded_settings`
leads to it, `server` serves it and `client` asks it. They are for reading; a test that writes takes
`loaded_copy`, its own copy of the same data.
"""

import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from hypothesis import settings
from servers import serving

from api.settings import Settings
from geo.cluster import Cluster

# What is slow to import is imported by the fixtures that need it: most tests need neither FastAPI nor GeoPandas.

KEPT_DOWNLOADS = Path(__file__).resolve().parent.parent / ".ores" / "downloads"


def pytest_configure() -> None:
    """A `kill` (or `timeout`) ends the session as Ctrl-C does: the server is stopped, not left behind.

    Laws have no deadline: how long an example takes says how busy the machine is.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    settings.register_profile("unhurried", deadline=None)
    settings.load_profile("unhurried")


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


@pytest.fixture(scope="session")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the registries' files are: what they sent once, to `make run` or to another test, is not asked again."""
    return KEPT_DOWNLOADS if KEPT_DOWNLOADS.is_dir() else tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="session")
def real_data(cluster: Cluster, downloads: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a database that nobody is connected to, which others are copied from."""
    from api.setup import DOWNLOADS, prepare
    from geo.progress import silent

    home = tmp_path_factory.mktemp("real-data")
    (home / DOWNLOADS).symlink_to(downloads)
    name = "real_data"
    with _administered(cluster, "ores") as server:
        server.execute(sa.text(f"CREATE DATABASE {name} OWNER ores"))
    with _administered(cluster, name) as database:
        database.execute(sa.text("CREATE EXTENSION postgis"))
        database.execute(sa.text("CREATE EXTENSION btree_gist"))
    settings = _settings(cluster, name, home)
    engine = sa.create_engine(_address(cluster.url, name))
    remarks = prepare(engine, settings, silent)
    engine.dispose()
    assert not any("sans contours" in remark for remark in remarks), remarks
    return name


@pytest.fixture(scope="session")
def loaded_settings(
    cluster: Cluster, real_data: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    with _copied(cluster, real_data, "loaded"):
        yield _settings(cluster, "loaded", tmp_path_factory.mktemp("loaded"))


@pytest.fixture(scope="session")
def loaded(loaded_settings: Settings) -> Iterator[sa.Engine]:
    engine = _engine(loaded_settings)
    yield engine
    engine.dispose()


@pytest.fixture
def loaded_copy(cluster: Cluster, real_data: str, tmp_path: Path) -> Iterator[Settings]:
    """The settings of a database with the same data, that the test may change as it likes."""
    with _copied(cluster, real_data, "loaded_copy"):
        yield _settings(cluster, "loaded_copy", tmp_path)


@pytest.fixture(scope="session")
def server(loaded_settings: Settings) -> Iterator[str]:
    """The address of a real HTTP server over `loaded`."""
    with serving(loaded_settings) as address:
        yield address


@pytest.fixture(scope="session")
def client(server: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server, timeout=60) as client:
        yield client


@contextmanager
def _copied(cluster: Cluster, original: str, name: str) -> Iterator[None]:
    with _administered(cluster, "ores") as server:
        server.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE {original} OWNER ores"))
    yield
    with _administered(cluster, "ores") as server:
        server.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))


@contextmanager
def _administered(cluster: Cluster, database: str) -> Iterator[sa.Connection]:
    engine = sa.create_engine(_address(cluster.admin_url, database), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def _address(url: str, database: str) -> str:
    return sa.make_url(url).set(database=database).render_as_string(hide_password=False)


def _settings(cluster: Cluster, database: str, home: Path) -> Settings:
    given = {"home": home, "DATABASE_URL": _address(cluster.url, database), "region": "52"}
    return Settings(**given)


def _engine(settings: Settings) -> sa.Engine:
    assert settings.database_url is not None
    return sa.create_engine(settings.database_url.get_secret_value())
