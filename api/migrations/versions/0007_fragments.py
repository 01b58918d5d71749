"""Which units are parts of the same territories: they are summed once, for all of those."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

UPGRADE = """
CREATE TABLE indicators.fragment (
    millesime smallint NOT NULL,
    unit_id integer NOT NULL,
    fragment integer NOT NULL,
    CONSTRAINT fragment_pkey PRIMARY KEY (millesime, unit_id)
);

CREATE TABLE indicators.fragment_member (
    millesime smallint NOT NULL,
    fragment integer NOT NULL,
    territory_id integer NOT NULL,
    CONSTRAINT fragment_member_pkey PRIMARY KEY (millesime, fragment, territory_id)
);

-- the members are taken again, and the fragments with them
DELETE FROM indicators.member_version;
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute("DROP TABLE indicators.fragment, indicators.fragment_member")
