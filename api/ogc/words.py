"""Text search (`q`): the words of a name, without case or accents, or the beginning of a code."""

import re
import unicodedata

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from geo.errors import Invalid

WORD = re.compile(r"[^\W_]+")
MOST_WORDS = 20
# Letters of the names of France, overseas included, that are an ASCII one and a mark, and what stands between words. They
# are few, for each character of a name is sought among them: Unicode's own folding takes several times as long.
LETTERS = "".join(map(chr, range(0x00C0, 0x0100))) + "ŸĀĒĪŌŪāēīōū"
PLAIN: dict[str, str] = {
    letter: apart[0].lower() for letter in LETTERS if len(apart := unicodedata.normalize("NFD", letter)) > 1
} | dict.fromkeys("-'’.,/()", " ")
LIGATURES: dict[str, str] = {"œ": "oe", "Œ": "oe", "æ": "ae", "Æ": "ae"}

FOLDS: dict[int, str] = {ord(letter): plain for letter, plain in (PLAIN | LIGATURES).items()}


def matching(text: str, name: ColumnElement[str], code: ColumnElement[str]) -> ColumnElement[bool]:
    """Return the condition that a name has all the words of a text, whole or begun, or a code begins as one word.

    Commas separate texts of which one is enough. Raises Invalid for a text without words, or with too many.
    """
    composed = unicodedata.normalize("NFC", text)
    texts = [words for part in composed.split(",") if (words := WORD.findall(folded(part)))]
    if not texts or "\0" in text:
        raise Invalid(
            f"Recherche non comprise\u202f: «\u202f{text[:60]}\u202f». q attend des mots d’un nom, ou le début d’un "
            "code, par exemple saint herblain."
        )
    if sum(map(len, texts)) > MOST_WORDS:
        raise Invalid(f"Trop de mots dans q\u202f: au plus {MOST_WORDS} sont acceptés.")
    spaced = sa.func.lower(sa.func.translate(name, "".join(PLAIN), "".join(PLAIN.values())))
    for ligature, letters in LIGATURES.items():
        spaced = sa.func.replace(spaced, ligature, letters)
    spaced = sa.func.concat(" ", spaced)
    return sa.or_(*(sa.and_(*(_one(word, spaced, code) for word in words)) for words in texts))


def folded(text: str) -> str:
    """Return a text as names are compared.

    >>> folded("L’Île-d’Yeu"), folded("SACRÉ-CŒUR")
    ('l ile d yeu', 'sacre coeur')
    """
    return text.translate(FOLDS).lower()


def _one(word: str, spaced: ColumnElement[str], code: ColumnElement[str]) -> ColumnElement[bool]:
    """Return the condition that a word begins one of a name, or the code (2A004 begins with 2a)."""
    return sa.or_(
        spaced.like(f"% {word}%"),
        sa.func.starts_with(code, word.upper(), type_=sa.Boolean),
        sa.func.starts_with(code, word, type_=sa.Boolean),
    )
