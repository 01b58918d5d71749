"""From a file to what it delivers: what it is, then the reader of its family."""

from pathlib import Path, PurePosixPath

from indicators.imports.reading import limits
from indicators.imports.reading.archives import Archive, open_archive
from indicators.imports.reading.content import Content
from indicators.imports.reading.delimited import read_text_table
from indicators.imports.reading.isolated import convert
from indicators.imports.reading.kinds import ACCEPTED, HEAD_BYTES, Kind, kind_of
from indicators.imports.reading.limits import UnreadableFile, quoted
from indicators.imports.reading.members import read_members
from indicators.imports.reading.sources import digest, file_source, gzip_source
from indicators.imports.sheets import Delivered

_FAMILIES = {Kind.OLE: "workbooks", Kind.PARQUET: "parquet", Kind.SQLITE: "geopackage", Kind.JSON: "jsonstat"}


def deliver(path: Path, name: str) -> Delivered:
    """Return what the file delivers. Raises UnreadableFile or FileTooLarge, in French."""
    if not path.is_file():
        what = "est un dossier" if path.is_dir() else "n’est pas un fichier" if path.exists() else "n’existe pas"
        raise UnreadableFile(f"{quoted(name)} {what}\u202f: donnez un fichier.")
    size = path.stat().st_size
    limits.FILE_BYTES.check(size, name)
    if not size:
        raise UnreadableFile(f"{quoted(name)} est vide (0\u202foctet).")
    read = _read(path, name)
    return Delivered(name, size, digest(path), read.sheets, read.form, read.remarks)


def _read(path: Path, name: str) -> Content:
    source = file_source(path, name)
    kind = kind_of(source.head(HEAD_BYTES), name)
    if kind is Kind.TEXT:
        return read_text_table(source, PurePosixPath(name).name)
    if kind is Kind.GZIP:
        return _gzip(path, name)
    if kind is Kind.ZIP:
        return _zip(open_archive(path, name))
    return convert(_FAMILIES[kind], path, name)


def _gzip(path: Path, name: str) -> Content:
    inner = name[:-3] if name.lower().endswith(".gz") else name
    source = gzip_source(path, name)
    kind = kind_of(source.head(HEAD_BYTES), name)
    if kind is not Kind.TEXT:
        raise UnreadableFile(
            f"{quoted(name)} contient autre chose qu’une table de texte\u202f: seul un CSV peut être compressé en gzip."
        )
    read = read_text_table(source, PurePosixPath(inner).name)
    return Content(read.sheets, {**read.form, "format": f"{read.form['format']}.GZ"}, read.remarks)


def _zip(archive: Archive) -> Content:
    """A workbook (a ZIP of XML), or an archive of tables."""
    names = archive.names
    if "xl/workbook.xml" in names or _mimetype(archive).endswith(b"opendocument.spreadsheet"):
        return convert("workbooks", archive.path, archive.name)
    for part, what in (("xl/workbook.bin", "un classeur XLSB"), ("word/document.xml", "un document Word"),
                       ("ppt/presentation.xml", "une présentation"), ("mimetype", "un document OpenDocument")):  # fmt: skip
        if part in names:
            raise UnreadableFile(f"{quoted(archive.name)} est {what}. Formats acceptés\u202f: {ACCEPTED}.")
    return read_members(archive)


def _mimetype(archive: Archive) -> bytes:
    found = [member for member in archive.members if member.filename == "mimetype"]
    return archive.source(found[0]).head(100).strip() if found else b""
