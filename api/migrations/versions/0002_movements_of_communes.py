"""Movements of communes, dated, as INSEE lists them."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

KIND = (
    "'exact' for a whole commune, 'estimated' for a share of one, 'impossible' where the weight is a "
    "place-holder: a part without population"
)


def upgrade() -> None:
    op.create_table(
        "movements_file",
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False, comment="Nothing is known after it"),
        sa.Column("loaded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("movements_file_pkey")),
        schema="boundaries",
    )
    op.create_table(
        "movement",
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False, comment="Order in the file"),
        sa.Column("mod", sa.SmallInteger(), nullable=False, comment="Kind of event, INSEE's MOD"),
        sa.Column("day", sa.Date(), nullable=False, comment="DATE_EFF"),
        sa.Column("kind_before", sa.String(), nullable=False, comment="COM, COMA, COMD, ARM, or empty"),
        sa.Column("before", sa.String(), nullable=False),
        sa.Column("kind_after", sa.String(), nullable=False),
        sa.Column("after", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["sha256"],
            ["boundaries.movements_file.sha256"],
            name=op.f("movement_sha256_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("sha256", "position", name=op.f("movement_pkey")),
        schema="boundaries",
    )
    op.add_column(
        "passage",
        sa.Column(
            "source",
            sa.String(),
            nullable=False,
            server_default="code-lists",
            comment="'insee-movements' (dated) or 'code-lists' (undated)",
        ),
        schema="boundaries",
    )
    op.alter_column("passage", "source", server_default=None, schema="boundaries")
    op.alter_column("passage", "kind", comment=KIND, schema="boundaries")


def downgrade() -> None:
    op.drop_column("passage", "source", schema="boundaries")
    op.drop_table("movement", schema="boundaries")
    op.drop_table("movements_file", schema="boundaries")
