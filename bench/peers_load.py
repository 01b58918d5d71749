"""Load: what a server answers to eight connections that ask as fast as it does, and what SQL and nginx alone would."""

import json
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

CONNECTIONS = 8
SECONDS = 4
LONGEST_SECONDS = 30
WARM_SECONDS = 1
HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Rate:
    """How many requests a second were answered, in how many ms the median one, and of how many bytes on average."""

    per_second: float
    median_ms: float
    mean_bytes: float


def loaded(base: str, paths: Sequence[str], seconds: float = SECONDS, connections: int = CONNECTIONS) -> Rate:
    """Return how fast a server answers some paths, asked in turn. Raises RuntimeError for any answer that is no 200."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as listed:
        listed.write("\n".join(paths) + "\n")
        listed.flush()
        _wrk(base, listed.name, WARM_SECONDS, connections)
        told = _wrk(base, listed.name, seconds, connections)
        while told["requests"] < CONNECTIONS and seconds < LONGEST_SECONDS:  # what is slow is watched for longer
            seconds *= 3
            told = _wrk(base, listed.name, seconds, connections)
    if told["failed"]:
        raise RuntimeError(f"{base}{paths[0]}: {told}")
    taken = told["microseconds"] / 1e6
    answered = max(told["requests"], 1)  # where none came in all this time, one more moment might have brought one
    return Rate(answered / taken, told["median_us"] / 1e3 or taken * 1e3, told["bytes"] / answered)


def _wrk(base: str, listed: str, seconds: float, connections: int) -> dict[str, int]:
    command = [
        "wrk",
        "-t1",
        f"-c{connections}",
        f"-d{seconds:g}s",
        "--timeout",
        "60s",
        "-s",
        str(HERE / "peers.lua"),
    ]
    done = subprocess.run([*command, base, "--", listed], capture_output=True, text=True, check=True)  # noqa: S603
    found: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    return found


def asked_alone(python: Path, dsn: str, statements: Sequence[str], seconds: float = SECONDS) -> float:
    """Return how many statements a second asyncpg has answered, on as many connections, doing nothing of the rows."""
    given = json.dumps(
        {"dsn": dsn, "statements": list(statements), "seconds": seconds, "connections": CONNECTIONS}
    )
    command = [str(python), str(HERE / "peers_sql.py")]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=True)  # noqa: S603
    return float(done.stdout)
