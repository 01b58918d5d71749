"""The sentence under the map: what the values say, true for any nature, without praise, blame or cause."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from api.pages.french import count, exact, listing, number, percent, quoted, rounded, with_unit
from boundaries.levels import LABELS as LEVEL_LABELS
from boundaries.levels import MAY_OVERLAP, Level
from indicators.catalogue import Indicator


@dataclass(frozen=True)
class Known:
    """The values that have a figure, with the names of their territories, and how many territories there are.

    `partial` of the values cover a part of their territory only.
    """

    names: Sequence[str]
    values: Sequence[float]
    total: int
    partial: int = 0


def sentence(indicator: Indicator, level: Level, known: Known) -> str:
    """Return one or two sentences about the values of a map.

    Territories without a figure are left out and the sentence says of how many it speaks.
    """
    if not known.values:
        return "Aucune valeur n’est publiée pour ce choix."
    if len(known.values) == 1:
        said = f"{known.names[0]} : {measure(known.values[0], indicator, indicator.nature.rules.signed)}."
    elif indicator.nature.additive and level not in MAY_OVERLAP:
        said = _shares(indicator, level, known)
    elif not indicator.nature.rules.rankable:
        said = _categories(indicator, level, known)
    elif indicator.nature.rules.signed:
        said = _signs(indicator, level, known)
    else:
        said = _spread(indicator, level, known)
    return said + _partial(known.partial)


def measure(value: float, indicator: Indicator, signed: bool = False) -> str:
    """Return a value as people read it, with its unit in full."""
    if indicator.categories:
        return quoted(written(value, indicator))
    return with_unit(written(value, indicator, signed), unit_for(value, indicator.unit))


def written(value: float, indicator: Indicator, signed: bool = False) -> str:
    """Return a value as people read it, without its unit; that of a typology is the name of its category."""
    if indicator.categories:
        return indicator.categories.get(int(value), exact(value))
    return number(value, indicator.decimals, signed)


def unit_for(value: float, unit: str) -> str:
    """Return the unit as written after a value: its noun in the plural loses its s below 2.

    >>> unit_for(1, "habitants"), unit_for(2, "habitants"), unit_for(1.5, "logements au km²"), unit_for(1, "km²")
    ('habitant', 'habitants', 'logement au km²', 'km²')
    """
    noun, space, rest = unit.partition(" ")
    return noun[:-1] + space + rest if abs(value) < 2 and noun.isalpha() and noun.endswith("s") else unit


def _partial(n: int) -> str:
    """Return what is said of values that cover a part of their territory only.

    >>> _partial(0), _partial(1)
    ('', ' Une valeur est partielle : elle ne couvre pas tout son territoire.')
    """
    if n < 2:
        return " Une valeur est partielle : elle ne couvre pas tout son territoire." if n else ""
    return f" {number(n)} valeurs sont partielles : elles ne couvrent pas tout leur territoire."


def _those(level: Level, known: Known, whole: str) -> str:
    """Return of whom the sentence speaks; `whole` qualifies them where all have a value."""
    those = count(len(known.values), *LEVEL_LABELS[level])
    if len(known.values) == known.total:
        return those + whole
    return f"{those} qui ont une valeur (sur {number(known.total)})"


def _shares(indicator: Indicator, level: Level, known: Known) -> str:
    x = np.asarray(known.values, dtype=float)
    total, top = float(x.sum()), float(x.max())
    of_all = f"Les {_those(level, known, ' de la carte')} réunissent {measure(total, indicator)}"
    holders = np.flatnonzero(x == top)
    if (x < 0).any() or total <= 0 or holders.size > 1:
        return f"{of_all} ; {_extremes(indicator, known)}."
    first = f"{number(top, indicator.decimals)} ({known.names[int(holders[0])]})"
    said = f"{of_all} ; la valeur la plus élevée, {first}, en fait {percent(top / total)}"
    if x.size < 40:
        return said + "."
    ten = float(np.sort(x)[-10:].sum())
    return said + f", et les dix plus élevées {percent(ten / total)}."


def _signs(indicator: Indicator, level: Level, known: Known) -> str:
    # Signs are those of the figures as they are read: what rounds to zero is stable.
    x = np.array([rounded(value, indicator.decimals) for value in known.values])
    up, down = int((x > 0).sum()), int((x < 0).sum())
    parts = [f"l’évolution est positive dans {number(up)}", f"négative dans {number(down)}"]
    if flat := x.size - up - down:
        parts.append(f"nulle dans {number(flat)}")
    return f"Sur {_those(level, known, '')}, {listing(parts)} ; {_extremes(indicator, known, True)}."


def _categories(indicator: Indicator, level: Level, known: Known) -> str:
    found = Counter(known.values)
    told = [
        f"{quoted(written(code, indicator))} ({number(found[code])})"
        for code in indicator.categories
        if found[code]
    ]
    return f"Les {_those(level, known, ' de la carte')} se répartissent ainsi : {listing(told)}."


def _spread(indicator: Indicator, level: Level, known: Known) -> str:
    median = measure(float(np.median(known.values)), indicator)
    return (
        f"Sur {_those(level, known, '')}, {_extremes(indicator, known)} ; "
        f"la valeur médiane, qui les partage en deux moitiés, est de {median}."
    )


def _extremes(indicator: Indicator, known: Known, signed: bool = False) -> str:
    """Return the lowest and highest values and who has them."""
    low, high = min(known.values), max(known.values)
    if low == high:
        return f"toutes les valeurs sont égales à {measure(low, indicator, signed)}"
    return (
        f"les valeurs vont de {number(low, indicator.decimals, signed)} ({_holder(known, low)}) "
        f"à {measure(high, indicator, signed)} ({_holder(known, high)})"
    )


def _holder(known: Known, value: float) -> str:
    holders = [name for name, own in zip(known.names, known.values, strict=True) if own == value]
    return holders[0] if len(holders) == 1 else f"{exact(len(holders))} territoires"
