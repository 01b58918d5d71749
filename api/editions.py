"""What serves one audience: connections that can read its edition alone, what it is served, the documents made for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from starlette.requests import HTTPConnection

from api.asking import Asking
from api.ceiling import Ceiling
from api.documents import Documents
from api.readers import reader_of
from api.recent import Recent
from api.securing import serving_url
from api.versions import CurrentVersions
from boundaries.readers import Audience
from indicators.releases import SETTING

STATEMENT_SECONDS = 10
CONNECTIONS = 10
WAITING_SECONDS = 10  # for a connection, when all are held
PLANS = 500  # requests whose pages are found without being read again
TILE_CONNECTIONS = 6  # a few more than the processors of a small server: none waits for what reads the answers
# Read-only, bounded in time, and without the just-in-time compiler, slower than every statement it would speed up.
OPTIONS = f"-c default_transaction_read_only=on -c statement_timeout={STATEMENT_SECONDS}s -c jit=off"

_ceiling = Ceiling()


@dataclass
class Edition:
    """The edition of one audience, as it is served by this process."""

    audience: Audience
    engine: sa.Engine
    asking: Asking
    versions: CurrentVersions
    documents: Documents
    plans: Recent[Any]


def open_editions(owner: str) -> dict[Audience, Edition]:
    """Return the edition of each audience; nothing is connected before the first request."""
    return {audience: _open(sa.make_url(owner), audience) for audience in Audience}


def edition_of(request: HTTPConnection) -> Edition:
    """Return the edition of who asks."""
    editions: Mapping[Audience, Edition] = request.app.state.editions
    return editions[reader_of(request).audience]


def reading_engine(url: sa.URL | str, options: str = OPTIONS) -> sa.Engine:
    """Return an engine that serves requests: read-only, one state of the data per request, bounded in time."""
    engine = sa.create_engine(
        url,
        pool_size=CONNECTIONS,
        max_overflow=0,
        pool_timeout=WAITING_SECONDS,
        pool_pre_ping=True,
        isolation_level="REPEATABLE READ",
        connect_args={"options": options},
    )
    _ceiling.bound(engine)
    return engine


def _open(owner: sa.URL, audience: Audience) -> Edition:
    url = serving_url(owner, audience)
    options = f"{OPTIONS} -c {SETTING}={audience.edition}"
    engine = reading_engine(url, options)
    return Edition(
        audience,
        engine,
        Asking(url, options, TILE_CONNECTIONS),
        CurrentVersions(engine),
        Documents(),
        Recent(PLANS),
    )
