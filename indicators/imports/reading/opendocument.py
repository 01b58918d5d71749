"""Where the cells in error of an ODS are, and their text: the parser of workbooks gives them as empty.

Rows and cells may stand for several (`number-rows-repeated`, `number-columns-repeated`): OpenDocument 1.3, 19.675.
"""

from collections.abc import Callable
from xml.parsers import expat

from indicators.imports.reading.archives import Archive
from indicators.imports.reading.limits import UnreadableFile, quoted

_BLOCK_BYTES = 1_048_576
_CELLS = ("table:table-cell", "table:covered-table-cell")


class _Finder:
    """Follows the tables, rows and cells of a document; tells each cell in error."""

    def __init__(self, tell: Callable[[int, int, int, str], None]) -> None:
        self._tell = tell
        self._sheet, self._row, self._column = -1, 0, 0
        self._rows = 1
        self._text: list[str] | None = None

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "table:table":
            self._sheet, self._row = self._sheet + 1, 0
        elif name == "table:table-row":
            self._column, self._rows = 0, int(attributes.get("table:number-rows-repeated", 1))
        elif name in _CELLS:
            self._columns = int(attributes.get("table:number-columns-repeated", 1))
            self._text = [] if attributes.get("calcext:value-type") == "error" else None

    def letters(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def end(self, name: str) -> None:
        if name == "table:table-row":
            self._row += self._rows
        elif name in _CELLS:
            if self._text is not None:
                for row in range(self._row, self._row + self._rows):
                    for column in range(self._column, self._column + self._columns):
                        self._tell(self._sheet, row, column, "".join(self._text))
            self._text = None
            self._column += self._columns


def find_errors(archive: Archive, tell: Callable[[int, int, int, str], None]) -> None:
    """Tell the sheet, row, column (from 0) and text of each cell in error; the XML was searched for entities before."""
    finder = _Finder(tell)
    parser = expat.ParserCreate()
    parser.StartElementHandler = finder.start
    parser.CharacterDataHandler = finder.letters
    parser.EndElementHandler = finder.end
    member = next(member for member in archive.members if member.filename == "content.xml")
    try:
        with archive.source(member).open() as stream:
            while block := stream.read(_BLOCK_BYTES):
                parser.Parse(block)
            parser.Parse(b"", True)
    except (expat.ExpatError, ValueError):
        raise UnreadableFile(f"{quoted(archive.name)} est un classeur abîmé ou tronqué.") from None
