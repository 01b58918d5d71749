"""A map as it is read: the values of a selection, their classes and colours, and what must be said of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from api.pages.extent import straddling
from api.pages.figures import figure
from api.pages.french import count, named, rounded
from api.pages.legend import QUALIFIED, categories_of, colours
from api.pages.selection import Selection
from api.pages.sentence import Known
from boundaries.levels import LABELS as LEVEL_LABELS
from boundaries.levels import Level
from geo.classes import LABELS as METHOD_LABELS
from geo.classes import Classes, Method, classify, suggested_count
from geo.errors import Invalid
from geo.palettes import CIRCLE
from indicators.natures import Form, map_form
from indicators.published import ValueTable, table
from indicators.statuses import Status


@dataclass(frozen=True)
class Reading:
    """The values of a map and how they are shown; `classes` is None where they are shown as circles.

    `figures` are the values as they are read, rounded to the indicator's decimals. Classes are cut on them, so
    that no figure is ever seen on the wrong side of a limit.
    """

    selection: Selection
    table: ValueTable
    known: Known
    figures: Sequence[float]
    classes: Classes | None
    ramp: tuple[str, ...]
    remarks: tuple[str, ...]

    @property
    def signed(self) -> bool:
        """Whether figures are written with their sign."""
        return self.selection.indicator.nature.rules.signed

    @property
    def count_of_classes(self) -> int:
        """How many classes were asked for, or suit the number of values."""
        return self.selection.classes or suggested_count(len(self.figures))


def read(connection: Connection, selection: Selection) -> Reading:
    """Return the reading of a selection."""
    indicator = selection.indicator
    values = table(connection, indicator.id, selection.level, selection.period, selection.millesime)
    read_as = [figure(value, status) for value, status in zip(values.values, values.statuses, strict=True)]
    known = Known(
        [named(name) for name, value in zip(values.names, read_as, strict=True) if value is not None],
        [value for value in read_as if value is not None],
        total=len(values.codes),
        partial=values.statuses.count(Status.PARTIAL),
    )
    figures = [rounded(value, indicator.decimals) for value in known.values]
    classes: Classes | None = None
    ramp: tuple[str, ...] = (CIRCLE,)
    remarks: tuple[str, ...] = ()
    form = map_form(indicator)
    if form is Form.CATEGORIES:
        classes, ramp = categories_of(indicator.categories, figures)
    elif form is Form.CHOROPLETH:
        classes, remarks = _classes(selection, figures)
        ramp = colours(classes, indicator.pivot)
    if any(
        status in QUALIFIED and value is not None for status, value in zip(values.statuses, read_as, strict=True)
    ):
        remarks += ("Un semis signale une valeur qui n’est pas une simple observation.",)
    remarks += tuple(_borders(straddling(connection, selection.level, selection.millesime), selection.level))
    return Reading(selection, values, known, figures, classes, ramp, remarks)


def _classes(selection: Selection, figures: Sequence[float]) -> tuple[Classes, tuple[str, ...]]:
    """Return the classes and what must be said of them.

    A method that the values refuse gives way to quantiles, and the page says it.
    """
    k = selection.classes or suggested_count(len(figures))
    try:
        classes = classify(figures, selection.effective_method, k, selection.indicator.breaks)
    except Invalid as refusal:
        classes = classify(figures, Method.QUANTILES, k)
        return classes, (refusal.detail, f"Classes tracées : {METHOD_LABELS[Method.QUANTILES]}.", *classes.notes)
    return classes, classes.notes


def _borders(straddling: dict[str, int], level: Level) -> list[str]:
    """Return what must be said of the territories that cross the Region's border.

    >>> _borders({"territoire entier": 4}, Level.EPCI)
    ['4 EPCI débordent de la région : territoire entier.']
    """
    return [
        f"{count(n, *LEVEL_LABELS[level])} {'déborde' if n < 2 else 'débordent'} de la région : {emprise}."
        for emprise, n in straddling.items()
    ]
