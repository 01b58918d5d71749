"""The collections: one of the territories of each level, one of the values of each indicator."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from boundaries.levels import LABELS, Level
from geo.errors import NotFound
from indicators.catalogue import Indicator, catalogue

LEVELS = {
    "communes": Level.COMMUNE,
    "epci": Level.EPCI,
    "departements": Level.DEPARTEMENT,
    "regions": Level.REGION,
    "zones-emploi": Level.ZONE_EMPLOI,
    "bassins-de-vie": Level.BASSIN_DE_VIE,
    "aires-attraction": Level.AIRE_ATTRACTION,
    "unites-urbaines": Level.UNITE_URBAINE,
    "cantons": Level.CANTON,
    "arrondissements": Level.ARRONDISSEMENT,
    "scot": Level.SCOT,
    "petr": Level.PETR,
    "perimetres": Level.PERIMETRE,
}


@dataclass(frozen=True)
class Collected:
    """A collection: the territories of `level`, or the values of the indicator of `sheet`; one of them is None."""

    id: str
    title: str
    level: Level | None = None
    sheet: Indicator | None = None


def collections(indicators: Iterable[str]) -> Mapping[str, Collected]:
    """Return the collections by id: every level, then the indicators given, in the order of the catalogue.

    The id of an indicator that is also that of a level is preceded by `indicateur-`.

    >>> list(collections({"communes", "population"}))[-2:]
    ['population', 'indicateur-communes']
    """
    held = set(indicators)
    levels = [Collected(name, _capital(LABELS[level][1]), level=level) for name, level in LEVELS.items()]
    sheets = [
        Collected(f"indicateur-{name}" if name in LEVELS else name, sheet.label, sheet=sheet)
        for name, sheet in catalogue().items()
        if name in held
    ]
    return {one.id: one for one in (*levels, *sheets)}


def collection_of(name: str, indicators: Iterable[str]) -> Collected:
    """Return a collection. Raises NotFound, the same for what does not exist and what who asks may not see."""
    found = collections(indicators)
    if name not in found:
        raise NotFound(f"Collection inconnue : « {name} ». Collections : {', '.join(found)}.")
    return found[name]


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
