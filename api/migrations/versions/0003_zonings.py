"""Zonings made of communes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "millesime",
        sa.Column("limits_version", sa.String(), nullable=True, comment="Digest of the limits, without zonings"),
        schema="boundaries",
    )
    op.execute("UPDATE boundaries.millesime SET limits_version = version")
    op.alter_column("millesime", "limits_version", nullable=False, schema="boundaries")
    op.create_table(
        "zoning",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("millesime", sa.SmallInteger(), nullable=False, comment="Geography that it is applied in"),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("liste", sa.String(), nullable=False, comment="Which list of the level perimetre; else empty"),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("definition", sa.SmallInteger(), nullable=False, comment="Year in which it was defined"),
        sa.Column("given_in", sa.SmallInteger(), nullable=False, comment="Geography of the codes of the file"),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("licence", sa.String(), nullable=False),
        sa.Column("file", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False, comment="Of the definition and the composition"),
        sa.Column(
            "report",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="Communes carried, gaps, overlaps, zones partly outside",
        ),
        sa.Column(
            "loaded_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["millesime"], ["boundaries.millesime.year"], name="zoning_millesime_fkey", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="zoning_pkey"),
        sa.UniqueConstraint("millesime", "level", "liste", name="zoning_millesime_level_liste_key"),
        schema="boundaries",
    )
    op.create_table(
        "zoning_zone",
        sa.Column("zoning_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("nom", sa.String(), nullable=False),
        sa.Column("apart", sa.Boolean(), nullable=False, comment="True for what the source puts in no zone"),
        sa.ForeignKeyConstraint(
            ["zoning_id"], ["boundaries.zoning.id"], name="zoning_zone_zoning_id_fkey", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("zoning_id", "code", name="zoning_zone_pkey"),
        schema="boundaries",
    )
    op.create_table(
        "zoning_commune",
        sa.Column("zoning_id", sa.Integer(), nullable=False),
        sa.Column("commune", sa.String(), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["zoning_id"], ["boundaries.zoning.id"], name="zoning_commune_zoning_id_fkey", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("zoning_id", "commune", "zone", name="zoning_commune_pkey"),
        schema="boundaries",
    )


def downgrade() -> None:
    levels = ["zone-emploi", "bassin-de-vie", "aire-attraction", "unite-urbaine", "canton", "arrondissement"]
    levels += ["scot", "petr", "perimetre"]
    for table, column in (("membership", "parent_level"), ("membership", "level"), ("territory", "level")):
        rows = sa.table(table, sa.column(column), schema="boundaries")
        op.execute(sa.delete(rows).where(rows.c[column].in_(levels)))
    for table in ("zoning_commune", "zoning_zone", "zoning"):
        op.drop_table(table, schema="boundaries")
    op.drop_column("millesime", "limits_version", schema="boundaries")
