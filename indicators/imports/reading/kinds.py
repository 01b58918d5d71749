"""What a file is, told by its first bytes: an extension is only what its sender believes.

What is recognised and not accepted is refused by its name: « une page HTML », « un PDF »…
"""

import re
from enum import StrEnum

from indicators.imports.reading.limits import UnreadableFile, quoted

ACCEPTED = "CSV, TSV, XLS, XLSX, ODS, ZIP de CSV, CSV.GZ, Parquet, GeoPackage, JSON-stat et SDMX-CSV"
HEAD_BYTES = 4096


class Kind(StrEnum):
    """A family of formats, as its first bytes tell it."""

    TEXT = "text"
    ZIP = "zip"
    GZIP = "gzip"
    OLE = "ole"
    PARQUET = "parquet"
    SQLITE = "sqlite"
    JSON = "json"


_ACCEPTED_MAGIC = (
    (b"PK\x03\x04", Kind.ZIP),
    (b"PK\x05\x06", Kind.ZIP),
    (b"\x1f\x8b", Kind.GZIP),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Kind.OLE),
    (b"PAR1", Kind.PARQUET),
    (b"SQLite format 3\0", Kind.SQLITE),
)
_REFUSED_MAGIC = (
    (b"%PDF", "un PDF"),
    (b"\x89PNG", "une image PNG"),
    (b"\xff\xd8\xff", "une image JPEG"),
    (b"GIF8", "une image GIF"),
    (b"BM", "une image BMP"),
    (b"II*\0", "une image TIFF"),
    (b"MM\0*", "une image TIFF"),
    (b"RIFF", "une image ou un son (RIFF)"),
    (b"7z\xbc\xaf\x27\x1c", "une archive 7-Zip"),
    (b"Rar!\x1a\x07", "une archive RAR"),
    (b"BZh", "un fichier bzip2"),
    (b"\xfd7zXZ\0", "un fichier xz"),
    (b"\x28\xb5\x2f\xfd", "un fichier zstd"),
    (b"PK\x07\x08", "une archive ZIP en plusieurs volumes"),
    (b"{\\rtf", "un document RTF"),
    (b"\x7fELF", "un programme"),
    (b"MZ\x90\0", "un programme"),
    (b"ARROW1", "un fichier Arrow"),
    (b"\x09\x08", "un classeur Excel d’avant 1997"),
    (b"\x09\x00\x04\x00", "un classeur Excel d’avant 1997"),
    (b"\x09\x02\x06\x00", "un classeur Excel d’avant 1997"),
    (b"\x09\x04\x06\x00", "un classeur Excel d’avant 1997"),
)
# BM begins a word as well, RIFF and BZh could: an image or an archive has bytes that no text has.
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_JSON = re.compile(rb"\s*(\{\s*[\"}]|\[\s*[\[{])")
_HTML = re.compile(
    rb"\s*(<!--.*?-->\s*)*(<!doctype\s+html|<(html|head|body|table|div|meta|script)\b)", re.I | re.S
)
_XML = re.compile(rb"\s*<(\?xml|!doctype|!entity|[a-z][\w:.-]*[\s/>])", re.I)


def kind_of(head: bytes, name: str) -> Kind:
    """Return what the first bytes of a file say it is; raises UnreadableFile, naming what is not accepted.

    >>> kind_of(b"code;valeur", "a.xls")
    <Kind.TEXT: 'text'>
    """
    for magic, kind in _ACCEPTED_MAGIC:
        if head.startswith(magic):
            return kind
    text = head.removeprefix(b"\xef\xbb\xbf")
    found = refused_as(text)
    if found:
        raise UnreadableFile(f"{quoted(name)} est {found}, pas un tableau. Formats acceptés\u202f: {ACCEPTED}.")
    return Kind.JSON if _JSON.match(text) else Kind.TEXT


def refused_as(head: bytes) -> str | None:
    """Return the French name of a format that is recognised and not accepted, or None."""
    for magic, french in _REFUSED_MAGIC:
        if head.startswith(magic) and (_BINARY.search(head) or magic in (b"%PDF", b"{\\rtf")):
            return french
    if head[257:262] == b"ustar":
        return "une archive tar"
    if _HTML.match(head) or (_XML.match(head) and re.search(rb"<html\b", head, re.I)):
        return "une page HTML"
    if _XML.match(head):
        return "un fichier XML"
    return None
