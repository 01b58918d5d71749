"""What a commune code tells by itself: its departement, if it is kept out, the city of an arrondissement."""

import re
from dataclasses import dataclass

LICENCE = "Licence Ouverte 2.0"


@dataclass(frozen=True)
class City:
    """A city with municipal arrondissements: its EPCI since 2016, their number, the form of their codes."""

    code: str
    nom: str
    epci: str
    size: int
    form: re.Pattern[str]


CITIES = (
    City("75056", "Paris", "200054781", 20, re.compile(r"751(?:0[1-9]|1\d|20)")),
    City("69123", "Lyon", "200046977", 9, re.compile(r"6938[1-9]")),
    City("13055", "Marseille", "200054807", 16, re.compile(r"132(?:0[1-9]|1[0-6])")),
)

OVERSEAS_COLLECTIVITY = re.compile(r"(?:975|977|978|98\d)\d{2}")
"""Saint-Pierre-et-Miquelon, Saint-Barthelemy, Saint-Martin and 98x: no departement, no Region, kept out."""


def city_of(code: str) -> City | None:
    """Return the city whose municipal arrondissement has this code, or None.

    >>> city_of("69385").nom, city_of("69123"), city_of("75121")
    ('Lyon', None, None)
    """
    return next((city for city in CITIES if city.form.fullmatch(code)), None)


def departement_of(commune: str) -> str:
    """Return the departement that a commune code begins with: two characters, three overseas.

    >>> departement_of("44109"), departement_of("2A004"), departement_of("97411")
    ('44', '2A', '974')
    """
    return commune[:3] if commune.startswith("97") else commune[:2]


def is_kept_out(commune: str) -> bool:
    """Return whether the commune is one of an overseas collectivity (overseas departements are kept).

    >>> is_kept_out("97502"), is_kept_out("98735"), is_kept_out("97611")
    (True, True, False)
    """
    return OVERSEAS_COLLECTIVITY.fullmatch(commune) is not None
