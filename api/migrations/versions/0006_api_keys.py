"""The keys of the people of the back office and their sessions, as digests alone."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

UPGRADE = """
CREATE SCHEMA accounts;

CREATE TABLE accounts.api_key (
    id integer GENERATED ALWAYS AS IDENTITY,
    name varchar NOT NULL,
    role varchar NOT NULL,
    mark varchar NOT NULL,
    digest varchar NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz,
    CONSTRAINT api_key_pkey PRIMARY KEY (id),
    CONSTRAINT api_key_mark_key UNIQUE (mark),
    CONSTRAINT api_key_role_check CHECK (role IN ('contributor', 'validator', 'administrator'))
);
COMMENT ON COLUMN accounts.api_key.mark IS 'Start of the key, which names it and proves nothing';

CREATE TABLE accounts.session (
    digest varchar NOT NULL,
    key_id integer NOT NULL,
    opened_at timestamptz DEFAULT now() NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT session_pkey PRIMARY KEY (digest),
    CONSTRAINT session_key_id_fkey FOREIGN KEY (key_id) REFERENCES accounts.api_key (id) ON DELETE CASCADE
);
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute("DROP SCHEMA accounts CASCADE")
