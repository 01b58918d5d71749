"""`make bench-store`, part of `make bench`: the store at the size of France, beside PostgreSQL alone, in one run.

A country of 35,000 communes known by their codes, 540 series of every commune (15 imported indicators, 36 periods):
18.9 million values, delivered as wide CSV files, controlled, kept, released and published. Then what is asked most:
a national choropleth, the profile of a territory, a conversion to another geography; measured when a tenth of the
store is there and when it is whole. Nothing is restricted here: what secrecy costs is measured by `bench/editions.py`.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
import psycopg
import sqlalchemy as sa
from country import country
from figures import french
from rich.console import Console

from api.filling import Filler
from api.importing import Manner, controlled
from api.migrate import migrate
from api.publishing import analyze
from boundaries.levels import Level
from boundaries.load import load
from boundaries.places import Place
from geo.cluster import Cluster
from geo.progress import silent
from indicators.actors import Actor
from indicators.catalogue import catalogue
from indicators.columns import read_columns
from indicators.imports.mapping import Mapping, Measure, Table
from indicators.imports.storing import keep
from indicators.lifecycle import release_delivery, validate
from indicators.natures import Nature
from indicators.policy import import_policies
from indicators.publication import publish
from indicators.published import find, profile

PERIODS = [str(year) for year in range(1988, 2024)]
INDICATORS = [
    item.id
    for item in catalogue().values()
    if item.derivation is None
    and Level.COMMUNE in item.levels
    and item.nature is not Nature.TYPOLOGY
    and item.id != "population"  # growth rates between 36 dates would be another bench
][:15]
ACTOR = Actor("bench", "validator")
TURNS = 15
COMMUNES = "SELECT code FROM boundaries.territory WHERE millesime = :year AND level = 'commune' ORDER BY code"
UNCOMPUTED = """
SELECT id FROM indicators.series
WHERE indicator = :indicator AND millesime = 2025 AND computed_at IS NULL
ORDER BY period DESC LIMIT 10
"""
BYTES = {
    "value": "SELECT pg_total_relation_size('indicators.value') / count(*)::float FROM indicators.value",
    "import_value": "SELECT pg_total_relation_size('indicators.import_value') / count(*)::float "
    "FROM indicators.import_value",
}
KEPT = 5  # times that a delivery is kept beside a COPY: disks are not as fast every second
console = Console(width=None if Console().is_terminal else 120)


def main() -> int:
    """Return 0 when every limit is kept."""
    with tempfile.TemporaryDirectory(prefix="ores-bench-", ignore_cleanup_errors=True) as folder:
        cluster = Cluster(Path(folder) / "home")
        cluster.start()
        engine = sa.create_engine(cluster.url, connect_args={"options": "-c jit=off"})
        try:
            limits = _measure(engine, Path(folder))
        finally:
            engine.dispose()
            cluster.remove()
    for kept, sentence in limits:
        console.print(f"{'[green]tenu[/]   ' if kept else '[red]dépassé[/]'} {sentence}", highlight=False)
    return 0 if all(kept for kept, _ in limits) else 1


def _measure(engine: sa.Engine, folder: Path) -> list[tuple[bool, str]]:
    migrate(engine)
    with engine.begin() as conn:
        load(conn, country(2024), "all", silent)
        load(conn, country(2025, mergers=200), "all", silent)
        codes, older = (conn.scalars(sa.text(COMMUNES), {"year": year}).all() for year in (2025, 2024))
    analyze(engine)
    limits: list[tuple[bool, str]] = []
    loading = 0.0
    small: dict[str, float] = {}
    with console.status("") as status:
        with engine.begin() as conn:
            import_policies(conn, "", ACTOR)
        for rank, indicator in enumerate(INDICATORS):
            status.update(f"{indicator} ({rank + 1} / {len(INDICATORS)})…")
            # the first is delivered in the geography of 2024, so that its conversion can be measured
            own, millesime = (older, 2024) if rank == 0 else (codes, 2025)
            path = _file(folder, indicator, own, rank)
            loading += _seconds(lambda path=path, year=millesime: _import(engine, path, year))
            console.print(f"{indicator}: {loading:.0f} s")
            if rank == 0:
                limits.append(_copy_ratio(engine, folder))
            if rank == 1:
                with engine.begin() as conn:
                    publish(conn, silent, ACTOR)
                analyze(engine)
                small = _reads(engine)
        status.update("publication…")
        loading += _seconds(lambda: _publish(engine))
    analyze(engine)
    return [
        *limits,
        *_loaded(engine, loading),
        *_compared(small, _reads(engine)),
        _conversion(engine),
        _storage(engine),
    ]


def _file(folder: Path, indicator: str, codes: Sequence[str], seed: int) -> Path:
    """A wide CSV as producers make them: a code, and a column for each year."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.integers(1, 50_000, (len(codes), len(PERIODS))), columns=PERIODS)
    frame.insert(0, "CODGEO", codes)
    path = folder / f"{indicator}.csv"
    frame.to_csv(path, sep=";", index=False)
    return path


