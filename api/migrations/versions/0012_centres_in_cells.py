"""Centres are kept as cells of the tiles of their band, and outlines from the corner of the tile that holds the centre.

Most territories of a tile are then shown as they are stored, and their points are found by comparing numbers. Outlines
know how many people live there, so that the names of towns come before those of wide empty places.
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

COLUMN = "round((ST_X(centre) / 40075016.685578488 + 0.5) * (4096 << band))"
ROW = "round((0.5 - ST_Y(centre) / 40075016.685578488) * (4096 << band))"
FROM_THE_CORNER_OF_THE_WORLD = """coalesce(
        ST_AsMVTGeom(geom, ST_TileEnvelope(0, 0, 0), 4096 << band, 0, false),
        ST_ForcePolygonCCW(ST_Translate(
            ST_MakeEnvelope(0, 0, 1, 1),
            floor((ST_X(centre) / 40075016.685578488 + 0.5) * (4096 << band)),
            floor((0.5 - ST_Y(centre) / 40075016.685578488) * (4096 << band))
        ))
    )"""

PEOPLE = """
ALTER TABLE boundaries.outline ADD COLUMN people integer;
COMMENT ON COLUMN boundaries.outline.people IS
    'Municipal population, where known: the names of the largest come first';
UPDATE boundaries.outline SET people = known.people
FROM (
    SELECT id, weight_population AS people FROM boundaries.territory WHERE weight_population IS NOT NULL
    UNION ALL
    SELECT parent.id, sum(commune.weight_population)
    FROM boundaries.membership AS link
    JOIN boundaries.territory AS commune USING (millesime, level, code)
    JOIN boundaries.territory AS parent ON parent.millesime = link.millesime
        AND parent.level = link.parent_level AND parent.code = link.parent_code
    WHERE link.level = 'commune' AND parent.weight_population IS NULL
    GROUP BY parent.id
) AS known
WHERE known.id = outline.territory_id;
"""

UPGRADE = f"""
ALTER TABLE boundaries.outline
    DROP COLUMN cells,
    ADD COLUMN cells geometry(Geometry, 0) GENERATED ALWAYS AS (CASE WHEN band < 22 THEN ST_Translate(
        {FROM_THE_CORNER_OF_THE_WORLD},
        -4096 * (({COLUMN})::integer / 4096),
        -4096 * (({ROW})::integer / 4096)
    ) END) STORED,
    ADD COLUMN centre_x integer GENERATED ALWAYS AS (CASE WHEN band < 22 THEN {COLUMN} END) STORED,
    ADD COLUMN centre_y integer GENERATED ALWAYS AS (CASE WHEN band < 22 THEN {ROW} END) STORED;
COMMENT ON COLUMN boundaries.outline.cells IS
    'As the tile of zoom `band` that holds the centre has it: cells, 4096 a side, y down; null when exact';
COMMENT ON COLUMN boundaries.outline.centre_x IS
    'Column of the cell of `centre` in tiles of zoom `band`, from the west; null when exact';
COMMENT ON COLUMN boundaries.outline.centre_y IS
    'Row of the cell of `centre` in tiles of zoom `band`, from the north; null when exact';
"""

DOWNGRADE = f"""
ALTER TABLE boundaries.outline
    DROP COLUMN people,
    DROP COLUMN cells,
    DROP COLUMN centre_x,
    DROP COLUMN centre_y,
    ADD COLUMN cells geometry(Geometry, 0) GENERATED ALWAYS AS (
        CASE WHEN band < 22 THEN {FROM_THE_CORNER_OF_THE_WORLD} END
    ) STORED;
COMMENT ON COLUMN boundaries.outline.cells IS
    'As tiles of zoom `band` have it: cells, 4096 a side, y down, from the north-west corner of the world; null when exact';
"""


def upgrade() -> None:
    """Count people, compute the cell of each centre, and count those of outlines from its tile."""
    op.execute(PEOPLE)
    op.execute(UPGRADE)


def downgrade() -> None:
    """Count all from the corner of the world again."""
    op.execute(DOWNGRADE)
