"""`make bench-peers`: the observatory beside tipg and pygeoapi, on the same database, in the same run.

One server process each, asked by wrk over eight connections for the same features, one server after the other. Cold: the
observatory keeps nothing of what it answers. Beside each ratio is the raw limit: the same SQL asked with asyncpg alone,
nginx sending the same file, an ASGI application that does nothing but send the same bytes.
"""

import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import sqlalchemy as sa
from figures import french
from peers_cases import Found, Servers, compared
from peers_data import prepare, towns
from peers_servers import ores, pygeoapi, tipg
from rich.console import Console
from rich.table import Table

from api.progress import shown
from api.settings import read_settings
from geo.cluster import Cluster

console = Console(width=None if Console().is_terminal else 140)


COLUMNS = (
    "à froid", "tel quel", "tipg", "tipg, mêmes contours", "pygeoapi", "SQL seul", "ASGI nu", "derrière nginx",
    "nginx, fichier",
)  # fmt: skip


def main() -> int:
    """Return 0 when every limit is kept."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the servers end with the bench, however it ends
    settings = read_settings()
    peers = settings.home / "peers"
    cluster = Cluster(peers, say=console.print)
    cluster.start()
    try:
        with shown(console) as progress:
            engine = sa.create_engine(cluster.url)
            prepare(engine, settings.home, progress)
            with engine.connect() as conn:
                places = towns(conn)
            engine.dispose()
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ores-peers-")))
            folder.chmod(0o755)
            url = sa.make_url(cluster.url)
            servers = Servers(
                shipped=stack.enter_context(ores("ores", peers, cluster.url)),
                cold=stack.enter_context(ores("cold", peers, cluster.url)),
                tipg=stack.enter_context(tipg(peers, url)),
                pygeoapi=stack.enter_context(pygeoapi(peers, url, folder)),
                asyncpg=peers / "tipg/bin/python",
                home=peers,
                url=url,
                folder=folder,
            )
            found = list(_measured(servers, places))
    finally:
        cluster.stop()
    console.print(_table(found))
    limits = [limit for one in found for limit in one.limits]
    for limit in limits:
        bound = f"{'au moins' if limit.at_least else 'au plus'} {french(limit.bound, 2)}"
        kept = "[green]tenu[/]   " if limit.kept else "[red]dépassé[/]"
        console.print(f"{kept} {limit.name} : {french(limit.found, 2)} ({bound})", highlight=False)
    return 0 if all(limit.kept for limit in limits) else 1


def _measured(servers: Servers, places: list[tuple[float, float]]) -> Iterator[Found]:
    with console.status("") as status:
        for name, measure in compared(servers, places):
            status.update(f"{name}…")
            for one in measure():
                console.print(f"{one.name} : {', '.join(f'{k} {french(v, 1)}' for k, v in one.figures.items())}")
                yield one


def _table(found: list[Found]) -> Table:
    table = Table(title="Réponses par seconde (8 connexions), millisecondes ou kilooctets")
    for rank, heading in enumerate(("", "", *COLUMNS)):
        table.add_column(heading, justify="right" if rank > 1 else "left")
    for one in found:
        cells = (french(one.figures[name], 1) if name in one.figures else "" for name in COLUMNS)
        table.add_row(one.name, one.unit, *cells)
    return table


if __name__ == "__main__":
    sys.exit(main())
