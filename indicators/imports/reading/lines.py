"""A text as blocks of whole lines in UTF-8, whatever its encoding: what the parsers of tables are fed with."""

import codecs
import re
from collections.abc import Iterator

import numpy as np

from indicators.imports.reading import limits
from indicators.imports.reading.encoding import Encoding
from indicators.imports.reading.limits import UnreadableFile, quoted
from indicators.imports.reading.sources import Source

BLOCK_BYTES = limits.LINE_BYTES.value
_LINE_END = re.compile(rb"[\r\n]")


def blocks(source: Source, encoding: Encoding) -> Iterator[bytes]:
    """Yield the text in blocks of about `BLOCK_BYTES` that end where a line ends (`\\n`, `\\r\\n` or `\\r`).

    Raises FileTooLarge for a line beyond the limit, UnreadableFile for NUL bytes and bytes that do not decode.
    """
    rest = b""
    line = 1
    for text in _utf8(source, encoding):
        block = rest + text
        if b"\0" in text:
            at = line + count_lines(block[: block.index(b"\0")])
            raise UnreadableFile(
                f"{quoted(source.name)} contient un octet nul à la ligne {at}\u202f: ce n’est pas un texte, "
                "ou c’est de l’UTF-16 sans marque d’ordre (enregistrez-le en UTF-8)."
            )
        # A carriage return that ends the block may be the half of a \r\n: the next block tells.
        cut = max(block.rfind(b"\n"), block.rfind(b"\r", 0, len(block) - 1)) + 1
        first = _LINE_END.search(block)
        limits.LINE_BYTES.check(first.start() if first else len(block), source.name, f" (ligne {line})")
        if cut:
            yield block[:cut]
            line += count_lines(block[:cut])
        rest = block[cut:]
    if rest:
        yield rest


def count_lines(block: bytes) -> int:
    """Return how many ends of lines the block has (`\\n`, `\\r\\n` or `\\r`)."""
    letters = np.frombuffer(block, dtype=np.uint8)  # ten times faster than bytes.count where lines are short
    ends = letters == ord("\n")
    if b"\r" not in block:
        return int(np.count_nonzero(ends))
    returns = letters == ord("\r")
    return int(np.count_nonzero(ends) + np.count_nonzero(returns) - np.count_nonzero(returns[:-1] & ends[1:]))


def _utf8(source: Source, encoding: Encoding) -> Iterator[bytes]:
    """The text encoded anew in UTF-8, without its mark."""
    as_it_is = encoding.codec == "utf-8" and encoding.errors == "strict"
    decoder = codecs.getincrementaldecoder(encoding.codec)(errors=encoding.errors)
    with source.open() as stream:
        stream.read(encoding.mark)
        try:
            while block := stream.read(BLOCK_BYTES):
                yield block if as_it_is else decoder.decode(block).encode()
            yield b"" if as_it_is else decoder.decode(b"", True).encode()
        except UnicodeError:
            raise UnreadableFile(
                f"{quoted(source.name)} est abîmé ou tronqué\u202f: il ne se décode pas en {encoding.label}."
            ) from None
