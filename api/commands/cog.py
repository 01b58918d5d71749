"""`ores cog`: what a file of commune codes says of its millesime."""

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.french import FrenchCommand, FrenchGroup, say, warn
from api.commands.passage import Events, read_movements
from api.database import open_database
from api.settings import read_settings
from boundaries import events, listed_codes
from boundaries.movements import CODE
from geo.errors import Invalid, NotFound

if TYPE_CHECKING:
    from boundaries.cog import Detection
    from boundaries.existence import Existence

app = typer.Typer(cls=FrenchGroup, help="Le code officiel géographique\u202f: reconnaître un millésime.")

SHOWN = 6


@app.command(cls=FrenchCommand)
def detect(
    file: Annotated[
        str,
        typer.Argument(
            help="Fichier texte ou CSV qui a des codes de communes.", metavar="FICHIER", show_default=False
        ),
    ],
    column: Annotated[
        str | None,
        typer.Option(
            help="Colonne des codes (sinon la première dont la plupart des cellules en sont).", metavar="NOM"
        ),
    ] = None,
    events_file: Events = None,
    form: Annotated[str, typer.Option("--format", help="Forme\u202f: texte ou json.", metavar="FORME")] = "texte",
) -> None:
    """Dire de quel millésime sont les codes de communes d’un fichier, et quels codes en décident."""
    if form not in ("texte", "json"):
        raise Invalid(f"Forme «\u202f{form}\u202f» inconnue\u202f; formes connues\u202f: texte, json.")
    path = Path(file).expanduser()
    if not path.is_file():
        raise NotFound(f"Le fichier «\u202f{file}\u202f» n’existe pas.")
    read = listed_codes.read_codes(path.read_bytes(), f"Fichier {path.name}", column)
    from boundaries.cog import detect as detected  # GeoPandas is slow to import

    found = detected(read.cells, _known(read.cells, events_file))
    if read.parts:
        warn(f"Lignes de communes déléguées ou associées (TYPECOM), laissées de côté\u202f: {read.parts}.")
    if form == "json":
        typer.echo(json.dumps(_document(found), ensure_ascii=False, indent=1))
    else:
        _tell(found, read.name)


def _known(codes: list[str], events_file: str | None) -> "Existence":
    if events_file is not None:
        return _by_events(codes, events_file)
    from api.migrate import migrate
    from boundaries.time_machine import known_codes  # slow to import

    engine = open_database(read_settings(), warn)
    try:
        migrate(engine)
        with engine.connect() as conn:
            found = known_codes(conn)
    finally:
        engine.dispose()
    if not found.years:
        raise NotFound("Aucun millésime n’est chargé\u202f: donnez les mouvements de l’Insee avec --events.")
    warn(f"Millésimes comparés\u202f: {_years(found.years)}.")
    return found


def _by_events(codes: list[str], location: str) -> "Existence":
    """Movements name only the communes that changed: the other codes of the file are taken as always there."""
    from boundaries.existence import walked
    from boundaries.sources.codes import city_of

    known = read_movements(location)
    history = events.steps(known)
    last, first = max(row.day for row in known), min(row.day for row in known)
    base = last.year if last == date(last.year, 1, 1) else last.year + 1
    alive = events.alive(history)
    named = alive.union(*(step.becomes for step in history))
    others = {code for code in codes if CODE.fullmatch(code) and not city_of(code)} - named
    warn(f"Millésimes comparés\u202f: {_years(range(first.year, base + 1))}, d’après les mouvements donnés.")
    if others:
        warn(f"Codes que les mouvements ne nomment pas, et qui ne départagent rien\u202f: {len(others)}.")
    return walked(history, base, alive | others, range(first.year, base + 1))


def _tell(found: "Detection", column: str) -> None:
    from boundaries.cog import some

    of_column = f" dans la colonne {column}" if column else ""
    say(f"Codes de communes lus{of_column}\u202f: {found.judged}.")
    for label, codes in (
        ("Arrondissements municipaux, mis à part", found.arrondissements),
        ("Cellules qui ne sont pas des codes de communes (zéro initial perdu\u202f?)", found.malformed),
        ("Codes de départements que rien de connu ne contient, mis à part", found.elsewhere),
        ("Codes d’aucun millésime connu", found.unknown),
    ):
        if codes:
            say(f"{label}\u202f: {len(codes)} ({some(codes)}).")
    if not found.judged:
        say("Aucun code à juger\u202f: le millésime ne peut pas être reconnu.")
        return
    first = found.ranking[0]
    if not first.unknown:
        lacking = f" (il en manque {first.missing})" if first.missing else ", et il n’en manque aucun"
        say(f"Millésime\u202f: {_years(found.best)}. Tous les codes y existent{lacking}.")
        if found.best != found.fitting:
            say(f"Tous les codes existent aussi, mais il en manque davantage\u202f: {_years(_besides(found))}.")
    else:
        say(
            f"Aucun millésime connu n’a tous ces codes. Le plus proche\u202f: {_years(found.best)}, "
            f"où {len(first.unknown)} n’existent pas ({some(first.unknown)})."
        )
        for fit in found.ranking[1:SHOWN]:
            say(
                f"  {fit.millesime}\u202f: {len(fit.unknown)} codes qui n’existent pas, {fit.missing} qui manquent."
            )
    for reason in found.reasons()[:SHOWN]:
        say(f"• {reason}")


def _besides(found: "Detection") -> list[int]:
    return [year for year in found.fitting if year not in found.best]


def _document(found: "Detection") -> dict[str, object]:
    return {
        "codes": found.judged,
        "best": found.best,
        "fitting": found.fitting,
        "ranking": [
            {"millesime": fit.millesime, "unknown": len(fit.unknown), "missing": fit.missing}
            for fit in found.ranking
        ],
        "deciding": found.deciding,
        "reasons": found.reasons(),
        "unknown": found.unknown,
        "malformed": found.malformed,
        "arrondissements": found.arrondissements,
        "elsewhere": found.elsewhere,
    }


def _years(years: Sequence[int]) -> str:
    """Years in order, those that follow each other as a span.

    >>> _years([2019, 2021, 2022, 2023])
    '2019, 2021 à 2023'
    """
    spans: list[list[int]] = []
    for year in years:
        if spans and year == spans[-1][-1] + 1:
            spans[-1].append(year)
        else:
            spans.append([year])
    return ", ".join(f"{span[0]} à {span[-1]}" if len(span) > 1 else str(span[0]) for span in spans)
