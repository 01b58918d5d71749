"""A stop waits for the step under way: what it holds is given back."""

import asyncio
import time

import pytest
from loops import run

from api.stepping import to_its_end


def test_a_cancelled_step_ends_before_the_cancellation_is_felt() -> None:
    ended = []

    def step() -> None:
        time.sleep(0.2)
        ended.append(True)

    async def stopped() -> None:
        task = asyncio.create_task(to_its_end(step))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert ended == [True]

    run(stopped())


def test_what_a_step_returns_or_raises_is_its_own() -> None:
    def fails() -> None:
        raise ValueError("non")

    assert run(to_its_end(max, 1, 2)) == 2
    with pytest.raises(ValueError, match="non"):
        run(to_its_end(fails))
