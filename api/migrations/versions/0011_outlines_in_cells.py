"""Outlines are drawn for more bands of zooms, each named by its last zoom, kept in the cells of its tiles, found by sheet.

What was loaded before keeps the drawings that it has, each for the zooms nearest to it: nothing has to be loaded again.
"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

UPGRADE = """
UPDATE boundaries.outline SET band = CASE band WHEN 0 THEN 5 WHEN 1 THEN 7 WHEN 2 THEN 9 ELSE 22 END;

INSERT INTO boundaries.outline (territory_id, band, millesime, level, code, nom, geom, centre)
SELECT territory_id, added.band, millesime, level, code, nom, geom, centre
FROM boundaries.outline JOIN (VALUES (6, 7), (8, 9), (10, 22)) AS added (band, source) ON outline.band = added.source;

ALTER TABLE boundaries.outline ADD COLUMN cells geometry(Geometry, 0) GENERATED ALWAYS AS (
    CASE WHEN band < 22 THEN coalesce(
        ST_AsMVTGeom(geom, ST_TileEnvelope(0, 0, 0), 4096 << band, 0, false),
        ST_ForcePolygonCCW(ST_Translate(
            ST_MakeEnvelope(0, 0, 1, 1),
            floor((ST_X(centre) / 40075016.685578488 + 0.5) * (4096 << band)),
            floor((0.5 - ST_Y(centre) / 40075016.685578488) * (4096 << band))
        ))
    ) END
) STORED;
ALTER TABLE boundaries.outline ADD COLUMN surface real GENERATED ALWAYS AS (ST_Area(geom)) STORED;
ALTER TABLE boundaries.outline ADD COLUMN sheet bigint GENERATED ALWAYS AS (
    (millesime::bigint << 40) | (band::bigint << 32) | ('x' || left(md5(level), 8))::bit(32)::bigint
) STORED;
DROP INDEX boundaries.outline_place_idx;
CREATE INDEX outline_place_idx ON boundaries.outline USING gist (sheet, geom);
COMMENT ON COLUMN boundaries.outline.sheet IS
    'Millesime, band and digest of level: in an index, one number is compared several times faster than the three';
COMMENT ON COLUMN boundaries.outline.cells IS
    'As tiles of zoom `band` have it: cells, 4096 a side, y down, from the north-west corner of the world; null when exact';
"""


def upgrade() -> None:
    """Name bands by their last zoom, add those that lack, and compute the cells of each drawing."""
    op.execute(UPGRADE)


def downgrade() -> None:
    """Keep one drawing for each of the four bands of before."""
    op.execute("""
        ALTER TABLE boundaries.outline DROP COLUMN cells;
        ALTER TABLE boundaries.outline DROP COLUMN sheet;
        ALTER TABLE boundaries.outline DROP COLUMN surface;
        DELETE FROM boundaries.outline WHERE band IN (6, 8, 10);
        UPDATE boundaries.outline SET band = CASE band WHEN 5 THEN 0 WHEN 7 THEN 1 WHEN 9 THEN 2 ELSE 3 END;
        CREATE INDEX outline_place_idx ON boundaries.outline USING gist (millesime, level, band, geom);
    """)
