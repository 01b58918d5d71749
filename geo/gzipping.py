"""gzip by ISA-L, ten times faster than zlib for files 1 to 8 % longer, whole or as bytes come.

ISA-L leaves the wide registers of the processor in use, and everything that its thread does from then on takes 15 %
longer (measured on an Intel with AVX-512). SHA-512 of OpenSSL, as code that takes care, lets go of them: 1 µs.
"""

from collections.abc import Callable
from hashlib import sha512

from isal import igzip, isal_zlib

LEVEL = 2  # the next compresses no better
WINDOW = 31  # of zlib, with the header of gzip


def compressed(body: bytes) -> bytes:
    """Return bytes compressed; the same for the same ones, at any time."""
    return _settled(igzip.compress(body, LEVEL, mtime=0))


def opened() -> tuple[Callable[[bytes], bytes], Callable[[], bytes], Callable[[], bytes]]:
    """Return what compresses the bytes that come, what lets go of those it holds, and what ends."""
    press = isal_zlib.compressobj(LEVEL, wbits=WINDOW)
    return (
        lambda body: _settled(press.compress(body)),
        lambda: _settled(press.flush(isal_zlib.Z_SYNC_FLUSH)),
        lambda: _settled(press.flush()),
    )


def _settled(made: bytes) -> bytes:
    """Let go of the registers."""
    sha512(b"").digest()
    return made
