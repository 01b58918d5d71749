"""`ores import`, `ores deliveries`, `ores recipes`, `ores releases`: from a producer's file to what is published."""

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.commands.french import FrenchCommand, FrenchGroup, console, say
from api.database import open_database
from api.progress import shown
from api.settings import read_settings
from geo.errors import Invalid

if TYPE_CHECKING:
    import sqlalchemy as sa

# The tables, pandas and Alembic are slow to import: each command imports what it needs.

deliveries = typer.Typer(
    cls=FrenchGroup, help="Les livraisons\u202f: contrôler, valider, diffuser, retirer.", no_args_is_help=True
)
recipes = typer.Typer(
    cls=FrenchGroup, help="Les recettes\u202f: comment se lit chaque source.", no_args_is_help=True
)
releases = typer.Typer(cls=FrenchGroup, help="Les publications\u202f: lister, retirer.", no_args_is_help=True)

By = Annotated[str, typer.Option("--by", help="Nom de la personne qui agit, inscrit au journal.", metavar="NOM")]
Number = Annotated[int, typer.Argument(help="Numéro.", metavar="N", show_default=False)]
Reason = Annotated[str, typer.Option("--reason", help="Pourquoi, inscrit au journal.", metavar="TEXTE")]


def import_(
    file: Annotated[
        str,
        typer.Argument(
            help="Fichier (CSV, TSV, XLS, XLSX, ODS, ZIP, Parquet, GPKG, JSON-stat, SDMX-CSV), melodi:JEU, ou "
            "geo-api:departement:44.",
            metavar="FICHIER",
            show_default=False,
        ),
    ],
    recipe: Annotated[
        str | None,
        typer.Option(help="Recette (sinon celle dont le motif convient au nom du fichier).", metavar="NOM"),
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option(help="Correspondance à lire dans un fichier TOML.", metavar="FICHIER")
    ] = None,
    millesime: Annotated[int | None, typer.Option(help="Géographie des codes.", metavar="ANNÉE")] = None,
    period: Annotated[str, typer.Option(help="Période que la mesure décrit.", metavar="PÉRIODE")] = "",
    where: Annotated[
        list[str] | None,
        typer.Option("--where", help="Filtre de Melodi, DIMENSION=CODE\u202f; se répète.", metavar="FILTRE"),
    ] = None,
    accept: Annotated[
        list[str] | None,
        typer.Option(help="Correction acceptée, par sa clé ou par famille\u202f; se répète.", metavar="CLÉ"),
    ] = None,
    reject: Annotated[
        list[str] | None,
        typer.Option(
            "--refuse", help="Correction refusée, par sa clé ou par famille\u202f; se répète.", metavar="CLÉ"
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(help="Écrire le rapport, ligne par ligne (.csv) ou entier (.json).", metavar="FICHIER"),
    ] = None,
    write_mapping: Annotated[
        Path | None,
        typer.Option(help="Écrire la correspondance en TOML, à relire et à corriger.", metavar="FICHIER"),
    ] = None,
    save_recipe: Annotated[
        str | None, typer.Option(help="Garder la correspondance comme recette.", metavar="NOM")
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Garder la livraison comme brouillon.")] = False,
    release: Annotated[
        bool, typer.Option("--release", help="Garder, valider, diffuser et publier, en une transaction.")
    ] = False,
    by: By = "",
) -> None:
    """Contrôler un fichier de valeurs ; avec --keep le garder, avec --release le publier.

    Sans --keep ni --release, rien n’est écrit dans la base.
    """
    if (keep or release) and not by:
        raise Invalid("Dites qui agit avec --by\u202f: le journal garde le nom de qui livre et de qui valide.")
    from api import importing
    from indicators.actors import Actor
    from indicators.imports import report as reports
    from indicators.imports.findings import Decisions
    from indicators.imports.mapping import Mapping
    from indicators.imports.recipes import save_recipe as store_recipe

    settings = read_settings()
    decisions = Decisions(frozenset(accept or ()), frozenset(reject or ()))
    chosen = Mapping.from_toml(_read(mapping), mapping.name) if mapping else None
    engine = _engine()
    if Path(file).is_dir():
        if not release or report or write_mapping or save_recipe or chosen or recipe:
            raise Invalid("Un dossier s’importe avec --release et --by, chaque fichier avec sa propre recette.")
        with shown(console) as progress:
            told = importing.import_folder(engine, Path(file), decisions, Actor(by, "validator"), progress)
        for name, number, hindered in told:
            say(f"{name}\u202f: {hindered or f'livraison n° {number}'}")
        engine.dispose()
        return
    with shown(console) as progress:
        given = importing.source(file, where or [], settings, progress)
        manner = importing.Manner(recipe, chosen, millesime, period, decisions)
        found = importing.controlled(engine, given, manner)
    say(reports.text(found.diagnosis, decisions))
    if report is not None:
        _write(report, _reported(report, found))
    if write_mapping is not None:
        _write(write_mapping, found.mapping.to_toml())
    if save_recipe is not None:
        with engine.begin() as conn:
            store_recipe(conn, save_recipe, found.mapping)
        say(f"La recette «\u202f{save_recipe}\u202f» est gardée.")
    with shown(console) as progress:
        if release:
            number = importing.store_and_publish(engine, found, Actor(by, "validator"), progress)
            say(f"Livraison n° {number}, publiée.")
        elif keep:
            number = importing.store(engine, found, Actor(by, "contributor"), progress)
            say(f"Livraison n° {number}, gardée comme brouillon.")
    engine.dispose()


@deliveries.command("list", cls=FrenchCommand)
def list_deliveries() -> None:
    """Lister les livraisons, de la plus récente à la plus ancienne."""
    import sqlalchemy as sa

    from indicators.lifecycle import STATES
    from indicators.tables import Delivery

    engine = _engine()
    with engine.connect() as conn:
        rows = conn.execute(
            sa.select(Delivery.id, Delivery.state, Delivery.submitted_at, Delivery.file).order_by(
                Delivery.id.desc()
            )
        )
        for row in rows:
            say(f"{row.id:>5}  {STATES[row.state]:<10} {_day(row.submitted_at)}  {row.file}")
    engine.dispose()


@deliveries.command("show", cls=FrenchCommand)
def show_delivery(number: Number) -> None:
    """Montrer une livraison : ce qu’elle contient, et son journal."""
    import sqlalchemy as sa

    from indicators.journal import ACTIONS, events
    from indicators.lifecycle import STATES, delivery
    from indicators.tables import Import

    engine = _engine()
    with engine.connect() as conn:
        found = delivery(conn, number)
        say(f"Livraison n° {found.id} ({STATES[found.state]})\u202f: {found.file}")
        say(f"Source\u202f: {found.source} · {found.producer} · {found.licence}")
        say(f"SHA-256\u202f: {found.sha256}")
        kept = sa.select(Import.indicator, Import.period, Import.millesime, Import.levels).order_by(
            Import.indicator, Import.period
        )
        for row in conn.execute(kept.where(Import.delivery_id == number)):
            say(f"  {row.indicator} {row.period}, géographie {row.millesime}, {', '.join(row.levels)}")
        for event in conn.execute(events(number)):
            told = f" ({event.details['reason']})" if "reason" in event.details else ""
            say(f"  {_day(event.at)}  {ACTIONS[event.action]:<20} {event.actor}{told}")
    engine.dispose()


@deliveries.command("validate", cls=FrenchCommand)
def validate_delivery(number: Number, by: By) -> None:
    """Valider un brouillon, sous son nom."""
    from indicators.lifecycle import validate

    _act(by, lambda conn, actor: validate(conn, number, actor))
    say(f"La livraison n° {number} est validée.")


@deliveries.command("refuse", cls=FrenchCommand)
def refuse_delivery(number: Number, by: By, reason: Reason) -> None:
    """Refuser une livraison, en disant pourquoi."""
    from indicators.lifecycle import refuse

    _act(by, lambda conn, actor: refuse(conn, number, actor, reason))
    say(f"La livraison n° {number} est refusée.")


@deliveries.command("release", cls=FrenchCommand)
def release_validated(number: Number, by: By) -> None:
    """Diffuser une livraison validée, et publier ce qui en dépend."""
    from indicators.lifecycle import release_delivery

    _change(by, lambda conn, actor: release_delivery(conn, number, actor))
    say(f"La livraison n° {number} est publiée.")


@deliveries.command("withdraw", cls=FrenchCommand)
def withdraw(number: Number, by: By, reason: Reason) -> None:
    """Annuler une livraison diffusée : ce qu’elle avait remplacé est publié à nouveau."""
    from indicators.lifecycle import withdraw_delivery

    _change(by, lambda conn, actor: withdraw_delivery(conn, number, actor, reason))
    say(f"La livraison n° {number} est retirée, l’état d’avant est publié.")


@recipes.command("list", cls=FrenchCommand)
def list_recipes() -> None:
    """Lister les recettes : celles du produit, et celles gardées ici."""
    from indicators.imports.recipes import known_recipes

    engine = _engine()
    with engine.connect() as conn:
        for name, mapping in sorted(known_recipes(conn).items()):
            say(f"{name:<32} {mapping.title or mapping.source}")
    engine.dispose()


@recipes.command("show", cls=FrenchCommand)
def show_recipe(name: Annotated[str, typer.Argument(help="Nom de la recette.", metavar="NOM")]) -> None:
    """Montrer une recette, en TOML."""
    from indicators.imports.mapping import recipe
    from indicators.imports.recipes import known_recipes

    engine = _engine()
    with engine.connect() as conn:
        say((known_recipes(conn).get(name) or recipe(name)).to_toml())
    engine.dispose()


@releases.command("list", cls=FrenchCommand)
def list_releases() -> None:
    """Lister les publications, de la plus récente à la plus ancienne."""
    import sqlalchemy as sa

    from indicators.tables import Release, Withdrawal

    engine = _engine()
    with engine.connect() as conn:
        rows = conn.execute(
            sa.select(Release.id, Release.published_at, Release.published_by, Withdrawal.withdrawn_at)
            .outerjoin(Withdrawal, Withdrawal.release_id == Release.id)
            .order_by(Release.id.desc())
        )
        for row in rows:
            gone = f", retirée le {_day(row.withdrawn_at)}" if row.withdrawn_at else ""
            say(f"{row.id:>5}  {_day(row.published_at)}  {row.published_by}{gone}")
    engine.dispose()


@releases.command("publish", cls=FrenchCommand)
def publish(
    by: By,
    close: Annotated[
        str,
        typer.Option(
            "--close-earlier",
            help="Fermer les publications antérieures, pour restreindre ce qu’elles montrent ; dire pourquoi.",
            metavar="TEXTE",
        ),
    ] = "",
) -> None:
    """Publier ce qui a été décidé : livraisons diffusées, règles de diffusion."""
    from api.publishing import change
    from indicators.actors import Actor

    engine = _engine()
    with shown(console) as progress:
        change(engine, lambda conn, actor: None, Actor(by, "validator"), progress, close=close)
    engine.dispose()
    say("Tout est publié.")


@releases.command("withdraw", cls=FrenchCommand)
def withdraw_published(number: Number, by: By, reason: Reason) -> None:
    """Retirer une publication : la précédente est servie à nouveau, celle-ci garde sa trace."""
    from indicators.lifecycle import withdraw_release

    _act(by, lambda conn, actor: withdraw_release(conn, number, actor, reason))
    say(f"La publication n° {number} est retirée.")


def _act(by: str, act: Any) -> None:
    """Make a change of state that publishes nothing."""
    from indicators.actors import Actor

    engine = _engine()
    with engine.begin() as conn:
        act(conn, Actor(by, "validator"))
    engine.dispose()


def _change(by: str, act: Any) -> None:
    """Make a change to what feeds the publication, and publish."""
    from api.publishing import change
    from indicators.actors import Actor

    engine = _engine()
    with shown(console) as progress:
        change(engine, act, Actor(by, "validator"), progress)
    engine.dispose()


def _engine() -> "sa.Engine":
    from api.migrate import migrate

    engine = open_database(read_settings(), say)
    migrate(engine)
    return engine


def _reported(path: Path, found: Any) -> str:
    from indicators.imports import report

    if path.suffix == ".json":
        whole = report.as_json(found.diagnosis, found.decisions)
        return json.dumps(whole, ensure_ascii=False, indent=1)
    if path.suffix == ".csv":
        return report.as_csv(found.diagnosis, found.decisions)
    raise Invalid(f"Rapport en «\u202f{path.suffix}\u202f»\u202f: .csv (ligne par ligne) ou .json sont acceptés.")


def _read(path: Path) -> str:
    if not path.is_file():
        raise Invalid(f"Il n’y a pas de fichier «\u202f{path.name}\u202f» à cet endroit.")
    return path.read_text(encoding="utf-8")


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    say(f"Écrit\u202f: {path.name}")


def _day(moment: datetime) -> str:
    from geo.clock import PARIS

    return f"{moment.astimezone(PARIS):%d/%m/%Y %H:%M}"
