"""`ores up`, `ores serve` and `ores stop`: the observatory from nothing to a page, and its end."""

import gc
from concurrent.futures import ThreadPoolExecutor

from api import running
from api.commands.french import FrenchCommand, console, remark, say
from api.database import open_database, private_cluster
from api.settings import Settings, read_settings

__all__ = ["FrenchCommand", "serve", "stop", "up"]


def up() -> None:
    """Tout préparer (base, territoires, indicateurs, pages), puis servir\u202f; Ctrl-C arrête tout."""
    _serve(read_settings(), prepare=True)


def serve() -> None:
    """Servir ce qui est déjà chargé\u202f; Ctrl-C arrête tout."""
    _serve(read_settings(), prepare=False)


def stop() -> None:
    """Arrêter le serveur lancé par «\u202fores up\u202f», et le serveur PostGIS privé."""
    settings = read_settings()
    served = running.stop(settings.home)
    cluster = private_cluster(settings)
    stored = cluster is not None and cluster.running()
    if cluster is not None:
        cluster.stop()
    say("Ores est arrêté." if served or stored else "Ores ne tournait pas.")


def _serve(settings: Settings, *, prepare: bool) -> None:
    gc.disable()  # half a second of the start: nothing that the imports make is garbage
    from api import serving  # uvicorn is slow to import

    cluster = private_cluster(settings, say)
    with running.announced(settings.home), serving.port_taken(settings.host, settings.port) as bound:
        try:
            if prepare:
                _prepare(settings)
            else:
                open_database(settings, say).dispose()
                _collect_garbage()
            serving.serve(bound, lambda: _invite(settings), settings.proxies)
        finally:
            if cluster is not None:
                cluster.stop()
    say("Ores est arrêté.")


def _prepare(settings: Settings) -> None:
    """Do what is not done yet; each step is skipped in an instant when it is."""
    with console.status("Base de données…"), ThreadPoolExecutor(1) as beside:
        opening = beside.submit(open_database, settings, say)
        from api import app, assets, setup  # noqa: F401 - the longest to import, while PostgreSQL starts
        from api.progress import shown

        engine = opening.result()
    _collect_garbage()
    if not assets.is_built():
        with console.status("Fichiers des pages…"):
            assets.build()
    with shown(console) as progress:
        remarks = setup.prepare(engine, settings, progress)
    engine.dispose()
    remark(remarks)


def _collect_garbage() -> None:
    """Collect it from now on; what the imports made stays for ever, and looking at it takes a tenth of a second."""
    gc.freeze()
    gc.enable()


def _invite(settings: Settings) -> None:
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104 - shown only
    address = f"http://{host}:{settings.port}"
    say(f"\nOres est prêt. Ouvrez {address}/cartes")
    say(f"L’interface pour les programmes est à {address}/api\u202f; Ctrl-C pour arrêter.\n")
