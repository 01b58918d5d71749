"""Statements asked on the event loop: whole answers, whoever goes away, and connections that PostgreSQL ends."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress

import psycopg
import pytest
import sqlalchemy as sa
from loops import run

from api.asking import Asking
from geo.cluster import Cluster

MINE = "SELECT pg_backend_pid()::text"
END = "SELECT pg_terminate_backend(:pid, 5000)"


@pytest.fixture
def ended(cluster: Cluster) -> Iterator[sa.Engine]:
    """An engine of the administrator, who may end the connections of others."""
    engine = sa.create_engine(cluster.url, poolclass=sa.NullPool)
    yield engine
    engine.dispose()


def asking(cluster: Cluster, limit: int = 1) -> Asking:
    return Asking(sa.make_url(cluster.url), "", limit)


def end(engine: sa.Engine, pid: bytes | None) -> None:
    assert pid is not None
    with engine.connect() as conn:
        assert conn.scalar(sa.text(END), {"pid": int(pid)})


def test_an_answer_of_many_packets_and_a_question_longer_than_the_system_takes_at_once(cluster: Cluster) -> None:
    async def asked() -> None:
        one = asking(cluster)
        given = b"a" * 3_000_000
        for _ in range(3):
            assert await one.one("SELECT $1::text", [given]) == (given,)
        rows = await one.rows("SELECT n::text, NULL FROM generate_series(1, 20000) n", [])
        assert rows[-1] == (b"20000", None)
        assert len(rows) == 20_000
        await one.close()

    run(asked())


def test_a_refused_statement_says_why_and_the_next_one_is_answered(cluster: Cluster) -> None:
    async def asked() -> None:
        one = asking(cluster)
        with pytest.raises(psycopg.errors.DivisionByZero):
            await one.one("SELECT 1 / $1::int", [b"0"])
        with pytest.raises(psycopg.errors.SyntaxError):
            await one.one("SELEC 1", [])
        assert await one.one("SELECT 'a'", []) == (b"a",)
        await one.close()

    run(asked())


def test_a_connection_serves_one_loop_after_another(cluster: Cluster) -> None:
    one = asking(cluster)
    pids = {run(one.one(MINE, [])) for _ in range(4)}
    assert len(pids) == 1
    run(one.close())


def test_a_connection_that_postgresql_ends_is_let_go_of_at_once_and_replaced(
    cluster: Cluster, ended: sa.Engine
) -> None:
    async def asked() -> None:
        one = asking(cluster)
        [pid] = await one.one(MINE, [])
        [line] = one._free
        assert line is not None
        end(ended, pid)
        await asyncio.sleep(0.1)  # the loop is told
        assert line.connection.closed
        assert await one.one(MINE, []) != (pid,)
        [pid] = await one.one(MINE, [])
        end(ended, pid)  # and this time it is not
        assert await one.one(MINE, []) != (pid,)
        await one.close()

    run(asked())


def test_a_statement_whose_connection_is_ended_meanwhile_is_asked_again_of_another(
    cluster: Cluster, ended: sa.Engine
) -> None:
    async def asked() -> None:
        one = asking(cluster)
        [pid] = await one.one(MINE, [])
        running = asyncio.create_task(one.rows("SELECT pg_sleep(0.5)", []))
        await asyncio.sleep(0.1)
        await asyncio.to_thread(end, ended, pid)
        assert len(await running) == 1
        assert await one.one(MINE, []) != (pid,)
        await one.close()

    run(asked())


def test_who_goes_away_leaves_their_place_and_no_answer_to_another(cluster: Cluster) -> None:
    async def asked() -> None:
        one = asking(cluster, 2)
        slow = [asyncio.create_task(one.one("SELECT pg_sleep(30)", [])) for _ in range(2)]
        waiting = [asyncio.create_task(one.one(f"SELECT '{number}'", [])) for number in range(4)]
        await asyncio.sleep(0.2)
        for task in (waiting[0], *slow):
            task.cancel()
        for task in (waiting[0], *slow):
            with suppress(asyncio.CancelledError):
                await task
        assert [await task for task in waiting[1:]] == [(b"1",), (b"2",), (b"3",)]
        answers = await asyncio.gather(*(one.one(f"SELECT '{number}'", []) for number in range(50)))
        assert answers == [(str(number).encode(),) for number in range(50)]
        assert one._places._value == 2
        await one.close()

    run(asked())
