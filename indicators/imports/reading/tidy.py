"""Whether a block of text is one row per line with quotes around whole cells alone, and how wide its rows then are.

Worked on all letters at once: what is tidy goes to Arrow's parser, which reads it as `csv` would; anything else
goes to `csv` itself.
"""

import numpy as np
import numpy.typing as npt

_QUOTE, _END = ord('"'), ord("\n")


def widths_of(text: bytes, separator: str) -> npt.NDArray[np.int64] | None:
    """Return how many cells each line has (0 for a blank one), or None when the block is not tidy.

    >>> widths_of(b'a;"b;c"\\n\\nd', ";").tolist()
    [2, 0, 1]
    >>> widths_of(b'a;"b\\nc"', ";"), widths_of(b'a;5" or 6"', ";")
    (None, None)
    """
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if not text.endswith(b"\n"):
        text += b"\n"
    letters = np.frombuffer(text, dtype=np.uint8)
    ends = np.flatnonzero(letters == _END)
    cuts = letters == ord(separator)
    if b'"' in text:
        quotes = letters == _QUOTE
        inside = np.logical_xor.accumulate(quotes)
        if inside[ends].any() or not _around_cells(letters, np.flatnonzero(quotes), ord(separator)):
            return None
        cuts &= ~inside
    found = np.diff(np.searchsorted(np.flatnonzero(cuts), ends), prepend=0)
    blank = np.diff(ends, prepend=-1) == 1
    return np.where(blank, 0, found + 1)


def _around_cells(letters: npt.NDArray[np.uint8], quotes: npt.NDArray[np.intp], separator: int) -> bool:
    """Whether each quote that opens begins a cell and each that closes ends it, or is half of a doubled one.

    The text ends with a line end, which also stands before its first letter (index -1).
    """
    before, after = letters[quotes[::2] - 1], letters[quotes[1::2] + 1]
    return all(bool(np.isin(near, (separator, _END, _QUOTE)).all()) for near in (before, after))
