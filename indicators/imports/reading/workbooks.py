"""Workbooks (XLS, XLSX, ODS): each sheet as text, the results that formulas left, never a formula evaluated.

Runs in the process of `reading.worker`. A merged cell holds its text at its top left alone.
"""

from collections.abc import Iterator
from pathlib import Path

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from indicators.imports.reading import limits
from indicators.imports.reading.cells import text_of
from indicators.imports.reading.limits import UnreadableFile, quoted
from indicators.imports.reading.spool import SpoolWriter
from indicators.imports.reading.workbook_parts import inspect

_SHEETS_SHOWN = 5

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
    hidden, merged, charts = [], [], []
    for place, told in enumerate(book.sheets_metadata):
        if told.typ not in (SheetTypeEnum.WorkSheet, SheetTypeEnum.MacroSheet):
            charts.append(told.name)
            continue
        sheet = book.get_sheet_by_index(place)
        _keep(sheet, parts.errors.get(place, {}), spool)
        if told.visible != SheetVisibleEnum.Visible:
            hidden.append(told.name)
        if sheet.merged_cell_ranges:
            merged.append(told.name)
    told_of = [
        _said("masquée(s), lue(s) comme les autres", hidden),
        _said("graphique(s) ou programme(s), laissée(s) de côté", charts),
        _said("avec des cellules fusionnées (le texte est dans la première, les autres sont vides)", merged),
    ]
    return {"format": parts.format}, [remark for remark in told_of if remark] + parts.remarks()


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


def _said(what: str, sheets: list[str]) -> str:
    """A remark that names the first sheets it is about, and counts the others."""
    if not sheets:
        return ""
    shown = ", ".join(map(quoted, sheets[:_SHEETS_SHOWN]))
    others = len(sheets) - _SHEETS_SHOWN
    more = f" et {others} autre(s)" if others > 0 else ""
    return f"Feuille(s) {what}\u202f: {shown}{more}."
