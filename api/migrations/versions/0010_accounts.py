"""People, their roles and audiences, and the journal of who came in; keys and sessions are theirs.

Everybody who had a key becomes a person with the strongest role of their keys. Open sessions end.
"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

UPGRADE = """
CREATE TABLE accounts.person (
    id integer GENERATED ALWAYS AS IDENTITY,
    name varchar NOT NULL,
    email varchar DEFAULT '' NOT NULL,
    role varchar NOT NULL,
    audience varchar NOT NULL,
    organisation varchar DEFAULT '' NOT NULL,
    issuer varchar,
    subject varchar,
    created_at timestamptz DEFAULT now() NOT NULL,
    closed_at timestamptz,
    CONSTRAINT person_pkey PRIMARY KEY (id),
    CONSTRAINT person_name_key UNIQUE (name),
    CONSTRAINT person_issuer_subject_key UNIQUE (issuer, subject),
    CONSTRAINT person_role_check CHECK (role IN ('reader', 'contributor', 'validator', 'administrator')),
    CONSTRAINT person_audience_check CHECK (
        audience = 'region' OR (audience = 'professional' AND role IN ('reader', 'contributor'))
    ),
    CONSTRAINT person_organisation_check CHECK (role <> 'contributor' OR organisation <> '')
);
COMMENT ON COLUMN accounts.person.organisation IS 'Whose deliveries a contributor brings';
COMMENT ON COLUMN accounts.person.issuer IS 'The OpenID Connect provider that vouches for them, if one does';
COMMENT ON COLUMN accounts.person.subject IS 'Who they are to that provider';
COMMENT ON COLUMN accounts.person.closed_at IS 'Since when none of their keys and sessions opens anything';

-- a contributor had been let see their own deliveries alone: they stand for themselves until somebody says otherwise
INSERT INTO accounts.person (name, role, audience, organisation)
SELECT
    name, (ARRAY['contributor', 'validator', 'administrator'])[rank],
    CASE rank WHEN 1 THEN 'professional' ELSE 'region' END,
    CASE rank WHEN 1 THEN name ELSE '' END
FROM (
    SELECT name, max(array_position(ARRAY['contributor', 'validator', 'administrator'], role::text)) AS rank
    FROM accounts.api_key
    GROUP BY name
) AS known;

DELETE FROM accounts.session;
ALTER TABLE accounts.session
    ADD COLUMN person_id integer NOT NULL,
    ALTER COLUMN key_id DROP NOT NULL,
    ADD CONSTRAINT session_person_id_fkey FOREIGN KEY (person_id) REFERENCES accounts.person (id) ON DELETE CASCADE;
COMMENT ON COLUMN accounts.session.key_id IS 'The key that opened it; none where a provider vouched for the person';

ALTER TABLE accounts.api_key
    ADD COLUMN person_id integer,
    ADD COLUMN label varchar DEFAULT '' NOT NULL,
    ADD COLUMN audience varchar;
UPDATE accounts.api_key AS k
SET person_id = p.id, audience = CASE k.role WHEN 'contributor' THEN 'professional' ELSE 'region' END
FROM accounts.person AS p
WHERE p.name = k.name;
ALTER TABLE accounts.api_key
    ALTER COLUMN person_id SET NOT NULL,
    ALTER COLUMN audience SET NOT NULL,
    DROP COLUMN name,
    DROP CONSTRAINT api_key_role_check,
    ADD CONSTRAINT api_key_role_check CHECK (role IN ('reader', 'contributor', 'validator', 'administrator')),
    ADD CONSTRAINT api_key_audience_check CHECK (audience IN ('professional', 'region')),
    ADD CONSTRAINT api_key_digest_key UNIQUE (digest),
    ADD CONSTRAINT api_key_person_id_fkey FOREIGN KEY (person_id) REFERENCES accounts.person (id) ON DELETE CASCADE;
CREATE INDEX api_key_person_id_idx ON accounts.api_key (person_id);
COMMENT ON COLUMN accounts.api_key.label IS 'What it is for';

CREATE TABLE accounts.event (
    id integer GENERATED ALWAYS AS IDENTITY,
    at timestamptz DEFAULT clock_timestamp() NOT NULL,
    actor varchar NOT NULL,
    role varchar NOT NULL,
    action varchar NOT NULL,
    address varchar DEFAULT '' NOT NULL,
    details jsonb NOT NULL,
    CONSTRAINT event_pkey PRIMARY KEY (id)
);
COMMENT ON COLUMN accounts.event.address IS 'Network address that it came from, where it came over the network';

-- Only ever added to, whoever asks. A line names people and addresses: after a year, and not before, it may go.
CREATE FUNCTION accounts.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER event_unchanged BEFORE UPDATE OR TRUNCATE ON accounts.event
    FOR EACH STATEMENT EXECUTE FUNCTION accounts.refuse_change();
CREATE TRIGGER event_kept BEFORE DELETE ON accounts.event
    FOR EACH ROW WHEN (old.at > now() - interval '1 year') EXECUTE FUNCTION accounts.refuse_change();
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    raise NotImplementedError("people who only read have no place in the tables of before")
