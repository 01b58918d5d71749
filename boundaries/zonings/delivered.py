"""A zoning loaded from the file of a producer: read, put together, laid on a millesime."""

from pathlib import Path

from sqlalchemy import Connection

from boundaries.checks import Finding
from boundaries.levels import LABELS
from boundaries.sources.fetch import fetch
from boundaries.zonings import load, reading
from boundaries.zonings.asked import Asked
from boundaries.zonings.composition import Terms
from boundaries.zonings.listing import composed
from geo.errors import Invalid
from geo.progress import Progress


def load_file(conn: Connection, location: str, asked: Asked, cache: Path, progress: Progress) -> list[Finding]:
    """Return what was found, after the zoning of a file (a path or an address) was loaded."""
    fetched = fetch(location, cache, progress)
    table = reading.read(fetched, asked.level, asked.columns)
    composition, findings = composed(table, asked.level)
    definition = _definition(table, asked)
    plural = LABELS[asked.level][1]
    terms = Terms(
        asked.level,
        label=asked.label or f"{plural[0].upper()}{plural[1:]} {definition}",
        definition=definition,
        given_in=asked.given_in,
        source=asked.source or f"fichier {table.file}",
        licence=asked.licence,
        file=table.file,
        sha256=table.sha256,
        liste=asked.liste,
    )
    return load.load(conn, terms, composition, asked.millesime, progress, told=asked.told, found=findings)


def _definition(table: reading.Table, asked: Asked) -> int:
    """The year in which the zones were defined: said by the column (ZE2020) or by the person, never guessed."""
    if table.year and asked.definition and table.year != asked.definition:
        raise Invalid(
            f"La colonne {table.zone_column} dit {table.year}, --definition dit {asked.definition} : laquelle ?"
        )
    year = asked.definition or table.year or asked.otherwise
    if year is None:
        raise Invalid(
            f"L’année de définition du zonage n’est pas dite par la colonne « {table.zone_column} » : donnez-la "
            "avec --definition."
        )
    return year
