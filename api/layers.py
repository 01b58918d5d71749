"""Territories, and the values joined to them, as layers whose fields have their French titles."""

import re
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial

import sqlalchemy as sa

from api.drawings import drawing_of
from api.pages.selection import Selection
from boundaries.levels import LABELS, Level
from boundaries.sources import CREDITS
from geo.formats import qgis
from geo.formats.layer import Field, Kind, Layer
from geo.layers import Rows
from indicators.catalogue import Indicator
from indicators.statuses import LABELS as STATUS_LABELS

TERRITORY_FIELDS = (
    Field("code", "Code", description="Code Insee, ou SIREN d’un EPCI"),
    Field("nom", "Nom"),
    Field("departement", "Département", description="Code du département, ou des départements"),
    Field("region", "Région", description="Code de la région, ou des régions"),
    Field("epci", "EPCI", description="SIREN de l’EPCI à fiscalité propre"),
    Field("millesime", "Géographie", Kind.INTEGER, description="Année de la géographie, au 1er janvier"),
    Field("emprise", "Emprise", description="Territoire entier, ou sa partie régionale seule"),
)


def territory_layer(
    collection: str,
    level: Level,
    geography: sa.Row[tuple[object, ...]],
    rows: Rows,
    joined: tuple[Indicator, str] | None,
) -> Layer:
    """Return the layer of a level in a geography (the row of its millesime), with an indicator and a period if joined."""
    plural = LABELS[level][1]
    year = geography.year
    if joined is None:
        title = f"{plural[:1].upper()}{plural[1:]} au 1er janvier {year}"
        return Layer(
            collection,
            title,
            rows,
            TERRITORY_FIELDS,
            (plural, f"géographie {year}"),
            source=CREDITS.get(geography.source, geography.source),
            licence=geography.licence,
            day=date(year, 1, 1),
        )
    sheet, period = joined
    return _of_values(
        collection,
        f"{sheet.label} {period}, {plural} au 1er janvier {year}",
        rows,
        value_fields(sheet, period),
        (sheet.id, plural, period, f"géographie {year}"),
        sheet,
        partial(_style, Selection(sheet, level, period, year), "value", "status"),
        year,
    )


def indicator_layer(
    collection: str,
    level: Level,
    geography: sa.Row[tuple[object, ...]],
    rows: Rows,
    sheet: Indicator,
    periods: Sequence[str],
) -> Layer:
    """Return the layer of an indicator with its value and its status at each period in columns, styled as the last."""
    plural = LABELS[level][1]
    year = geography.year
    style = None
    if periods:
        suffix = period_suffix(periods[-1])
        style = partial(_style, Selection(sheet, level, periods[-1], year), f"value_{suffix}", f"status_{suffix}")
    return _of_values(
        collection,
        f"{sheet.label}, {plural} au 1er janvier {year}",
        rows,
        tuple(one for period in periods for one in _period_fields(sheet, period)),
        (sheet.id, plural, "toutes périodes", f"géographie {year}"),
        sheet,
        style,
        year,
    )


def period_suffix(period: str) -> str:
    """Return a period as names of columns have it.

    >>> period_suffix("2016-2022")
    '2016_2022'
    """
    return re.sub("[^0-9A-Za-z]", "_", period)


def value_fields(sheet: Indicator, period: str) -> tuple[Field, ...]:
    """Return the fields of a value: what it is, why it is not there or how sure it is, what it covers."""
    return (
        _value_field("value", sheet, period),
        Field("status", "Statut", labels=_statuses()),
        Field("coverage", "Part couverte", Kind.NUMBER, description="De 0 à 1"),
    )


def _period_fields(sheet: Indicator, period: str) -> tuple[Field, ...]:
    suffix = period_suffix(period)
    return (
        _value_field(f"value_{suffix}", sheet, period),
        Field(f"status_{suffix}", f"Statut {period}", labels=_statuses()),
    )


def _value_field(name: str, sheet: Indicator, period: str) -> Field:
    title = f"{sheet.label} {period}"
    return Field(name, title, Kind.NUMBER, sheet.unit, sheet.definition, _categories(sheet), sheet.decimals)


def _categories(sheet: Indicator) -> dict[str, str]:
    """Return the words of the numbers of a typology; none for what is measured."""
    return {str(code): label for code, label in sorted(sheet.categories.items())}


def _statuses() -> dict[str, str]:
    return {status.value: label for status, label in STATUS_LABELS.items()}


def _of_values(
    collection: str,
    title: str,
    rows: Rows,
    fields: tuple[Field, ...],
    parts: tuple[str, ...],
    sheet: Indicator,
    style: Callable[[tuple[Field, ...], sa.Connection], str | None] | None,
    year: int,
) -> Layer:
    every = (*TERRITORY_FIELDS, *fields)
    return Layer(
        collection,
        title,
        rows,
        every,
        parts,
        description=sheet.definition,
        source=f"{sheet.producer}, {sheet.source}",
        licence=sheet.licence,
        day=date(year, 1, 1),
        style=None if style is None else partial(style, every),
    )


def _style(
    selection: Selection, value: str, status: str, fields: tuple[Field, ...], conn: sa.Connection
) -> str | None:
    """Return the QGIS style of an indicator: the classes, circles and words of its map; none where it is no more."""
    drawing = drawing_of(conn, selection, value, status)
    return None if drawing is None else qgis.style(drawing, fields)
