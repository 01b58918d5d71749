"""A layer that has what goes wrong in files: leading zeros, formulas, quotes, a hole, nothing, every type."""

from dataclasses import replace

import pytest
import sqlalchemy as sa

from geo.formats.layer import Field, Kind, Layer

FIELDS = (
    Field("code", "Code"),
    Field("nom", "Nom"),
    Field("population_2021", "Population 2021", Kind.INTEGER, "hab"),
    Field("population_2022", "Population 2022", Kind.INTEGER, "hab"),
    Field("densite", "Densité", Kind.NUMBER, "hab/km²", "Population rapportée à la surface"),
    Field("statut", "Statut", labels={"observed": "observée", "secret": "secret statistique"}),
    Field("littoral", "Littoral", Kind.FLAG),
    Field("jour", "Jour", Kind.DAY),
    Field("instant", "Instant", Kind.INSTANT),
)
ROWS = """
INSERT INTO shapes VALUES
  (11, '01001', 'L’Île-d’Yeu', 2147483648, 0, 0.1::float8 + 0.2::float8, 'observed', true, '2025-01-01',
   '2025-06-01T12:00:00.123456+02', ST_Multi('SRID=4326;POLYGON((-2 47,-2 48,-1 48,-1 47,-2 47),
   (-1.8 47.2,-1.2 47.2,-1.2 47.8,-1.8 47.8,-1.8 47.2))'::geometry)),
  (12, '01002', '=1+1', NULL, 7, NULL, 'secret', NULL, NULL, NULL,
   ST_Multi('SRID=4326;POLYGON((0.123456789 46,1 46,1 47,0.123456789 46))'::geometry)),
  (13, '2A004', E'A;B,"C"\n<D> & E\\\\', -5, -1, 1e-7, 'observed', false, '1999-12-31', '1999-12-31T23:59:59Z', NULL),
  (14, '97411', 'Saint-Denis', 1, 2, 123456789.123456789, 'observed', true, NULL, NULL,
   ST_Multi('SRID=4326;POLYGON((55.4 -21,55.6 -21,55.6 -20.8,55.4 -21))'::geometry))
"""


@pytest.fixture
def layer(conn: sa.Connection) -> Layer:
    conn.execute(
        sa.text(
            "CREATE TEMP TABLE shapes (fid int, code text, nom text, population_2021 bigint, population_2022 int, "
            "densite float8, statut text, littoral bool, jour date, instant timestamptz, "
            "geom geometry(MultiPolygon, 4326)) ON COMMIT DROP"
        )
    )
    conn.execute(sa.text(ROWS.replace(":", r"\:")))
    shapes = sa.table("shapes", *(sa.column(name) for name in ("fid", *(one.name for one in FIELDS), "geom")))
    return Layer(
        "communes",
        "Densité des communes en 2022",
        sa.select(*shapes.c).order_by(shapes.c.code),
        FIELDS,
        ("Densité", "communes", "2022", "géographie 2025"),
        description="Habitants par km² < ou > & ailleurs",
        source="Insee",
        licence="Licence Ouverte 2.0",
    )


@pytest.fixture
def metropolitan(layer: Layer) -> Layer:
    """The same in metropolitan France, where Lambert-93 means something."""
    return replace(layer, rows=layer.rows.where(sa.column("code") != "97411"))
