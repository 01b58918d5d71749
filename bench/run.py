"""`make bench`: the time of tiles and documents beside their SQL alone, cold and warm, in one run of one process.

Cold: the application has not kept the document; connections are open and PostgreSQL's pages are in memory. Each
cold answer has its main statement, asked with psycopg, for a neighbour, so that both see the same machine. Warm:
the document is kept; it is timed beside a bare ASGI application that sends the same bytes through the same server.
Times are medians; a ratio is the median of the ratios of neighbours.
"""

import gzip
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median

import psycopg
import sqlalchemy as sa
from cases import Case, cases
from fastapi import FastAPI
from rich.console import Console
from rich.table import Table
from sql import Heard, Statement, alone
from wire import Bare, Client, served

from api.app import create_app
from api.database import open_database, private_cluster
from api.documents import Documents
from api.progress import shown
from api.settings import Settings, read_settings
from api.setup import prepare
from api.versions import read_versions

COLD, WARM, UNTIMED = 60, 400, 12
console = Console(width=None if Console().is_terminal else 120)


@dataclass(frozen=True)
class Timing:
    """What was measured of a case, times in ms and weights in bytes (of the heaviest of its paths)."""

    case: Case
    cold_ms: float
    sql_ms: float
    sql_ratio: float
    statements: int
    warm_ms: float
    bare_ms: float
    bare_ratio: float
    warm_statements: int
    warm_connections: int
    plain_bytes: int
    zipped_bytes: int


@dataclass
class Bench:
    """One application under test, its bare twin, and PostgreSQL without either."""

    application: FastAPI
    client: Client
    bare: Bare
    bare_client: Client
    heard: Heard
    psql: psycopg.Connection

    def time(self, case: Case) -> Timing:
        """Return the timing of a case."""
        plain = max(len(self.client.get(path, zipped=False)) for path in case.paths)
        statements = [self._statements(path) for path in case.paths]
        mains = [max(asked, key=lambda statement: len(statement.text)) for asked in statements]
        cold, sql = [], []
        for turn in range(UNTIMED + COLD):
            which = turn % len(case.paths)
            self.application.state.documents = Documents()
            pair = [
                (cold, lambda which=which: self.client.get(case.paths[which])),
                (sql, lambda which=which: self._asked_alone(mains[which])),
            ]
            # Whoever comes second finds the processor's caches full of the same rows: each in turn.
            for times, act in pair if turn // len(case.paths) % 2 else reversed(pair):
                times.append(_ms(act))
        warm, bare = [], []
        bodies = [self.client.get(path) for path in case.paths]
        self.heard.forget()
        for turn in range(UNTIMED + WARM):
            which = turn % len(case.paths)
            self.bare.body = bodies[which]
            warm.append(_ms(lambda which=which: self.client.get(case.paths[which])))
            bare.append(_ms(lambda which=which: self.bare_client.get(case.paths[which])))
        return Timing(
            case,
            median(cold[UNTIMED:]),
            median(sql[UNTIMED:]),
            _ratio(cold[UNTIMED:], sql[UNTIMED:]),
            max(map(len, statements)),
            median(warm[UNTIMED:]),
            median(bare[UNTIMED:]),
            _ratio(warm[UNTIMED:], bare[UNTIMED:]),
            len(self.heard.statements),
            self.heard.connections,
            plain,
            max(len(body) if _zipped(body) else len(gzip.compress(body)) for body in bodies),
        )

    def _asked_alone(self, main: Statement) -> None:
        asker = psycopg.RawCursor(self.psql) if main.libpq else psycopg.Cursor(self.psql)
        asker.execute(main.text, main.parameters, binary=main.libpq).fetchall()

    def _statements(self, path: str) -> list[Statement]:
        self.application.state.documents = Documents()
        self.heard.forget()
        self.client.get(path)
        return list(self.heard.statements)


