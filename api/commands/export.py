"""`ores export`: what is served, as files that need no server."""

from pathlib import Path
from typing import Annotated

import typer

from api.commands.french import FrenchCommand, FrenchGroup, console, say
from api.database import database_url, open_database
from api.progress import shown
from api.settings import read_settings
from boundaries.levels import Level
from boundaries.readers import LABELS, Audience, audience_named
from geo.errors import Invalid
from geo.grids import GRIDS, WEB_MERCATOR_QUAD, grid_of

app = typer.Typer(
    cls=FrenchGroup,
    help="Écrire ce qui est servi dans des fichiers qui se lisent sans serveur.",
    no_args_is_help=True,
)


@app.callback()
def main() -> None:
    """Keep the name of the format in the command, however many there are."""


@app.command(cls=FrenchCommand)
def pmtiles(
    collections: Annotated[
        str,
        typer.Argument(
            help="Collection dont les tuiles sont écrites\u202f; plusieurs, séparées par des virgules, vont ensemble.",
            metavar="COLLECTION",
        ),
    ],
    niveau: Annotated[
        str | None,
        typer.Option(help="Niveau d’une collection d’indicateur (le plus fin par défaut).", metavar="NIVEAU"),
    ] = None,
    periode: Annotated[
        str | None, typer.Option(help="Période des valeurs (la dernière par défaut).", metavar="PÉRIODE")
    ] = None,
    millesime: Annotated[
        int | None, typer.Option(help="Géographie (la plus récente par défaut).", metavar="ANNÉE")
    ] = None,
    grille: Annotated[
        str, typer.Option(help="Grille\u202f: " + ", ".join(GRIDS) + ".", metavar="GRILLE")
    ] = WEB_MERCATOR_QUAD.id,
    zoom_min: Annotated[int, typer.Option(help="Premier niveau de zoom.", metavar="ZOOM")] = 0,
    zoom_max: Annotated[
        int | None,
        typer.Option(
            help="Dernier niveau de zoom (par défaut 12 dans WebMercatorQuad, 8 dans Lambert93Quad).",
            metavar="ZOOM",
        ),
    ] = None,
    audience: Annotated[
        str,
        typer.Option(
            help="Audience dont l’édition est écrite\u202f: " + ", ".join(Audience) + ".", metavar="AUDIENCE"
        ),
    ] = Audience.PUBLIC.value,
    fichier: Annotated[
        Path | None,
        typer.Option(
            help="Fichier à écrire, au lieu de l’archive que le site sert à …/tiles/GRILLE/archive.pmtiles.",
            metavar="FICHIER",
        ),
    ] = None,
) -> None:
    """Écrire un jeu de tuiles dans une archive PMTiles, que le site sert ensuite à qui a le droit de la lire.

    Interrompue, elle ne laisse rien\u202f: l’archive d’avant reste jusqu’à ce que la nouvelle soit entière.
    """
    from api.filling import Filler
    from api.migrate import migrate
    from api.ogc.archives import FOLDER
    from api.pages.french import count, number, weight
    from api.securing import secure
    from api.tilearchives import Order, archiving_engine, export

    order = Order(collections, grid_of(grille), millesime, _level(niveau), periode, zoom_min, zoom_max)
    reader = audience_named(audience)
    settings = read_settings()
    engine = open_database(settings, say)
    filler = Filler(database_url(settings))
    reading = archiving_engine(database_url(settings), reader)
    try:
        migrate(engine)
        secure(engine)
        with shown(console) as progress:
            made = export(reading, reader, order, settings.home / FOLDER, fichier, filler.fill, progress)
    finally:
        reading.dispose()
        filler.dispose()
        engine.dispose()
    tiles, size = count(made.tiles, "tuile"), weight(made.file.stat().st_size)
    say(f"{tiles}, {size}, édition «\u202f{LABELS[reader]}\u202f»\u202f: {made.file}")
    if made.incomplete:
        say(
            f"Tuiles incomplètes\u202f: {number(made.incomplete)}. Aux plus petites échelles, les plus grands "
            "territoires sont gardés, et les métadonnées de l’archive le disent."
        )


def _level(given: str | None) -> Level | None:
    try:
        return None if given is None else Level(given)
    except ValueError:
        raise Invalid(
            f"Niveau «\u202f{given}\u202f» inconnu\u202f; niveaux connus\u202f: {', '.join(Level)}."
        ) from None
