"""Excel workbooks, written row after row: titles, words instead of codes, and a sheet that says what it is.

Every text is written as a text: nothing is run as a formula, and codes keep their leading zeros. Numbers have sixteen
digits, one more than Excel shows.
"""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import xlsxwriter  # type: ignore[import-untyped, unused-ignore]
from sqlalchemy import Connection

from geo.clock import PARIS
from geo.errors import TooLarge
from geo.formats.layer import Field, Kind, Layer, typed
from geo.formats.reading import streamed

MOST_ROWS = 1_048_576
WIDTHS = {Kind.TEXT: 22}


def workbook(conn: Connection, layer: Layer, folder: Path) -> Path:
    """Return a workbook of the features without geometry. Raises TooLarge beyond the rows of a sheet."""
    path = folder / layer.filename("xlsx")
    # Rows go to the disk as they are written, in the same folder.
    options = {"constant_memory": True, "nan_inf_to_errors": True, "tmpdir": str(folder)}
    with xlsxwriter.Workbook(path, options) as book:
        _fill(book, conn, layer)
        about = book.add_worksheet("À propos")
        about.set_column(0, 0, 34)
        about.set_column(1, 1, 90)
        for rank, line in enumerate(_about(layer)):
            for column, text in enumerate(line):
                about.write_string(rank, column, text)
    return path


def _fill(book: Any, conn: Connection, layer: Layer) -> None:
    heading = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
    styles = {
        Kind.DAY: book.add_format({"num_format": "dd/mm/yyyy"}),
        Kind.INSTANT: book.add_format({"num_format": "dd/mm/yyyy hh:mm:ss"}),
    }
    sheet = book.add_worksheet("Données")
    sheet.freeze_panes(1, 0)
    for column, one in enumerate(layer.fields):
        sheet.set_column(column, column, WIDTHS.get(one.kind, 14))
        sheet.write_string(0, column, one.heading, heading)
    rows = layer.rows.subquery("rows")
    columns = [typed(rows.c[one.name], one.kind) for one in layer.fields]
    for rank, row in enumerate(streamed(conn, sa.select(*columns)), 1):
        if rank == MOST_ROWS:
            raise TooLarge(
                f"Une feuille Excel tient {MOST_ROWS - 1} lignes, et il y en a davantage\u202f: demandez un CSV, un "
                "GeoPackage ou un GeoParquet, ou filtrez les objets."
            )
        for column, (one, value) in enumerate(zip(layer.fields, row, strict=True)):
            _write(sheet, rank, column, one, value, styles.get(one.kind))


def _write(sheet: Any, row: int, column: int, one: Field, value: Any, style: Any) -> None:
    """Write a cell, nothing where there is no value; Excel has no time zone: an instant is told in Paris time."""
    value = one.worded(value)
    if isinstance(value, str):
        sheet.write_string(row, column, value)
    elif isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, datetime):
        sheet.write_datetime(row, column, value.astimezone(PARIS).replace(tzinfo=None), style)
    elif isinstance(value, date):
        sheet.write_datetime(row, column, value, style)
    elif value is not None:
        sheet.write_number(row, column, value)


def _about(layer: Layer) -> Iterator[tuple[str, str]]:
    for name, text in (
        ("Titre", layer.title),
        ("Description", layer.description),
        ("Source", layer.source),
        ("Licence", layer.licence),
    ):
        if text:
            yield name, text
    for one in layer.fields:
        yield one.heading, f"{one.name}. {one.description}" if one.description else one.name
