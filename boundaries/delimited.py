"""Delimited text files: rows with their line numbers, whatever the encoding and the separator."""

import csv
import io
from collections.abc import Iterator
from typing import NamedTuple

from geo.errors import Invalid, TooLarge

SEPARATORS = ",;\t|"
LIMIT_BYTES = 100_000_000  # INSEE's movements since 1943 are under 2 MB


class Line(NamedTuple):
    """The cells of a row, trimmed, and the line of the file where it ends."""

    number: int
    cells: list[str]


def rows(content: bytes, title: str) -> Iterator[Line]:
    """Yield the rows that hold something: UTF-8 with or without BOM, else cp1252; the separator most seen first.

    `title` begins the messages. Raises Invalid when it is no such file, TooLarge beyond 100 MB.

    >>> list(rows("\\ufeffcode;nom\\n\\n85084; Essarts\\n".encode(), "Fichier"))[1]
    Line(number=3, cells=['85084', 'Essarts'])
    """
    if len(content) > LIMIT_BYTES:
        raise TooLarge(f"{title}\u202f: il dépasse {LIMIT_BYTES // 10**6}\u202fMo.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    if "\0" in text:
        raise Invalid(f"{title}\u202f: ce n’est pas un fichier texte (CSV).")
    first = next((line for line in text.splitlines() if line.strip()), "")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(SEPARATORS, key=first.count))
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells):
                yield Line(reader.line_num, cells)
    except csv.Error:
        raise Invalid(f"{title}, ligne {reader.line_num}\u202f: cette ligne n’est pas lisible (CSV).") from None
