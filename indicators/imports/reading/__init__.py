"""From any delivered file to sheets of raw text: every format of producers, every hostile file refused in French.

`read` is all that others call. One module per family of formats: `delimited` (CSV, TSV, SDMX-CSV), `members` (ZIP),
and, in a process of their own, `workbooks`, `parquet`, `geopackage`, `jsonstat`. The limits are in `limits`.
"""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from indicators.imports.sheets import Delivered


def read(path: Path, name: str | None = None) -> "Delivered":
    """Return what a file delivers, as text; `name` is the one its sender gave it.

    The file is read whole once (its form, its limits), and anew each time that a sheet's batches are asked for.
    Raises UnreadableFile (Invalid) or FileTooLarge (TooLarge), whose French sentence says what the file is and
    what would be accepted.
    """
    # The process that reads a hostile file imports this package: it must not load what only its caller needs.
    from indicators.imports.reading.delivery import deliver

    return deliver(path, name or path.name)
