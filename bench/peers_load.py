"""Load: what a server answers to eight connections that ask as fast as it does, and what SQL and nginx alone would."""

import json
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

CONNECTIONS = 8
SECONDS = 4
LONGEST_SECONDS = 30
WARM_SECONDS = 1
ROUNDS = 9
ROUND_SECONDS = 1
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


@dataclass(frozen=True)
class Turns:
    """What two servers answered a second, each its median round, and the median ratio of the first to the second."""

    first: float
    second: float
    ratio: float


Asked = tuple[str, Sequence[str]]  # an address, and paths


def by_turns(first: Asked, second: Asked, rounds: int = ROUNDS) -> Turns:
    """Return how fast two servers answer in short rounds one after the other.

    What else the machine does slows both in the same round, and weighs little on their ratio. Who begins alternates.
    """
    rates = []
    for rank in range(rounds):
        order = (0, 1) if rank % 2 else (1, 0)
        found = {one: loaded(*(first, second)[one], ROUND_SECONDS).per_second for one in order}
        rates.append((found[0], found[1]))
    return Turns(
        median(one for one, _ in rates),
        median(other for _, other in rates),
        median(one / other for one, other in rates),
    )


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
