"""No request holds a connection of the database for more than ten seconds, whatever it does with it."""

import threading
import time
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from api.ceiling import HUNG_UP_SECONDS, Ceiling
from api.editions import STATEMENT_SECONDS
from geo.cluster import Cluster
from geo.formats.reading import LET_GO, STEP, streamed


@pytest.fixture
def bounded(cluster: Cluster) -> Iterator[sa.Engine]:
    """An engine whose connections are held for half a second, and hung up after one."""
    engine = sa.create_engine(cluster.url, pool_size=2, max_overflow=0)
    Ceiling(0.5, 1.0).bound(engine)
    yield engine
    engine.dispose()


def test_the_limit_is_ten_seconds() -> None:
    assert HUNG_UP_SECONDS == STATEMENT_SECONDS == 10


def test_a_statement_that_holds_a_connection_is_cancelled(bounded: sa.Engine) -> None:
    begun = time.monotonic()
    with pytest.raises(sa.exc.OperationalError, match="canceling statement"), bounded.connect() as conn:
        conn.execute(sa.text("SELECT pg_sleep(30)"))
    assert 0.4 < time.monotonic() - begun < 2


def test_a_transaction_of_short_statements_is_stopped_too(bounded: sa.Engine) -> None:
    def asking() -> None:
        with bounded.connect() as conn:
            for _ in range(100):
                conn.execute(sa.text("SELECT pg_sleep(0.05)"))

    begun = time.monotonic()
    with pytest.raises(sa.exc.OperationalError):
        asking()
    assert 0.4 < time.monotonic() - begun < 2


def test_who_does_something_else_meanwhile_is_hung_up_on(bounded: sa.Engine) -> None:
    with bounded.connect() as conn:
        number = conn.scalar(sa.text("SELECT pg_backend_pid()"))
        time.sleep(2)
        with bounded.connect() as other:
            running = sa.text("SELECT count(*) FROM pg_stat_activity WHERE pid = :number")
            assert other.scalar(running, {"number": number}) == 0
        with pytest.raises(sa.exc.OperationalError):
            conn.execute(sa.text("SELECT 1"))


def test_a_stream_that_lasts_is_cut(bounded: sa.Engine) -> None:
    numbers = sa.text("SELECT n, pg_sleep(0.01) FROM generate_series(1, 1000) AS n")
    with bounded.connect() as conn:
        rows = conn.execution_options(stream_results=True, max_row_buffer=10).execute(numbers)
        with pytest.raises(sa.exc.OperationalError):
            rows.all()


def test_what_was_stopped_is_not_lent_again_and_what_comes_next_is_answered(bounded: sa.Engine) -> None:
    numbers = set()
    for _ in range(3):
        with bounded.connect() as conn:
            numbers.add(conn.scalar(sa.text("SELECT pg_backend_pid()")))
            with pytest.raises(sa.exc.OperationalError):
                conn.execute(sa.text("SELECT pg_sleep(30)"))
    for _ in range(20):
        with bounded.connect() as conn:
            assert conn.scalar(sa.text("SELECT pg_backend_pid()")) not in numbers
            conn.execute(sa.text("SELECT pg_sleep(0.02)"))


def test_who_lets_go_in_time_is_never_met(bounded: sa.Engine) -> None:
    def work() -> None:
        for _ in range(40):
            with bounded.connect() as conn:
                done.append(conn.scalar(sa.text("SELECT 1 FROM pg_sleep(0.03)")))

    done: list[int] = []
    threads = [threading.Thread(target=work) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert done == [1] * 80


def test_what_is_written_in_a_file_is_read_at_once_and_the_connection_let_go(bounded: sa.Engine) -> None:
    rows = sa.select(sa.column("n"), sa.column("n").op("*")(2)).select_from(
        sa.func.generate_series(1, 3 * STEP).alias("n")
    )
    with bounded.connect() as conn:
        known = [tuple(row) for row in streamed(conn, rows)]
    ended = []

    def let_go() -> None:
        ended.append(conn.connection.dbapi_connection.info.backend_pid)
        conn.close()

    with bounded.connect() as conn:
        conn.execution_options(**{LET_GO: let_go})
        found = streamed(conn, rows)
        first = next(found)
        assert len(ended) == 1
        time.sleep(1.2)  # longer than a connection may be held: what is written slowly is written whole
        assert [tuple(row) for row in (first, *found)] == known
    assert known[-1] == (3 * STEP, 6 * STEP)