def _import(engine: sa.Engine, path: Path, millesime: int) -> None:
    measure = Measure(indicator=path.stem, column="{yyyy}")
    table = Table(code="CODGEO", level=Level.COMMUNE, measures=(measure,))
    mapping = Mapping(source="bench", producer="bench", licence="bench", millesime=millesime, tables=(table,))
    found = controlled(engine, path, Manner(mapping=mapping))
    with engine.begin() as conn:
        number = keep(conn, ACTOR, found, silent)
        validate(conn, number, ACTOR)
        release_delivery(conn, number, ACTOR)


def _publish(engine: sa.Engine) -> None:
    with engine.begin() as conn:
        publish(conn, silent, ACTOR)


def _copy_ratio(engine: sa.Engine, folder: Path) -> tuple[bool, str]:
    """What keeping a delivery costs beside a raw COPY of the same rows into a table like the store's."""
    path = folder / f"{INDICATORS[0]}.csv"
    measure = Measure(indicator=path.stem, column="{yyyy}")
    table = Table(code="CODGEO", level=Level.COMMUNE, measures=(measure,))
    mapping = Mapping(source="again", producer="bench", licence="bench", millesime=2024, tables=(table,))
    found = controlled(engine, path, Manner(mapping=mapping))
    ours, raw = [], []
    for _ in range(KEPT):
        with engine.connect() as conn:
            rows = conn.execute(sa.text("SELECT 0"))
            rows.close()
            begun = time.perf_counter()
            keep(conn, ACTOR, found, silent)
            ours.append(time.perf_counter() - begun)
            driver = conn.connection.driver_connection
            with driver.cursor() as cursor:  # type: ignore[union-attr]
                with cursor.copy("COPY indicators.import_value TO STDOUT") as out:
                    text = b"".join(bytes(part) for part in out)
                cursor.execute(
                    "CREATE TEMP TABLE raw (LIKE indicators.import_value INCLUDING INDEXES) ON COMMIT DROP"
                )
                begun = time.perf_counter()
                with cursor.copy("COPY raw FROM STDIN") as into:
                    into.write(text)
                raw.append(time.perf_counter() - begun)
                cursor.execute("SELECT count(*) FROM raw")
                count = cursor.fetchone()[0]
            conn.rollback()
    # the raw copy is of every row that is there, ours of those of this delivery: both per row
    own = len(PERIODS) * sum(1 for _ in path.open()) - len(PERIODS)
    ratio = median(beside / kept for beside, kept in zip(raw, ours, strict=True)) * own / count
    pace = f"{french(own / median(ours) / 1e3, 0)} milliers de valeurs par seconde"
    said = f"garder une livraison ({french(own, 0)} valeurs lues d’un CSV) : {pace}"
    return ratio >= 0.5, f"{said}, {french(ratio, 2)} du COPY brut (limite 0,5)"


