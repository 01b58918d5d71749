"""The values of a delivery, read through its mapping with the accepted repairs and only those."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from geo.errors import Invalid, NotFound
from indicators.imports.blocks import LEVELS, Block, blocks, refuse_sums, statuses
from indicators.imports.findings import Repair
from indicators.imports.layout import Column, Layout, layouts
from indicators.imports.mapping import Mapping
from indicators.imports.numbers import CODE_OF, PRESENT, STATUSES
from indicators.imports.reference import Reference
from indicators.imports.sheets import Delivered
from indicators.statuses import Status

ROWS = 500_000  # values in a frame

# When rows are added up, what is worst said of one is said of the sum; an absent part leaves no sum.
WORST = (
    Status.OBSERVED,
    Status.PROVISIONAL,
    Status.ESTIMATED,
    Status.PARTIAL,
    Status.NOT_SIGNIFICANT,
    Status.NOT_APPLICABLE,
    Status.IMPOSSIBLE,
    Status.MISSING,
    Status.SECRET,
)
SEVERITY = np.array([WORST.index(status) for status in STATUSES], dtype=np.int8)
KEYS = ["indicator", "period", "level", "code"]


def values(
    delivered: Delivered, mapping: Mapping, reference: Reference, accepted: Collection[Repair] = ()
) -> Iterator[pd.DataFrame]:
    """Yield frames of values: indicator, period, level, code, value, status, line, sheet.

    `value` is float64 in the indicator's unit, NaN when absent; `status` says why. Codes that are no loaded
    territory of the mapping's millesime, and cells that would have to be repaired, give no value. Rows of one
    territory are added up where the mapping says so, and then come last, in one frame, on their first line: an
    absent part leaves the sum absent. All columns but `code`, `value` and `line` are categorical.

    Raises Invalid when the mapping does not fit the file or sums what does not add up, NotFound when its
    millesime is not loaded, Conflict when a repaired cell is not what it was.
    """
    require_millesime(mapping, reference)
    refuse_sums(mapping)
    summed: list[pd.DataFrame] = []
    for layout in layouts(delivered, mapping):
        if layout.table.checked_only:
            continue
        _require(layout)
        for frame in _frames(layout, mapping, reference, accepted):
            if mapping.duplicates == "sum":
                summed.append(_sums(frame))
                if len(summed) > 20:
                    summed = [_sums(pd.concat(summed, ignore_index=True))]
            else:
                yield frame
    if summed:
        total = _sums(pd.concat(summed, ignore_index=True))
        total["status"] = statuses(_rank(total.pop("worst")))
        for name in ("indicator", "period", "level", "sheet"):
            total[name] = total[name].astype("category")
        yield total[[*KEYS, "value", "status", "line", "sheet"]]


def require_millesime(mapping: Mapping, reference: Reference) -> int:
    """Return the millesime of a mapping. Raises Invalid without one, NotFound when it is not loaded."""
    known = ", ".join(map(str, reference.millesimes)) or "aucun"
    if mapping.millesime is None:
        raise Invalid(f"La recette ne dit pas le millésime des codes. Millésimes chargés : {known}.")
    if mapping.millesime not in reference.millesimes:
        raise NotFound(f"Millésime {mapping.millesime} non chargé. Millésimes chargés : {known}.")
    return mapping.millesime


def _require(layout: Layout) -> None:
    if layout.absent:
        names = ", ".join(f"« {name} »" for name in layout.absent)
        given = ", ".join(f"« {name} »" for name in layout.headings[:20])
        raise Invalid(
            f"Feuille « {layout.sheet.name} » : colonne attendue par la recette introuvable ({names}). "
            f"Colonnes de la feuille : {given}."
        )


def _frames(
    layout: Layout, mapping: Mapping, reference: Reference, accepted: Collection[Repair]
) -> Iterator[pd.DataFrame]:
    names = Names()
    waiting: list[Part] = []
    size = 0
    for block in blocks(layout, mapping, reference, accepted):
        territories = block.codes.dictionary_encode()
        for column in layout.columns:
            part = _part(block, column, territories, names)
            if len(part.value):
                waiting.append(part)
                size += len(part.value)
            if size >= ROWS:
                yield _together(waiting, layout, names)
                waiting, size = [], 0
    if waiting:
        yield _together(waiting, layout, names)


class Names:
    """Texts that come again and again, each kept once and known by its rank."""

    def __init__(self) -> None:
        self.ranks: dict[str, int] = {}

    def rank(self, text: str) -> int:
        """Return the rank of a text."""
        return self.ranks.setdefault(text, len(self.ranks))

    def category(self, ranks: NDArray[np.int32]) -> pd.Categorical:
        """Return the texts of some ranks."""
        used, compact = np.unique(ranks, return_inverse=True)
        texts = list(self.ranks)
        return pd.Categorical.from_codes(compact, categories=[texts[rank] for rank in used])


@dataclass(frozen=True)
class Part:
    """The values of one column of a block; ranks are of Names, levels of LEVELS, statuses of STATUSES."""

    indicator: NDArray[np.int32]
    period: NDArray[np.int32]
    level: NDArray[np.int8]
    code: pa.Array
    value: NDArray[np.float64]
    status: NDArray[np.int8]
    line: NDArray[np.int64]


def _part(block: Block, column: Column, territories: pa.Array, names: Names) -> Part:
    read = block.figures(column)
    period = block.period_of(column)
    rows = block.rows_of(column) & (block.level >= 0) & (read.problem == 0)
    rows = rows & (bool(period) if isinstance(period, str) else period != "")
    found = rows.nonzero()[0]
    if isinstance(period, str):
        told = np.full(len(found), names.rank(period), dtype=np.int32)
    else:
        told = np.fromiter(map(names.rank, period[found]), dtype=np.int32, count=len(found))
    value = read.value[found]
    return Part(
        indicator=np.full(len(found), names.rank(column.measure.indicator), dtype=np.int32),
        period=told,
        level=block.level[found],
        code=territories if len(found) == len(rows) else territories.take(pa.array(found)),
        value=value * column.measure.factor if column.measure.factor != 1 else value,
        status=read.status[found],
        line=block.lines[found],
    )


def _together(parts: list[Part], layout: Layout, names: Names) -> pd.DataFrame:
    codes = pa.chunked_array([part.code for part in parts]).cast(pa.large_string())
    count = len(codes)
    return pd.DataFrame(
        {
            "indicator": names.category(np.concatenate([part.indicator for part in parts])),
            "period": names.category(np.concatenate([part.period for part in parts])),
            "level": pd.Categorical.from_codes(
                np.concatenate([part.level for part in parts]), categories=[str(level) for level in LEVELS]
            ),
            "code": codes.to_pandas(),
            "value": np.concatenate([part.value for part in parts]),
            "status": statuses(np.concatenate([part.status for part in parts])),
            "line": np.concatenate([part.line for part in parts]),
            "sheet": pd.Categorical.from_codes(np.zeros(count, dtype=np.int8), categories=[layout.sheet.name]),
        }
    )


def _sums(frame: pd.DataFrame) -> pd.DataFrame:
    """One row per territory, of values or of former sums; `worst` ranks what is said of the parts."""
    if "worst" not in frame:
        frame = frame.assign(worst=SEVERITY[frame["status"].cat.codes.to_numpy()])
    for name in ("indicator", "period", "level", "sheet"):
        frame[name] = frame[name].astype(object)
    grouped = frame.groupby(KEYS, sort=False, observed=True)
    found = grouped.agg(worst=("worst", "max"), line=("line", "first"), sheet=("sheet", "first"))
    found["value"] = grouped["value"].sum(min_count=1)
    absent = ~found["worst"].isin([WORST.index(status) for status in PRESENT])
    found.loc[absent, "value"] = np.nan
    return found.reset_index()


def _rank(worst: "pd.Series[int]") -> NDArray[np.int8]:
    ranks: NDArray[np.int8] = np.array([CODE_OF[status] for status in WORST], dtype=np.int8)[worst.to_numpy()]
    return ranks
