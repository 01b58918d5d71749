"""The values of a table as files: columnar JSON for programs, CSV with French figures for people."""

import csv
import io

import orjson

from api.documents import Document, document
from api.pages.figures import cell, figure
from boundaries.levels import Level
from indicators.catalogue import Indicator
from indicators.columns import ValueColumns
from indicators.published import ValueTable
from indicators.statuses import LABELS, SIGNS

VALUE = "Valeur"
COLUMNS = (
    "Code", "Nom", "Département", VALUE, "Signe", "Statut", "Part couverte", "Géographie", "Source", "Licence",
)  # fmt: skip


def values_json(item: Indicator, level: Level, columns: ValueColumns) -> Document:
    """Return the columnar document: codes, values and statuses of equal length, and what must be said of them."""
    series = columns.series
    head = {
        "indicator": item.id,
        "label": item.label,
        "unit": item.unit,
        "decimals": item.decimals,
        "nature": item.nature,
        "level": level,
        "period": series.period,
        "millesime": series.millesime,
        "release": series.release_id,
        "version": series.digest,
        "series": series.digest,
        "source": item.source,
        "producer": item.producer,
        "licence": item.licence,
        "passport": series.passport,
        "coverage": {
            "territories": columns.territories,
            "with_value": columns.present,
            "share": columns.present / columns.territories if columns.territories else None,
            "statuses": columns.counts(),
        },
    }
    # the columns are JSON already: reading them to write them again would take longer than PostgreSQL did
    parts = [orjson.dumps(head, option=orjson.OPT_NON_STR_KEYS).decode().removesuffix("}")]
    for name in ("ids", "codes", "values", "statuses", "coverages"):
        parts.append(f',"{name}":{getattr(columns, name)}')
    return document("".join([*parts, "}"]).encode(), "application/json")


def values_csv(item: Indicator, table: ValueTable) -> Document:
    """Return a CSV that French spreadsheets open: BOM, semicolons, decimal comma, headings that say everything.

    A value that is not there, or not significant, is replaced by its print sign (`s`, `...`, `///`, `n.s.`); that of a
    figure (`p`, `e`, `partiel`) has its own column, so that figures stay figures. The status is in words beside it.
    """
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    heading = f"{item.label} {table.series.period} ({item.unit})"
    writer.writerow([heading if name == VALUE else name for name in COLUMNS])
    geography = f"{table.level} au 1er janvier {table.series.millesime}"
    source = f"{item.producer}, {item.source}"
    for code, name, departement, value, status, coverage in zip(
        table.codes, table.names, table.departements, table.values, table.statuses, table.coverages, strict=True
    ):
        shown = cell(value, status, item.decimals, item.categories)
        if item.categories:
            shown = _safe(shown)
        sign = "" if figure(value, status) is None else SIGNS[status]
        told = [shown, sign, LABELS[status], _share(coverage)]
        writer.writerow([code, _safe(name), departement or "", *told, geography, source, item.licence])
    period = table.series.period
    filename = f"{item.id}_{table.level}_{period}_geographie-{table.series.millesime}.csv"
    return document(b"\xef\xbb\xbf" + out.getvalue().encode(), "text/csv; charset=utf-8; header=present", filename)


def _share(coverage: float) -> str:
    """A share with four decimals, never told as all of what is not whole, nor as nothing of what is there.

    >>> _share(1.0), _share(0.0), _share(0.99999), _share(1e-6), _share(0.5)
    ('1', '0', '0,9999', '0,0001', '0,5')
    """
    told = min(max(coverage, 0.0001), 0.9999) if 0 < coverage < 1 else coverage
    return f"{told:.4f}".rstrip("0").rstrip(".").replace(".", ",")


def _safe(text: str) -> str:
    """A spreadsheet runs what begins like a formula: such a text is quoted."""
    return f"'{text}" if text[:1] in "=+-@\t\r" else text
