"""The database roles that serve: one for each audience, which can read its own edition and the territories, nothing else.

Whatever SQL a serving connection is made to run, PostgreSQL itself refuses it a raw import, a draft, an account, another
edition or a write. The roles log in by themselves: a role that is only put on with SET ROLE can be taken off by the very
SQL that it guards against. They are made again at each start, so that they follow the tables.
"""

import hashlib
import hmac

import sqlalchemy as sa
from psycopg import sql
from sqlalchemy import URL, Connection, Engine

from boundaries.readers import Audience
from geo.errors import Conflict

LOCK = 0x0E55EC  # any constant: two processes that start at once wait for each other
# What serving reads beside the territories: columns that tell of no other edition.
COLUMNS = {
    "series": (
        "id",
        "indicator",
        "period",
        "millesime",
        "geography",
        "levels",
        "digest",
        "passport",
        "computed_at",
    ),
    "value": ("series_id", "territory_id", "value", "status", "coverage"),
    "release": ("id", "published_at", "published_by"),
    "release_edition": ("release_id", "edition", "digest"),
    "release_series": ("release_id", "edition", "series_id"),
    "closed_edition": ("release_id", "edition"),
    "withdrawal": ("release_id", "withdrawn_at"),
    "member": ("millesime", "territory_id", "unit_id"),
}
# The rows of each table that an audience may read; `{editions}` are those of its edition and of more public ones.
ROWS = {
    "series": "id % 4 = ANY ({editions})",
    "value": "series_id % 4 = ANY ({editions})",
    "release_edition": "edition = ANY ({editions})",
    "release_series": "edition = ANY ({editions})",
    "release": "EXISTS (SELECT FROM indicators.release_edition AS e WHERE e.release_id = id)",
}


def role(database: str, audience: Audience) -> str:
    """Return the name of the role that serves an audience from a database."""
    return f"{database}_{audience.value}"


def serving_url(owner: URL, audience: Audience) -> URL:
    """Return the address by which an audience is served: its role, and a password that only the owner's gives.

    Where the owner needs no password (a private server, reached by its socket), its roles need none.
    """
    name = role(str(owner.database), audience)
    return owner.set(username=name, password=_password(owner, name))


def secure(engine: Engine) -> None:
    """Make the serving roles of a database, and what each may read. Raises Conflict where the owner may not."""
    with engine.begin() as conn:
        conn.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
        try:
            for audience in Audience:
                _make(conn, engine.url, audience)
        except sa.exc.ProgrammingError as error:
            raise Conflict(
                "Les rôles qui servent chaque public ne peuvent pas être faits dans cette base de données : le compte de "
                "DATABASE_URL doit posséder les tables et avoir le droit de créer des rôles (ALTER ROLE … CREATEROLE)."
            ) from error


def _make(conn: Connection, owner: URL, audience: Audience) -> None:
    name, database = role(str(owner.database), audience), sql.Identifier(str(owner.database))
    own = sql.Identifier(name)
    if not conn.scalar(sa.text("SELECT 1 FROM pg_roles WHERE rolname = :name"), {"name": name}):
        _run(conn, sql.SQL("CREATE ROLE {} LOGIN").format(own))
    password = _password(owner, name)
    if password is not None:
        _run(conn, sql.SQL("ALTER ROLE {} PASSWORD {}").format(own, sql.Literal(password)))
    _run(conn, sql.SQL("REVOKE TEMPORARY ON DATABASE {} FROM PUBLIC").format(database))
    _run(conn, sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, own))
    for schema in ("boundaries", "indicators"):
        _run(conn, sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(sql.Identifier(schema), own))
    _run(conn, sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA boundaries TO {}").format(own))
    for table, columns in COLUMNS.items():
        listed = sql.SQL(", ").join(map(sql.Identifier, columns))
        _run(conn, sql.SQL("GRANT SELECT ({}) ON indicators.{} TO {}").format(listed, sql.Identifier(table), own))
    editions = sql.Literal(list(audience.editions))
    for table, condition in ROWS.items():
        if _told(conn, name, table) == condition:
            continue  # making it again would wait for a publication under way, and every reader behind it
        policy, at = sql.Identifier(name), sql.Identifier(table)
        rows = sql.SQL(condition).format(editions=editions)
        _run(conn, sql.SQL("DROP POLICY IF EXISTS {} ON indicators.{}").format(policy, at))
        _run(
            conn,
            sql.SQL("CREATE POLICY {} ON indicators.{} FOR SELECT TO {} USING ({})").format(policy, at, own, rows),
        )
        _run(
            conn, sql.SQL("COMMENT ON POLICY {} ON indicators.{} IS {}").format(policy, at, sql.Literal(condition))
        )


def _told(conn: Connection, name: str, table: str) -> str | None:
    """The condition that a policy was made with, or None where there is none."""
    found = sa.text(
        "SELECT obj_description(oid, 'pg_policy') FROM pg_policy "
        "WHERE polname = :name AND polrelid = CAST(:at AS regclass)"
    )
    told: str | None = conn.scalar(found, {"name": name, "at": f"indicators.{table}"})
    return told


def _run(conn: Connection, statement: sql.Composed) -> None:
    conn.exec_driver_sql(statement.as_string().replace("%", "%%"))


def _password(owner: URL, name: str) -> str | None:
    if not owner.password:
        return None
    return hmac.new(str(owner.password).encode(), name.encode(), hashlib.sha256).hexdigest()
