"""What may be shown to whom: policies and rules of secrecy."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

UPGRADE = """
CREATE TABLE indicators.policy (
    indicator varchar NOT NULL,
    audience varchar NOT NULL,
    finest_level varchar,
    first_period varchar,
    last_period varchar,
    rounding double precision,
    minimum_population double precision,
    shown boolean NOT NULL,
    embargo timestamptz,
    changed_by varchar NOT NULL,
    changed_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT policy_pkey PRIMARY KEY (indicator, audience),
    CONSTRAINT policy_audience_check CHECK (audience IN ('public', 'professional', 'region')),
    CONSTRAINT policy_rounding_check CHECK (rounding > 0)
);
COMMENT ON COLUMN indicators.policy.first_period IS 'Year';
COMMENT ON COLUMN indicators.policy.last_period IS 'Year';
COMMENT ON COLUMN indicators.policy.rounding IS 'Step, in the indicator''s unit';
COMMENT ON COLUMN indicators.policy.minimum_population IS 'Inhabitants';
COMMENT ON COLUMN indicators.policy.shown IS 'Whether this audience may know that the indicator exists';
COMMENT ON COLUMN indicators.policy.embargo IS 'Shown from then on';

CREATE TABLE indicators.secrecy_rule (
    name varchar NOT NULL,
    source varchar NOT NULL,
    read_on date NOT NULL,
    threshold integer NOT NULL,
    dominance_contributors smallint,
    dominance_pct double precision,
    p_percent double precision,
    minimum_population double precision,
    zero_is_secret boolean NOT NULL,
    protection_pct double precision NOT NULL,
    changed_by varchar NOT NULL,
    changed_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT secrecy_rule_pkey PRIMARY KEY (name)
);
COMMENT ON COLUMN indicators.secrecy_rule.source IS 'The text that states the rule';
COMMENT ON COLUMN indicators.secrecy_rule.read_on IS 'When it was read there';
COMMENT ON COLUMN indicators.secrecy_rule.dominance_contributors IS 'n of (n, k)';
COMMENT ON COLUMN indicators.secrecy_rule.dominance_pct IS 'k of (n, k)';
COMMENT ON COLUMN indicators.secrecy_rule.minimum_population IS 'Inhabitants';

CREATE TABLE indicators.applied_rule (
    indicator varchar NOT NULL,
    audience varchar NOT NULL,
    rule varchar NOT NULL,
    respondents varchar,
    largest text[] NOT NULL,
    CONSTRAINT applied_rule_pkey PRIMARY KEY (indicator, audience, rule),
    CONSTRAINT applied_rule_indicator_fkey FOREIGN KEY (indicator, audience)
        REFERENCES indicators.policy (indicator, audience) ON DELETE CASCADE,
    CONSTRAINT applied_rule_rule_fkey FOREIGN KEY (rule) REFERENCES indicators.secrecy_rule (name)
);
COMMENT ON COLUMN indicators.applied_rule.respondents IS 'Indicator that counts the units of a cell';
COMMENT ON COLUMN indicators.applied_rule.largest IS 'Indicators of the largest contributions';
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute("DROP TABLE indicators.applied_rule, indicators.secrecy_rule, indicators.policy")
