"""The schema brought up to date with Alembic, one process at a time."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine

LOCK = 0x0E5  # any constant: two processes that migrate at once wait for each other


def migrate(engine: Engine) -> None:
    """Apply every migration that is missing, in one transaction."""
    with engine.begin() as conn:
        conn.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
        command.upgrade(config(conn), "head")


def config(conn: Connection | None = None) -> Config:
    """Return the Alembic configuration, on an open connection when there is one."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    made.attributes["connection"] = conn
    return made
