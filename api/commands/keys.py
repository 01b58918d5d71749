"""`ores keys`: the keys that people sign in with, and that programs read with."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated

import sqlalchemy as sa
import typer

from api.accounts.rights import AUDIENCES, READER, ROLES
from api.commands.french import FrenchCommand, FrenchGroup, say, warn
from api.database import open_database
from api.settings import read_settings
from boundaries.readers import Audience
from geo.clock import PARIS

app = typer.Typer(
    cls=FrenchGroup,
    help="Les clés d’accès\u202f: créer, lister, révoquer.",
    no_args_is_help=True,
)


@app.command(cls=FrenchCommand)
def create(
    name: Annotated[str, typer.Option(help="Nom de la personne, qui signera ce qu’elle fait.", metavar="NOM")],
    role: Annotated[str, typer.Option(help="Rôle\u202f: " + ", ".join(ROLES) + ".", metavar="RÔLE")] = READER,
    audience: Annotated[
        str | None,
        typer.Option(
            help="Audience dont la clé lit l’édition\u202f: "
            + ", ".join(f"{code} ({label})" for code, label in AUDIENCES.items())
            + ". À dire pour un lecteur\u202f; «\u202fprofessional\u202f» par défaut pour un contributeur.",
            metavar="AUDIENCE",
        ),
    ] = None,
    organisation: Annotated[
        str,
        typer.Option(help="Organisation ou direction dont un contributeur remet les livraisons.", metavar="NOM"),
    ] = "",
    label: Annotated[str, typer.Option(help="À quoi sert la clé.", metavar="TEXTE")] = "",
    expires: Annotated[
        datetime | None,
        typer.Option(help="Dernier jour où la clé ouvre.", formats=["%Y-%m-%d"], metavar="AAAA-MM-JJ"),
    ] = None,
) -> None:
    """Créer une clé et l’afficher, cette seule fois\u202f; un compte est ouvert à qui n’en a pas."""
    from api.accounts import keys

    with _transaction() as conn:
        key = keys.create(
            conn,
            name,
            role,
            expires.date() if expires else None,
            audience=audience,
            organisation=organisation,
            label=label,
        )
    warn("Notez cette clé maintenant\u202f: elle n’est pas conservée et ne sera plus affichée.")
    typer.echo(key)


@app.command("list", cls=FrenchCommand)
def list_keys() -> None:
    """Lister les clés, sans les montrer."""
    from api.accounts import keys

    with _transaction() as conn:
        rows = keys.listed(conn)
    for row in rows:
        state = "révoquée" if row.revoked_at else "valide" if row.valid else "expirée ou compte fermé"
        end = f"jusqu’au {_moment(row.expires_at)}" if row.expires_at else "sans date de fin"
        used = f"dernier usage le {_moment(row.last_used_at)}" if row.last_used_at else "jamais utilisée"
        named = f"{row.name} ({row.organisation})" if row.organisation else row.name
        scope = f"{ROLES[row.role]}, {AUDIENCES[Audience(row.audience)]}"
        about = f"  «\u202f{row.label}\u202f»" if row.label else ""
        say(f"{row.id}  {row.mark}…  {named}  {scope}  {state}, {end}, {used}{about}")
    if not rows:
        say("Aucune clé. «\u202fores keys create\u202f» en crée une.")


@app.command(cls=FrenchCommand)
def revoke(
    number: Annotated[
        int, typer.Argument(help="Numéro de la clé (voir «\u202fores keys list\u202f»).", metavar="NUMÉRO")
    ],
) -> None:
    """Révoquer une clé\u202f: elle n’ouvre plus rien, et les sessions ouvertes avec elle sont fermées."""
    from api.accounts import keys

    with _transaction() as conn:
        name = keys.revoke(conn, number)
    say(f"La clé n° {number} ({name}) est révoquée.")


@contextmanager
def _transaction() -> Iterator[sa.Connection]:
    from api.migrate import migrate  # Alembic is slow to import

    engine = open_database(read_settings(), warn)
    migrate(engine)
    try:
        with engine.begin() as conn:
            yield conn
    finally:
        engine.dispose()


def _moment(at: datetime) -> str:
    return f"{at.astimezone(PARIS):%d/%m/%Y %H:%M}"
