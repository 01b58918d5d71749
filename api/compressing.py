"""Compression by negotiation: the coding that a client wants most, and bytes in it, whole or as they come.

Measured on a tile of 60 kB: zstd 3 leaves 64 % of it in 0.4 ms, Brotli 4 as much in 1.1 ms, gzip 65 % in 0.25 ms; on a
thousand communes in GeoJSON (780 kB) 22 % in 10 ms, 22 % in 32 ms, 28 % in 3 ms. A level more costs two to three times
as long, for 1 to 6 % less.
"""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from functools import lru_cache

import brotli  # type: ignore[import-untyped]
import zstandard

from geo import gzipping

ZSTD_LEVEL = 3
BROTLI_QUALITY = 4
LONGEST_HEADER = 300  # bytes: what is longer names no coding that anybody uses

Adding = tuple[Callable[[bytes], bytes], Callable[[], bytes], Callable[[], bytes]]


@dataclass(frozen=True)
class Coding:
    """A content coding of HTTP: `whole` compresses at once; `opened` gives what adds, what lets go, and what ends."""

    name: str
    whole: Callable[[bytes], bytes]
    opened: Callable[[], Adding]

    def stream(self, chunks: Iterator[bytes]) -> Generator[bytes]:
        """Give chunks compressed; the first can be read before the others come."""
        add, let_go, end = self.opened()
        for rank, chunk in enumerate(chunks):
            made = add(chunk) + (let_go() if rank == 0 else b"")
            if made:
                yield made
        yield end()


def _brotli() -> Adding:
    press = brotli.Compressor(quality=BROTLI_QUALITY)
    return press.process, press.flush, press.finish


def _zstd() -> Adding:
    press = zstandard.ZstdCompressor(level=ZSTD_LEVEL).compressobj()
    return press.compress, lambda: press.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK), press.flush


# In the order of our own preference, where a client has none.
CODINGS = {
    coding.name: coding
    for coding in (
        Coding("zstd", lambda body: zstandard.ZstdCompressor(level=ZSTD_LEVEL).compress(body), _zstd),
        Coding("br", lambda body: bytes(brotli.compress(body, quality=BROTLI_QUALITY)), _brotli),
        Coding("gzip", gzipping.compressed, gzipping.opened),
    )
}


@lru_cache(1000)
def negotiated(accepted: bytes) -> Coding | None:
    """Return the coding that an Accept-Encoding header wants most, or None to send bytes as they are.

    Weights are obeyed (RFC 9110, 12.5.3); of those that weigh the same, ours comes first. What is malformed is not
    there; who names no coding that is known gets bytes as they are.

    >>> [found.name if (found := negotiated(header)) else "" for header in (b"gzip, br;q=0.5", b"gzip;q=0", b"*", b"")]
    ['gzip', '', 'zstd', '']
    """
    if not accepted or len(accepted) > LONGEST_HEADER:
        return None
    weights: dict[str, float] = {}
    for part in accepted.decode("latin-1").lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        weight = _weight(parameters)
        if name and weight is not None:
            weights[name] = weight
    any_other = weights.get("*", 0.0)
    best = max(CODINGS, key=lambda name: weights.get(name, any_other))
    most = weights.get(best, any_other)
    return CODINGS[best] if most > 0 and most >= weights.get("identity", 0.0) else None


def _weight(parameters: list[str]) -> float | None:
    if not parameters:
        return 1.0
    name, _, value = parameters[0].partition("=")
    try:
        weight = float(value)
    except ValueError:
        return None
    return weight if name.strip() == "q" and 0 <= weight <= 1 else None
