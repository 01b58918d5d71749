"""The one registry of tables; each table is declared beside its own domain."""

from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase


class Stored(DeclarativeBase):
    """A table of the observatory."""

    metadata = MetaData(
        naming_convention={
            "ix": "%(table_name)s_%(column_0_N_name)s_idx",
            "uq": "%(table_name)s_%(column_0_N_name)s_key",
            "ck": "%(table_name)s_%(constraint_name)s_check",
            "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
            "pk": "%(table_name)s_pkey",
        }
    )
