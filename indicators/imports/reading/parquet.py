"""Parquet files: the names of the columns as first row, then the rows, group by group.

Runs in the process of `reading.worker`. Geometry, bytes and nested columns have no text: left aside, and said.
"""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from indicators.imports.reading import limits
from indicators.imports.reading.cells import is_text_like, text_column
from indicators.imports.reading.limits import UnreadableFile, quoted
from indicators.imports.reading.spool import CELLS_PER_BATCH, SpoolWriter, headed


def convert(path: Path, name: str, spool: SpoolWriter) -> tuple[dict[str, str], list[str]]:
    """Keep the rows as one sheet; return the form and the remarks. Raises UnreadableFile or FileTooLarge."""
    try:
        file = pq.ParquetFile(path)
        fields = list(file.schema_arrow)
        limits.COLUMNS.check(len(fields), name)
        kept = [number for number, field in enumerate(fields) if is_text_like(field.type)]
        if not kept:
            raise UnreadableFile(f"{quoted(name)} n’a aucune colonne de texte ou de nombres.")
        if len({field.name for field in fields}) < len(fields):
            raise UnreadableFile(f"{quoted(name)} a plusieurs colonnes du même nom.")
        spool.columns(Path(name).stem, len(kept), _batches(file, [fields[n].name for n in kept]))
    except pa.ArrowMemoryError:
        raise limits.MEMORY_BYTES.exceeded(name) from None
    except (pa.ArrowException, OSError):
        raise UnreadableFile(f"{quoted(name)} est un fichier Parquet abîmé ou tronqué.") from None
    aside = [field.name for number, field in enumerate(fields) if number not in kept]
    said = "Colonnes laissées de côté (géométrie, octets ou listes)\u202f: "
    return {"format": "Parquet"}, [said + ", ".join(map(quoted, aside)) + "."] if aside else []


def _batches(file: pq.ParquetFile, names: list[str]) -> Iterator[list[pa.Array]]:
    rows = file.iter_batches(batch_size=max(1, CELLS_PER_BATCH // len(names)), columns=names)
    return headed(names, ([text_column(column) for column in batch.columns] for batch in rows))
