"""The roles that serve: whatever SQL they run, they read their own edition and the territories, nothing else."""

from collections.abc import Iterator

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import errors

from api.securing import COLUMNS, role, secure, serving_url
from boundaries.readers import Audience
from indicators.tables import Release, ReleaseEdition, ReleaseSeries, Series, Value, series_id

DATABASE = "secured"
# Fixed statements that a serving connection might be made to run by an injection, each of which must be refused.
REFUSED = [
    "SELECT * FROM indicators.import",
    "SELECT * FROM indicators.import_value",
    "SELECT * FROM indicators.delivery",
    "SELECT * FROM indicators.event",
    "SELECT * FROM indicators.recipe",
    "SELECT * FROM indicators.series",  # base_id tells which hidden series an edition was made from
    "SELECT base_id FROM indicators.series",
    "SELECT reason FROM indicators.withdrawal",
    "SELECT * FROM indicators.policy",
    "SELECT * FROM accounts.api_key",
    "SELECT * FROM accounts.session",
    "INSERT INTO indicators.value VALUES (1, 1, 1, 'observed', 1)",
    "UPDATE indicators.value SET value = 0",
    "DELETE FROM indicators.release_series",
    "TRUNCATE indicators.value",
    "CREATE TABLE public.kept AS SELECT 1",
    "CREATE TEMP TABLE kept AS SELECT 1",
    "ALTER TABLE indicators.value DISABLE ROW LEVEL SECURITY",
    "DROP POLICY secured_public ON indicators.value",
    "CREATE POLICY mine ON indicators.value USING (true)",
    "GRANT secured_region TO secured_public",
    "SET ROLE ores",
    "SET ROLE secured_region",
    "SET SESSION AUTHORIZATION ores",
    "SELECT pg_read_file('postgresql.conf')",
    "COPY indicators.value TO PROGRAM 'cat'",
    "SELECT lo_import('/etc/passwd')",
    "CREATE FUNCTION public.reading() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
    "CREATE EXTENSION dblink",
    "SELECT nextval('indicators.series_number')",
]


@pytest.fixture(scope="module")
def owner(cluster) -> Iterator[sa.Engine]:
    """A database of its own, with one series of each edition, of one value each."""
    from api.migrate import migrate

    admin = sa.create_engine(
        sa.make_url(cluster.admin_url).set(database="ores"), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool
    )
    with admin.connect() as server:
        server.execute(sa.text(f"CREATE DATABASE {DATABASE} OWNER ores"))
    own = sa.create_engine(
        sa.make_url(cluster.admin_url).set(database=DATABASE), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool
    )
    with own.connect() as database:
        database.execute(sa.text("CREATE EXTENSION postgis"))
        database.execute(sa.text("CREATE EXTENSION btree_gist"))
    own.dispose()
    engine = sa.create_engine(sa.make_url(cluster.url).set(database=DATABASE))
    migrate(engine)
    with engine.begin() as conn:
        conn.execute(
            sa.text(
                "INSERT INTO boundaries.millesime (year, scope, outlines, source, licence, files, report, "
                "version, limits_version) VALUES (2024, '52', true, 'essai', 'essai', '[]', '[]', 'v', 'v')"
            )
        )
        release = conn.execute(sa.insert(Release).values(published_by="essai").returning(Release.id)).scalar_one()
        for audience in Audience:
            conn.execute(
                sa.insert(ReleaseEdition).values(
                    release_id=release, edition=audience.edition, digest=audience.value
                )
            )
        for edition in range(4):
            made = conn.execute(
                sa.insert(Series)
                .values(
                    id=series_id(edition),
                    indicator="population",
                    period="2022",
                    millesime=2024,
                    geography="v",
                    levels=["commune"],
                    digest=f"edition {edition}",
                    passport={},
                )
                .returning(Series.id)
            ).scalar_one()
            conn.execute(
                sa.insert(Value).values(
                    series_id=made, territory_id=1, value=edition, status="observed", coverage=1
                )
            )
            for audience in Audience:
                if edition in audience.editions:
                    conn.execute(
                        sa.insert(ReleaseSeries).values(
                            release_id=release, edition=audience.edition, series_id=made
                        )
                    )
    secure(engine)
    secure(engine)  # each start makes the roles again
    yield engine
    engine.dispose()
    with admin.connect() as server:
        server.execute(sa.text(f"DROP DATABASE {DATABASE} WITH (FORCE)"))
    admin.dispose()


