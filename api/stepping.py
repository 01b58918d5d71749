"""Work in the background, step by step: a stop waits for the end of the step under way.

A cancelled task leaves its thread at once, and with it the connection that the thread holds: closed by nobody.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import ParamSpec, TypeVar

from starlette.concurrency import run_in_threadpool

P = ParamSpec("P")
T = TypeVar("T")


async def to_its_end(step: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what a step returns, run in a thread. Cancelled meanwhile, it is waited for, then the cancellation goes on."""
    running = asyncio.ensure_future(run_in_threadpool(step, *args, **kwargs))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        with suppress(Exception):
            await running
        raise
