"""`make bench`: the time of tiles and documents beside their SQL alone, cold and warm, in one run of one server process.

Cold: the application has not kept the document; connections are open and PostgreSQL's pages are in memory. Each
cold answer has its main statement, asked with psycopg, for a neighbour, so that both see the same machine. A tile has
another one: a bare ASGI application that asks the same statement and sends the bytes, with no address to read, nothing
to keep, to tag or to compress; what a tile costs above it is the application's own. Warm: the document is kept; it is
timed beside a bare ASGI application that sends the same bytes through the same server.
Times are medians; a ratio is the median of the ratios of neighbours.
"""

import gzip
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

import psycopg
import sqlalchemy as sa
from apart import Apart, apart
from cases import Case, cases
from figures import french
from rich.console import Console
from rich.table import Table
from sql import Statement, alone
from wire import Client

from api.database import database_url, open_database, private_cluster
from api.editions import OPTIONS
from api.progress import shown
from api.securing import secure, serving_url
from api.settings import Settings, read_settings
from api.setup import prepare
from api.versions import read_versions
from boundaries.readers import Audience

COLD, WARM, UNTIMED = 400, 400, 12
console = Console(width=None if Console().is_terminal else 150)


@dataclass(frozen=True)
class Timing:
    """What was measured of a case, times in ms and weights in bytes (of the heaviest of its paths)."""

    case: Case
    cold_ms: float
    sql_ms: float
    sql_ratio: float
    least_ms: float | None
    least_ratio: float | None
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

    servers: Apart
    client: Client
    bare_client: Client
    psql: psycopg.Connection

    def time(self, case: Case) -> Timing:
        """Return the timing of a case."""
        plain = max(len(self.client.get(path, zipped=False)) for path in case.paths)
        statements = [self._statements(path) for path in case.paths]
        mains = [max(asked, key=lambda statement: len(statement.text)) for asked in statements]
        written = [main.written for main in mains]
        cold, sql, least = [], [], []
        for turn in range(UNTIMED + COLD):
            which = turn % len(case.paths)
            self.servers.do("empty")
            acts = [
                (cold, lambda which=which: self.client.get(case.paths[which])),
                (sql, lambda which=which: self._asked_alone(mains[which], written[which])),
            ]
            if mains[which].bytes:
                self.servers.do("ask", mains[which])
                acts.append((least, lambda which=which: self.bare_client.get(case.paths[which])))
            # Whoever comes second finds the processor's caches full of the same rows: each in turn.
            first = turn // len(case.paths) % len(acts)
            for times, act in acts[first:] + acts[:first]:
                times.append(_ms(act))
        warm, bare = [], []
        bodies = [self.client.get(path) for path in case.paths]
        self.servers.do("forget")
        for turn in range(UNTIMED + WARM):
            which = turn % len(case.paths)
            self.servers.do("answer", bodies[which])
            warm.append(_ms(lambda which=which: self.client.get(case.paths[which])))
            bare.append(_ms(lambda which=which: self.bare_client.get(case.paths[which])))
        warm_statements, warm_connections = self.servers.do("told")
        return Timing(
            case,
            median(cold[UNTIMED:]),
            median(sql[UNTIMED:]),
            _ratio(cold[UNTIMED:], sql[UNTIMED:]),
            median(least[UNTIMED:]) if least else None,
            _ratio(cold[UNTIMED:], least[UNTIMED:]) if least else None,
            max(map(len, statements)),
            median(warm[UNTIMED:]),
            median(bare[UNTIMED:]),
            _ratio(warm[UNTIMED:], bare[UNTIMED:]),
            len(warm_statements),
            warm_connections,
            plain,
            max(len(body) if _zipped(body) else len(gzip.compress(body)) for body in bodies),
        )

    def _asked_alone(self, main: Statement, written: Any) -> None:
        asker = psycopg.RawCursor(self.psql) if main.libpq else psycopg.Cursor(self.psql)
        asker.execute(main.text, written, binary=main.libpq).fetchall()

    def _statements(self, path: str) -> list[Statement]:
        self.servers.do("empty")
        self.servers.do("forget")
        self.client.get(path)
        statements: list[Statement] = self.servers.do("told")[0]
        return statements


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
    engine = sa.create_engine(database_url(settings))
    secure(engine)
    public = serving_url(engine.url, Audience.PUBLIC)  # the SQL beside is asked with the same rights as the tile's
    engine.dispose()
    with apart(settings, public) as servers, alone(public, OPTIONS) as psql:
        bench = Bench(servers, Client(servers.port), Client(servers.bare_port), psql)
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
        said = f"{case.name} à froid : {french(timing.sql_ratio, 2)} fois le SQL seul"
        if timing.least_ratio is not None:
            said += f", {french(timing.least_ratio, 2)} fois le même SQL derrière un ASGI nu"
        found.append((timing.sql_ratio <= case.sql_ratio, f"{said} (limite {french(case.sql_ratio, 1)})"))
    if case.zipped_bytes is not None:
        said = f"{case.name} : {french(timing.zipped_bytes / 1e3, 1)} ko compressée"
        found.append((timing.zipped_bytes < case.zipped_bytes, f"{said} (limite {case.zipped_bytes // 1000})"))
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
        "ASGI+SQL",
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
            *(french(figure, 2) for figure in (timing.cold_ms, timing.sql_ms, timing.sql_ratio)),
            *("" if figure is None else french(figure, 2) for figure in (timing.least_ms, timing.least_ratio)),
            str(timing.statements),
            *(french(figure, 2) for figure in (timing.warm_ms, timing.bare_ms, timing.bare_ratio)),
            *(french(size / 1e3, 1) for size in (timing.plain_bytes, timing.zipped_bytes)),
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


if __name__ == "__main__":
    sys.exit(main())
