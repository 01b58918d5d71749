"""Fixed SQL kept in whole files beside the module that runs it."""

from functools import cache
from pathlib import Path

from sqlalchemy import TextClause, text


@cache
def sql_file(folder: Path, name: str) -> TextClause:
    """Return the statement of `{folder}/{name}.sql`, its parameters written `:name`."""
    return text((folder / f"{name}.sql").read_text(encoding="utf-8"))
