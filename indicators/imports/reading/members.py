"""An archive of tables: one sheet per member that is a text table, and those of a workbook if it holds one.

What is neither (a notice, a PDF) is left aside, and that is said. A nested archive refuses the whole.
"""

import tempfile
from pathlib import Path, PurePosixPath

from indicators.imports.reading import limits
from indicators.imports.reading.archives import Archive
from indicators.imports.reading.content import Content
from indicators.imports.reading.delimited import read_text_table
from indicators.imports.reading.isolated import convert
from indicators.imports.reading.kinds import HEAD_BYTES, Kind, kind_of
from indicators.imports.reading.limits import UnreadableFile, quoted
from indicators.imports.reading.sources import Source

_TABLES = {".csv", ".tsv", ".tab", ".txt", ""}
_WORKBOOKS = {".xlsx", ".xls", ".ods"}
_ARCHIVES = {".zip", ".gz", ".tgz", ".tar", ".7z", ".rar", ".bz2", ".xz", ".zst"}
_COPY_BYTES = 1_048_576


def read_members(archive: Archive) -> Content:
    """Return the sheets of an archive. Raises UnreadableFile when it holds an archive or no table."""
    read: list[tuple[str, Content]] = []
    aside: list[str] = []
    for member in archive.members:
        source = archive.source(member)
        content = _content(source, PurePosixPath(member.filename)) if member.file_size else None
        if content is None:
            aside.append(member.filename)
        else:
            read.append((member.filename, content))
    if not read:
        raise UnreadableFile(
            f"{quoted(archive.name)} ne contient aucune table\u202f: ni CSV, ni TSV, ni classeur."
        )
    workbooks = [name for name, content in read if content.form["format"] in ("XLS", "XLSX", "ODS")]
    if len(workbooks) > 1:
        raise UnreadableFile(
            f"{quoted(archive.name)} contient {len(workbooks)} classeurs\u202f: livrez-les un par un."
        )
    remarks = [f"{quoted(name)}\u202f: {remark}" for name, content in read for remark in content.remarks]
    if aside:
        remarks.append(f"Laissés de côté, car ce ne sont pas des tables\u202f: {', '.join(map(quoted, aside))}.")
    sheets = tuple(sheet for _, content in read for sheet in content.sheets)
    return Content(sheets, _form([content.form for _, content in read]), tuple(remarks))


def _content(source: Source, member: PurePosixPath) -> Content | None:
    """What a member holds, or None when it is to be left aside."""
    suffix = member.suffix.lower()
    try:
        kind = kind_of(source.head(HEAD_BYTES), source.name)
    except UnreadableFile:
        if suffix in _ARCHIVES:
            raise _nested(source) from None
        return None
    if kind is Kind.TEXT and suffix in _TABLES:
        content = read_text_table(source, str(member))
        is_notice = suffix in (".txt", "") and content.form["separator"] == "aucun"
        return None if is_notice else content
    if kind in (Kind.ZIP, Kind.OLE) and suffix in _WORKBOOKS:
        return _workbook(source)
    if kind in (Kind.ZIP, Kind.GZIP):
        raise _nested(source)
    return None


def _nested(source: Source) -> UnreadableFile:
    return UnreadableFile(
        f"{quoted(source.name)} est une archive dans une archive\u202f: refusé, livrez son contenu."
    )


def _workbook(source: Source) -> Content:
    """A workbook copied to a file without a name, since its reader goes back and forth."""
    with tempfile.TemporaryFile() as copy, source.open() as stream:
        while block := stream.read(_COPY_BYTES):
            copy.write(block)
            limits.WORKBOOK_BYTES.check(copy.tell(), source.name)
        copy.flush()
        return convert("workbooks", Path(f"/dev/fd/{copy.fileno()}"), source.name, copy)


def _form(forms: list[dict[str, str]]) -> dict[str, str]:
    """The form of the archive: what its members have, each once."""
    keys = dict.fromkeys(key for form in forms for key in form)
    joined = {key: ", ".join(dict.fromkeys(form[key] for form in forms if key in form)) for key in keys}
    return {**joined, "format": f"ZIP ({joined['format']})"}
