"""The process that reads one untrusted file: ceilings first, then the reader of its family, then a JSON answer.

Started by `reading.isolated`: `worker FAMILY PATH NAME FD`, where FD is the open file that receives the sheets.
"""

import dataclasses
import json
import os
import resource
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from indicators.imports.reading import limits
from indicators.imports.reading.limits import FileTooLarge, UnreadableFile, quoted
from indicators.imports.reading.spool import SpoolWriter

FAMILIES = ("workbooks", "parquet", "geopackage", "jsonstat")
"""Modules of this package; each has `convert(path, name, spool)`, which returns the form and the remarks."""

Reader = Callable[[Path, str, SpoolWriter], tuple[dict[str, str], list[str]]]


def main(family: str, path: Path, name: str, descriptor: int) -> dict[str, object]:
    """Return the answer: where the sheets are, their form and remarks; or the sentence of the error."""
    if family not in FAMILIES:
        raise ValueError(family)
    memory, seconds, size = limits.MEMORY_BYTES.value, limits.SECONDS.value, limits.SPOOL_BYTES.value
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    reader: Reader = import_module(f"indicators.imports.reading.{family}").convert
    try:
        with os.fdopen(descriptor, "wb") as file:
            spool = SpoolWriter(file, name)
            form, remarks = reader(path, name, spool)
    except FileTooLarge as error:
        return {"too_large": error.detail}
    except UnreadableFile as error:
        return {"unreadable": error.detail}
    except MemoryError:
        return {"too_large": limits.MEMORY_BYTES.exceeded(name).detail}
    except OSError as error:
        if error.errno is not None and os.strerror(error.errno) == os.strerror(27):
            return {"too_large": limits.SPOOL_BYTES.exceeded(name).detail}
        return {"unreadable": f"{quoted(name)} est abîmé ou tronqué\u202f: il ne se lit pas jusqu’au bout."}
    except BaseException:
        return {"unreadable": f"{quoted(name)} est abîmé ou tronqué\u202f: il ne se lit pas jusqu’au bout."}
    return {"sheets": [dataclasses.asdict(kept) for kept in spool.sheets], "form": form, "remarks": remarks}


if __name__ == "__main__":
    _, wanted, given, shown, opened = sys.argv
    sys.stdout.write(json.dumps(main(wanted, Path(given), shown, int(opened))))
