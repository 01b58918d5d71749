"""Run by Alembic: applies the migrations on the connection that `api.migrate` opened."""

from typing import Any

from alembic import context
from geoalchemy2 import alembic_helpers

import api.accounts.tables
import boundaries.tables
import indicators.policy.tables
import indicators.tables
from geo.schema import Stored

SCHEMAS = {api.accounts.tables.SCHEMA, boundaries.tables.SCHEMA, indicators.tables.SCHEMA}


def _ours(name: str | None, kind: str, parents: Any) -> bool:
    return name in SCHEMAS if kind == "schema" else True


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Stored.metadata,
    include_schemas=True,
    include_name=_ours,
    process_revision_directives=alembic_helpers.writer,
    render_item=alembic_helpers.render_item,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
