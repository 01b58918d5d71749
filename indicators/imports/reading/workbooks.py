"""Workbooks (XLS, XLSX, ODS): each sheet as text, the results that formulas left, never a formula evaluated.

Runs in the process of `reading.worker`. Numbers are written without exponent nor useless `.0` (1001.0 is
"1001", 0.1 is "0.1"), dates in ISO 8601. A merged cell holds its text at its top left alone.
"""

import datetime
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetMetadata,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from indicators.imports.reading import limits
from indicators.imports.reading.limits import UnreadableFile, quoted
from indicators.imports.reading.spool import SpoolWriter
from indicators.imports.reading.workbook_parts import inspect

Errors = dict[int, dict[int, str]]


def convert(path: Path, name: str, spool: SpoolWriter) -> tuple[dict[str, str], list[str]]:
    """Keep every sheet; return the form and the remarks. Raises UnreadableFile or FileTooLarge."""
    parts = inspect(path, name)
    try:
        with path.open("rb") as file:
            book = CalamineWorkbook.from_filelike(file)
    except PasswordError:
        raise protected(name) from None
    except CalamineError:
        raise UnreadableFile(f"{quoted(name)} est un classeur abîmé ou tronqué.") from None
    remarks = []
    for place, told in enumerate(book.sheets_metadata):
        if told.typ not in (SheetTypeEnum.WorkSheet, SheetTypeEnum.MacroSheet):
            remarks.append(
                f"La feuille {quoted(told.name)} est un graphique ou un programme\u202f: laissée de côté."
            )
            continue
        sheet = book.get_sheet_by_index(place)
        _keep(sheet, parts.errors.get(place, {}), spool)
        remarks += _said_of(sheet, told)
    return {"format": parts.format}, remarks + parts.remarks()


def protected(name: str) -> UnreadableFile:
    """Return the error for a workbook that a password closes."""
    return UnreadableFile(f"{quoted(name)} est protégé par un mot de passe\u202f: livrez-le sans protection.")


def _keep(sheet: CalamineSheet, errors: Errors, spool: SpoolWriter) -> None:
    if sheet.start is None or sheet.end is None:
        spool.rows(sheet.name, 0, ())
        return
    left, width = sheet.start[1], sheet.end[1] + 1
    limits.COLUMNS.check(width, spool.file_name, f" (feuille {quoted(sheet.name)})")
    spool.rows(sheet.name, width, _rows(sheet, left, errors))


def _rows(sheet: CalamineSheet, left: int, errors: Errors) -> Iterator[list[str | None]]:
    """The rows from the first of the sheet, from its first column."""
    before: list[str | None] = [None] * left
    for number, cells in enumerate(sheet.iter_rows()):
        row = before + [text_of(cell) for cell in cells]
        for column, text in errors.get(number, {}).items():
            if column < len(row):
                row[column] = text
        yield row


def text_of(cell: object) -> str | None:
    """Return the text of a cell, or None when it is empty.

    >>> [text_of(cell) for cell in (1001.0, 0.1, 1e20, 1e-7, True, "", datetime.date(2024, 1, 1))]
    ['1001', '0.1', '100000000000000000000', '0.0000001', 'true', None, '2024-01-01']
    """
    write = _WRITERS.get(type(cell))
    return write(cell) if write else str(cell)


def _number(value: float) -> str:
    if value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    text = repr(value)
    return format(Decimal(text), "f") if "e" in text else text


def _duration(value: datetime.timedelta) -> str:
    minutes, seconds = divmod(int(value.total_seconds()), 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}"


_WRITERS: dict[type, Callable[[Any], str | None]] = {
    str: lambda text: text or None,
    float: _number,
    int: str,
    bool: lambda value: "true" if value else "false",
    datetime.date: datetime.date.isoformat,
    datetime.datetime: datetime.datetime.isoformat,
    datetime.time: datetime.time.isoformat,
    datetime.timedelta: _duration,
}


def _said_of(sheet: CalamineSheet, told: SheetMetadata) -> list[str]:
    shown = quoted(sheet.name)
    said = []
    if told.visible != SheetVisibleEnum.Visible:
        said.append(f"La feuille {shown} est masquée\u202f: lue comme les autres.")
    if sheet.merged_cell_ranges:
        count = len(sheet.merged_cell_ranges)
        said.append(
            f"La feuille {shown} a {count} groupe(s) de cellules fusionnées\u202f: "
            "leur texte est dans leur première cellule, les autres sont vides."
        )
    return said
