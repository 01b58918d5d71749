"""The first tables"""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


STATUS = postgresql.ENUM(
    "observed",
    "provisional",
    "estimated",
    "partial",
    "not-significant",
    "secret",
    "missing",
    "not-applicable",
    name="status",
    schema="indicators",
    create_type=False,  # two tables use it
)


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS postgis")
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    op.execute("CREATE SCHEMA boundaries")
    op.execute("CREATE SCHEMA indicators")
    STATUS.create(op.get_bind())
    op.create_table(
        "millesime",
        sa.Column("year", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("scope", sa.String(), nullable=False, comment="Region code, or 'all' for the whole country"),
        sa.Column("outlines", sa.Boolean(), nullable=False, comment="False where only the code list is known"),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("licence", sa.String(), nullable=False),
        sa.Column(
            "files",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="Name and SHA-256 of each file read",
        ),
        sa.Column(
            "report",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="What the checks found and what was repaired",
        ),
        sa.Column(
            "version", sa.String(), nullable=False, comment="Digest of everything stored for this millesime"
        ),
        sa.Column(
            "loaded_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("year", name="millesime_pkey"),
        schema="boundaries",
    )
    op.create_table(
        "import",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("indicator", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("millesime", sa.SmallInteger(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False, comment="Region code, or 'all'"),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("licence", sa.String(), nullable=False),
        sa.Column("file", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column(
            "digest",
            sa.String(),
            nullable=False,
            comment="Of the file, the mapping and the codes it was read against",
        ),
        sa.Column(
            "counts",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="Rows matched, out of scope, missing",
        ),
        sa.Column(
            "notes",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="Code -> why its value must be read with care",
        ),
        sa.Column(
            "released", sa.Boolean(), nullable=False, comment="Whether this import feeds the published series"
        ),
        sa.Column(
            "imported_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name="import_pkey"),
        sa.UniqueConstraint("indicator", "digest", name="import_indicator_digest_key"),
        schema="indicators",
    )
    op.create_table(
        "release",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column(
            "published_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name="release_pkey"),
        schema="indicators",
    )
    op.create_table(
        "former_code",
        sa.Column("millesime", sa.SmallInteger(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("successor", sa.String(), nullable=False),
        sa.Column(
            "part_of",
            sa.Boolean(),
            nullable=False,
            comment="True for a commune deleguee or associee that kept its code",
        ),
        sa.ForeignKeyConstraint(
            ["millesime"],
            ["boundaries.millesime.year"],
            name="former_code_millesime_fkey",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("millesime", "code", name="former_code_pkey"),
        schema="boundaries",
    )
    op.create_table(
        "membership",
        sa.Column("millesime", sa.SmallInteger(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("parent_level", sa.String(), nullable=False),
        sa.Column("parent_code", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["millesime"], ["boundaries.millesime.year"], name="membership_millesime_fkey", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(
            "millesime", "level", "code", "parent_level", "parent_code", name="membership_pkey"
        ),
        schema="boundaries",
    )
    op.create_index(
        "membership_parent_idx",
        "membership",
        ["millesime", "parent_level", "parent_code", "level"],
        unique=False,
        schema="boundaries",
    )
    op.create_table(
        "passage",
        sa.Column("from_millesime", sa.SmallInteger(), nullable=False),
        sa.Column("to_millesime", sa.SmallInteger(), nullable=False),
        sa.Column("from_code", sa.String(), nullable=False),
        sa.Column("to_code", sa.String(), nullable=False),
        sa.Column(
            "weight", sa.DOUBLE_PRECISION(), nullable=False, comment="Share of from_code that goes to to_code"
        ),
        sa.Column(
            "kind", sa.String(), nullable=False, comment="'exact' when the weight is 1, 'estimated' otherwise"
        ),
        sa.ForeignKeyConstraint(
            ["from_millesime"],
            ["boundaries.millesime.year"],
            name="passage_from_millesime_fkey",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["to_millesime"],
            ["boundaries.millesime.year"],
            name="passage_to_millesime_fkey",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("from_millesime", "to_millesime", "from_code", "to_code", name="passage_pkey"),
        schema="boundaries",
    )
    op.create_index(
        "passage_to_idx",
        "passage",
        ["to_millesime", "from_millesime", "to_code"],
        unique=False,
        schema="boundaries",
    )
    op.create_geospatial_table(
        "territory",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("millesime", sa.SmallInteger(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("nom", sa.String(), nullable=False),
        sa.Column("nature", sa.String(), nullable=True, comment="Kind of EPCI: CC, CA, CU, METRO…"),
        sa.Column(
            "in_scope",
            sa.Boolean(),
            nullable=False,
            comment="False for communes outside the Region that complete an EPCI",
        ),
        sa.Column(
            "emprise",
            sa.String(),
            nullable=False,
            comment="'territoire entier' or 'partie régionale' of what is loaded",
        ),
        sa.Column(
            "straddles",
            sa.Boolean(),
            nullable=False,
            comment="True for an EPCI that crosses the Region's border",
        ),
        sa.Column(
            "weight_population",
            sa.Integer(),
            nullable=True,
            comment="Municipal population that weighs a split",
        ),
        sa.Column("area_m2", sa.DOUBLE_PRECISION(), nullable=True, comment="In the territory's metric CRS"),
        sa.Column(
            "geom",
            Geometry(
                geometry_type="MULTIPOLYGON",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            nullable=True,
        ),
        sa.ForeignKeyConstraint(
            ["millesime"], ["boundaries.millesime.year"], name="territory_millesime_fkey", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="territory_pkey"),
        sa.UniqueConstraint("millesime", "level", "code", name="territory_millesime_level_code_key"),
        schema="boundaries",
    )
    op.create_geospatial_index(
        "territory_geom_idx",
        "territory",
        ["geom"],
        unique=False,
        schema="boundaries",
        postgresql_using="gist",
        postgresql_ops={},
    )
    op.create_table(
        "import_value",
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("value", sa.DOUBLE_PRECISION(), nullable=True),
        sa.Column("status", STATUS, nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["indicators.import.id"], name="import_value_import_id_fkey", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("import_id", "level", "code", name="import_value_pkey"),
        schema="indicators",
    )
    op.create_table(
        "series",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("indicator", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("millesime", sa.SmallInteger(), nullable=False),
        sa.Column(
            "digest", sa.String(), nullable=False, comment="Of the definition and of everything it came from"
        ),
        sa.Column(
            "passport",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="Formula, inputs, files, method, notes",
        ),
        sa.Column(
            "computed_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["millesime"], ["boundaries.millesime.year"], name="series_millesime_fkey", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="series_pkey"),
        sa.UniqueConstraint("digest", name="series_digest_key"),
        schema="indicators",
    )
    op.create_index(
        "series_of_idx", "series", ["indicator", "period", "millesime"], unique=False, schema="indicators"
    )
    op.create_geospatial_table(
        "outline",
        sa.Column("territory_id", sa.Integer(), nullable=False),
        sa.Column("band", sa.SmallInteger(), nullable=False),
        sa.Column("millesime", sa.SmallInteger(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("nom", sa.String(), nullable=False),
        sa.Column(
            "geom",
            Geometry(
                geometry_type="MULTIPOLYGON",
                srid=3857,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column(
            "centre",
            Geometry(
                geometry_type="POINT",
                srid=3857,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["territory_id"],
            ["boundaries.territory.id"],
            name="outline_territory_id_fkey",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("territory_id", "band", name="outline_pkey"),
        schema="boundaries",
    )
    op.create_index(
        "outline_place_idx",
        "outline",
        ["millesime", "level", "band", "geom"],
        unique=False,
        schema="boundaries",
        postgresql_using="gist",
    )
    op.create_table(
        "release_series",
        sa.Column("release_id", sa.Integer(), nullable=False),
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["release_id"],
            ["indicators.release.id"],
            name="release_series_release_id_fkey",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["series_id"], ["indicators.series.id"], name="release_series_series_id_fkey", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("release_id", "series_id", name="release_series_pkey"),
        schema="indicators",
    )
    op.create_table(
        "value",
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("territory_id", sa.Integer(), nullable=False),
        sa.Column("value", sa.DOUBLE_PRECISION(), nullable=True),
        sa.Column("status", STATUS, nullable=False),
        sa.Column(
            "coverage",
            sa.REAL(),
            nullable=False,
            comment="Share of the territory that the value covers, 0 to 1",
        ),
        sa.ForeignKeyConstraint(
            ["series_id"], ["indicators.series.id"], name="value_series_id_fkey", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["territory_id"], ["boundaries.territory.id"], name="value_territory_id_fkey", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("series_id", "territory_id", name="value_pkey"),
        schema="indicators",
    )
    op.create_index("value_territory_id_idx", "value", ["territory_id"], unique=False, schema="indicators")


def downgrade() -> None:
    op.execute("DROP SCHEMA indicators CASCADE")
    op.execute("DROP SCHEMA boundaries CASCADE")
