"""How progress looks on a terminal and in a log."""

import io

import pytest
from rich.console import Console

from api import progress


def test_a_log_has_one_line_for_a_short_step() -> None:
    log = io.StringIO()
    with progress.shown(Console(file=log, width=200)) as shown:
        advance = shown("Communes", 1228)
        for _ in range(1228):
            advance(1)
        shown("Rien", 0)
    assert log.getvalue().splitlines() == ["Communes\u202f: 1\u202f228, fait en 0,0 s", "Rien\u202f: rien à faire"]


def test_a_log_tells_from_time_to_time_how_far_a_long_step_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.0)
    log = io.StringIO()
    with progress.shown(Console(file=log, width=200)) as shown:
        advance = shown("Communes", 3)
        advance(1)
        advance(1)
        advance(1)
        advance(1)
    assert [line.split(",")[0] for line in log.getvalue().splitlines()] == [
        "Communes\u202f: 1 / 3",
        "Communes\u202f: 2 / 3",
        "Communes\u202f: 3",
    ]


def test_a_terminal_has_a_bar_that_ends_at_its_total() -> None:
    screen = io.StringIO()
    with progress.shown(Console(file=screen, width=100, force_terminal=True)) as shown:
        shown("Communes", 1228)(1228)
        shown("Rien", 0)
    last = screen.getvalue()
    assert "1\u202f228 / 1\u202f228" in last
    assert "1 / 1" in last
