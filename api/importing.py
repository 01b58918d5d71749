"""What importing does to the database, for the command line: control, keep, release and publish, in transactions."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine

from api.publishing import analyze, publishing
from api.settings import Settings
from api.setup import DOWNLOADS
from boundaries.places import Place
from geo.errors import Invalid, OresError
from geo.progress import Progress
from indicators.actors import Actor
from indicators.imports import report
from indicators.imports.control import Control, control
from indicators.imports.findings import NOTHING, Decisions
from indicators.imports.mapping import Mapping, recipes_for
from indicators.imports.sheets import Delivered
from indicators.imports.storing import keep
from indicators.lifecycle import release_delivery, validate

MELODI, GEO_API = "melodi:", "geo-api:"


@dataclass(frozen=True)
class Manner:
    """How a file is to be read, where that is said: a recipe, or a mapping, a geography, a period, decisions."""

    recipe: str | None = None
    mapping: Mapping | None = None
    millesime: int | None = None
    period: str = ""
    decisions: Decisions = NOTHING
    organisation: str = ""  # whose deliveries alone it may be compared with


def source(text: str, filters: Sequence[str], settings: Settings, progress: Progress) -> Path | Delivered:
    """Return what is named: a file, observations of Melodi (`melodi:JEU`), populations (`geo-api:departement:44`)."""
    from boundaries.sources import geo_api as boundaries_api  # GeoPandas is slow to import
    from indicators.sources import geo_api, melodi
    from indicators.sources.asking import Asker

    if text.startswith(MELODI):
        asked: dict[str, list[str]] = {}
        for one in filters:
            dimension, _, code = one.partition("=")
            if not dimension or not code:
                raise Invalid(
                    f"Filtre mal formé : « {one} ». Forme attendue : DIMENSION=CODE, par exemple GEO=DEP-44."
                )
            asked.setdefault(dimension, []).append(code)
        with Asker(melodi.OFFICIAL) as asker:
            return melodi.observations(asker, text.removeprefix(MELODI), asked, progress)
    if text.startswith(GEO_API):
        place = Place.parse(text.removeprefix(GEO_API))
        cache = settings.home / DOWNLOADS
        return geo_api.populations(boundaries_api.OFFICIAL, place.level, place.code, cache, progress)
    path = Path(text)
    if not path.is_file():
        raise Invalid(f"Il n’y a pas de fichier « {path.name} » à cet endroit.")
    return path


def controlled(engine: Engine, file: Path | Delivered, manner: Manner) -> Control:
    """Return the control of a file; nothing is written."""
    with engine.connect() as conn:
        found = control(
            conn,
            file,
            recipe_name=manner.recipe,
            mapping=manner.mapping,
            millesime=manner.millesime,
            period=manner.period,
            decisions=manner.decisions,
            organisation=manner.organisation,
        )
        conn.rollback()
    return found


def store(engine: Engine, found: Control, actor: Actor, progress: Progress) -> int:
    """Return the number of the draft that keeps a controlled delivery."""
    with engine.begin() as conn:
        number = keep(conn, actor, found, progress)
    analyze(engine)
    return number


def store_and_publish(engine: Engine, found: Control, actor: Actor, progress: Progress) -> int:
    """Return the number of a delivery that is kept, validated, released and published, all of it or nothing."""
    with publishing(engine, progress, actor) as conn:
        number = _released(conn, found, actor, progress)
    analyze(engine)
    return number


def import_folder(
    engine: Engine, folder: Path, decisions: Decisions, actor: Actor, progress: Progress
) -> list[tuple[str, int | None, str]]:
    """Return (file, number or None, what hinders it) for every file of a folder that a recipe knows.

    Each is imported in its own transaction, so an interruption keeps what is done and a second run goes on; those
    that are there already are left alone, those that are refused or wait for a decision are left aside. Then all is
    published.
    """
    files = sorted(one for one in folder.rglob("*") if one.is_file() and recipes_for(one.name))
    told: list[tuple[str, int | None, str]] = []
    advance = progress("Fichiers du dossier", len(files))
    for path in files:
        told.append((path.name, *_of_folder(engine, path, decisions, actor, progress)))
        advance(1)
    analyze(engine)
    with publishing(engine, progress, actor):
        pass
    analyze(engine)
    return told


def _of_folder(
    engine: Engine, path: Path, decisions: Decisions, actor: Actor, progress: Progress
) -> tuple[int | None, str]:
    """The number of the delivery that a file is now, or what hinders it."""
    todo: list[str] = []
    try:
        found = controlled(engine, path, Manner(decisions=decisions))
        todo = report.what_to_do(found.diagnosis, decisions)
        with engine.begin() as conn:
            return _released(conn, found, actor, progress), ""
    except OresError as refusal:
        return None, " ".join([refusal.detail, *todo])


def _released(conn: Connection, found: Control, actor: Actor, progress: Progress) -> int:
    number = keep(conn, actor, found, progress)
    validate(conn, number, actor)
    release_delivery(conn, number, actor)
    return number
