"""The lines of a block of text: where each begins, how many cells it has, and whether it is a row by itself.

A line is tidy when its quotes, if any, stand around whole cells: it is then a whole row, which Arrow's parser reads as
`csv` would. The others are left to `csv`. Worked on all letters at once, since most lines of most files are tidy.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
_LF, _CR, _QUOTE = ord("\n"), ord("\r"), ord('"')


@dataclass(frozen=True)
class Lines:
    """The lines of a text: the places of their first letters and of what follows them, their widths, their tidiness.

    A blank line has no cell. The width of a line that is not tidy means nothing.
    """

    text: bytes
    starts: Integers
    stops: Integers
    widths: Integers
    tidy: Flags

    def only(self, chosen: Flags) -> bytes:
        """Return the text of some lines alone."""
        if chosen.all():
            return self.text
        letters = np.frombuffer(self.text, dtype=np.uint8)
        return letters[np.repeat(chosen, self.stops - self.starts)].tobytes()


def lines_of(text: bytes, separator: str) -> Lines:
    """Return the lines of a text that begins with a row.

    >>> lines = lines_of(b'a;"b;c"\\r\\n\\r\\n"d";5" or 6"\\n"e', ";")
    >>> lines.widths.tolist()[:2], lines.tidy.tolist()
    ([2, 0], [True, True, False, False])
    """
    if not text.endswith((b"\n", b"\r")):
        text += b"\n"
    letters = np.frombuffer(text, dtype=np.uint8)
    ends = _ends(letters, b"\r" in text)
    stops = ends + 1
    starts = np.concatenate(([0], stops[:-1]))
    cuts = letters == ord(separator)
    tidy = np.ones(len(ends), dtype=bool)
    if b'"' in text:
        quotes = letters == _QUOTE
        inside, tidy = _inside(quotes, starts, stops)
        tidy &= _around_cells(letters, quotes, inside, ends, ord(separator))
        cuts &= ~inside
    found = np.diff(np.searchsorted(np.flatnonzero(cuts), ends), prepend=0)
    blank = np.isin(letters[starts], (_LF, _CR))
    return Lines(text, starts, stops, np.where(blank, 0, found + 1), tidy)


def _ends(letters: npt.NDArray[np.uint8], has_returns: bool) -> Integers:
    """The places of the last letters of lines: `\\n`, or `\\r` without a `\\n` behind it."""
    ends = letters == _LF
    if has_returns:
        alone = letters == _CR
        alone[:-1] &= ~ends[1:]
        ends |= alone
    return np.flatnonzero(ends)


def _inside(quotes: Flags, starts: Integers, stops: Integers) -> tuple[Flags, Flags]:
    """Which letters an odd number of quotes of their line precedes or are, and which lines have an even number of quotes.

    Parities run from the first letter of the text; where a line has an odd number of quotes, those of the next
    lines are turned back.
    """
    inside = np.logical_xor.accumulate(quotes)
    odd = inside[stops - 1]
    even = ~np.diff(odd, prepend=False)
    if not even.all():
        turned = np.concatenate(([False], odd[:-1]))
        inside ^= np.repeat(turned, stops - starts)
    return inside, even


def _around_cells(
    letters: npt.NDArray[np.uint8], quotes: Flags, inside: Flags, ends: Integers, separator: int
) -> Flags:
    """Which lines have each quote that opens at the beginning of a cell, each that closes at its end, or doubled."""
    may_touch = np.zeros(256, dtype=bool)
    may_touch[[separator, _LF, _CR, _QUOTE]] = True
    opens, closes = np.flatnonzero(quotes & inside), np.flatnonzero(quotes & ~inside)
    # The text ends with a line end, which also stands before its first letter (place -1).
    wrong = np.concatenate((opens[~may_touch[letters[opens - 1]]], closes[~may_touch[letters[closes + 1]]]))
    right = np.ones(len(ends), dtype=bool)
    right[np.searchsorted(ends, wrong)] = False
    return right
