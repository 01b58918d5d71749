"""The servers of the comparison, one process each, started by the bench and ended with it."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa
from peers_data import SCHEMA, TABLES

START_SECONDS = 60
HERE = Path(__file__).resolve().parent
ITEMS, TILES, *_ = TABLES


@contextmanager
def ores(kind: str, home: Path, url: str, file: Path | None = None) -> Iterator[str]:
    """Give the address of one of the servers of `peers_serve.py`."""
    port = _free_port()
    command = [sys.executable, str(HERE / "peers_serve.py"), kind, str(port), *([str(file)] if file else [])]
    settings = {"ORES_HOME": str(home), "DATABASE_URL": url, "ORES_REGION": "all"}
    with _running(command, port, "/" if kind == "bare" else "/livez", settings) as address:
        yield address


@contextmanager
def tipg(peers: Path, url: sa.URL) -> Iterator[str]:
    """Give the address of tipg. Its tiles have the buffer of ours and are not cut: the same features are asked."""
    port = _free_port()
    settings = {
        "DATABASE_URL": dsn(url),
        "TIPG_DB_SCHEMAS": json.dumps([SCHEMA]),
        "TIPG_TILE_BUFFER": "64",
        "TIPG_MAX_FEATURES_PER_TILE": "100000",
        "TIPG_CATALOG_TTL": "0",
    }
    served = ["tipg.main:app", "--port", str(port), "--loop", "uvloop", "--http", "httptools"]
    command = [str(peers / "tipg/bin/uvicorn"), *served, "--log-level", "warning", "--no-access-log"]
    with _running(command, port, "/collections", settings) as address:
        yield address


@contextmanager
def pygeoapi(peers: Path, url: sa.URL, folder: Path) -> Iterator[str]:
    """Give the address of pygeoapi behind one process of gunicorn with a thread for each connection."""
    port = _free_port()
    config, described = folder / "pygeoapi.yml", folder / "openapi.yml"
    config.write_text(json.dumps(_pygeoapi(url, port)))  # JSON is YAML
    settings = {"PYGEOAPI_CONFIG": str(config), "PYGEOAPI_OPENAPI": str(described)}
    program = peers / "pygeoapi/bin"
    made = [str(program / "pygeoapi"), "openapi", "generate", str(config), "--output-file", str(described)]
    done = subprocess.run(  # noqa: S603
        made, env=os.environ | settings, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    command = [str(program / "gunicorn"), "pygeoapi.flask_app:APP", "--workers", "1", "--threads", "8"]
    command += ["--bind", f"127.0.0.1:{port}", "--timeout", "300", "--log-level", "warning"]
    with _running(command, port, "/conformance?f=json", settings) as address:
        yield address


def _pygeoapi(url: sa.URL, port: int) -> Mapping[str, object]:
    data = {
        "host": url.query["host"],
        "port": int(str(url.query.get("port", 5432))),
        "dbname": url.database,
        "user": url.username,
        "password": url.password or "",
        "search_path": [SCHEMA, "public"],
    }

    def provider(kind: str, name: str, table: str, crs: str) -> dict[str, object]:
        return {
            "type": kind, "name": name, "data": data, "id_field": "id", "table": table, "geom_field": "geom",
            "crs": [crs], "storage_crs": crs,
        }  # fmt: skip

    def collection(title: str, one: dict[str, object]) -> dict[str, object]:
        return {
            "type": "collection", "title": title, "description": title, "keywords": [title],
            "links": [{"type": "text/html", "rel": "about", "title": title, "href": "http://127.0.0.1/"}],
            "extents": {"spatial": {"bbox": [-180, -90, 180, 90], "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84"}},
            "providers": [one],
        }  # fmt: skip

    items = provider("feature", "PostgreSQL", ITEMS, "http://www.opengis.net/def/crs/OGC/1.3/CRS84")
    resources = {ITEMS: collection(ITEMS, items)}
    tiles = provider("tile", "MVT-postgresql", TILES, "http://www.opengis.net/def/crs/EPSG/0/3857")
    tiles |= {
        "options": {"zoom": {"min": 0, "max": 22}},
        "format": {"name": "pbf", "mimetype": "application/vnd.mapbox-vector-tile"},
    }
    resources[TILES] = collection(TILES, tiles)
    return {
        "server": {
            "bind": {"host": "127.0.0.1", "port": port}, "url": f"http://127.0.0.1:{port}",
            "mimetype": "application/json; charset=UTF-8", "encoding": "utf-8", "language": "en-US", "gzip": False,
            "limits": {"default_items": 10, "max_items": 10_000},
            "map": {"url": "http://127.0.0.1/{z}/{x}/{y}.png", "attribution": ""},
        },
        "logging": {"level": "ERROR"},
        "metadata": {
            "identification": {
                "title": "x", "description": "x", "keywords": ["x"], "keywords_type": "theme",
                "terms_of_service": "x", "url": "http://127.0.0.1/",
            },
            "license": {"name": "x", "url": "http://127.0.0.1/"},
            "provider": {"name": "x", "url": "http://127.0.0.1/"},
            "contact": {"name": "x", "email": "x@example.org", "url": "http://127.0.0.1/"},
        },
        "resources": resources,
    }  # fmt: skip


def dsn(url: sa.URL) -> str:
    """Return the address of a database as asyncpg and tipg read it, the folder of its socket in the place of a host."""
    socket_folder = quote(str(url.query["host"]), safe="")
    return f"postgresql://{url.username}@{socket_folder}:{url.query.get('port', 5432)}/{url.database}"


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextmanager
def _running(command: Sequence[str], port: int, probe: str, settings: Mapping[str, str]) -> Iterator[str]:
    address = f"http://127.0.0.1:{port}"
    given = {name: value for name, value in os.environ.items() if not name.startswith("ORES_")}
    running = subprocess.Popen(command, env=given | settings)  # noqa: S603
    try:
        limit = time.monotonic() + START_SECONDS
        while not _answers(address + probe):
            if running.poll() is not None or time.monotonic() > limit:
                raise RuntimeError(f"{Path(command[0]).name} does not start")
            time.sleep(0.1)
        yield address
    finally:
        running.terminate()
        try:
            running.wait(15)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=20) as answer:  # noqa: S310
            answered: bool = answer.status == 200
            return answered
    except urllib.error.HTTPError:
        raise
    except OSError:
        return False
