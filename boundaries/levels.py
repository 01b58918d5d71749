"""The levels of territory, their French names and the form of their codes."""

import re
from enum import StrEnum


class Level(StrEnum):
    """A level of territory; the value is the word used in URLs and in the database."""

    COMMUNE = "commune"
    ARRONDISSEMENT_MUNICIPAL = "arrondissement-municipal"
    EPCI = "epci"
    DEPARTEMENT = "departement"
    REGION = "region"
    FRANCE = "france"


LABELS: dict[Level, tuple[str, str]] = {
    Level.COMMUNE: ("commune", "communes"),
    Level.ARRONDISSEMENT_MUNICIPAL: ("arrondissement municipal", "arrondissements municipaux"),
    Level.EPCI: ("EPCI", "EPCI"),
    Level.DEPARTEMENT: ("département", "départements"),
    Level.REGION: ("région", "régions"),
    Level.FRANCE: ("France", "France"),
}

CODE_FORMS: dict[Level, re.Pattern[str]] = {
    Level.COMMUNE: re.compile(r"(?:\d{2}|2A|2B)\d{3}"),
    Level.ARRONDISSEMENT_MUNICIPAL: re.compile(r"(?:751|693|132)\d{2}"),
    Level.EPCI: re.compile(r"\d{9}"),
    Level.DEPARTEMENT: re.compile(r"\d{2}|2A|2B|97[1-6]"),
    Level.REGION: re.compile(r"\d{2}"),
    Level.FRANCE: re.compile(r"FR"),
}


def is_code(level: Level, text: str) -> bool:
    """Return whether `text` has the form of a code of this level.

    >>> is_code(Level.COMMUNE, "2A004"), is_code(Level.COMMUNE, "1001"), is_code(Level.EPCI, "244400404")
    (True, False, True)
    """
    return CODE_FORMS[level].fullmatch(text) is not None
