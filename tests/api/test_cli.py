"""The command `ores` as people run it: in a process of its own, on a real private server."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import httpx
import pytest
import sqlalchemy as sa

from geo.cluster import Cluster

# `ores` with a page that says "ok" and a preparation as long as PREPARE_SECONDS: what `up` starts, stops and
# says is what is tried here, not what it loads.
# These signals are taken back from a caller that ignores them, as nohup and scripts in the background do.
LAUNCHER = """
import os, signal, sys, time, types
import api.setup
from api import assets, serving

signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

async def page(scope, receive, send):
    if scope["type"] == "lifespan":
        for _ in range(2):
            await send({"type": (await receive())["type"] + ".complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})

def prepare(engine, settings, progress):
    advance = progress("Territoires", 10)
    for _ in range(10):
        time.sleep(float(os.environ.get("PREPARE_SECONDS", 0)) / 10)
        advance(1)
    return ["une remarque"]

api.setup.prepare = prepare
sys.modules["page"] = types.SimpleNamespace(create_app=lambda: page)
serving.FACTORY = "page:create_app"
assets.is_built = lambda: True
from api.cli import app
app(prog_name="ores")
"""


@pytest.fixture
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="ores-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "home"
        Cluster(Path(folder) / "home").remove()


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def environment(home: Path, **others: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    return {**kept, "ORES_HOME": str(home), "COLUMNS": "200", "NO_COLOR": "1", **others}


def ores(home: Path, *arguments: str, **others: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from api.cli import app; app(prog_name='ores')", *arguments]
    return subprocess.run(command, env=environment(home, **others), capture_output=True, text=True, timeout=120)


class Up(Protocol):
    def __call__(self, port: int, **others: str) -> subprocess.Popen[str]: ...


@pytest.fixture
def up(home: Path) -> Iterator[Up]:
    """`ores up` in the background, as many times as asked; none is left at the end."""
    with ExitStack() as started:

        def launch(port: int, **others: str) -> subprocess.Popen[str]:
            process = subprocess.Popen(
                [sys.executable, "-c", LAUNCHER, "up"],
                env=environment(home, ORES_PORT=str(port), **others),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            started.enter_context(process)
            started.callback(process.kill)
            return process

        yield launch


def wait_for_the_page(process: subprocess.Popen[str], port: int) -> None:
    limit = time.monotonic() + 60
    while time.monotonic() < limit:
        assert process.poll() is None, process.communicate()[0]
        try:
            assert httpx.get(f"http://127.0.0.1:{port}/cartes").text == "ok"
            return
        except httpx.TransportError:
            time.sleep(0.05)
    pytest.fail("no page")


def test_help_is_french_and_names_every_command(home: Path) -> None:
    shown = ores(home, "--help").stdout
    for word in ("up", "serve", "stop", "db", "load", "ORES_HOME", "DATABASE_URL", "Commandes", "Afficher"):
        assert word in shown
    options = ores(home, "load", "boundaries", "--help").stdout
    for word in ("--region", "--millesime", "--source", "--file", "par défaut"):
        assert word in options


def test_the_private_server_is_started_told_migrated_and_stopped(home: Path) -> None:
    assert ores(home, "db", "status").returncode == 3
    started = ores(home, "db", "start")
    assert started.returncode == 0, started.stderr
    assert "tourne" in started.stdout
    status = ores(home, "db", "status")
    assert status.returncode == 0
    assert re.search(r"PostgreSQL \d+.*PostGIS 3", status.stdout)

    migrated = ores(home, "db", "migrate")
    assert migrated.returncode == 0, migrated.stderr
    address = ores(home, "db", "url").stdout.strip()
    assert address.startswith("postgresql://ores@")
    psql = shutil.which("psql")
    if psql:
        listed = subprocess.run(
            [psql, address, "-Atc", "SELECT version_num FROM alembic_version"], capture_output=True
        )
        assert listed.stdout.strip()
    engine = sa.create_engine(address.replace("postgresql:", "postgresql+psycopg:"), poolclass=sa.NullPool)
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT version_num FROM alembic_version"))

    assert "arrêté" in ores(home, "db", "stop").stdout
    assert "ne tournait pas" in ores(home, "db", "stop").stdout
    assert ores(home, "db", "remove").returncode == 0
    assert not (home / "cluster").exists()


def test_an_expected_error_is_one_line_and_no_traceback(home: Path) -> None:
    failed = ores(home, "db", "url")
    assert failed.returncode == 1
    assert failed.stdout == ""
    assert failed.stderr.strip().count("\n") == 0
    assert "ores db start" in failed.stderr


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("ORES_PORT", "huit mille", "ORES_PORT doit être un numéro de port"),
        ("ORES_REGION", "Bretagne", "ORES_REGION doit être le code INSEE"),
        ("DATABASE_URL", "mysql://ores:chut@db/ores", "seul PostgreSQL"),
    ],
)
def test_a_wrong_setting_is_named(home: Path, variable: str, value: str, told: str) -> None:
    failed = ores(home, "db", "migrate", **{variable: value})
    assert failed.returncode == 1
    assert told in failed.stderr
    assert "chut" not in failed.stderr


def test_another_server_is_neither_started_nor_shown_with_its_password(home: Path, cluster: Cluster) -> None:
    address = sa.make_url(cluster.url).set(password="chut", drivername="postgresql")  # noqa: S106
    url = address.render_as_string(hide_password=False)
    refused = ores(home, "db", "start", DATABASE_URL=url)
    assert refused.returncode == 1
    assert "DATABASE_URL" in refused.stderr
    status = ores(home, "db", "status", DATABASE_URL=url)
    assert "PostGIS 3" in status.stdout
    assert "chut" not in status.stdout + ores(home, "db", "url", DATABASE_URL=url).stdout
    assert not home.exists(), "nothing private is made"


def test_a_source_that_reads_a_file_asks_for_it(home: Path) -> None:
    assert "--file" in ores(home, "load", "boundaries", "--source", "ign").stderr
    assert "registry, ign, etalab, geo-api" in ores(home, "load", "boundaries", "--source", "insee").stderr
    assert not home.exists()


def test_up_serves_until_stopped_from_elsewhere(home: Path, port: int, up: Up) -> None:
    process = up(port)
    wait_for_the_page(process, port)
    again = up(port)
    assert "tourne déjà" in again.communicate(timeout=60)[0]
    assert again.returncode == 1
    assert Cluster(home).running()

    stopped = ores(home, "stop")
    assert "Ores est arrêté" in stopped.stdout
    told = process.communicate(timeout=60)[0]
    assert process.returncode == 0, told
    assert f"Ouvrez http://127.0.0.1:{port}/cartes" in told
    assert "Territoires\u202f: 10, fait en" in told
    assert "• une remarque" in told
    assert not Cluster(home).running()
    assert "ne tournait pas" in ores(home, "stop").stdout


def test_ctrl_c_stops_the_page_and_the_database(home: Path, port: int, up: Up) -> None:
    process = up(port)
    wait_for_the_page(process, port)
    process.send_signal(signal.SIGINT)
    told = process.communicate(timeout=60)[0]
    assert process.returncode == 0, told
    assert "Ores est arrêté." in told
    assert "Traceback" not in told
    assert not Cluster(home).running()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ctrl_c_during_the_load_says_how_to_resume(home: Path, port: int, up: Up, number: signal.Signals) -> None:
    process = up(port, PREPARE_SECONDS="60")
    limit = time.monotonic() + 60
    while not Cluster(home).running() or not Cluster(home).place.ready.exists():
        assert time.monotonic() < limit
        time.sleep(0.05)
    time.sleep(0.5)
    process.send_signal(number)
    told = process.communicate(timeout=60)[0]
    assert process.returncode == 130, told
    assert "Interrompu… relancez la même commande pour reprendre." in told
    assert "Traceback" not in told
    assert not Cluster(home).running()


def test_a_port_in_use_is_told_before_anything_is_prepared(home: Path, up: Up) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        process = up(port)
        told = process.communicate(timeout=60)[0]
    assert process.returncode == 1
    assert f"Le port {port} est déjà utilisé" in told
    assert "ORES_PORT=" in told
    assert not Cluster(home).running()


def test_a_server_number_left_by_a_crash_is_not_believed(home: Path, port: int, up: Up) -> None:
    home.mkdir()
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        (home / "server.pid").write_text(f"{stranger.pid}\n")
        assert "ne tournait pas" in ores(home, "stop").stdout
        assert stranger.poll() is None
        process = up(port)
        wait_for_the_page(process, port)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert "Ores est arrêté" in ores(home, "stop").stdout, "the database was left running by the crash"
        assert not Cluster(home).running()
    finally:
        stranger.terminate()
        stranger.wait()
