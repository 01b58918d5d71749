"""The database of the comparison: the communes of the country, loaded once, and the tables that the peers read.

Peers are given the best tables for them: geometry in the system they serve, indexes, and no column that we do not send.
"""

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from api.migrate import migrate
from api.publishing import analyze
from api.setup import DOWNLOADS
from boundaries import layers, sources
from boundaries.bands import BANDS, EXACT
from boundaries.levels import Level
from boundaries.load import load
from boundaries.tables import Millesime, Outline
from geo.progress import Progress

MILLESIME = 2025
SCHEMA = "peers"
BY_BAND = tuple(f"communes_band_{band.zoom}" for band in BANDS)
TABLES = ("communes", "communes_3857", *BY_BAND)
TOWNS = 600  # one commune out of so many is a place that the tiles show


def prepare(engine: Engine, home: Path, progress: Progress) -> None:
    """Load what is not there. What the registries sent once is not asked again."""
    migrate(engine)
    with engine.begin() as conn:
        new = conn.scalar(sa.select(Millesime.scope).where(Millesime.year == MILLESIME)) != "all"
        if new:
            delivery = sources.read("registry", None, MILLESIME, home / DOWNLOADS, progress, "all", True)
            load(conn, delivery, "all", progress)
    if new or not sa.inspect(engine).has_table(TABLES[-1], schema=SCHEMA):
        analyze(engine)
        with engine.begin() as conn:
            conn.execute(sa.text(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE"))
            conn.execute(sa.text(f"CREATE SCHEMA {SCHEMA}"))
            _make(conn)
        analyze(engine)


def towns(conn: Connection) -> list[tuple[float, float]]:
    """Return places spread as the communes are: x and y in EPSG:3857."""
    centre = Outline.centre
    rows = conn.execute(
        sa.select(sa.func.ST_X(centre), sa.func.ST_Y(centre))
        .where(Outline.millesime == MILLESIME, Outline.level == Level.COMMUNE.value, Outline.band == EXACT)
        .order_by(Outline.code)
    ).all()
    return [(x, y) for x, y in rows[:: len(rows) // (len(rows) // TOWNS)]]


def _make(conn: Connection) -> None:
    made = layers.features(Level.COMMUNE, MILLESIME, None)
    columns = made.selected_columns
    named = [columns[name] for name in ("code", "nom", "departement", "region", "epci", "millesime")]
    full = made.with_only_columns(columns.fid.label("id"), *named, columns.geom)
    drawn = made.with_only_columns(
        columns.fid.label("id"), columns.code, columns.nom, sa.func.ST_Transform(columns.geom, 3857).label("geom")
    )
    _made(conn, TABLES[0], full, "MultiPolygon", 4326)
    _made(conn, TABLES[1], drawn, "MultiPolygon", 3857)
    conn.execute(sa.text(f"CREATE INDEX ON {SCHEMA}.{TABLES[0]} (departement)"))
    for name, band in zip(BY_BAND, BANDS, strict=True):
        outline = sa.select(Outline.territory_id.label("id"), Outline.code, Outline.nom, Outline.geom).where(
            Outline.millesime == MILLESIME, Outline.level == Level.COMMUNE.value, Outline.band == band.zoom
        )
        _made(conn, name, outline, "MultiPolygon", 3857)


def _made(conn: Connection, name: str, rows: sa.Select[tuple[object, ...]], kind: str, srid: int) -> None:
    """Make a table of the rows of a select, clustered by place, with the key and the index that peers look for."""
    text = rows.compile(conn, compile_kwargs={"literal_binds": True}).string.replace("%%", "%")
    at = f"{SCHEMA}.{name}"
    conn.exec_driver_sql(f"CREATE TABLE {at} AS {text}".replace("%", "%%"))
    conn.execute(sa.text(f"ALTER TABLE {at} ADD PRIMARY KEY (id)"))
    conn.execute(
        sa.text(f"ALTER TABLE {at} ALTER geom TYPE geometry({kind}, {srid}) USING ST_Multi(geom::geometry)")
    )
    conn.execute(sa.text(f"CREATE INDEX ON {at} USING gist (geom)"))
