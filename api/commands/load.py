"""`ores load`: boundaries, zonings and populations brought into the database, without serving."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from sqlalchemy import Engine

from api.commands.french import FrenchCommand, FrenchGroup, console, remark, say
from api.database import open_database
from api.progress import shown
from api.settings import read_settings
from boundaries.levels import ZONINGS
from boundaries.zonings.asked import Asked, Columns, decisions, zoning_level
from geo.errors import Invalid


@contextmanager
def closed(engine: Engine) -> Iterator[None]:
    """Close the connections of an engine at the end of the block, refused or not."""
    try:
        yield
    finally:
        engine.dispose()


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


@app.command(cls=FrenchCommand)
def zonings(
    file: Annotated[
        str,
        typer.Argument(help="Liste de communes\u202f: CSV, XLSX, XLS, ODS, ou son adresse.", metavar="FICHIER"),
    ] = "",
    niveau: Annotated[
        list[str] | None,
        typer.Option(
            help="Niveau\u202f: " + ", ".join(ZONINGS) + "\u202f; se répète pour un fichier qui en a plusieurs.",
            metavar="NIVEAU",
        ),
    ] = None,
    millesime: Annotated[
        int | None, typer.Option(help="Géographie dans laquelle le zonage s’applique.", metavar="ANNÉE")
    ] = None,
    definition: Annotated[
        int | None,
        typer.Option(help="Année de définition des zones, si la colonne (ZE2020) ne la dit pas.", metavar="ANNÉE"),
    ] = None,
    cog: Annotated[
        int | None,
        typer.Option(help="Géographie des codes du fichier, si ce n’est pas --millesime.", metavar="ANNÉE"),
    ] = None,
    colonne: Annotated[str | None, typer.Option(help="Colonne du code de la zone.", metavar="COLONNE")] = None,
    libelle: Annotated[str | None, typer.Option(help="Colonne du nom de la zone.", metavar="COLONNE")] = None,
    commune: Annotated[str | None, typer.Option(help="Colonne du code de la commune.", metavar="COLONNE")] = None,
    feuille: Annotated[str | None, typer.Option(help="Feuille du classeur.", metavar="FEUILLE")] = None,
    nom: Annotated[str | None, typer.Option(help="Nom du zonage.", metavar="NOM")] = None,
    liste: Annotated[
        str, typer.Option(help="Identifiant de la liste, au niveau perimetre.", metavar="LISTE")
    ] = "",
    source: Annotated[str | None, typer.Option(help="Producteur de la liste.", metavar="TEXTE")] = None,
    licence: Annotated[str, typer.Option(help="Licence de la liste.", metavar="TEXTE")] = "licence non précisée",
    rattacher: Annotated[
        list[str] | None,
        typer.Option(
            help="Zone d’une commune que le report ne peut pas décider\u202f; se répète.", metavar="COMMUNE=ZONE"
        ),
    ] = None,
    retirer: Annotated[bool, typer.Option("--retirer", help="Retirer le zonage au lieu de le charger.")] = False,
) -> None:
    """Charger des zonages faits de communes, puis publier les indicateurs à leurs niveaux."""
    levels = [zoning_level(text) for text in niveau or []]
    if not levels or millesime is None:
        raise Invalid("Donnez le niveau (--niveau) et la géographie où il s’applique (--millesime).")
    from api import setup

    settings = read_settings()
    if retirer:
        if file or len(levels) > 1:
            raise Invalid("--retirer ne prend pas de fichier, et un seul --niveau.")
        engine = open_database(settings, say)
        with closed(engine), shown(console) as progress:
            setup.remove_zoning(engine, levels[0], liste, millesime, progress)
        say("Le zonage est retiré.")
        return
    if not file:
        raise Invalid("Donnez le fichier de la liste, ou son adresse.")
    if len(levels) > 1 and (colonne or libelle or nom or rattacher):
        raise Invalid("--colonne, --libelle, --nom et --rattacher vont avec un seul --niveau.")
    asked = [
        Asked(
            level=level,
            millesime=millesime,
            columns=Columns(commune, colonne, libelle, feuille),
            definition=definition if len(levels) == 1 else None,
            otherwise=definition,
            given_in=cog or millesime,
            label=nom,
            liste=liste,
            source=source,
            licence=licence,
            told=decisions(rattacher or []),
        )
        for level in levels
    ]
    engine = open_database(settings, say)
    with closed(engine), shown(console) as progress:
        remarks = setup.load_zonings(engine, settings, file, asked, progress)
    remark(remarks)
    say("Les zonages sont chargés." if len(asked) > 1 else "Le zonage est chargé.")


@app.command(cls=FrenchCommand)
def movements(
    source: Annotated[
        str | None, typer.Option(help="Adresse http(s) du fichier de l’Insee.", metavar="ADRESSE")
    ] = None,
    file: Annotated[str | None, typer.Option(help="Fichier local.", metavar="FICHIER")] = None,
) -> None:
    """Charger les mouvements de communes de l’Insee\u202f: les passages entre millésimes deviennent datés."""
    if (source is None) == (file is None):
        raise Invalid("Donnez le fichier des mouvements de l’Insee avec --file, ou son adresse avec --source.")
    from api import setup

    settings = read_settings()
    engine = open_database(settings, say)
    with shown(console) as progress:
        remarks = setup.load_movements(engine, settings, source or file or "", progress)
    engine.dispose()
    remark(remarks)
    say("Les mouvements de communes sont chargés.")
