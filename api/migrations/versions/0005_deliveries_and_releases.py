"""Deliveries, their journal, and releases that can be asked as of a date.

Imports of before become deliveries. Their lines in the file are not known: the populations are read again, which
makes new deliveries.
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

UPGRADE = """
ALTER TYPE indicators.status ADD VALUE IF NOT EXISTS 'impossible';

CREATE TABLE indicators.delivery (
    id integer GENERATED ALWAYS AS IDENTITY,
    file varchar NOT NULL,
    size bigint,
    sha256 varchar NOT NULL,
    source varchar NOT NULL,
    producer varchar NOT NULL,
    licence varchar NOT NULL,
    recipe varchar,
    mapping jsonb NOT NULL,
    accepted jsonb NOT NULL,
    sheets jsonb NOT NULL,
    report jsonb NOT NULL,
    digest varchar NOT NULL,
    state varchar NOT NULL,
    submitted_at timestamptz DEFAULT now() NOT NULL,
    released_at timestamptz,
    CONSTRAINT delivery_pkey PRIMARY KEY (id),
    CONSTRAINT delivery_state_check CHECK (state IN ('draft', 'validated', 'released', 'refused', 'withdrawn'))
);

ALTER TABLE indicators.import ADD COLUMN delivery_id integer;
ALTER TABLE indicators.import ADD COLUMN levels text[];

-- one delivery for each import of before, numbered alike
INSERT INTO indicators.delivery (
    id, file, sha256, source, producer, licence, mapping, accepted, sheets, report, digest, state, submitted_at,
    released_at
)
OVERRIDING SYSTEM VALUE
SELECT
    id, file, sha256, source, 'Insee', licence, '{}', '[]', '[]', '{}', digest,
    CASE WHEN released THEN 'released' ELSE 'draft' END, imported_at,
    CASE WHEN released THEN imported_at END
FROM indicators.import;
SELECT setval(pg_get_serial_sequence('indicators.delivery', 'id'), coalesce(max(id), 0) + 1, false)
FROM indicators.delivery;
UPDATE indicators.import SET delivery_id = id, levels = ARRAY['arrondissement-municipal', 'commune'];

ALTER TABLE indicators.import
    ALTER COLUMN delivery_id SET NOT NULL,
    ALTER COLUMN levels SET NOT NULL,
    DROP CONSTRAINT import_indicator_digest_key,
    DROP COLUMN source,
    DROP COLUMN licence,
    DROP COLUMN file,
    DROP COLUMN sha256,
    DROP COLUMN released,
    ADD CONSTRAINT import_delivery_id_fkey FOREIGN KEY (delivery_id) REFERENCES indicators.delivery (id),
    ADD CONSTRAINT import_delivery_id_indicator_period_key UNIQUE (delivery_id, indicator, period);

-- no foreign key on the values: checking it row by row costs more than writing them, and imports are never deleted
ALTER TABLE indicators.import_value
    DROP CONSTRAINT import_value_import_id_fkey,
    ADD COLUMN line integer,
    ADD COLUMN sheet smallint;

CREATE TABLE indicators.recipe (
    name varchar NOT NULL,
    source varchar NOT NULL,
    producer varchar NOT NULL,
    licence varchar NOT NULL,
    mapping jsonb NOT NULL,
    saved_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT recipe_pkey PRIMARY KEY (name)
);

CREATE TABLE indicators.member (
    millesime smallint NOT NULL,
    territory_id integer NOT NULL,
    unit_id integer NOT NULL,
    CONSTRAINT member_pkey PRIMARY KEY (millesime, territory_id, unit_id)
);

CREATE TABLE indicators.member_version (
    millesime smallint NOT NULL,
    version varchar NOT NULL,
    CONSTRAINT member_version_pkey PRIMARY KEY (millesime),
    CONSTRAINT member_version_millesime_fkey FOREIGN KEY (millesime)
        REFERENCES boundaries.millesime (year) ON DELETE CASCADE
);

ALTER TABLE indicators.series
    ADD COLUMN geography varchar DEFAULT '' NOT NULL,
    ADD COLUMN levels text[] DEFAULT '{}' NOT NULL,
    ALTER COLUMN computed_at DROP NOT NULL,
    ALTER COLUMN computed_at DROP DEFAULT;
