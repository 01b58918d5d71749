"""Which separator a text table uses, judged on its first lines as a parser would read them.

A separator is good when many rows have the same width. Among those that are about as good, the right one is
that whose table begins first (a decimal comma is absent from the heading), then gives most columns, then is
the least common in figures and sentences.
"""

import csv
from collections import Counter
from collections.abc import Sequence
from itertools import groupby, islice

from indicators.imports.reading.encoding import Encoding
from indicators.imports.reading.lines import blocks
from indicators.imports.reading.sources import Source

# From the one that figures and sentences hold least to the one that they hold most.
SEPARATORS = {"\t": "tabulation", ";": "point-virgule", "|": "barre verticale", ",": "virgule"}
SAMPLE_LETTERS = 262_144
SAMPLE_ROWS = 2_000
_ABOUT_AS_GOOD = 0.1
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
    judged = {separator: _judge(lines, separator) for separator in SEPARATORS}
    best = max(share for share, _, _ in judged.values())
    if best < _LEAST_SHARE:
        return None
    order = list(SEPARATORS)
    good = [separator for separator in order if judged[separator][0] >= best - _ABOUT_AS_GOOD]
    return min(good, key=lambda separator: (judged[separator][1], -judged[separator][2], order.index(separator)))


def _judge(lines: Sequence[str], separator: str) -> tuple[float, int, int]:
    """The share of rows that have the usual width, the row where their longest run begins, that width."""
    try:
        rows = islice(csv.reader(lines, delimiter=separator), SAMPLE_ROWS)
        widths = [len(row) for row in rows if row]
    except csv.Error:
        return 0.0, 0, 1
    usual, count = max(
        Counter(w for w in widths if w > 1).items(), key=lambda item: (item[1], item[0]), default=(1, 0)
    )
    if not count:
        return 0.0, 0, 1
    begins, longest, position = 0, 0, 0
    for width, run in groupby(widths):
        length = sum(1 for _ in run)
        if width == usual and length > longest:
            begins, longest = position, length
        position += length
    return count / len(widths), begins, usual
