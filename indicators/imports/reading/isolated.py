"""Formats that are read whole by a library (workbooks, Parquet, GeoPackage, JSON-stat), in a process of their own.

The process has a ceiling of memory, of time and of disk, and none of the product's secrets; what it reads comes
back as text in an anonymous file. A hostile file can only end that process.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import pandas as pd

from indicators.imports.reading import limits
from indicators.imports.reading.content import Content
from indicators.imports.reading.frames import frame
from indicators.imports.reading.limits import FileTooLarge, UnreadableFile, quoted
from indicators.imports.reading.spool import Kept, Spool
from indicators.imports.sheets import Sheet

ROOT = Path(__file__).resolve().parents[3]


def convert(family: str, path: Path, name: str, file: BinaryIO | None = None) -> Content:
    """Return the sheets of a file, read by the reader of its family (`reading.worker`).

    `file` is an open file without a name on the disk; `path` then leads to it in the process. Raises the error
    of the reader, FileTooLarge when a ceiling is hit, UnreadableFile when the process ends in any other way.
    """
    spool = Spool()
    passed = (spool.descriptor, *((file.fileno(),) if file else ()))
    command = [
        sys.executable,
        "-m",
        "indicators.imports.reading.worker",
        family,
        str(path),
        name,
        str(spool.descriptor),
    ]
    environment = {key: os.environ[key] for key in ("PATH", "LANG", "LC_ALL", "TMPDIR") if key in os.environ}
    environment |= {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"}
    try:
        done = subprocess.run(  # noqa: S603 (our own interpreter, arguments never read by a shell)
            command, env=environment, pass_fds=passed, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, timeout=2 * limits.SECONDS.value, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise limits.SECONDS.exceeded(name) from None
    answer = _answer(done, name)
    sheets = tuple(
        Sheet(kept.name, partial(_batches, spool, kept)) for kept in (Kept(**told) for told in answer["sheets"])
    )
    return Content(sheets, answer["form"], tuple(answer["remarks"]))


def _answer(done: subprocess.CompletedProcess[bytes], name: str) -> dict[str, Any]:
    if done.returncode == -signal.SIGXCPU:
        raise limits.SECONDS.exceeded(name)
    if done.returncode in (-signal.SIGABRT, -signal.SIGKILL):
        raise limits.MEMORY_BYTES.exceeded(name)
    try:
        answer: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        raise UnreadableFile(f"{quoted(name)} est abîmé\u202f: sa lecture s’est interrompue.") from None
    if "too_large" in answer:
        raise FileTooLarge(answer["too_large"])
    if "unreadable" in answer:
        raise UnreadableFile(answer["unreadable"])
    return answer


def _batches(spool: Spool, kept: Kept) -> Iterator[pd.DataFrame]:
    line = 1
    for batch in spool.batches(kept):
        yield frame(batch.columns, range(line, line + batch.num_rows), kept.width)
        line += batch.num_rows
