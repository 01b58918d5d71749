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
    ZONE_EMPLOI = "zone-emploi"
    BASSIN_DE_VIE = "bassin-de-vie"
    AIRE_ATTRACTION = "aire-attraction"
    UNITE_URBAINE = "unite-urbaine"
    CANTON = "canton"
    ARRONDISSEMENT = "arrondissement"
    SCOT = "scot"
    PETR = "petr"
    PERIMETRE = "perimetre"

    @property
    def is_zoning(self) -> bool:
        """Whether its territories come from a list of communes (`boundaries.zonings`), not from the limits."""
        return self in ZONINGS


# In the order in which they are shown. A perimetre's code is `liste.zone`: any number of lists share the level.
ZONINGS = (
    Level.ZONE_EMPLOI,
    Level.BASSIN_DE_VIE,
    Level.AIRE_ATTRACTION,
    Level.UNITE_URBAINE,
    Level.CANTON,
    Level.ARRONDISSEMENT,
    Level.SCOT,
    Level.PETR,
    Level.PERIMETRE,
)
# Where a list may put a commune in several zones: their values are never added up.
MAY_OVERLAP = frozenset({Level.SCOT, Level.PETR, Level.PERIMETRE})

LABELS: dict[Level, tuple[str, str]] = {
    Level.COMMUNE: ("commune", "communes"),
    Level.ARRONDISSEMENT_MUNICIPAL: ("arrondissement municipal", "arrondissements municipaux"),
    Level.EPCI: ("EPCI", "EPCI"),
    Level.DEPARTEMENT: ("département", "départements"),
    Level.REGION: ("région", "régions"),
    Level.FRANCE: ("France", "France"),
    Level.ZONE_EMPLOI: ("zone d’emploi", "zones d’emploi"),
    Level.BASSIN_DE_VIE: ("bassin de vie", "bassins de vie"),
    Level.AIRE_ATTRACTION: ("aire d’attraction des villes", "aires d’attraction des villes"),
    Level.UNITE_URBAINE: ("unité urbaine", "unités urbaines"),
    Level.CANTON: ("canton ou ville", "cantons ou villes"),
    Level.ARRONDISSEMENT: ("arrondissement", "arrondissements"),
    Level.SCOT: ("SCoT", "SCoT"),
    Level.PETR: ("PETR", "PETR"),
    Level.PERIMETRE: ("périmètre", "périmètres"),
}

CODE_FORMS: dict[Level, re.Pattern[str]] = {
    Level.COMMUNE: re.compile(r"(?:\d{2}|2A|2B)\d{3}"),
    Level.ARRONDISSEMENT_MUNICIPAL: re.compile(r"(?:751|693|132)\d{2}"),
    Level.EPCI: re.compile(r"\d{9}"),
    Level.DEPARTEMENT: re.compile(r"\d{2}|2A|2B|97[1-6]"),
    Level.REGION: re.compile(r"\d{2}"),
    Level.FRANCE: re.compile(r"FR"),
    Level.ZONE_EMPLOI: re.compile(r"\d{4}"),
    Level.BASSIN_DE_VIE: re.compile(r"(?:\d{2}|2A|2B)\d{3}"),  # that of its centre, a commune
    Level.AIRE_ATTRACTION: re.compile(r"\d{3}|9[A-F]\d|[A-Z]{3}"),  # 9A1 overseas, GEN across a frontier
    Level.UNITE_URBAINE: re.compile(r"(?:\d{2}|2A|2B|9[A-F])\d{3}"),
    Level.CANTON: re.compile(r"(?:\d{2}|2A|2B|97[1-6])\d{2}"),
    Level.ARRONDISSEMENT: re.compile(r"(?:\d{2}|2A|2B|97[1-6])\d"),
    Level.SCOT: re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,39}"),
    Level.PETR: re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,39}"),
    Level.PERIMETRE: re.compile(r"[a-z0-9][a-z0-9-]{0,29}\.[0-9A-Za-z][0-9A-Za-z_-]{0,29}"),
}


def is_code(level: Level, text: str) -> bool:
    """Return whether `text` has the form of a code of this level.

    >>> is_code(Level.COMMUNE, "2A004"), is_code(Level.COMMUNE, "1001"), is_code(Level.UNITE_URBAINE, "9A601")
    (True, False, True)
    """
    return CODE_FORMS[level].fullmatch(text) is not None
