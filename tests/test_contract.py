"""The interface and its descriptions, confronted by schemathesis: values that are described, and values that are not.

In the suite, a few of each on the paths of one collection of territories; of the description that the application makes
of itself, what is not written in the other. Everything, for as long as it takes:
`ORES_CONTRACT_EXAMPLES=100 .venv/bin/python -m pytest tests/test_contract.py`, which is `make contract`.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from statuscountry import served

from geo.cluster import Cluster

PROGRAM = Path(sys.executable).with_name("st")
EXAMPLES = int(os.environ.get("ORES_CONTRACT_EXAMPLES", "0"))
ALL = "examples,coverage,fuzzing,stateful"
DESCRIPTIONS = {
    "/api/description": (ALL, "^/($|[^c]|conformance|collections($|/([{]|catalogue|communes)))"),
    "/api/openapi.json": ("coverage", "^/api/collections/[{]collection[}]/items"),  # the rest is the same in both
}
SUPPORT = Path(__file__).with_name("support")
SHORT_SECONDS, LONG_SECONDS = 300, 3_600


@pytest.fixture(scope="module")
def interface(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(cluster, tmp_path_factory.mktemp("contract"), "contract") as (url, _):
        yield url


@pytest.mark.parametrize("address", DESCRIPTIONS)
def test_what_is_described_is_what_is_answered(interface: str, tmp_path: Path, address: str) -> None:
    phases, some = DESCRIPTIONS[address]
    config = Path(__file__).with_name("schemathesis.toml")
    command = [str(PROGRAM), "--config-file", str(config), "run", interface + address, "--no-color"]
    # One at a time: before 3.12, threads that parse Python at once, as hypothesis does, may raise SystemError.
    command += ["--suppress-health-check", "all", "--generation-database", "none", "--seed", "1", "--workers", "1"]
    command += ["--max-examples", str(EXAMPLES or 2), "--phases", ALL if EXAMPLES else phases]
    if not EXAMPLES:
        command += ["--include-path-regex", some]
    told = {"SCHEMATHESIS_HOOKS": "beyondschemas", "PYTHONPATH": f"{SUPPORT}{os.pathsep}{SUPPORT.parents[1]}"}
    limit = LONG_SECONDS if EXAMPLES else SHORT_SECONDS
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=os.environ | told,
        capture_output=True,
        text=True,
        timeout=limit,
        check=False,
    )
    assert done.returncode == 0, (
        "\n".join(line[:300] for line in done.stdout.splitlines()[-200:]) + done.stderr[-2000:]
    )
