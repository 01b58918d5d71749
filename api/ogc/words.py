"""Text search (`q`): the words of a name, without case or accents, or the beginning of a code."""

import re

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from geo.cql2.expressions import FOLDS
from geo.errors import Invalid

WORD = re.compile(r"[^\W_]+")
BETWEEN = "-'’.,/()"  # what stands between the words of a name
MOST_WORDS = 20


def matching(text: str, name: ColumnElement[str], code: ColumnElement[str]) -> ColumnElement[bool]:
    """Return the condition that a name has all the words of a text, whole or begun, or a code begins as one word.

    Commas separate texts of which one is enough. Raises Invalid for a text without words, or with too many.
    """
    texts = [words for part in text.split(",") if (words := WORD.findall(part))]
    if not texts or "\0" in text:
        raise Invalid(
            f"Recherche non comprise\u202f: «\u202f{text[:60]}\u202f». q attend des mots d’un nom, ou le début "
            "d’un code, par exemple "
            "saint herblain."
        )
    if sum(map(len, texts)) > MOST_WORDS:
        raise Invalid(f"Trop de mots dans q\u202f: au plus {MOST_WORDS} sont acceptés.")
    spaced = sa.func.concat(" ", sa.func.translate(_folded(name), BETWEEN, " " * len(BETWEEN)))
    return sa.or_(*(sa.and_(*(_one(word, spaced, code) for word in words)) for words in texts))


def _one(word: str, spaced: ColumnElement[str], code: ColumnElement[str]) -> ColumnElement[bool]:
    given = sa.literal(word, sa.Text)
    return sa.or_(
        spaced.like(sa.func.concat("% ", _folded(given), "%")),
        sa.func.starts_with(code, sa.func.upper(given), type_=sa.Boolean),
        sa.func.starts_with(code, sa.func.lower(given), type_=sa.Boolean),
    )


def _folded(text: ColumnElement[str]) -> ColumnElement[str]:
    plain = FOLDS["accenti"](FOLDS["casei"](text))
    return sa.func.replace(sa.func.replace(plain, "œ", "oe"), "æ", "ae")
