"""A server that keeps a log of what it is asked, for clients that are programs of their own."""

from collections.abc import Iterator

import pytest
from accesslog import AccessLog, logged

from api.settings import Settings


@pytest.fixture(scope="session")
def asked(loaded_settings: Settings) -> Iterator[tuple[str, AccessLog]]:
    with logged(loaded_settings) as served:
        yield served


@pytest.fixture
def api(asked: tuple[str, AccessLog]) -> str:
    """The address of the landing page."""
    return f"{asked[0]}/api"


@pytest.fixture
def log(asked: tuple[str, AccessLog]) -> AccessLog:
    """The log of the server, emptied."""
    asked[1].lines.clear()
    return asked[1]
