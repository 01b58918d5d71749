"""What a person asks for when loading a zoning: light to import, since the command line does."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from boundaries.levels import ZONINGS, Level
from geo.errors import Invalid

LISTE = re.compile(r"[a-z0-9][a-z0-9-]{0,29}")


@dataclass(frozen=True)
class Columns:
    """What a person said of the columns and of the sheet; None where the names of columns are to tell."""

    commune: str | None = None
    zone: str | None = None
    name: str | None = None
    sheet: str | None = None


@dataclass(frozen=True)
class Asked:
    """A zoning to read from a file.

    `definition` is the year in which the zones were defined, which must agree with the column if that says one;
    `otherwise`, the year for a column that says none. `given_in` is the geography of the file's codes, `told` the
    zone of communes that a person decided on. Raises Invalid for a perimetre without a list, or a list at another
    level.
    """

    level: Level
    millesime: int
    given_in: int
    columns: Columns = field(default_factory=Columns)
    definition: int | None = None
    otherwise: int | None = None
    label: str | None = None
    liste: str = ""
    source: str | None = None
    licence: str = "licence non précisée"
    told: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.level is Level.PERIMETRE and not LISTE.fullmatch(self.liste):
            raise Invalid(
                "Au niveau perimetre, nommez la liste avec --liste (minuscules, chiffres et tirets, 30 au plus) ; "
                f"reçu : « {self.liste} »."
            )
        if self.level is not Level.PERIMETRE and self.liste:
            raise Invalid(f"--liste ne va qu’avec le niveau perimetre, pas avec {self.level}.")


def zoning_level(text: str) -> Level:
    """Return the level of zonings that a word names. Raises Invalid, naming them, for any other.

    >>> zoning_level("zone-emploi")
    <Level.ZONE_EMPLOI: 'zone-emploi'>
    """
    if text not in ZONINGS:
        raise Invalid(f"« {text} » n’est pas un niveau de zonage. Niveaux acceptés : {', '.join(ZONINGS)}.")
    return Level(text)


def decisions(texts: Sequence[str]) -> dict[str, str]:
    """Return the zone of each commune that was told as COMMUNE=ZONE. Raises Invalid for another form.

    >>> decisions(["85165=5213"])
    {'85165': '5213'}
    """
    told: dict[str, str] = {}
    for text in texts:
        commune, equals, zone = (part.strip() for part in text.partition("="))
        if not (commune and equals and zone) or told.get(commune, zone) != zone:
            raise Invalid(
                f"Rattachement mal formé ou contradictoire : « {text} ». Forme attendue : COMMUNE=ZONE, une fois "
                "par commune, par exemple 85165=5213."
            )
        told[commune] = zone
    return told
