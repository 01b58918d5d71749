"""Pieces of text gathered into chunks worth sending."""

from collections.abc import Iterable, Iterator

SIZE = 64 * 1024


def chunked(pieces: Iterable[str]) -> Iterator[bytes]:
    """Give the UTF-8 bytes of the pieces, in chunks of about `SIZE`; the first is sent as soon as it is there."""
    kept: list[bytes] = []
    weight = SIZE
    for piece in pieces:
        data = piece.encode()
        kept.append(data)
        weight += len(data)
        if weight >= SIZE:
            yield b"".join(kept)
            kept, weight = [], 0
    if kept:
        yield b"".join(kept)
