"""`ores load`: boundaries and populations brought into the database, without serving."""

from typing import Annotated

import typer

from api.commands.french import FrenchCommand, FrenchGroup, console, remark, say
from api.database import open_database
from api.progress import shown
from api.settings import read_settings
from geo.errors import Invalid

app = typer.Typer(cls=FrenchGroup, help="Charger des territoires et des indicateurs.", no_args_is_help=True)

SOURCES = ("registry", "ign", "etalab", "geo-api")

Region = Annotated[
    str | None,
    typer.Option(help="Code INSEE de la région, ou all pour la France (sinon ORES_REGION).", metavar="CODE"),
]

Millesimes = Annotated[
    list[int] | None, typer.Option(help="Année de la géographie\u202f; se répète.", metavar="ANNÉE")
]


@app.command(cls=FrenchCommand)
def boundaries(
    region: Region = None,
    millesime: Millesimes = None,
    source: Annotated[
        str, typer.Option(help="Source\u202f: " + ", ".join(SOURCES) + ".", metavar="SOURCE")
    ] = SOURCES[0],
    file: Annotated[
        str | None,
        typer.Option(
            help="Fichier local ou adresse à lire\u202f: ign, etalab\u202f; geo-api a la sienne.",
            metavar="FICHIER",
        ),
    ] = None,
) -> None:
    """Charger les territoires d’un ou plusieurs millésimes."""
    if source not in SOURCES:
        raise Invalid(
            f"Source «\u202f{source}\u202f» inconnue\u202f; sources connues\u202f: {', '.join(SOURCES)}."
        )
    if source == SOURCES[0] and file is not None:
        raise Invalid("La source registry va chercher elle-même ses fichiers\u202f: --file ne s’y applique pas.")
    if source in ("ign", "etalab") and file is None:
        raise Invalid(f"La source {source} lit un fichier\u202f: donnez-le, ou son adresse, avec --file.")
    from api import setup  # GDAL and Alembic are slow to import

    settings = read_settings()
    engine = open_database(settings, say)
    with shown(console) as progress:
        remarks = setup.load_boundaries(
            engine, settings, region or settings.region, millesime or [], source, file, progress
        )
    engine.dispose()
    remark(remarks)
    say("Les territoires sont chargés.")


@app.command(cls=FrenchCommand)
def populations(region: Region = None, millesime: Millesimes = None) -> None:
    """Charger les populations municipales et publier les indicateurs qui en dépendent."""
    from api import setup

    settings = read_settings()
    engine = open_database(settings, say)
    with shown(console) as progress:
        remarks = setup.load_populations(engine, settings, region or settings.region, progress, millesime or [])
    engine.dispose()
    remark(remarks)
    say("Les populations sont chargées.")
