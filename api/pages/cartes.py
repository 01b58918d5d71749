"""The map page `/cartes`: what was asked for, and everything that the page shows of it."""

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

import sqlalchemy as sa
from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from api.dependencies import Connection, CurrentVersions
from api.filling import FillingRoute
from api.pages import wording
from api.pages.distribution import histogram
from api.pages.drawing import folium_parts, state, values_url
from api.pages.extent import extent
from api.pages.figures import figure
from api.pages.french import capitalised, named, quoted
from api.pages.legend import WORDS, category_lines, class_lines, reference_circles, status_lines, zero_lines
from api.pages.reading import Reading, read
from api.pages.rows import page_of, sort_key
from api.pages.selection import MAPPED, Selection, chosen_indicator, drawn_millesimes, select
from api.pages.sentence import measure, sentence
from api.pages.site import page
from boundaries.levels import LABELS as LEVEL_LABELS
from geo.classes import LABELS as METHOD_LABELS
from geo.classes import Method
from geo.errors import NotFound
from indicators.catalogue import Indicator
from indicators.catalogue import indicator as sheet
from indicators.published import Choices, all_choices, table
from indicators.statuses import Status

router = APIRouter(route_class=FillingRoute, include_in_schema=False)

FIXED_COUNT = (Method.MANUAL, Method.Q6)  # methods that decide themselves how many classes there are


@router.get("/cartes")
def cartes(request: Request, connection: Connection, now: CurrentVersions) -> Response:
    """Return the map page. A wrong parameter raises, and the page of the error says what is accepted."""
    query = request.query_params
    root = str(request.scope.get("root_path", ""))
    offered = all_choices(connection)
    indicator = chosen_indicator(query, offered)
    available = offered[indicator.id]
    selection = select(query, indicator, available)
    if query.get("ajuster") == "1":
        return RedirectResponse(f"{root}/cartes?{_without_stranger(connection, selection).query()}", 303)
    reading = read(connection, selection)
    versions = now.levels_of(selection.millesime)
    where = extent(connection, selection.millesime)
    return page(
        request,
        "cartes.html",
        **_text(reading),
        **_legend(reading),
        **_form(reading, available, [sheet(name) for name in offered]),
        **_rows(reading),
        carte=folium_parts(root, selection, where, versions),
        etat=state(root, reading, versions, now.release),
        telechargement=values_url(root, selection, f="csv"),
        adresse=str(request.base_url).rstrip("/") + f"/cartes?{selection.query()}",
    )


def _without_stranger(connection: sa.Connection, selection: Selection) -> Selection:
    """Return the selection without its territory, if the map does not have it."""
    if selection.territory is None:
        return selection
    indicator, level = selection.indicator.id, selection.level
    known = table(connection, indicator, level, selection.period, selection.millesime).codes
    return selection if selection.territory in known else replace(selection, territory=None)


def _text(reading: Reading) -> dict[str, Any]:
    selection = reading.selection
    return {
        "rubrique": "cartes",
        "selection": selection,
        "indicateur": selection.indicator,
        "unite": wording.unit_heading(selection.indicator),
        "titre_long": wording.title(selection),
        "sous_titre": wording.subtitle(selection),
        "phrase": capitalised(sentence(selection.indicator, selection.level, reading.known)),
        "source": wording.source(selection, reading.classes),
        "choisi": _chosen(reading),
        "sans_choisi": selection.query(territory=None),
        "aujourdhui": wording.today(),
    }


def _chosen(reading: Reading) -> dict[str, str] | None:
    """Return the territory named by the address. Raises NotFound where the map has no such code."""
    selection, values = reading.selection, reading.table
    if selection.territory is None:
        return None
    if selection.territory not in values.codes:
        raise NotFound(
            f"La carte n’a pas de territoire de code {quoted(selection.territory)} "
            f"au niveau {quoted(LEVEL_LABELS[selection.level][0])}."
        )
    i = values.codes.index(selection.territory)
    status = Status(values.statuses[i])
    value = figure(values.values[i], status)
    return {
        "code": values.codes[i],
        "name": named(values.names[i]),
        "figure": "" if value is None else measure(value, selection.indicator, reading.signed),
        "note": "" if status is Status.OBSERVED else WORDS[status],
    }


def _legend(reading: Reading) -> dict[str, Any]:
    indicator, classes = reading.selection.indicator, reading.classes
    statuses = [Status(status) for status in reading.table.statuses]
    present = [
        figure(value, status) is not None for value, status in zip(reading.table.values, statuses, strict=True)
    ]
    if classes is None:
        lines = zero_lines(reading.known.values)
    elif indicator.categories:
        lines = category_lines(indicator.categories, classes, reading.ramp)
    else:
        lines = class_lines(classes, reading.ramp, reading.signed)
    drawn = histogram(reading.figures, classes.inner if classes is not None else (), reading.ramp)
    return {
        "cercles": None if classes is not None else reference_circles(reading.known.values, indicator.decimals),
        "lignes": lines + status_lines(statuses, present),
        "remarques": reading.remarks,
        "distribution": drawn if indicator.nature.rules.rankable else None,
        "mediane": wording.median_note(indicator, reading.figures, reading.signed),
    }


def _form(reading: Reading, available: Choices, published: list[Indicator]) -> dict[str, Any]:
    selection = reading.selection
    periods = available.periods[selection.level, selection.millesime]
    rules = selection.indicator.nature.rules
    methods = [method for method in rules.methods if method is not Method.MANUAL or selection.indicator.breaks]
    return {
        "themes": {
            theme: sorted(
                (item for item in published if item.theme == theme), key=lambda item: sort_key(item.label)
            )
            for theme in sorted({item.theme for item in published}, key=sort_key)
        },
        "niveaux": [
            (level.value, wording.SHORT_LEVELS[level]) for level in MAPPED if drawn_millesimes(available, level)
        ],
        "periodes": periods[::-1],
        "millesimes": drawn_millesimes(available, selection.level),
        "note_serie": wording.series_note(periods, selection.millesime),
        "methodes": [(method.value, METHOD_LABELS[method]) for method in methods],
        "forme": wording.form_note(selection.indicator),
        "nombre_libre": selection.effective_method not in FIXED_COUNT,
        "nombre_de_classes": reading.count_of_classes,
    }


def _rows(reading: Reading) -> dict[str, Any]:
    selection = reading.selection
    listed = page_of(reading.table, selection.indicator, selection.order, selection.page, reading.signed)
    return {
        "pagination": listed,
        "serie": reading.table.series.digest,
        "noms_niveau": LEVEL_LABELS[selection.level],
        "colonnes": wording.columns(
            selection.indicator, selection.level, listed.with_departement, listed.with_status
        ),
        "champs": parse_qsl(selection.query(page=1, territory=None)),
    }
