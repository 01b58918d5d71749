"""Items made beside: the same ones in the same order, one ahead at most, and errors where they are met."""

import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.ahead import ahead


@given(st.lists(st.integers() | st.none()))
def test_items_are_those_given_in_their_order(items: list[int | None]) -> None:
    assert list(ahead(items)) == items


def test_one_item_is_made_beside_while_another_is_used() -> None:
    made: list[int] = []
    threads = set()

    def making() -> Iterator[int]:
        for number in range(5):
            made.append(number)
            threads.add(threading.get_ident())
            yield number

    for used in ahead(making()):
        assert len(made) <= used + 2
    assert made == [0, 1, 2, 3, 4]
    assert threading.get_ident() not in threads


def test_an_error_is_raised_after_the_items_before_it() -> None:
    def making() -> Iterator[str]:
        yield "first"
        raise ValueError("broken")

    found = ahead(making())
    assert next(found) == "first"
    with pytest.raises(ValueError, match="broken"):
        next(found)


def test_what_is_left_early_leaves_no_thread_behind() -> None:
    before = set(threading.enumerate())
    found = ahead(iter(range(1_000)))
    assert next(found) == 0
    found.close()
    assert set(threading.enumerate()) <= before