def reading(owner: sa.Engine, audience: Audience) -> psycopg.Connection:
    url = serving_url(owner.url, audience)
    given = url.translate_connect_args(username="user", database="dbname")
    return psycopg.connect(**given, **url.query, autocommit=True)


@pytest.mark.parametrize("audience", Audience)
def test_an_audience_reads_its_edition_and_the_more_public_ones(owner: sa.Engine, audience: Audience) -> None:
    with reading(owner, audience) as conn:
        values = conn.execute("SELECT value FROM indicators.value ORDER BY 1").fetchall()
        assert [value for (value,) in values] == list(audience.editions)
        digests = conn.execute("SELECT digest FROM indicators.series ORDER BY 1").fetchall()
        assert [digest for (digest,) in digests] == [f"edition {edition}" for edition in audience.editions]
        for table in ("release_edition", "release_series"):
            rows = conn.execute(f"SELECT DISTINCT edition FROM indicators.{table} ORDER BY 1").fetchall()  # noqa: S608
            assert [edition for (edition,) in rows] == list(audience.editions)
        assert conn.execute("SELECT count(*) FROM indicators.release").fetchone() == (1,)
        assert conn.execute("SELECT count(*) FROM boundaries.millesime").fetchone() == (1,)


@pytest.mark.parametrize("audience", Audience)
def test_the_setting_chooses_among_what_may_be_read_and_opens_nothing(
    owner: sa.Engine, audience: Audience
) -> None:
    with reading(owner, audience) as conn:
        conn.execute("SET ores.edition = 3")
        values = conn.execute("SELECT max(value) FROM indicators.value").fetchone()
        assert values == (audience.edition,)


@pytest.mark.parametrize("statement", REFUSED)
def test_nothing_else_can_be_read_written_or_become(owner: sa.Engine, statement: str) -> None:
    with reading(owner, Audience.PUBLIC) as conn:
        conn.execute("SET default_transaction_read_only = off")
        with pytest.raises(psycopg.Error) as refusal:
            conn.execute(statement)
    assert isinstance(
        refusal.value, errors.InsufficientPrivilege | errors.UndefinedTable | errors.InvalidParameterValue
    ), statement


def test_no_setting_of_a_session_turns_the_security_of_rows_off(owner: sa.Engine) -> None:
    with reading(owner, Audience.PUBLIC) as conn:
        conn.execute("SET row_security = off")
        with pytest.raises(errors.InsufficientPrivilege):
            conn.execute("SELECT * FROM indicators.release_series")


def test_statistics_tell_nothing_of_hidden_values(owner: sa.Engine) -> None:
    with owner.begin() as conn:
        conn.execute(sa.text("ANALYZE indicators.value"))
    with reading(owner, Audience.PUBLIC) as conn:
        assert conn.execute("SELECT * FROM pg_stats WHERE schemaname = 'indicators'").fetchall() == []


def test_a_new_table_is_closed_until_somebody_opens_it(owner: sa.Engine) -> None:
    with owner.connect() as conn:
        listed = conn.scalars(
            sa.text(
                "SELECT DISTINCT table_schema || '.' || table_name FROM information_schema.column_privileges "
                "WHERE grantee = :role AND table_schema NOT IN ('pg_catalog', 'information_schema', 'boundaries')"
            ),
            {"role": role(DATABASE, Audience.REGION)},
        ).all()
    assert set(listed) == {f"indicators.{table}" for table in COLUMNS}


def test_a_start_waits_for_no_publication_under_way(owner: sa.Engine) -> None:
    with owner.connect() as publishing:
        publishing.execute(sa.text("UPDATE indicators.value SET coverage = 1 WHERE series_id % 4 = 0"))
        impatient = sa.create_engine(owner.url, connect_args={"options": "-c lock_timeout=2s"})
        secure(impatient)
        impatient.dispose()
        publishing.rollback()
