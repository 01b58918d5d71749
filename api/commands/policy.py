"""`ores policy`: what each audience may see of each indicator, shown, written to a file and taken from one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
import typer

from api.commands.french import FrenchCommand, FrenchGroup, say, warn
from api.database import open_database
from api.settings import read_settings
from boundaries.readers import LABELS, Audience
from geo.errors import Invalid

app = typer.Typer(
    cls=FrenchGroup,
    help="Les règles de diffusion\u202f: qui voit quoi, jusqu’à quel détail.",
    no_args_is_help=True,
)


@app.command(cls=FrenchCommand)
def show(
    indicator: Annotated[str | None, typer.Argument(help="Un seul indicateur.", metavar="INDICATEUR")] = None,
) -> None:
    """Montrer ce qui est en vigueur : règles de secret, et indicateurs que quelque chose restreint."""
    from api.pages.french import typeset
    from indicators.catalogue import catalogue
    from indicators.catalogue import indicator as sheet_of
    from indicators.policy import read_policies
    from indicators.policy.wording import rule_words, words

    with _transaction() as conn:
        policies = read_policies(conn)
    if indicator is None:
        for rule in policies.rules:
            say(f"Règle de secret «\u202f{rule.name}\u202f»\u202f: {typeset(', '.join(rule_words(rule)))}")
            say(f"    {typeset(rule.source)} (lu le {rule.read_on:%d/%m/%Y})")
        names = [name for name in catalogue() if not policies.is_open(name)]
    else:
        names = [sheet_of(indicator).id]
    for name in names:
        say(f"{catalogue()[name].label} ({name})")
        for audience in Audience:
            own, found = policies.own(name, audience), policies.of(name, audience)
            inherited = "" if own == found else "  (hérité en partie de ce dont il est calculé)"
            say(f"    {LABELS[audience]}\u202f: {typeset(', '.join(words(found)))}{inherited}")
    if indicator is None:
        say(f"Indicateurs ouverts à tous\u202f: {len(catalogue()) - len(names)} sur {len(catalogue())}.")


@app.command(cls=FrenchCommand)
def export(
    output: Annotated[
        Path | None, typer.Option(help="Fichier à écrire, plutôt que la sortie.", metavar="FICHIER")
    ] = None,
) -> None:
    """Écrire les règles de diffusion en TOML."""
    from indicators.policy import export_policies

    with _transaction() as conn:
        text = export_policies(conn)
    if output is None:
        typer.echo(text, nl=False)
        return
    output.write_text(text, encoding="utf-8")
    say(f"Écrit\u202f: {output.name}")


@app.command("import", cls=FrenchCommand)
def import_(
    file: Annotated[Path, typer.Argument(help="Fichier TOML.", metavar="FICHIER", show_default=False)],
    by: Annotated[
        str, typer.Option("--by", help="Nom de la personne qui agit, inscrit au journal.", metavar="NOM")
    ],
) -> None:
    """Remplacer toutes les règles de diffusion par celles d’un fichier."""
    from indicators.actors import Actor
    from indicators.policy import import_policies

    if not file.is_file():
        raise Invalid(f"Il n’y a pas de fichier «\u202f{file.name}\u202f» à cet endroit.")
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid(f"Le fichier {file.name} n’est pas du texte en UTF-8.") from None
    with _transaction() as conn:
        policies = import_policies(conn, text, Actor(by, "validator"), file.name)
    say(f"{len(policies.rows)} règles de diffusion, {len(policies.rules)} règles de secret.")
    say("Elles prendront effet à la prochaine publication.")


@contextmanager
def _transaction() -> Iterator[sa.Connection]:
    """A transaction in a database that has a policy: that of the product where nobody chose another."""
    from api.migrate import migrate  # Alembic is slow to import
    from indicators.policy import ensure_default

    engine = open_database(read_settings(), warn)
    migrate(engine)
    try:
        with engine.begin() as conn:
            ensure_default(conn)
            yield conn
    finally:
        engine.dispose()
