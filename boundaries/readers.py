"""Who asks: the audience that a reader belongs to decides what may be shown; it is proved elsewhere."""

from dataclasses import dataclass
from enum import StrEnum

from geo.errors import Invalid


class Audience(StrEnum):
    """The three audiences, each of which sees all that the one before it sees, and what is released to it alone.

    >>> Audience.PROFESSIONAL.editions, Audience.PUBLIC < Audience.REGION
    ((1, 2), True)
    """

    PUBLIC = "public"
    PROFESSIONAL = "professional"
    REGION = "region"

    @property
    def edition(self) -> int:
        """The number of the edition made for this audience."""
        return list(Audience).index(self) + 1

    @property
    def editions(self) -> tuple[int, ...]:
        """The editions that this audience may read, the most public first."""
        return tuple(range(1, self.edition + 1))

    def __lt__(self, other: str) -> bool:
        return self.edition < Audience(other).edition


def audience_named(text: str) -> Audience:
    """Return the audience of a word. Raises Invalid, naming those there are."""
    if text not in list(Audience):
        raise Invalid(f"Audience « {text} » inconnue ; audiences connues : {', '.join(Audience)}.")
    return Audience(text)


LABELS = {
    Audience.PUBLIC: "public",
    Audience.PROFESSIONAL: "professionnels de l’observation",
    Audience.REGION: "Conseil régional",
}


@dataclass(frozen=True)
class Reader:
    """Someone who reads: their audience, and their name where they are known."""

    audience: Audience = Audience.PUBLIC
    name: str = ""


ANYBODY = Reader()
