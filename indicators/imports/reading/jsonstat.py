"""JSON-stat 2.0: a dataset, or each dataset of a collection, as a long table.

One column per dimension (its codes), then `value` and `status`; the names of the columns are the first row. Cells
are in row-major order, the last dimension first to move (json-stat.org/full, « value »).

Runs in the process of `reading.worker`, since a JSON is read whole.
"""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from indicators.imports.reading import limits
from indicators.imports.reading.cells import text_of
from indicators.imports.reading.limits import UnreadableFile, quoted
from indicators.imports.reading.spool import CELLS_PER_BATCH, SpoolWriter, headed


def convert(path: Path, name: str, spool: SpoolWriter) -> tuple[dict[str, str], list[str]]:
    """Keep every dataset; return the form and the remarks. Raises UnreadableFile or FileTooLarge."""
    limits.JSON_BYTES.check(path.stat().st_size, name)
    try:
        told = orjson.loads(path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        raise UnreadableFile(
            f"{quoted(name)} est un JSON abîmé, tronqué, trop imbriqué ou qui n’est pas en UTF-8."
        ) from None
    datasets = _datasets(told, name)
    for number, dataset in enumerate(datasets, start=1):
        label = str(dataset.get("label") or "") or (name if len(datasets) == 1 else f"jeu {number}")
        try:
            _keep(dataset, label, name, spool)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError):
            raise UnreadableFile(
                f"{quoted(name)}\u202f: le jeu {quoted(label)} n’est pas un JSON-stat 2.0 cohérent "
                "(dimensions, tailles, catégories et valeurs ne s’accordent pas)."
            ) from None
    return {"format": "JSON-stat", "encoding": "UTF-8"}, []


def _datasets(told: Any, name: str) -> list[dict[str, Any]]:
    kind = told.get("class") if isinstance(told, dict) else None
    if kind == "dataset":
        return [told]
    items = told.get("link", {}).get("item", []) if kind == "collection" else []
    found = [
        item for item in items if isinstance(item, dict) and item.get("class") == "dataset" and "size" in item
    ]
    if not found:
        what = "un GeoJSON" if isinstance(told, dict) and told.get("type") == "FeatureCollection" else "un JSON"
        raise UnreadableFile(
            f"{quoted(name)} est {what}, pas un JSON-stat 2.0 (« class » vaut « dataset », "
            "ou « collection » de jeux entiers)."
        )
    return found


def _keep(dataset: dict[str, Any], label: str, name: str, spool: SpoolWriter) -> None:
    dimensions, sizes = [str(key) for key in dataset["id"]], [int(size) for size in dataset["size"]]
    codes = [_codes(dataset["dimension"][key]["category"]) for key in dimensions]
    if [len(found) for found in codes] != sizes or not sizes:
        raise ValueError
    count = math.prod(sizes)
    values, statuses = dataset["value"], dataset.get("status")
    # A sparse dataset says only the cells that exist: a short file may then stand for a huge cube.
    places = (
        np.arange(count) if isinstance(values, list) and count == len(values) else _places(values, statuses, count)
    )
    rows = headed([*dimensions, "value", "status"], _batches(codes, sizes, places, values, statuses))
    spool.columns(label, len(codes) + 2, rows)


def _codes(category: dict[str, Any]) -> list[str]:
    """The codes of a dimension in order; without an index it has one category, which its label names."""
    index = category.get("index", list(category.get("label", {})))
    ordered = sorted(index, key=index.__getitem__) if isinstance(index, dict) else index
    return [str(code) for code in ordered]


def _places(values: Any, statuses: Any, count: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    known = set(values) | (set(statuses) if isinstance(statuses, dict) else set())
    places = np.array(sorted(int(place) for place in known), dtype=np.int64)
    if isinstance(values, list) or (len(places) and not 0 <= places[0] <= places[-1] < count):
        raise ValueError
    return places


def _batches(
    codes: list[list[str]], sizes: list[int],
    places: np.ndarray[Any, np.dtype[np.int64]], values: Any, statuses: Any,
) -> Iterator[list[pa.Array]]:  # fmt: skip
    step = max(1, CELLS_PER_BATCH // (len(codes) + 2))
    categories = [pa.array(found, pa.string()) for found in codes]
    for start in range(0, len(places), step):
        here = places[start : start + step]
        columns = [
            found.take(pa.array(at)) for found, at in zip(categories, np.unravel_index(here, sizes), strict=True)
        ]
        cells = here.tolist()
        columns.append(pa.array([text_of(_at(values, place)) for place in cells], pa.string()))
        columns.append(pa.array([text_of(_at(statuses, place)) for place in cells], pa.string()))
        yield columns


def _at(told: Any, place: int) -> Any:
    """The value or status of a cell: a list has them all, an object some, a text is the status of every cell."""
    if isinstance(told, list):
        return told[place]
    return told.get(str(place)) if isinstance(told, dict) else told