def main() -> int:
    """Return 0 when every limit is kept."""
    settings = read_settings()
    cluster = private_cluster(settings)
    started = cluster is not None and not cluster.running()
    try:
        _load_if_empty(settings)
        timings = _timings(settings)
    finally:
        if cluster is not None and started:
            cluster.stop()
    console.print(_table(timings))
    limits = [limit for timing in timings for limit in _limits(timing)]
    for kept, sentence in limits:
        console.print(f"{'[green]tenu[/]   ' if kept else '[red]dépassé[/]'} {sentence}", highlight=False)
    return 0 if all(kept for kept, _ in limits) else 1


def _load_if_empty(settings: Settings) -> None:
    engine = open_database(settings, lambda sentence: console.print(sentence))
    with engine.connect() as conn:
        loaded = sa.inspect(conn).has_table("release", schema="indicators") and bool(read_versions(conn).release)
    if not loaded:
        with shown(console) as progress:
            prepare(engine, settings, progress)
    engine.dispose()


def _timings(settings: Settings) -> list[Timing]:
    application, bare = create_app(settings), Bare()
    engine: sa.Engine = application.state.engine
    application.state.versions.refresh()
    with ExitStack() as stack:
        stack.callback(engine.dispose)
        client, bare_client = stack.enter_context(served(application)), stack.enter_context(served(bare))
        with engine.connect() as conn:
            options = conn.connection.driver_connection.info.options  # type: ignore[union-attr]
        psql = stack.enter_context(alone(engine.url, options))
        bench = Bench(application, client, bare, bare_client, Heard(application), psql)
        asked = cases(settings.region)
        with console.status("") as status:
            timings = []
            for case in asked:
                status.update(f"{case.name}…")
                timings.append(bench.time(case))
        return timings


def _limits(timing: Timing) -> list[tuple[bool, str]]:
    """What the case must keep, and whether it does."""
    case, found = timing.case, []
    if case.sql_ratio is not None:
        said = f"{case.name} à froid : {_french(timing.sql_ratio, 2)} fois le SQL seul"
        found.append((timing.sql_ratio <= case.sql_ratio, f"{said} (limite {_french(case.sql_ratio, 1)})"))
    if case.zipped_bytes is not None:
        said = f"{case.name} : {_french(timing.zipped_bytes / 1e3, 1)} ko compressée"
        found.append((timing.zipped_bytes < case.zipped_bytes, f"{said} (limite {case.zipped_bytes // 1000})"))
    if case.name.startswith("tuile"):
        quiet = timing.warm_statements == 0 and timing.warm_connections == 0
        said = f"{timing.warm_statements} requête SQL, {timing.warm_connections} connexion"
        found.append((quiet, f"{case.name} à chaud : {said} en {UNTIMED + WARM} réponses"))
    return found


def _table(timings: list[Timing]) -> Table:
    table = Table(title="Médianes, en millisecondes ; tailles en ko")
    table.add_column("", no_wrap=True)
    for heading in (
        "à froid",
        "SQL seul",
        "rapport",
        "requêtes",
        "à chaud",
        "ASGI nu",
        "rapport",
        "octets",
        "gzip",
    ):
        table.add_column(heading, justify="right")
    for timing in timings:
        table.add_row(
            timing.case.name,
            *(_french(figure, 2) for figure in (timing.cold_ms, timing.sql_ms, timing.sql_ratio)),
            str(timing.statements),
            *(_french(figure, 2) for figure in (timing.warm_ms, timing.bare_ms, timing.bare_ratio)),
            *(_french(size / 1e3, 1) for size in (timing.plain_bytes, timing.zipped_bytes)),
        )
    return table


def _ms(act: Callable[[], object]) -> float:
    begun = time.perf_counter_ns()
    act()
    return (time.perf_counter_ns() - begun) / 1e6


def _ratio(above: list[float], below: list[float]) -> float:
    return median(first / second for first, second in zip(above, below, strict=True))


def _zipped(body: bytes) -> bool:
    return body.startswith(b"\x1f\x8b")


def _french(figure: float, decimals: int) -> str:
    return f"{figure:,.{decimals}f}".replace(",", "\u202f").replace(".", ",")


if __name__ == "__main__":
    sys.exit(main())
