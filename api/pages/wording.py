"""The words around the map: title, subtitle, line of source, notes, headings of the table."""

import datetime
from collections.abc import Sequence

import numpy as np

from api.pages.distribution import is_logarithmic
from api.pages.extent import CREDITS
from api.pages.french import capitalised, day, lowered, number
from api.pages.selection import Selection
from api.pages.sentence import measure
from boundaries.levels import LABELS as LEVEL_LABELS
from boundaries.levels import Level
from geo.classes import LABELS as METHOD_LABELS
from geo.classes import Classes
from indicators.catalogue import Indicator
from indicators.natures import FORMS

SHORT_LEVELS = {
    Level.COMMUNE: "Commune",
    Level.EPCI: "EPCI",
    Level.DEPARTEMENT: "Dép.",
    Level.REGION: "Région",
    Level.ZONE_EMPLOI: "Zone d’emploi",
    Level.BASSIN_DE_VIE: "Bassin de vie",
    Level.AIRE_ATTRACTION: "Aire d’attraction",
    Level.UNITE_URBAINE: "Unité urbaine",
    Level.CANTON: "Canton",
    Level.ARRONDISSEMENT: "Arrond.",
    Level.SCOT: "SCoT",
    Level.PETR: "PETR",
}


def title(selection: Selection) -> str:
    """Return what, by what and when."""
    return f"{selection.indicator.label}, par {LEVEL_LABELS[selection.level][0]}, {selection.period}"


def subtitle(selection: Selection) -> str:
    """Return the unit, the level, the period and the geography."""
    return (
        f"{unit_heading(selection.indicator)}, {LEVEL_LABELS[selection.level][1]}, {selection.period} · "
        f"géographie au {day(selection.millesime, 1, 1)}"
    )


def unit_heading(indicator: Indicator) -> str:
    """Return the unit as it begins a line: a word takes a capital, a symbol (km², kWh, ha) stays as it is."""
    noun = indicator.unit.partition(" ")[0]
    return capitalised(indicator.unit) if noun.isalpha() and noun.islower() and len(noun) > 2 else indicator.unit


def source(selection: Selection, classes: Classes | None) -> str:
    """Return the line of field, source, method and licence."""
    indicator = selection.indicator
    if classes is None:
        method = "Cercles d’aire proportionnelle à la valeur."
    elif indicator.categories:
        method = "Une couleur par catégorie, sans ordre entre elles."
    else:
        method = f"Classes : {lowered(METHOD_LABELS[classes.method])} ; chaque classe comprend sa limite basse."
    return (
        f"Champ : {lowered(indicator.field)}. Source : {indicator.producer}, {lowered(indicator.source)}, "
        f"{selection.period}. {CREDITS}. {method} {indicator.licence}."
    )


def series_note(periods: Sequence[str], millesime: int) -> str:
    """Return what else is available in a geography.

    >>> series_note(["2021", "2022"], 2025)
    '2 périodes disponibles dans la géographie au 1er janvier 2025, de 2021 à 2022.'
    """
    where = f"dans la géographie au {day(millesime, 1, 1)}"
    if len(periods) == 1:
        return f"Une seule période disponible {where}."
    return f"{number(len(periods))} périodes disponibles {where}, de {periods[0]} à {periods[-1]}."


def median_note(indicator: Indicator, figures: Sequence[float], signed: bool) -> str:
    """Return what the line and the axis of the distribution are."""
    if not figures or not indicator.nature.rules.rankable:
        return ""
    scale = ""
    if is_logarithmic(np.asarray(figures, dtype=float)):
        zeros = ", les valeurs nulles avec les plus petites" if min(figures) == 0 else ""
        scale = f" Échelle logarithmique{zeros}."
    return f"Le trait marque la médiane : {measure(float(np.median(figures)), indicator, signed)}.{scale}"


def columns(
    indicator: Indicator, level: Level, with_departement: bool, with_status: bool
) -> list[tuple[str, str, str]]:
    """Return the columns of the table: what it can be sorted by (or nothing), its heading, its class."""
    shown = [("nom", capitalised(LEVEL_LABELS[level][0]), ""), ("code", "Code", "code")]
    if with_departement:
        shown.append(("", "Dép.", "dep"))
    if not indicator.nature.rules.rankable:
        shown.append(("", indicator.short_label, ""))
    else:
        shown.append(("valeur", f"{indicator.short_label} ({indicator.unit_short})", "n"))
    if with_status:
        shown.append(("", "Statut", "statut"))
    return shown


def form_note(indicator: Indicator) -> str:
    """Return why the map has the form that it has.

    >>> from indicators.catalogue import indicator
    >>> form_note(indicator("population"))
    'Un effectif se lit en cercles proportionnels.'
    """
    rules = indicator.nature.rules
    return f"{rules.said} se lit en {FORMS[rules.form]}."


def today() -> str:
    """Return the date of the extraction."""
    now = datetime.datetime.now(tz=datetime.UTC).date()
    return day(now.year, now.month, now.day)
