"""The private server, for real: each test makes one in its own folder."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from geo.cluster import Cluster, ClusterError, NoCluster, place, postgres, processes, tuning
from geo.cluster.errors import PackageMissing


@pytest.fixture
def home() -> Iterator[Path]:
    """A data folder that PostgreSQL's account can reach (pytest's own are closed)."""
    with tempfile.TemporaryDirectory(prefix="ores-", ignore_cleanup_errors=True) as folder:
        parent = Path(folder)
        parent.chmod(0o755)
        yield parent / "home"
        Cluster(parent / "home").remove()


def ask(url: str, question: str) -> object:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        return connection.scalar(sa.text(question))


def test_it_is_created_started_stopped_and_started_again_with_its_data(home: Path) -> None:
    cluster = Cluster(home, ephemeral=True)
    assert not cluster.running()
    cluster.start()
    assert cluster.running()
    assert home.joinpath("cluster", "data", "PG_VERSION").exists()
    engine = sa.create_engine(cluster.url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE kept AS SELECT ST_Point(1, 2, 4326) AS geom"))
        assert connection.scalar(sa.text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")) is False
        assert connection.scalar(sa.text("SHOW listen_addresses")) == ""

    started = time.monotonic()
    cluster.start()
    assert time.monotonic() - started < 1, "a running server is only greeted"

    cluster.stop()
    assert not cluster.running()
    cluster.stop()
    started = time.monotonic()
    Cluster(home, ephemeral=True).start()
    assert time.monotonic() - started < 2
    assert ask(cluster.url, "SELECT ST_X(geom) FROM kept") == 1.0


def test_its_socket_is_closed_to_other_accounts(home: Path) -> None:
    cluster = Cluster(home, ephemeral=True)
    cluster.start()
    assert cluster.place.sockets.stat().st_mode & 0o777 == 0o700
    assert cluster.place.data.stat().st_mode & 0o077 == 0
    if os.geteuid() == 0:
        refused = subprocess.run(["runuser", "-u", "nobody", "--", "test", "-x", cluster.place.sockets])
        assert refused.returncode == 1


def test_an_unknown_cluster_says_how_to_make_it(home: Path) -> None:
    with pytest.raises(NoCluster, match="ores db start"):
        _ = Cluster(home).url
    Cluster(home).stop()
    assert not home.exists(), "asking leaves no trace"


def test_an_interrupted_creation_starts_again_from_nothing(home: Path) -> None:
    cluster = Cluster(home, ephemeral=True)
    create = "import sys, pathlib, geo.cluster; geo.cluster.Cluster(pathlib.Path(sys.argv[1])).create()"
    process = subprocess.Popen([sys.executable, "-c", create, home])
    while not any(home.glob("cluster/data.unfinished-*/base")):
        assert process.poll() is None
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (home / "cluster" / "data").exists()
    cluster.start()
    assert ask(cluster.url, "SELECT count(*) FROM pg_extension WHERE extname IN ('postgis', 'btree_gist')") == 2


def test_a_half_equipped_server_is_completed(home: Path) -> None:
    cluster = Cluster(home, ephemeral=True)
    cluster.start()
    engine = sa.create_engine(cluster.admin_url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP EXTENSION postgis"))
    cluster.place.ready.unlink()
    cluster.start()
    assert ask(cluster.url, "SELECT postgis_lib_version()")


def test_a_killed_server_starts_again(home: Path) -> None:
    cluster = Cluster(home, ephemeral=True)
    cluster.start()
    pid = processes.server(cluster.place)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    cluster.start()
    assert processes.server(cluster.place) not in (None, pid)
    assert ask(cluster.url, "SELECT 1") == 1


def test_a_stale_process_number_now_of_another_program_is_not_taken_for_the_server(home: Path) -> None:
    cluster = Cluster(home, ephemeral=True)
    cluster.start()
    lines = (cluster.place.data / "postmaster.pid").read_text().split("\n")
    cluster.stop()
    account = cluster.place.data.stat().st_uid
    stranger = subprocess.Popen(["sleep", "60"], user=account if os.geteuid() == 0 else None)
    try:
        # The same account and a live number: PostgreSQL by itself would refuse to start.
        (cluster.place.data / "postmaster.pid").write_text("\n".join([str(stranger.pid), *lines[1:]]))
        assert not cluster.running()
        cluster.start()
        assert cluster.running()
        assert stranger.poll() is None
    finally:
        stranger.terminate()
        stranger.wait()


def test_two_starts_at_once_make_one_server(home: Path) -> None:
    failures: list[Exception] = []

    def start() -> None:
        try:
            Cluster(home, ephemeral=True).start()
        except Exception as failure:
            failures.append(failure)

    threads = [threading.Thread(target=start) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert Cluster(home).running()


def test_a_path_too_long_or_odd_for_a_socket_is_no_obstacle(home: Path) -> None:
    odd = home / ('très long, avec des espaces et un $HOME "cité" ' + "é" * 40)
    cluster = Cluster(odd, ephemeral=True)
    cluster.start()
    try:
        assert ask(cluster.url, "SELECT 1") == 1
        assert not cluster.place.sockets.is_relative_to(odd)
        sockets = cluster.place.sockets
    finally:
        cluster.remove()
    assert not sockets.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server under another account")
def test_a_folder_closed_to_the_account_of_the_server_sends_the_data_elsewhere(home: Path) -> None:
    home.mkdir()
    home.chmod(0o700)
    said: list[str] = []
    cluster = Cluster(home, ephemeral=True, say=said.append)
    cluster.start()
    assert ask(cluster.url, "SELECT 1") == 1
    assert "est fermé au compte «\u202fpostgres\u202f»" in said[0]
    assert str(cluster.place.state) in said[0]
    Cluster(home, say=said.append).start()
    assert len(said) == 1, "said once"
    state = cluster.place.state
    cluster.remove()
    assert not state.exists()
    assert not cluster.running()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root keeps data elsewhere")
def test_what_a_deleted_data_folder_left_elsewhere_is_swept(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = home.parent / "elsewhere"
    monkeypatch.setattr(place, "ELSEWHERE", elsewhere)
    home.mkdir()
    home.chmod(0o700)
    lost = Cluster(home)
    lost.start()
    lost_place = lost.place
    assert lost_place.state.parent == elsewhere
    shutil.rmtree(home)

    home.mkdir()
    home.chmod(0o700)
    found = Cluster(home)
    found.start()
    assert found.place.state != lost_place.state
    assert list(elsewhere.iterdir()) == [found.place.state]
    assert processes.survivors(lost_place) == []


def test_a_moved_data_folder_keeps_its_data(home: Path) -> None:
    cluster = Cluster(home, ephemeral=True)
    cluster.start()
    engine = sa.create_engine(cluster.url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE kept AS SELECT 7 AS n"))
    there = Cluster(home.parent / "there", ephemeral=True)

    home.rename(there.home)
    with pytest.raises(ClusterError, match="déplacé ou copié pendant que son serveur"):
        there.start()
    there.home.rename(home)
    cluster.stop()

    home.rename(there.home)
    try:
        there.start()
        assert ask(there.url, "SELECT n FROM kept") == 7
    finally:
        there.remove()


def test_a_server_that_cannot_start_gives_its_last_words(home: Path) -> None:
    cluster = Cluster(home, ephemeral=True)
    cluster.create()
    (home / "cluster" / "data" / "global" / "pg_control").unlink()
    with pytest.raises(ClusterError, match=r"n’a pas démarré\u202f: .*pg_control.*journal"):
        cluster.start()


def test_data_of_a_version_no_longer_installed_are_refused_by_name(home: Path) -> None:
    Cluster(home).create()
    (home / "cluster" / "data" / "PG_VERSION").write_text("99\n")
    with pytest.raises(PackageMissing, match="apt-get install postgresql-99-postgis-3"):
        Cluster(home).start()


def test_the_package_to_install_is_named(tmp_path: Path) -> None:
    with pytest.raises(PackageMissing, match=r"apt-get install postgresql-15-postgis-3.*DATABASE_URL"):
        postgres.find(programs=tmp_path, shares=tmp_path)
    for version in ("14", "16", "17"):
        (tmp_path / version / "bin").mkdir(parents=True)
        (tmp_path / version / "bin" / "initdb").touch()
    with pytest.raises(PackageMissing, match=r"PostgreSQL 17.*postgresql-17-postgis-3"):
        postgres.find(programs=tmp_path, shares=tmp_path)
    (tmp_path / "16" / "extension").mkdir()
    (tmp_path / "16" / "extension" / "postgis.control").touch()
    assert postgres.find(programs=tmp_path, shares=tmp_path).version == 16


def test_a_damaged_record_is_made_anew(home: Path) -> None:
    home.mkdir()
    (home / "cluster.json").write_text("{")
    Cluster(home).create()
    assert json.loads((home / "cluster.json").read_text())["home"] == str(home)


@pytest.mark.parametrize("memory", [256 * tuning.MIB, tuning.GIB, 24 * tuning.GIB, 1024 * tuning.GIB])
def test_settings_stay_within_the_memory(memory: int) -> None:
    settings = tuning.settings(memory, 2)
    assert int(settings["shared_buffers"].removesuffix("MB")) * tuning.MIB <= max(memory // 4, 2 * tuning.GIB)
    assert "fsync" not in settings
    assert settings["jit"] == "off"
