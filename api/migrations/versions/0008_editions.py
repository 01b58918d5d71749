"""The editions: which audience each series and each release is made for.

The number of a series says its edition (number % 4), so that a row of values tells by itself who may read it.
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

UPGRADE = """
ALTER TABLE indicators.release_series DROP CONSTRAINT release_series_series_id_fkey;

-- What was published so far was for everybody: edition 1. The sign keeps old and new numbers apart meanwhile.
ALTER TABLE indicators.series ALTER COLUMN id DROP IDENTITY;
UPDATE indicators.series SET id = -(4 * id + 1);
UPDATE indicators.series SET id = -id;
CREATE SEQUENCE indicators.series_number;
SELECT setval('indicators.series_number', coalesce(max(id) / 4, 0) + 1, false) FROM indicators.series;
ALTER TABLE indicators.series
    ADD COLUMN edition smallint NOT NULL GENERATED ALWAYS AS (id % 4) STORED,
    ADD COLUMN base_id integer;
COMMENT ON COLUMN indicators.series.edition IS '0 never served, 1 public, 2 professional, 3 region';
COMMENT ON COLUMN indicators.series.base_id IS 'The series of edition 0 that an edition was made from';

-- a digest of a whole file confirms guesses at all that the file holds, what is restricted too
UPDATE indicators.series SET passport = passport - 'sha256';

ALTER TABLE indicators.value RENAME TO value_before;
ALTER TABLE indicators.value_before DROP CONSTRAINT value_pkey;
CREATE TABLE indicators.value (LIKE indicators.value_before INCLUDING COMMENTS);
INSERT INTO indicators.value (series_id, territory_id, value, status, coverage)
SELECT 4 * series_id + 1, territory_id, value, status, coverage
FROM indicators.value_before
ORDER BY series_id, territory_id;
DROP TABLE indicators.value_before;
ALTER TABLE indicators.value ADD CONSTRAINT value_pkey PRIMARY KEY (series_id, territory_id);

CREATE TABLE indicators.release_edition (
    release_id integer NOT NULL,
    edition smallint NOT NULL,
    digest varchar NOT NULL,
    CONSTRAINT release_edition_pkey PRIMARY KEY (release_id, edition),
    CONSTRAINT release_edition_release_id_fkey FOREIGN KEY (release_id) REFERENCES indicators.release (id),
    CONSTRAINT release_edition_edition_check CHECK (edition BETWEEN 1 AND 3)
);
INSERT INTO indicators.release_edition (release_id, edition, digest)
SELECT r.id, e.edition, r.digest
FROM indicators.release AS r
CROSS JOIN generate_series(1, 3) AS e (edition);
CREATE TRIGGER release_edition_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON indicators.release_edition
    FOR EACH STATEMENT EXECUTE FUNCTION indicators.refuse_change();

ALTER TABLE indicators.release DROP COLUMN digest;

CREATE TABLE indicators.listed (
    release_id integer NOT NULL,
    edition smallint NOT NULL,
    series_id integer NOT NULL
);
INSERT INTO indicators.listed (release_id, edition, series_id)
SELECT s.release_id, e.edition, 4 * s.series_id + 1
FROM indicators.release_series AS s
CROSS JOIN generate_series(1, 3) AS e (edition)
ORDER BY 1, 2, 3;
DROP TABLE indicators.release_series;
ALTER TABLE indicators.listed RENAME TO release_series;
ALTER TABLE indicators.release_series
    ADD CONSTRAINT release_series_pkey PRIMARY KEY (release_id, edition, series_id),
    ADD CONSTRAINT release_series_release_id_edition_fkey FOREIGN KEY (release_id, edition)
        REFERENCES indicators.release_edition (release_id, edition),
    ADD CONSTRAINT release_series_series_id_fkey FOREIGN KEY (series_id)
        REFERENCES indicators.series (id) ON DELETE CASCADE ON UPDATE CASCADE;

CREATE TABLE indicators.closed_edition (
    release_id integer NOT NULL,
    edition smallint NOT NULL,
    closed_at timestamptz DEFAULT clock_timestamp() NOT NULL,
    closed_by varchar NOT NULL,
    reason varchar NOT NULL,
    CONSTRAINT closed_edition_pkey PRIMARY KEY (release_id, edition),
    CONSTRAINT closed_edition_release_id_edition_fkey FOREIGN KEY (release_id, edition)
        REFERENCES indicators.release_edition (release_id, edition)
);
CREATE TRIGGER closed_edition_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON indicators.closed_edition
    FOR EACH STATEMENT EXECUTE FUNCTION indicators.refuse_change();

COMMENT ON COLUMN indicators.import.digest IS 'Of its values, the indicator and the period';

ALTER TABLE indicators.value ENABLE ROW LEVEL SECURITY;
ALTER TABLE indicators.series ENABLE ROW LEVEL SECURITY;
ALTER TABLE indicators.release ENABLE ROW LEVEL SECURITY;
ALTER TABLE indicators.release_edition ENABLE ROW LEVEL SECURITY;
ALTER TABLE indicators.release_series ENABLE ROW LEVEL SECURITY;
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    raise NotImplementedError("editions are not undone: what was restricted would be served to everybody")
