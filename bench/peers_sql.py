"""The raw limit: statements asked with asyncpg and nothing else. Run by the Python of a peer, which has asyncpg."""

import asyncio
import json
import sys
import time
from itertools import cycle

import asyncpg


async def main() -> float:
    """Return how many statements a second were answered."""
    given = json.load(sys.stdin)
    limit = 0.0
    counted = 0

    async def ask(rank: int) -> None:
        nonlocal counted
        conn = await asyncpg.connect(given["dsn"], server_settings={"jit": "off"})
        prepared = [await conn.prepare(text) for text in given["statements"]]
        turns = cycle(prepared[rank % len(prepared) :] + prepared[: rank % len(prepared)])
        await start.wait()
        while time.perf_counter() < limit:
            await next(turns).fetch()
            counted += 1
        await conn.close()

    start = asyncio.Event()
    asking = [asyncio.create_task(ask(rank)) for rank in range(given["connections"])]
    await asyncio.sleep(1)
    begun = time.perf_counter()
    limit = begun + given["seconds"]
    start.set()
    await asyncio.gather(*asking)
    return counted / (time.perf_counter() - begun)


print(asyncio.run(main()))  # noqa: T201
