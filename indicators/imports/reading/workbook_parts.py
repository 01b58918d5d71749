"""What a workbook is made of, inspected before a parser reads it: entities, size, password; formulas and errors.

XLSX and ODS are ZIP archives of XML: every part is inflated once under the limits and searched for a DOCTYPE
(entity bombs). On the way are found the formulas, and the cells in error, that the parser gives as empty.
"""

import posixpath
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from indicators.imports.reading import limits
from indicators.imports.reading.archives import Archive, open_archive
from indicators.imports.reading.limits import UnreadableFile, quoted
from indicators.imports.reading.opendocument import find_errors

OLE = b"\xd0\xcf\x11\xe0"
_BLOCK_BYTES = 1_048_576
_LONGEST_CELL = 1_048_576
_DECLARED = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.I)
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
# Every repetition is bounded: a part made of tags that never end must not cost the square of its size.
_NO_RESULT = re.compile(
    rb"(?:</(?:\w+:)?f>|<(?:\w+:)?f(?:\s[^<>]{0,300})?/>)\s{0,9}"
    rb"(?:<(?:\w+:)?v\s?/>|<(?:\w+:)?v></|</(?:\w+:)?c>)"
)
_IN_ERROR = re.compile(rb'<(?:\w+:)?c\b[^<>]{0,300}\bt="e"')
_ERROR = re.compile(
    rb'<(?:\w+:)?c\b(?=[^<>]{0,300}\bt="e")[^<>]{0,300}\br="([A-Z]{1,3})(\d{1,7})"[^<>]{0,300}>'
    rb"(?:(?!</?(?:\w+:)?c\b).){0,20000}?<(?:\w+:)?v>([^<]{1,20})</",
    re.S,
)
_SHEET = re.compile(rb'<(?:\w+:)?sheet\b[^<>]{0,500}\b\w+:id="([^"<>]{1,200})"')
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\b[^<>]{0,2000}>")


@dataclass
class Parts:
    """What was found in a workbook; `errors` are the cells in error: sheet, row and column (from 0), text."""

    format: str
    formulas: int = 0
    without_result: int = 0
    in_error: int = 0
    errors: dict[int, dict[int, dict[int, str]]] = field(default_factory=dict)

    def error(self, sheet: int, row: int, column: int, text: str) -> None:
        """Note a cell in error."""
        self.errors.setdefault(sheet, {}).setdefault(row, {})[column] = text

    def remarks(self) -> list[str]:
        """Return what must be said of formulas and errors."""
        said = []
        if self.formulas:
            said.append(
                f"{self.formulas} cellule(s) sont des formules\u202f: lues par le résultat que le classeur a enregistré, "
                "jamais calculées."
            )
        if self.without_result:
            said.append(
                f"{self.without_result} formule(s) sans résultat enregistré\u202f: lues comme des cellules vides."
            )
        count = sum(len(row) for sheet in self.errors.values() for row in sheet.values())
        if count:
            said.append(f"{count} cellule(s) en erreur (#N/A, #REF!…), gardées telles quelles.")
        if self.in_error > count:
            said.append(f"{self.in_error - count} cellule(s) en erreur de plus, lues comme des cellules vides.")
        return said


def inspect(path: Path, name: str) -> Parts:
    """Return what the workbook holds. Raises UnreadableFile (entities, password, not a workbook) or FileTooLarge."""
    with path.open("rb") as file:
        head = file.read(4)
    if head == OLE:
        # Only legacy workbooks need the reader of OLE containers.
        from indicators.imports.reading.biff import inspect_xls

        return inspect_xls(path, name)
    archive = open_archive(path, name)
    if "xl/workbook.xml" in archive.names:
        return _inspect_xlsx(archive)
    return _inspect_ods(archive)


def _inspect_xlsx(archive: Archive) -> Parts:
    found = Parts("XLSX")
    sheets = _sheets(archive)
    total = 0
    for member in archive.members:
        place = sheets.get(member.filename)
        for cells, count in _inflated(archive, member):
            total += count
            limits.WORKBOOK_BYTES.check(total, archive.name)
            if place is None:
                continue
            found.formulas += len(_FORMULA.findall(cells))
            found.without_result += len(_NO_RESULT.findall(cells))
            found.in_error += len(_IN_ERROR.findall(cells))
            for letters, row, text in _ERROR.findall(cells):
                found.error(place, int(row) - 1, _column(letters), text.decode("utf-8", "replace"))
    return found


def _inspect_ods(archive: Archive) -> Parts:
    found = Parts("ODS")
    total = errors = 0
    for member in archive.members:
        for text, count in _inflated(archive, member):
            total += count
            limits.WORKBOOK_BYTES.check(total, archive.name)
            if member.filename == "content.xml":
                found.formulas += text.count(b'table:formula="')
                errors += text.count(b'calcext:value-type="error"')
            if member.filename == "META-INF/manifest.xml" and b"encryption-data" in text:
                raise UnreadableFile(
                    f"{quoted(archive.name)} est protégé par un mot de passe\u202f: livrez-le sans protection."
                )
    if errors:
        find_errors(archive, found.error)
    return found


def _inflated(archive: Archive, member: zipfile.ZipInfo) -> Iterator[tuple[bytes, int]]:
    """The text of a part in blocks that end after a cell, with how many bytes were inflated for each."""
    source = archive.source(member)
    is_xml = member.filename.endswith((".xml", ".rels", ".vml"))
    rest = b""
    with source.open() as stream:
        while block := stream.read(_BLOCK_BYTES):
            if not is_xml:
                yield b"", len(block)
                continue
            text = rest + block
            if _DECLARED.search(text) or b"\0" in text:
                raise UnreadableFile(
                    f"{quoted(source.name)} déclare des entités XML, ou n’est pas de l’UTF-8\u202f: ce que font les "
                    "fichiers piégés et non les tableurs."
                )
            cut = text.rfind(b"</") if text.rfind(b"c>") < 0 else text.rfind(b"c>") + 2
            cut = max(cut, len(text) - _LONGEST_CELL)
            yield text[:cut], len(block)
            rest = text[cut:]
    yield rest, 0


def _sheets(archive: Archive) -> dict[str, int]:
    """The place of each part that is a sheet, in the order of the workbook."""
    whole = {
        member.filename: b"".join(text for text, _ in _inflated(archive, member))
        for member in archive.members
        if member.filename in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels")
        and member.file_size < _LONGEST_CELL
    }
    targets = {}
    for relation in _RELATION.findall(whole.get("xl/_rels/workbook.xml.rels", b"")):
        told = dict(re.findall(rb'\b(Id|Target)="([^"]*)"', relation))
        target = told.get(b"Target", b"").decode("utf-8", "replace")
        targets[told.get(b"Id", b"")] = posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")
    order = _SHEET.findall(whole.get("xl/workbook.xml", b""))
    return {targets[relation]: place for place, relation in enumerate(order) if relation in targets}


def _column(letters: bytes) -> int:
    """The number of a column, from 0, by its letters."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number - 1
