"""Which separator a text table uses, judged on its first lines as a parser would read them.

A separator is good when many rows have the same width, in a long run. Among those that are about as good, the right
one is that whose table begins first (a decimal comma is absent from the heading), then gives most columns, then is
the least common in figures and sentences.
"""

import csv
from collections import Counter
from collections.abc import Sequence
from itertools import groupby, islice
from typing import NamedTuple

from indicators.imports.reading.encoding import Encoding
from indicators.imports.reading.lines import blocks
from indicators.imports.reading.sources import Source

# From the one that figures and sentences hold least to the one that they hold most.
SEPARATORS = {"\t": "tabulation", ";": "point-virgule", "|": "barre verticale", ",": "virgule"}
SAMPLE_LETTERS = 262_144
SAMPLE_ROWS = 2_000
_ABOUT_AS_GOOD = 0.1
_ABOUT_AS_LONG = 0.8
_LEAST_SHARE = 0.2


def find_separator(source: Source, encoding: Encoding) -> str | None:
    """Return the separator, or None for a table of one column."""
    block = next(iter(blocks(source, encoding)), b"")
    return separator_of(block.decode()[:SAMPLE_LETTERS].splitlines(keepends=True))


def separator_of(lines: Sequence[str]) -> str | None:
    """Return the separator of these lines.

    >>> separator_of(["Source : Insee, 2021\\n", "code;valeur\\n", "01001;1,5\\n", "01002;2,5\\n"])
    ';'
    >>> separator_of(["commune\\n", "01001\\n"]) is None
    True
    """
    order = list(SEPARATORS)
    judged = {separator: _judge(lines, separator) for separator in order}
    best = max(found.share for found in judged.values())
    if best < _LEAST_SHARE:
        return None
    good = [separator for separator in order if judged[separator].share >= best - _ABOUT_AS_GOOD]
    longest = max(judged[separator].run for separator in good)
    steady = [separator for separator in good if judged[separator].run >= _ABOUT_AS_LONG * longest]
    return min(steady, key=lambda mark: (judged[mark].begins, -judged[mark].width, order.index(mark)))


class _Judged(NamedTuple):
    """The width that most rows have, their share, the row where their longest run begins, and its length."""

    width: int = 1
    share: float = 0.0
    begins: int = 0
    run: int = 0


def _judge(lines: Sequence[str], separator: str) -> _Judged:
    try:
        rows = islice(csv.reader(lines, delimiter=separator), SAMPLE_ROWS)
        widths = [len(row) for row in rows if row]
    except csv.Error:
        return _Judged()
    usual, count = max(Counter(w for w in widths if w > 1).items(), key=lambda item: item[::-1], default=(1, 0))
    if not count:
        return _Judged()
    runs = []
    position = 0
    for width, run in groupby(widths):
        length = sum(1 for _ in run)
        if width == usual:
            runs.append((length, position))
        position += length
    longest, begins = max(runs, key=lambda found: (found[0], -found[1]))
    return _Judged(usual, count / len(widths), begins, longest)