def _reads(engine: sa.Engine) -> dict[str, float]:
    """Medians, in ms: the choropleth and the index scan alone, one after the other; the profile of a territory."""
    choropleth, scan, whole = [], [], []
    with engine.connect() as conn, _alone(engine) as psql:
        place = Place(Level.COMMUNE, "44109")
        for turn in range(TURNS):
            period = PERIODS[-1 - turn % 5]
            series = find(conn, INDICATORS[1], period, 2025)
            pair: list[tuple[list[float], Callable[[], Any]]] = [
                (choropleth, lambda series=series: read_columns(conn, series, Level.COMMUNE, None)),
                (
                    scan,
                    lambda series=series: psql.execute(
                        "SELECT territory_id, value, status FROM indicators.value WHERE series_id = %s",
                        (series.id,),
                    ).fetchall(),
                ),
            ]
            for times, act in pair if turn % 2 else reversed(pair):
                times.append(1000 * _seconds(act))
            whole.append(1000 * _seconds(lambda: profile(conn, INDICATORS[1:], place, 2025)))
    return {
        "choropleth": median(choropleth[3:]),
        "scan": median(scan[3:]),
        "ratio": median(a / b for a, b in zip(choropleth[3:], scan[3:], strict=True)),
        "profile": median(whole[3:]),
    }


def _loaded(engine: sa.Engine, seconds: float) -> list[tuple[bool, str]]:
    with engine.connect() as conn:
        count = conn.scalar(sa.text("SELECT count(*) FROM indicators.import_value")) or 0
    what = f"{french(count / 1e6, 1)} millions de valeurs contrôlées, gardées, diffusées et publiées"
    said = f"{what} en {french(seconds / 60, 1)} min"
    return [(seconds < 600, f"{said} (limite 10)")]


def _compared(small: dict[str, float], large: dict[str, float]) -> list[tuple[bool, str]]:
    series = (len(INDICATORS) - 1) * len(PERIODS)
    drawn, before = large["choropleth"], small["choropleth"]
    ratio, scan = french(large["ratio"], 2), french(large["scan"], 1)
    return [
        (
            large["ratio"] <= 1.5 and drawn < 60,
            f"carte nationale : {french(drawn, 1)} ms, {ratio} fois le parcours d’index ({scan} ms) "
            "(limites 60 ms et 1,5)",
        ),
        (
            large["profile"] < 20,
            f"profil d’un territoire ({series} séries) : {french(large['profile'], 1)} ms (limite 20)",
        ),
        (
            drawn < 1.5 * before,
            f"carte quand l’entrepôt décuple : {french(before, 1)} puis {french(drawn, 1)} ms (limite 1,5 fois)",
        ),
    ]


def _conversion(engine: sa.Engine) -> tuple[bool, str]:
    """Ten periods of a national series, delivered in 2024, computed in the geography of 2025 for the first time."""
    with engine.connect() as conn:
        ids = conn.scalars(sa.text(UNCOMPUTED), {"indicator": INDICATORS[0]}).all()
    filler = Filler(engine.url.render_as_string(hide_password=False))
    seconds = _seconds(lambda: filler.fill(ids))
    filler.dispose()
    return (
        len(ids) == 10 and seconds < 2,
        f"conversion de {len(ids)} périodes nationales de 2024 à 2025 : {french(seconds, 2)} s (limite 2)",
    )


def _storage(engine: sa.Engine) -> tuple[bool, str]:
    with engine.connect() as conn:
        published, imported = (conn.scalar(sa.text(BYTES[name])) or 0 for name in ("value", "import_value"))
    said = f"{french(published, 0)} publiée, {french(imported, 0)} telle que livrée"
    return True, f"octets par valeur, index compris : {said}"


def _alone(engine: sa.Engine) -> psycopg.Connection:
    given = engine.url.translate_connect_args(username="user", database="dbname")
    return psycopg.connect(**given, **engine.url.query, options="-c jit=off", autocommit=True)


def _seconds(act: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun


if __name__ == "__main__":
    sys.exit(main())
