"""What a delivered file may hold at most: every limit of the readers, its name and its French sentence, here alone.

A limit counts what is really read (bytes while they are inflated, rows while they are parsed), never what a
header of the file claims.
"""

from dataclasses import dataclass

from geo.errors import Invalid, TooLarge


class UnreadableFile(Invalid):
    """A delivered file that is not what it should be: another format, truncated, damaged, dangerous."""


class FileTooLarge(TooLarge):
    """A delivered file beyond one of the stated limits."""


@dataclass(frozen=True)
class Limit:
    """A limit: its value in its unit, and what is said of a file that exceeds it (after the file's name)."""

    value: int
    said: str

    def exceeded(self, name: str, where: str = "") -> FileTooLarge:
        """Return the error to raise for this file."""
        return FileTooLarge(f"{quoted(name)} {self.said}{where}.")

    def check(self, count: int, name: str, where: str = "") -> None:
        """Raise FileTooLarge when this count exceeds the limit."""
        if count > self.value:
            raise self.exceeded(name, where)


def quoted(name: str) -> str:
    """Return a name between French quotation marks, without what a terminal or a page would not show.

    >>> quoted("a\\nb.csv")
    '«\\u202fa b.csv\\u202f»'
    """
    shown = "".join(letter if letter.isprintable() else " " for letter in name)
    return f"«\u202f{shown[:120]}\u202f»"


# The file as it is delivered, and as it is once inflated.
FILE_BYTES = Limit(
    500_000_000, "pèse plus de 500\u202fMo, la limite d’une livraison\u202f: livrez-le en plusieurs fichiers"
)
INFLATED_BYTES = Limit(2_000_000_000, "dépasse 2\u202fGo une fois décompressé")
# Deflate never exceeds 1,032; tables of figures stay below 100. Counted beyond the first bytes, where a small
# file of zeros may well be at 500.
INFLATED_RATIO = Limit(250, "se décompresse plus de 250\u202ffois\u202f: c’est le fait d’une archive piégée")
RATIO_FROM_BYTES = 20_000_000
MEMBERS = Limit(500, "contient plus de 500\u202ffichiers")
DIRECTORY_BYTES = Limit(1_000_000, "a une table des matières de plus de 1\u202fMo")

# Tables.
COLUMNS = Limit(2_000, "a plus de 2\u202f000\u202fcolonnes")
ROWS = Limit(30_000_000, "a plus de 30\u202fmillions de lignes")
CELLS = Limit(600_000_000, "a plus de 600\u202fmillions de cellules")
LINE_BYTES = Limit(2_097_152, "a une ligne de plus de 2\u202fMio")
RECORD_BYTES = Limit(4_194_304, "a un enregistrement de plus de 4\u202fMio")

# Formats that are read whole, in a process of their own (`reading.isolated`).
WORKBOOK_BYTES = Limit(
    200_000_000, "dépasse 200\u202fMo une fois décompressé, la limite d’un classeur\u202f: livrez-le en CSV"
)
SHEETS = Limit(500, "a plus de 500\u202ffeuilles")
JSON_BYTES = Limit(64_000_000, "pèse plus de 64\u202fMo, la limite d’un JSON-stat\u202f: livrez-le en CSV")
SPOOL_BYTES = Limit(4_000_000_000, "donne plus de 4\u202fGo de texte")
MEMORY_BYTES = Limit(3_000_000_000, "demande plus de 3\u202fGo de mémoire pour être lu\u202f: livrez-le en CSV")
SECONDS = Limit(300, "demande plus de 5\u202fminutes de calcul pour être lu\u202f: livrez-le en CSV")
