"""`ores audit`: what is served, attacked as a reader would."""

from typing import Annotated

import typer

from api.commands.french import say, warn
from api.database import open_database
from api.settings import read_settings
from boundaries.readers import LABELS, Audience, audience_named

SHOWN = 20


def audit(
    audience: Annotated[
        str | None,
        typer.Option(
            help="Audience dont l’édition est attaquée\u202f: " + ", ".join(Audience) + " (toutes par défaut).",
            metavar="AUDIENCE",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Attaquer la publication courante\u202f: ce qui est masqué peut-il se retrouver par ce qui est publié\u202f?

    Le code de sortie est 1 si une valeur masquée se retrouve.
    """
    asked = list(Audience) if audience is None else [audience_named(audience)]
    from api.migrate import migrate
    from indicators.editions import audit_release, sentence  # the solver is slow to import

    engine = open_database(read_settings(), warn)
    opened = 0
    try:
        migrate(engine)
        for one in asked:
            with engine.connect() as conn:
                found = audit_release(conn, one)
            opened += len(found)
            count = (
                f"{len(found)} valeurs masquées se retrouvent"
                if len(found) > 1
                else "1 valeur masquée se retrouve"
            )
            say(
                f"Édition «\u202f{LABELS[one]}\u202f»\u202f: {count if found else 'aucune valeur masquée ne se retrouve'}."
            )
            for disclosure in found[:SHOWN]:
                say(f"• {sentence(disclosure)}")
            if len(found) > SHOWN:
                say(f"… et {len(found) - SHOWN} autres.")
    finally:
        engine.dispose()
    if opened:
        raise typer.Exit(1)
