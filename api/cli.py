"""The command `ores`: the commands put together, errors told in one French line, Ctrl-C understood."""

import signal
from types import FrameType

import typer

from api.commands import audit, cog, db, export, imports, keys, load, passage, policy, service
from api.commands.french import FrenchGroup

app = typer.Typer(
    cls=FrenchGroup,
    help="Ores, un observatoire territorial\u202f: cartes et indicateurs des Régions françaises.",
    epilog=(
        "Réglages\u202f: ORES_HOME (dossier de données, .ores), ORES_REGION (code INSEE de la région, ou all), "
        "ORES_HOST, ORES_PORT, DATABASE_URL (un serveur PostGIS à la place du serveur privé)."
    ),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("up", cls=service.FrenchCommand)(service.up)
app.command("serve", cls=service.FrenchCommand)(service.serve)
app.command("stop", cls=service.FrenchCommand)(service.stop)
app.add_typer(db.app, name="db")
app.add_typer(load.app, name="load")
app.command("passage", cls=service.FrenchCommand)(passage.passage)
app.add_typer(cog.app, name="cog")
app.add_typer(keys.app, name="keys")
app.command("import", cls=service.FrenchCommand)(imports.import_)
app.command("audit", cls=service.FrenchCommand)(audit.audit)
app.add_typer(imports.deliveries, name="deliveries")
app.add_typer(imports.recipes, name="recipes")
app.add_typer(imports.releases, name="releases")
app.add_typer(policy.app, name="policy")
app.add_typer(export.app, name="export")


@app.callback()
def main() -> None:
    """Make `kill`, and a terminal that closes, as orderly as Ctrl-C."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup asks
            signal.signal(number, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
