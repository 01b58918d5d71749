"""The shipped configuration of nginx, run as it is by an unprivileged process in front of a real server."""

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

SHIPPED = Path(__file__).resolve().parents[2] / "deploy" / "nginx.conf.template"
START_SECONDS = 10
# What a distribution puts around it.
AROUND = """daemon off;
worker_processes 2;
pid nginx.pid;
error_log first.log alert;
events {{ worker_connections 256; }}
http {{
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
    include {shipped};
}}
"""


@dataclass(frozen=True)
class Proxy:
    """A running nginx: its address, and the folder that it writes in."""

    url: str
    folder: Path

    @property
    def log(self) -> list[str]:
        """The lines of the access log."""
        return (self.folder / "access.log").read_text(encoding="utf-8").splitlines()

    @property
    def written(self) -> bytes:
        """Everything that it wrote: its logs, and the files of its cache."""
        return b"".join(one.read_bytes() for one in sorted(self.folder.rglob("*")) if one.is_file())

    def cached(self, needle: bytes) -> bool:
        """Whether a file of the cache holds some bytes."""
        return any(needle in one.read_bytes() for one in (self.folder / "cache").rglob("*") if one.is_file())


@contextmanager
def proxied(server: str, folder: Path) -> Iterator[Proxy]:
    """Give nginx in front of a server, as the shipped configuration makes it."""
    port = _free_port()
    given = {
        "PROXY_LISTEN": f"127.0.0.1:{port}",
        "PROXY_WEB": urlsplit(server).netloc,
        "PROXY_CACHE": str(folder / "cache"),
        "PROXY_LOG": str(folder / "access.log"),
    }
    # as envsubst does in the image of nginx: the names of its environment, and no other
    written = SHIPPED.read_text(encoding="utf-8")
    for name, value in given.items():
        assert f"${{{name}}}" in written
        written = written.replace(f"${{{name}}}", value)
    with _running(folder, port, written):
        yield Proxy(f"http://127.0.0.1:{port}", folder)


@contextmanager
def serving_files(files: Path, folder: Path) -> Iterator[str]:
    """Give the address of nginx sending the files of a folder and writing its log, and doing nothing else."""
    port = _free_port()
    log = folder / "access.log"
    with _running(folder, port, f"server {{ listen 127.0.0.1:{port}; root {files}; access_log {log}; }}"):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def _running(folder: Path, port: int, written: str) -> Iterator[None]:
    """Run nginx by what is written, as what a distribution puts around it."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin") or "/usr/sbin/nginx"
    (folder / "ores.conf").write_text(written, encoding="utf-8")
    (folder / "nginx.conf").write_text(AROUND.format(shipped=folder / "ores.conf"), encoding="utf-8")
    command = [program, "-p", str(folder), "-c", str(folder / "nginx.conf")]
    user = {}
    if os.geteuid() == 0:  # never as root: what it may read and write is what a service may
        nobody = pwd.getpwnam("nobody")
        shutil.chown(folder, nobody.pw_uid, nobody.pw_gid)
        user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    with (folder / "errors.log").open("wb") as errors:
        running = subprocess.Popen(command, stderr=errors, **user)
        try:
            limit = time.monotonic() + START_SECONDS
            while not _answers(port):
                told = (folder / "errors.log").read_text()
                assert running.poll() is None, f"nginx stopped: {told}"
                assert time.monotonic() < limit, f"nginx does not start: {told}"
                time.sleep(0.02)
            yield
        finally:
            running.terminate()
            running.wait(START_SECONDS)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
