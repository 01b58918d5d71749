"""The values of a table as files: columnar JSON for programs, CSV with French figures for people."""

import csv
import io

from api.documents import Document, document, json_document
from indicators.catalogue import Indicator
from indicators.published import ValueTable
from indicators.statuses import LABELS, SIGNS, Status


def values_json(item: Indicator, table: ValueTable) -> Document:
    """Return the columnar document: codes, values and statuses of equal length, and what must be said of them."""
    present = sum(value is not None for value in table.values)
    body = {
        "indicator": item.id,
        "label": item.label,
        "unit": item.unit,
        "decimals": item.decimals,
        "nature": item.nature,
        "level": table.level,
        "period": table.series.period,
        "millesime": table.series.millesime,
        "release": table.series.release_id,
        "version": table.version,
        "source": item.source,
        "producer": item.producer,
        "licence": item.licence,
        "passport": table.series.passport,
        "coverage": {
            "territories": len(table.codes),
            "with_value": present,
            "share": present / len(table.codes) if table.codes else None,
            "statuses": table.counts(),
        },
        "ids": table.ids,
        "codes": table.codes,
        "values": table.values,
        "statuses": table.statuses,
        "coverages": table.coverages,
    }
    return json_document(body)


def values_csv(item: Indicator, table: ValueTable) -> Document:
    """Return a CSV that French spreadsheets open: BOM, semicolons, decimal comma, headings that say everything.

    A value that is not there is replaced by its print sign (`s`, `...`, `///`, `n.s.`), and its status is in words.
    """
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    heading = f"{item.label} {table.series.period} ({item.unit})"
    writer.writerow(
        ["Code", "Nom", "Département", heading, "Statut", "Part couverte", "Géographie", "Source", "Licence"]
    )
    geography = f"{table.level} au 1er janvier {table.series.millesime}"
    source = f"{item.producer}, {item.source}"
    for code, name, departement, value, status, coverage in zip(
        table.codes, table.names, table.departements, table.values, table.statuses, table.coverages, strict=True
    ):
        hidden = value is None or status is Status.NOT_SIGNIFICANT
        shown = SIGNS[status] if hidden else f"{value:.{item.decimals}f}".replace(".", ",")
        covered = f"{coverage:.4f}".rstrip("0").rstrip(".").replace(".", ",")
        writer.writerow(
            [code, _safe(name), departement or "", shown, LABELS[status], covered, geography, source, item.licence]
        )
    period = table.series.period
    filename = f"{item.id}_{table.level}_{period}_geographie-{table.series.millesime}.csv"
    return document(b"\xef\xbb\xbf" + out.getvalue().encode(), "text/csv; charset=utf-8; header=present", filename)


def _safe(text: str) -> str:
    """A spreadsheet runs what begins like a formula: such a text is quoted."""
    return f"'{text}" if text[:1] in "=+-@\t\r" else text
