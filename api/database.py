"""Which database this process uses: the server of DATABASE_URL, or the private one of the data folder."""

from collections.abc import Callable

import sqlalchemy as sa

from api.settings import Settings
from geo.cluster import Cluster
from geo.server import check_server, parse


def private_cluster(settings: Settings, say: Callable[[str], None] = lambda sentence: None) -> Cluster | None:
    """Return the private server of the data folder, or None where DATABASE_URL names another."""
    return None if settings.database_url else Cluster(settings.home, say=say)


def database_url(settings: Settings) -> str:
    """Return the SQLAlchemy URL of the database, password included: never show it.

    Raises NoCluster when there is no DATABASE_URL and the private server was never created.
    """
    if settings.database_url:
        return parse(settings.database_url.get_secret_value()).render_as_string(hide_password=False)
    return Cluster(settings.home).url


def open_database(settings: Settings, say: Callable[[str], None] = lambda sentence: None) -> sa.Engine:
    """Return an engine on a server that answers: starts the private one, or checks the given one."""
    cluster = private_cluster(settings, say)
    if cluster is not None:
        cluster.start()
    elif settings.database_url:
        check_server(settings.database_url.get_secret_value())
    return sa.create_engine(database_url(settings))
