"""The private PostGIS server: created, started and stopped by the product under its data folder.

It listens on a unix socket alone, in a folder closed to other accounts, which is what protects it: whoever
passes the folder is trusted (the account that runs it, and root). Nothing here knows what is stored in it.
"""

import os
import secrets
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import psycopg.sql
import sqlalchemy as sa

from geo.cluster import place as places
from geo.cluster import postgres, processes, tuning
from geo.cluster.account import Account, account_for
from geo.cluster.errors import ClusterError, NoCluster
from geo.cluster.lock import locked
from geo.cluster.place import Place

__all__ = ["Cluster", "ClusterError", "NoCluster"]

ROLE = "ores"
DATABASE = "ores"
ADMINISTRATOR = "postgres"
EXTENSIONS = ("postgis", "btree_gist")
UNFINISHED = "data.unfinished-"
START_SECONDS = 180
PORT = "5432"  # part of the name of the socket; nothing listens on the network


class Cluster:
    """The private server of one data folder; every act may be repeated, interrupted or run twice at once."""

    def __init__(
        self, home: Path, *, ephemeral: bool = False, say: Callable[[str], None] = lambda sentence: None
    ) -> None:
        """Describe the server of `home`, without touching anything.

        An `ephemeral` server trades durability for speed: it is for tests. `say` is told, in French, what the
        person should know.
        """
        self.home = home.resolve()
        self.ephemeral = ephemeral
        self._say = say

    @property
    def place(self) -> Place:
        """Return where its files are. Raises NoCluster when it was never created."""
        place = places.recorded(self.home)
        if place is None:
            raise NoCluster(
                "Le serveur PostGIS privé n’existe pas encore\u202f: créez-le avec «\u202fores db start\u202f»."
            )
        return place

    @property
    def url(self) -> str:
        """Return its SQLAlchemy URL, for the role that owns the database and is no superuser."""
        return self._url(ROLE, DATABASE)

    @property
    def admin_url(self) -> str:
        """Return the URL of the superuser, for what only he can do."""
        return self._url(ADMINISTRATOR, DATABASE)

    def create(self) -> None:
        """Make the server's files, whole or not at all: an interrupted creation starts again from nothing."""
        with locked(self.home):
            self._create()

    def start(self) -> None:
        """Create the server if needed, start it if needed, and return once it answers."""
        with locked(self.home):
            place = self._create()
            if processes.server(place) is None or not self._answers(place):
                self._launch(place)
                if not self._answers(place):
                    raise ClusterError(
                        f"Le serveur PostGIS privé s’arrête aussitôt lancé (journal\u202f: {place.log})"
                    )
            if not place.ready.exists():
                self._equip(place)

    def stop(self) -> None:
        """Stop the server, closing its connections; nothing if it does not run."""
        if places.recorded(self.home) is None:
            return
        with locked(self.home):
            self._halt(self.place)

    def running(self) -> bool:
        """Return whether the server runs."""
        place = places.recorded(self.home)
        return place is not None and processes.server(place) is not None

    def remove(self) -> None:
        """Stop the server and delete its data."""
        place = places.recorded(self.home)
        if place is None:
            return
        with locked(self.home):
            self._halt(place)
            places.forget(self.home, place)

    # --- steps; each is called with the lock held ---

    def _create(self) -> Place:
        place = places.recorded(self.home) or self._adopt()
        account = account_for(place.data if place else self.home / places.INSIDE)
        if place is not None and (place.data / "PG_VERSION").exists():
            return place
        program = postgres.find()
        self._sweep(place)
        if place is None or not account.can_write(place.state):
            place = places.choose(self.home, account, ephemeral=self.ephemeral, say=self._say)
        for leftover in (*place.state.glob(f"{UNFINISHED}*"), place.data):
            shutil.rmtree(leftover, ignore_errors=True)
        # A name of its own: the initdb of a killed command may still be writing in the former one.
        unfinished = place.state / f"{UNFINISHED}{secrets.token_hex(4)}"
        place.ready.unlink(missing_ok=True)
        command = [program.program("initdb"), "--pgdata", unfinished.name, "--username", ADMINISTRATOR]
        command += ["--encoding", "UTF8", "--locale", "C.UTF-8", "--auth", "trust", "--no-instructions"]
        command += ["--no-sync"] if self.ephemeral else ["--data-checksums"]
        done = account.run(command, cwd=place.state)
        if done.returncode != 0:
            raise ClusterError(f"La création du serveur PostGIS privé a échoué\u202f: {_last_words(done.stderr)}")
        unfinished.rename(place.data)
        return place

    def _adopt(self) -> Place | None:
        """Return the place of a data folder that was moved here with its files, if it was."""
        former = places.moved(self.home)
        if former is None:
            return None
        if processes.survivors(former):
            raise ClusterError(
                "Ce dossier de données a été déplacé ou copié pendant que son serveur PostGIS tournait\u202f: "
                "arrêtez ce serveur là où il a été lancé, puis relancez la commande."
            )
        return places.rename(self.home, former)

    def _launch(self, place: Place) -> None:
        account = account_for(place.data)
        program = postgres.find(int((place.data / "PG_VERSION").read_text()))
        processes.clear_stale(place)
        _make_sockets(place, account)
        self._configure(place, account)
        # Relative paths from the state folder: pg_ctl passes them to a shell.
        command = [program.program("pg_ctl"), "start", "--pgdata", place.data.name, "--log", place.log.name]
        command += ["--wait", "--timeout", str(START_SECONDS), "-o", f"-c cluster_name={place.name}"]
        place.log.unlink(missing_ok=True)
        done = account.run(command, cwd=place.state, timeout=START_SECONDS + 30)
        if done.returncode != 0:
            words = _last_words(place.log.read_text(errors="replace") if place.log.exists() else done.stderr)
            raise ClusterError(
                f"Le serveur PostGIS privé n’a pas démarré\u202f: {words} (journal\u202f: {place.log})"
            )

    def _configure(self, place: Place, account: Account) -> None:
        """Write the configuration anew: the machine's memory or the product's settings may have changed."""
        settings = tuning.settings(tuning.memory_seen(), os.cpu_count() or 1, ephemeral=self.ephemeral) | {
            "listen_addresses": "",
            "unix_socket_directories": str(place.sockets),
            "unix_socket_permissions": "0700",
            "port": PORT,
            "timezone": "UTC",
            "log_timezone": "UTC",
            "lc_messages": "C",
        }
        lines = [f"{name} = '{value}'" for name, value in settings.items()]
        _write(place.data / "postgresql.conf", "\n".join(lines) + "\n", account)
        _write(place.data / "pg_hba.conf", "local all all trust\n", account)

    def _answers(self, place: Place) -> bool:
        """Return True once the server answers (it may have just been launched), False if it is gone."""
        limit = time.monotonic() + START_SECONDS
        while True:
            try:
                _connect(place, "postgres").close()
                return True
            except psycopg.OperationalError as error:
                if processes.server(place) is None:
                    return False
                if time.monotonic() > limit:
                    words = f"{_last_words(str(error))} (journal\u202f: {place.log})"
                    raise ClusterError(f"Le serveur PostGIS privé ne répond pas\u202f: {words}") from error
                time.sleep(0.05)

    def _equip(self, place: Place) -> None:
        """Make the role, the database and the extensions; each may already be there."""
        with _connect(place, "postgres") as server:
            server.autocommit = True
            if not server.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone():
                server.execute("CREATE ROLE ores LOGIN CREATEDB CREATEROLE")
            if not server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                server.execute("CREATE DATABASE ores OWNER ores")
        with _connect(place, DATABASE) as database:
            for extension in EXTENSIONS:
                database.execute(
                    psycopg.sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(psycopg.sql.Identifier(extension))
                )
        place.ready.touch()

    def _halt(self, place: Place) -> None:
        if processes.server(place) is None:
            return
        account = account_for(place.data)
        program = postgres.find(int((place.data / "PG_VERSION").read_text()))
        command = [
            program.program("pg_ctl"),
            "stop",
            "--pgdata",
            place.data.name,
            "--wait",
            "--timeout",
            "120",
        ]
        done = account.run([*command, "--mode", "fast"], cwd=place.state)
        if done.returncode != 0 and processes.server(place) is not None:
            raise ClusterError(f"Le serveur PostGIS privé ne s’arrête pas\u202f: {_last_words(done.stderr)}")

    def _sweep(self, kept: Place | None) -> None:
        """Remove what a deleted data folder has left elsewhere, its server first."""
        for state in places.orphans(self.home, kept):
            orphan = Place(state.name.rpartition("-")[2], state)
            self._halt(orphan)
            shutil.rmtree(orphan.sockets, ignore_errors=True)
            shutil.rmtree(state, ignore_errors=True)

    def _url(self, role: str, database: str) -> str:
        address = {"host": str(self.place.sockets), "port": PORT}
        url = sa.URL.create("postgresql+psycopg", username=role, database=database, query=address)
        return url.render_as_string(hide_password=False)


def _connect(place: Place, database: str) -> psycopg.Connection:
    return psycopg.connect(host=str(place.sockets), port=PORT, user=ADMINISTRATOR, dbname=database)


def _make_sockets(place: Place, account: Account) -> None:
    """Make the folder of the socket; in a folder open to all, one made by somebody else is refused."""
    folder = place.sockets
    stranger = folder.is_symlink() or (folder.exists() and folder.stat().st_uid != account.uid)
    if stranger:
        raise ClusterError(f"Le dossier {folder} appartient à un autre compte\u202f: supprimez-le et recommencez.")
    account.give(folder)


def _write(path: Path, text: str, account: Account) -> None:
    path.write_text(text)
    path.chmod(0o600)
    os.chown(path, account.uid, account.gid)


def _last_words(text: str) -> str:
    """Return what explains a failure: the last line that names an error, or the last lines."""
    lines = [line.strip() for line in text.splitlines() if line.strip()] or ["aucune explication"]
    telling = [line for line in lines if any(word in line for word in ("FATAL", "PANIC", "ERROR", "error:"))]
    return telling[-1] if telling else " ".join(lines[-3:])
