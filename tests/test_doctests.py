"""The examples of the docstrings are true, in every module of the four floors."""

import doctest
import importlib
import pkgutil
from collections.abc import Iterator

import pytest

import api
import boundaries
import geo
import indicators

FLOORS = (api, boundaries, geo, indicators)


def modules() -> Iterator[str]:
    for floor in FLOORS:
        for found in pkgutil.walk_packages(floor.__path__, f"{floor.__name__}."):
            if not found.name.startswith("api.migrations"):
                yield found.name


@pytest.mark.parametrize("name", list(modules()))
def test_the_examples_of_a_module_are_true(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
