"""One publication at a time, whichever process makes it."""

import sqlalchemy as sa
from sqlalchemy import Connection

LOCK = 5_242_001  # of PostgreSQL, held until the transaction ends


def publish_alone(conn: Connection) -> None:
    """Wait until nobody else changes what is published, and keep them waiting until the transaction ends."""
    conn.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
