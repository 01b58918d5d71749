"""The local HTTP server and the progress that the tests of sources share."""

from collections.abc import Iterator

import pytest
from webserver import Answer, Site, Steps, opened


@pytest.fixture
def site() -> Iterator[Site]:
    with opened() as site:
        yield site


@pytest.fixture
def answer() -> type[Answer]:
    return Answer


@pytest.fixture
def steps() -> Steps:
    return Steps()
