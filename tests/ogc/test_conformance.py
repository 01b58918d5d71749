"""What is declared is what is tested: each class of the conformance has a module of tests that names it."""

import re
from pathlib import Path

import httpx
import pytest

from api.ogc.conformance import CLASSES

ROOT = Path(__file__).resolve().parents[2]
# What QGIS wants all of before it sends a filter, and what it reads besides.
QGIS = (
    "cql2/1.0/conf/cql2-text",
    "cql2/1.0/conf/basic-cql2",
    "ogcapi-features-3/1.0/conf/filter",
    "ogcapi-features-3/1.0/conf/features-filter",
    "cql2/1.0/conf/advanced-comparison-operators",
    "cql2/1.0/conf/case-insensitive-comparison",
    "cql2/1.0/conf/basic-spatial-functions",
    "cql2/1.0/conf/basic-spatial-operators",
    "ogcapi-features-5/1.0/conf/schemas",
)


@pytest.mark.parametrize("uri", CLASSES)
def test_each_class_has_tests_that_name_it(uri: str) -> None:
    assert re.fullmatch(r"http://www\.opengis\.net/spec/[a-z0-9-]+/[12]\.0/conf/[a-z0-9-]+", uri)
    module = ROOT / CLASSES[uri]
    assert module.is_file(), CLASSES[uri]
    name = uri.rpartition("/")[2]
    told = module.read_text(encoding="utf-8")
    assert name in told or name.replace("-", "_") in told, f"{CLASSES[uri]} does not name {name}"


def test_what_clients_look_for_is_declared(country: httpx.Client) -> None:
    declared = country.get("/api/conformance").json()["conformsTo"]
    assert declared == list(CLASSES)
    for name in QGIS:
        assert f"http://www.opengis.net/spec/{name}" in declared
