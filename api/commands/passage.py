"""`ores passage`: how the communes of one year go into those of another, as a table to use elsewhere."""

import csv
import json
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from api.commands.french import console, warn
from api.database import open_database
from api.settings import read_settings
from boundaries import events, listed_codes, movements
from boundaries.passage import Kind, Row, rows
from geo.errors import Invalid

DOWNLOADS = "downloads"
YEARS = range(1900, 2101)
KINDS = {Kind.EXACT: "exact", Kind.ESTIMATED: "estimé", Kind.IMPOSSIBLE: "impossible"}
SOURCES = {
    "insee-movements": "mouvements de communes de l’Insee, datés",
    "code-lists": "listes de codes et anciens codes, sans dates ni scissions d’avant leur chargement",
}

Events = Annotated[
    str | None,
    typer.Option(
        "--events",
        help="Fichier des mouvements de communes de l’Insee, ou son adresse\u202f: aucune base n’est alors lue.",
        metavar="FICHIER",
    ),
]


def passage(
    start: Annotated[int, typer.Argument(help="Année de départ.", metavar="A", show_default=False)],
    end: Annotated[int, typer.Argument(help="Année d’arrivée, avant ou après.", metavar="B", show_default=False)],
    events_file: Events = None,
    populations: Annotated[
        str | None,
        typer.Option(
            help="Avec --events\u202f: populations des communes de B (CSV code,population), qui répartissent "
            "les scissions (ou les fusions, en remontant). Sans elles, une part reste inconnue.",
            metavar="FICHIER",
        ),
    ] = None,
    form: Annotated[
        str,
        typer.Option("--format", help="Forme\u202f: csv (from,to,weight,kind), json ou table.", metavar="FORME"),
    ] = "csv",
) -> None:
    """Dire où vont les communes du 1er janvier A le 1er janvier B, pour celles dont le code ou le périmètre change."""
    if form not in FORMS:
        raise Invalid(f"Forme «\u202f{form}\u202f» inconnue\u202f; formes connues\u202f: {', '.join(FORMS)}.")
    for year in (start, end):
        if year not in YEARS:
            raise Invalid(
                f"L’année {year} n’est pas acceptée\u202f: donnez une année entre {YEARS[0]} et {YEARS[-1]}."
            )
    if events_file is not None:
        found = _from_events(start, end, events_file, populations)
    elif populations is not None:
        raise Invalid("--populations ne sert qu’avec --events\u202f: la base a ses propres populations.")
    else:
        found = _from_database(start, end)
    FORMS[form](found)


def read_movements(location: str) -> list[movements.Movement]:
    """Return the movements of a file or an address given by the operator."""
    path = Path(location).expanduser()
    if "://" not in location and path.is_file():
        return movements.read(path.read_bytes(), path.name)
    from boundaries.sources.fetch import fetch  # GeoPandas is slow to import
    from geo.progress import silent

    fetched = fetch(location, read_settings().home / DOWNLOADS, silent)
    return movements.read(fetched.path.read_bytes(), fetched.name)


def _from_events(start: int, end: int, location: str, populations: str | None) -> list[Row]:
    known = read_movements(location)
    people = _populations(populations) if populations is not None else {}
    last = max(row.day for row in known)
    warn(f"Source\u202f: {SOURCES['insee-movements']} (fichier donné, jusqu’au {last:%d/%m/%Y}).")
    if last < date(max(start, end), 1, 1):
        warn(f"Ces mouvements s’arrêtent au {last:%d/%m/%Y}\u202f: ce qui a changé ensuite n’est pas connu.")
    first = min(row.day for row in known)
    if first.year > min(start, end):
        warn(f"Ces mouvements commencent au {first:%d/%m/%Y}\u202f: ce qui a changé avant n’est pas connu.")
    within = events.between(events.steps(known), min(start, end), max(start, end))
    weighed = events.weighed(within, {end: people})
    there, back = events.forward(weighed), events.backward(weighed)
    found = rows(there, back) if start <= end else rows(back, there)
    unknown = len({row.origin for row in found if row.target and row.kind is Kind.IMPOSSIBLE})
    if unknown:
        reason = "la population d’une part manque dans --populations" if people else "donnez --populations"
        warn(f"Communes dont la répartition n’est pas connue\u202f: {unknown} ({reason}).")
    return found


def _populations(location: str) -> dict[str, float | None]:
    path = Path(location).expanduser()
    if not path.is_file():
        raise Invalid(f"Le fichier des populations «\u202f{location}\u202f» n’existe pas.")
    return listed_codes.read_populations(path.read_bytes(), f"Fichier des populations {path.name}")


def _from_database(start: int, end: int) -> list[Row]:
    from api.migrate import migrate
    from boundaries.places import require_millesime
    from boundaries.scope import ALL
    from boundaries.time_machine import stored_passage  # slow to import

    engine = open_database(read_settings(), warn)
    try:
        migrate(engine)
        with engine.connect() as conn:
            found, source = stored_passage(conn, start, end)
            scopes = {require_millesime(conn, year).scope for year in (start, end)} - {ALL}
    finally:
        engine.dispose()
    if source is not None:
        warn(f"Source\u202f: {SOURCES[source]}.")
    if scopes:
        warn(f"Seules les communes chargées sont données\u202f: région {', '.join(sorted(scopes))}.")
    return found


def _csv(found: list[Row]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["from", "to", "weight", "kind"])
    for origin, target, weight, kind in found:
        writer.writerow([origin, target, "" if weight is None else f"{weight:.17g}", kind.value])


def _json(found: list[Row]) -> None:
    lines = [
        {"from": origin, "to": target or None, "weight": weight, "kind": kind.value}
        for origin, target, weight, kind in found
    ]
    typer.echo(json.dumps(lines, indent=1))


def _table(found: list[Row]) -> None:
    from rich.table import Table

    table = Table("de", "vers", "part", "nature")
    table.columns[2].justify = "right"
    for origin, target, weight, kind in found:
        part = "inconnue" if weight is None else f"{weight * 100:.2f}".replace(".", ",") + "\u202f%"
        table.add_row(origin, target or "aucune", part, KINDS[kind])
    console.print(table)


FORMS: dict[str, Callable[[list[Row]], None]] = {"csv": _csv, "json": _json, "table": _table}
