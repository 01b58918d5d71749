"""The schema brought up to date with Alembic, one process at a time."""

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

if TYPE_CHECKING:  # slow to import, and a schema that is up to date needs none of it
    from alembic.config import Config

LOCK = 0x0E5  # any constant: two processes that migrate at once wait for each other
FOLDER = Path(__file__).parent / "migrations"


def migrate(engine: Engine) -> None:
    """Apply every migration that is missing, in one transaction."""
    with engine.begin() as conn:
        conn.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
        if _applied(conn) == newest():
            return
        from alembic import command

        command.upgrade(config(conn), "head")


def newest() -> str:
    """Return the revision that the schema must have: migrations are files that begin with their revision, in order."""
    return max(file.name for file in (FOLDER / "versions").glob("[0-9]*.py")).partition("_")[0]


def config(conn: Connection | None = None) -> "Config":
    """Return the Alembic configuration, on an open connection when there is one."""
    from alembic.config import Config

    made = Config()
    made.set_main_option("script_location", str(FOLDER))
    made.attributes["connection"] = conn
    return made


def _applied(conn: Connection) -> str | None:
    """The revision that the schema has, None before the first."""
    if conn.scalar(sa.select(sa.func.to_regclass("alembic_version"))) is None:
        return None
    found: str | None = conn.scalar(sa.text("SELECT version_num FROM alembic_version"))
    return found
