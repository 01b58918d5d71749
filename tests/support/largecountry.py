"""A country as large as France, made by the database in a few seconds: 35,000 communes of 65 vertices each.

Commune `n` (from 10000 to 44999) is a disc on a grid of 250 columns; its departement is its first two digits, its EPCI
holds the hundred communes of the same first three, all are in region 52. Population: `n` in 2016, and in 2022 `n % 1000`,
or nothing for one commune in seven.
"""

import sqlalchemy as sa
from released import release_of
from statuscountry import YEAR
from toycountry import country

from boundaries.load import load
from geo.progress import silent
from indicators.tables import Series, series_id

COMMUNES = 35_000

_TERRITORIES = """
INSERT INTO boundaries.territory (millesime, level, code, nom, in_scope, emprise, straddles, area_m2, geom)
SELECT :year, 'commune', n::text, 'Sainte-Évette-' || n, true, 'territoire entier', false, 1.0,
    ST_Multi(ST_Buffer(ST_SetSRID(ST_MakePoint(-4 + ((n - 10000) % 250) * 0.04, 43 + ((n - 10000) / 250) * 0.04), 4326),
                       0.019, 'quad_segs=16'))
FROM generate_series(10000, 44999) AS n
"""
_MEMBERSHIPS = """
INSERT INTO boundaries.membership (millesime, level, code, parent_level, parent_code)
SELECT :year, 'commune', n::text, level, code FROM generate_series(10000, 44999) AS n,
    LATERAL (VALUES ('departement', left(n::text, 2)), ('region', '52'), ('epci', '2000' || left(n::text, 3) || '00'))
        AS parent (level, code)
"""
_VALUES = """
INSERT INTO indicators.value (series_id, territory_id, value, status, coverage)
SELECT s.id, t.id,
    CASE WHEN s.period = '2016' THEN t.code::int WHEN t.code::int % 7 > 0 THEN t.code::int % 1000 END,
    CASE WHEN s.period = '2016' OR t.code::int % 7 > 0 THEN 'observed' ELSE 'secret' END::indicators.status, 1
FROM indicators.series AS s, boundaries.territory AS t WHERE t.level = 'commune' AND t.millesime = :year
"""


def fill(conn: sa.Connection) -> None:
    """Load the country and release its populations."""
    load(conn, country(YEAR), "all", silent)
    for statement in ("DELETE FROM boundaries.membership WHERE level = 'commune'",
                      "DELETE FROM boundaries.territory WHERE level = 'commune'"):  # fmt: skip
        conn.execute(sa.text(statement))
    listed = [_series(conn, period) for period in ("2016", "2022")]
    for statement in (_TERRITORIES, _MEMBERSHIPS, _VALUES):
        conn.execute(sa.text(statement), {"year": YEAR})
    release_of(conn, listed)
    for table in ("boundaries.territory", "boundaries.membership", "indicators.value"):
        conn.execute(sa.text(f"ANALYZE {table}"))


def _series(conn: sa.Connection, period: str) -> int:
    made: int = conn.execute(
        sa.insert(Series)
        .values(
            id=series_id(1), indicator="population", period=period, millesime=YEAR, geography="large",
            levels=["commune"], digest=f"large-{period}", passport={}, computed_at=sa.func.now(),
        )
        .returning(Series.id)
    ).scalar_one()  # fmt: skip
    return made
