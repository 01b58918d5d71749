"""In which encoding a text is written, found by reading it whole: one stray byte at its end decides as well.

UTF-8 when every byte agrees. Otherwise a single-byte encoding: latin-1 and cp1252 differ by the bytes 0x80-0x9F
alone, controls in the first and typography (œ, €, ’) in the second. A text that is UTF-8 but for a few bytes is
read as such, these bytes as cp1252, and that is said.
"""

import codecs
from dataclasses import dataclass

from indicators.imports.reading.limits import UnreadableFile, quoted
from indicators.imports.reading.sources import Source

BLOCK_BYTES = 1_048_576
_NOT_C1 = bytes(byte for byte in range(256) if not 0x80 <= byte <= 0x9F)
_UNDEFINED_IN_CP1252 = frozenset(b"\x81\x8d\x8f\x90\x9d")
_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


@dataclass(frozen=True)
class Encoding:
    """How to decode: its name for people, Python's codec and error handler, the bytes of the mark to skip."""

    label: str
    codec: str
    errors: str = "strict"
    mark: int = 0
    remark: str = ""


def find_encoding(source: Source) -> Encoding:
    """Return the encoding of a text. Raises UnreadableFile for UTF-32 and for what no encoding here explains."""
    head = source.head(4)
    if head in (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE):
        raise UnreadableFile(f"{quoted(source.name)} est en UTF-32\u202f: enregistrez-le en UTF-8.")
    if head[:2] in _UTF16:
        return Encoding("UTF-16", _UTF16[head[:2]], mark=2)
    mark = len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0
    valid, strays, controls = _survey(source)
    if not strays:
        return Encoding("UTF-8", "utf-8", mark=mark)
    if mark or valid > strays:
        remark = f"Le texte est en UTF-8, sauf {strays} octet(s) qui ne le sont pas\u202f: lus comme cp1252."
        return Encoding("UTF-8", "utf-8", errors="ores-cp1252", mark=mark, remark=remark)
    if not controls:
        return Encoding("latin-1", "latin-1")
    if controls & _UNDEFINED_IN_CP1252:
        raise UnreadableFile(
            f"L’encodage de {quoted(source.name)} n’est ni UTF-8, ni UTF-16, ni latin-1, ni cp1252\u202f: "
            "enregistrez-le en UTF-8."
        )
    return Encoding("cp1252", "cp1252")


def _survey(source: Source) -> tuple[int, int, set[int]]:
    """Letters beyond ASCII that UTF-8 explains, bytes that it does not, and which bytes of 0x80-0x9F are there."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    valid = strays = 0
    controls: set[int] = set()
    with source.open() as stream:
        last = False
        while not last:
            block = stream.read(BLOCK_BYTES)
            last = not block
            pending, _ = decoder.getstate()
            if block.isascii() and not pending and block:
                continue
            text = decoder.decode(block, last)
            replaced = text.count("\ufffd")
            strays += replaced
            valid += len(text) - len(text.encode("ascii", "ignore")) - replaced
            controls.update(block.translate(None, _NOT_C1))
    return valid, strays, controls


def _as_cp1252(error: UnicodeError) -> tuple[str, int]:
    """Decode the bytes that are not UTF-8 as cp1252 (as latin-1 where it has no letter)."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    strays = error.object[error.start : error.end]
    return "".join(
        bytes([b]).decode("latin-1" if b in _UNDEFINED_IN_CP1252 else "cp1252") for b in strays
    ), error.end


codecs.register_error("ores-cp1252", _as_cp1252)