UPDATE indicators.series SET levels = ARRAY[
    'commune', 'arrondissement-municipal', 'epci', 'departement', 'region', 'france'
];
ALTER TABLE indicators.series ALTER COLUMN geography DROP DEFAULT, ALTER COLUMN levels DROP DEFAULT;

ALTER TABLE indicators.value
    DROP CONSTRAINT value_series_id_fkey,
    DROP CONSTRAINT value_territory_id_fkey;
DROP INDEX indicators.value_territory_id_idx;

ALTER TABLE indicators.release
    ADD COLUMN published_by varchar DEFAULT 'ores' NOT NULL,
    ALTER COLUMN published_at SET DEFAULT clock_timestamp();
ALTER TABLE indicators.release ALTER COLUMN published_by DROP DEFAULT;

CREATE TABLE indicators.withdrawal (
    release_id integer NOT NULL,
    withdrawn_at timestamptz DEFAULT clock_timestamp() NOT NULL,
    withdrawn_by varchar NOT NULL,
    reason varchar NOT NULL,
    CONSTRAINT withdrawal_pkey PRIMARY KEY (release_id),
    CONSTRAINT withdrawal_release_id_fkey FOREIGN KEY (release_id) REFERENCES indicators.release (id)
);

CREATE TABLE indicators.event (
    id integer GENERATED ALWAYS AS IDENTITY,
    at timestamptz DEFAULT clock_timestamp() NOT NULL,
    actor varchar NOT NULL,
    role varchar NOT NULL,
    action varchar NOT NULL,
    delivery_id integer,
    release_id integer,
    details jsonb NOT NULL,
    CONSTRAINT event_pkey PRIMARY KEY (id),
    CONSTRAINT event_delivery_id_fkey FOREIGN KEY (delivery_id) REFERENCES indicators.delivery (id),
    CONSTRAINT event_release_id_fkey FOREIGN KEY (release_id) REFERENCES indicators.release (id)
);
CREATE INDEX event_delivery_idx ON indicators.event (delivery_id);

-- The journal, the releases and their withdrawals are only ever added to, whoever asks.
CREATE FUNCTION indicators.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON indicators.event
    FOR EACH STATEMENT EXECUTE FUNCTION indicators.refuse_change();
CREATE TRIGGER release_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON indicators.release
    FOR EACH STATEMENT EXECUTE FUNCTION indicators.refuse_change();
CREATE TRIGGER withdrawal_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON indicators.withdrawal
    FOR EACH STATEMENT EXECUTE FUNCTION indicators.refuse_change();

COMMENT ON COLUMN indicators.delivery.file IS 'Name as the producer gives it, never a path';
COMMENT ON COLUMN indicators.delivery.size IS 'Bytes';
COMMENT ON COLUMN indicators.delivery.recipe IS 'Name of the recipe it was read with';
COMMENT ON COLUMN indicators.delivery.mapping IS 'Which column is which indicator and period';
COMMENT ON COLUMN indicators.delivery.accepted IS 'Keys of the repairs that were accepted';
COMMENT ON COLUMN indicators.delivery.sheets IS 'Names of the sheets that values point to';
COMMENT ON COLUMN indicators.delivery.report IS 'What the control found';
COMMENT ON COLUMN indicators.delivery.digest IS 'Of the file, the mapping, the repairs and the codes it was read against';
COMMENT ON COLUMN indicators.import.counts IS 'Rows with a territory, and territories without';
COMMENT ON COLUMN indicators.import.levels IS 'Levels that values were delivered for';
COMMENT ON COLUMN indicators.import.digest IS 'Of the delivery, the indicator and the period';
COMMENT ON COLUMN indicators.import_value.line IS 'Line of its sheet; None where the file has none for it';
COMMENT ON COLUMN indicators.import_value.sheet IS 'Rank of its sheet in the delivery''s list';
COMMENT ON COLUMN indicators.series.geography IS 'Version of the millesimes that its values depend on';
COMMENT ON COLUMN indicators.series.levels IS 'Levels that it has values for';
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    raise NotImplementedError("deliveries hold what imports cannot")
