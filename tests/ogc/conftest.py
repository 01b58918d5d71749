"""A small country behind a real server, for what OGC's standards say of it."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from statuscountry import served

from api import assets
from geo.cluster import Cluster


@pytest.fixture(scope="session")
def country(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of a server over the country of `statuscountry`, which has pages too."""
    if not assets.is_built():
        assets.build()
    with (
        served(cluster, tmp_path_factory.mktemp("ogc"), "ogc") as (url, _),
        httpx.Client(base_url=url, timeout=60) as client,
    ):
        yield client


@pytest.fixture(scope="session")
def listed(country: httpx.Client) -> dict[str, dict[str, Any]]:
    """The collections of territories and of indicators, by id: the catalogue, whose items are records, is apart."""
    found = country.get("/api/collections").json()["collections"]
    return {one["id"]: one for one in found if one["itemType"] == "feature"}
