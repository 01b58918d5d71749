"""Territories, and the values joined to them, as layers whose fields have their French titles."""

from datetime import date
from functools import partial

import sqlalchemy as sa

from api.pages.legend import ABSENT, WORDS, class_labels
from api.pages.reading import read
from api.pages.selection import Selection
from boundaries.levels import LABELS, Level
from geo.errors import NotFound
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
            source=geography.source,
            licence=geography.licence,
            day=date(year, 1, 1),
        )
    sheet, period = joined
    return Layer(
        collection,
        f"{sheet.label} {period}, {plural} au 1er janvier {year}",
        rows,
        (*TERRITORY_FIELDS, *value_fields(sheet, period)),
        (sheet.id, plural, period, f"géographie {year}"),
        description=sheet.definition,
        source=f"{sheet.producer}, {sheet.source}",
        licence=sheet.licence,
        day=date(year, 1, 1),
        style=partial(_style, sheet, period, level, year),
    )


def value_fields(sheet: Indicator, period: str) -> tuple[Field, ...]:
    """Return the fields of a value: what it is, why it is not there or how sure it is, what it covers."""
    return (
        Field("value", f"{sheet.label} {period}", Kind.NUMBER, sheet.unit, sheet.definition),
        Field("status", "Statut", labels={status.value: label for status, label in STATUS_LABELS.items()}),
        Field("coverage", "Part couverte", Kind.NUMBER, description="De 0 à 1"),
    )


def _style(sheet: Indicator, period: str, level: Level, year: int, conn: sa.Connection) -> str | None:
    """Return the QGIS style of an indicator: the classes and words of its map; none where it is a map of circles."""
    try:
        shown = read(conn, Selection(sheet, level, period, year))
    except NotFound:  # it was published once, and is no more
        return None
    if shown.classes is None:
        return None
    labels = [sheet.categories[code] for code in sorted(sheet.categories)] or class_labels(
        shown.classes, shown.signed
    )
    absent = ", ".join(qgis.told(status) for status in ABSENT)
    figure = f"round({qgis.quoted('value')}, {sheet.decimals})"  # classes are cut on figures as they are read
    rules = qgis.class_rules(
        figure, shown.classes.inner, shown.ramp, labels, f"{qgis.quoted('status')} NOT IN ({absent})"
    )
    words = {status.value: WORDS[status] for status in ABSENT}
    return qgis.style(
        [*rules, *qgis.absence_rules("status", words)], (*TERRITORY_FIELDS, *value_fields(sheet, period))
    )
