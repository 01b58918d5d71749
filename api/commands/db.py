"""`ores db`: the private PostGIS server, and the schema."""

import typer

from api.commands.french import FrenchCommand, FrenchGroup, say
from api.database import database_url, open_database, private_cluster
from api.settings import Settings, read_settings
from geo.cluster import Cluster
from geo.errors import Conflict
from geo.server import check_server, redacted

app = typer.Typer(
    cls=FrenchGroup, help="Le serveur PostGIS\u202f: démarrer, arrêter, migrer.", no_args_is_help=True
)

NOT_RUNNING = 3  # the status that service scripts give


@app.command(cls=FrenchCommand)
def start() -> None:
    """Démarrer le serveur PostGIS privé, en le créant s’il n’existe pas."""
    cluster = _private(read_settings())
    cluster.start()
    say(f"Le serveur PostGIS privé tourne ({cluster.place.state}).")


@app.command(cls=FrenchCommand)
def stop() -> None:
    """Arrêter le serveur PostGIS privé."""
    cluster = _private(read_settings())
    ran = cluster.running()
    cluster.stop()
    say("Le serveur PostGIS privé est arrêté." if ran else "Le serveur PostGIS privé ne tournait pas.")


@app.command(cls=FrenchCommand)
def status() -> None:
    """Dire si le serveur tourne, et où (statut 3 s’il ne tourne pas)."""
    settings = read_settings()
    cluster = private_cluster(settings)
    if cluster is None:
        report = check_server(database_url(settings))
        say(f"Serveur de DATABASE_URL\u202f: {redacted(database_url(settings))}")
        say(f"PostgreSQL {report.postgresql}, PostGIS {report.postgis}")
        return
    if not cluster.running():
        say("Le serveur PostGIS privé ne tourne pas.")
        raise typer.Exit(NOT_RUNNING)
    report = check_server(cluster.url)
    say(f"Le serveur PostGIS privé tourne\u202f: PostgreSQL {report.postgresql}, PostGIS {report.postgis}")
    say(f"Données\u202f: {cluster.place.data}")
    say(f"Adresse\u202f: {redacted(cluster.url)}")


@app.command(cls=FrenchCommand)
def url() -> None:
    """Afficher l’adresse de la base, pour psql, QGIS ou DATABASE_URL (mot de passe masqué)."""
    settings = read_settings()
    typer.echo(redacted(database_url(settings)))


@app.command(cls=FrenchCommand)
def migrate() -> None:
    """Mettre le schéma de la base à jour, en démarrant le serveur privé s’il le faut."""
    from api.migrate import migrate as apply  # Alembic is slow to import

    engine = open_database(read_settings(), say)
    apply(engine)
    engine.dispose()
    say("Le schéma de la base est à jour.")


@app.command(cls=FrenchCommand)
def remove() -> None:
    """Supprimer le serveur PostGIS privé et toutes ses données."""
    _private(read_settings()).remove()
    say("Le serveur PostGIS privé et ses données sont supprimés.")


def _private(settings: Settings) -> Cluster:
    cluster = private_cluster(settings, say)
    if cluster is None:
        raise Conflict(
            "DATABASE_URL désigne un autre serveur, qu’Ores ne démarre ni n’arrête\u202f: "
            "retirez cette variable pour utiliser le serveur privé."
        )
    return cluster
