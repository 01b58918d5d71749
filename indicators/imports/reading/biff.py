"""Legacy workbooks (XLS): what their stream of records says of passwords, formulas and errors.

Record types and layouts: [MS-XLS] 2.4 (BoundSheet8, BoolErr, FilePass, Formula) and 2.5.133 (FormulaValue).
"""

import struct
from pathlib import Path

import olefile  # type: ignore[import-untyped]

from indicators.imports.reading import limits
from indicators.imports.reading.limits import UnreadableFile, quoted
from indicators.imports.reading.workbook_parts import Parts

_FILE_PASS, _BOUND_SHEET, _FORMULA, _BOOL_ERR = 0x2F, 0x85, 0x06, 0x205
_ERRORS = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
}


def inspect_xls(path: Path, name: str) -> Parts:
    """Return what an OLE container holds as a workbook; raises UnreadableFile when it is another document."""
    limits.WORKBOOK_BYTES.check(path.stat().st_size, name)
    try:
        with olefile.OleFileIO(path) as container:
            if container.exists("EncryptedPackage"):
                raise _protected(name)
            stream = next((s for s in ("Workbook", "Book") if container.exists(s)), None)
            if stream is None:
                kind = "un document Word" if container.exists("WordDocument") else "un document Office"
                raise UnreadableFile(f"{quoted(name)} est {kind}, pas un classeur.")
            records = container.openstream(stream).read()
    except (OSError, struct.error, IndexError, ValueError):
        raise UnreadableFile(f"{quoted(name)} est un classeur XLS abîmé ou tronqué.") from None
    return _scan(records, name)


def _scan(records: bytes, name: str) -> Parts:
    found = Parts("XLS")
    begins: dict[int, int] = {}
    sheet = None
    at = 0
    while at + 4 <= len(records):
        if at in begins:
            sheet = begins[at]
        kind, size = struct.unpack_from("<HH", records, at)
        body = at + 4
        at = body + size
        if kind == _FILE_PASS:
            raise _protected(name)
        if kind == _BOUND_SHEET and size >= 4:
            begins[struct.unpack_from("<I", records, body)[0]] = len(begins)
        elif kind == _FORMULA and size >= 14:
            found.formulas += 1
            row, column = struct.unpack_from("<HH", records, body)
            # A result that is not a number ends with 0xFFFF; its first byte is 2 for an error, 3 for nothing.
            if records[body + 12 : body + 14] == b"\xff\xff":
                found.without_result += records[body + 6] == 3
                if records[body + 6] == 2 and sheet is not None:
                    found.error(sheet, row, column, _ERRORS.get(records[body + 8], "#?"))
        elif kind == _BOOL_ERR and size >= 8 and records[body + 7] == 1 and sheet is not None:
            row, column = struct.unpack_from("<HH", records, body)
            found.error(sheet, row, column, _ERRORS.get(records[body + 6], "#?"))
    return found


def _protected(name: str) -> UnreadableFile:
    return UnreadableFile(f"{quoted(name)} est protégé par un mot de passe\u202f: livrez-le sans protection.")
