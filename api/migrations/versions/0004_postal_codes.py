"""Postal codes of communes."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "postal_code",
        sa.Column("millesime", sa.SmallInteger(), nullable=False),
        sa.Column("postal_code", sa.String(), nullable=False),
        sa.Column("commune", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["millesime"],
            ["boundaries.millesime.year"],
            name=op.f("postal_code_millesime_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("millesime", "postal_code", "commune", name=op.f("postal_code_pkey")),
        schema="boundaries",
    )


def downgrade() -> None:
    op.drop_table("postal_code", schema="boundaries")
