"""The map page: what was asked for, its values, and everything that the page says of them."""

import datetime
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

import numpy as np
from fastapi import APIRouter, Request
from sqlalchemy import Connection as SqlConnection
from starlette.responses import RedirectResponse, Response

from api.dependencies import Connection, CurrentVersions
from api.pages import french
from api.pages.distribution import histogram
from api.pages.extent import CREDITS, opening_bounds, straddling
from api.pages.legend import (
    ABSENT,
    LARGEST_RADIUS,
    QUALIFIED,
    WORDS,
    class_lines,
    colours,
    reference_circles,
    status_lines,
)
from api.pages.rows import page_of
from api.pages.selection import MAPPED, Selection, chosen_indicator, drawn_millesimes, select
from api.pages.sentence import Known, measure, sentence
from api.pages.site import page
from api.pages.statics import static_url
from api.versions import Versions, version_of
from boundaries.levels import LABELS as LEVEL_LABELS
from boundaries.levels import Level
from geo.classes import LABELS as METHOD_LABELS
from geo.classes import Classes, Method, classify, suggested_count
from geo.errors import Invalid, NotFound
from geo.maps import Bounds, MapParts, TileSource, map_parts
from geo.palettes import CIRCLE, CIRCLE_NEGATIVE
from indicators.catalogue import Indicator, catalogue
from indicators.natures import Nature
from indicators.published import Choices, ValueTable, choices, table
from indicators.statuses import Status

router = APIRouter(include_in_schema=False)

_SHORT_LEVELS = {Level.COMMUNE: "Commune", Level.EPCI: "EPCI", Level.DEPARTEMENT: "Dép.", Level.REGION: "Région"}
_FIXED_COUNT = (Method.MANUAL, Method.Q6)


@router.get("/cartes")
def cartes(request: Request, connection: Connection, now: CurrentVersions) -> Response:
    """Return the map page. A wrong parameter raises, and the page of the error says what is accepted."""
    query = request.query_params
    indicator = chosen_indicator(query)
    available = choices(connection, indicator.id)
    selection = select(query, indicator, available)
    if query.get("ajuster") == "1":
        selection = _without_stranger(connection, selection)
        root = request.scope.get("root_path", "")
        return RedirectResponse(f"{root}/cartes?{selection.query()}", status_code=303)
    return page(request, "cartes.html", **_content(request, connection, now, selection, available))


def _without_stranger(connection: SqlConnection, selection: Selection) -> Selection:
    """Return the selection without its territory, if the map does not have it."""
    if selection.territory is None:
        return selection
    codes = table(connection, selection.indicator.id, selection.level, selection.period, selection.millesime).codes
    return selection if selection.territory in codes else replace(selection, territory=None)


def _content(
    request: Request, connection: SqlConnection, now: Versions, selection: Selection, available: Choices
) -> dict[str, Any]:
    """Return all that the template shows."""
    indicator, level = selection.indicator, selection.level
    values = table(connection, indicator.id, level, selection.period, selection.millesime)
    version = version_of(connection, selection.millesime)
    root = str(request.scope.get("root_path", ""))
    periods = available.periods[level, selection.millesime]
    known = Known(
        [name for name, value in zip(values.names, values.values, strict=True) if value is not None],
        [value for value in values.values if value is not None],
    )
    circles = indicator.nature.map_form == "circles"
    signed = indicator.nature is Nature.GROWTH
    classes, remarks = (None, []) if circles else _classes(selection, known.values)
    ramp = [CIRCLE] if classes is None else list(colours(classes, indicator.pivot))
    statuses = [Status(status) for status in values.statuses]
    if any(status in QUALIFIED for status in statuses):
        remarks.append("Le semis de tirets signale une valeur qui n’est pas une simple observation.")
    remarks += _borders(straddling(connection, level, selection.millesime), level)
    listed = page_of(values, indicator, selection.order, selection.page, signed)
    title = f"{indicator.label}, {_by_level(level)}, {selection.period}"
    url = f"{root}/cartes?{selection.query()}"
    return {
        "rubrique": "cartes",
        "selection": selection,
        "indicateur": indicator,
        "titre_long": title,
        "sous_titre": _subtitle(selection),
        "phrase": french.capitalised(sentence(indicator, level, known)),
        "source": _source(selection, classes),
        "choisi": _chosen(values, selection, signed),
        "sans_choisi": selection.query(territory=None),
        "carte": _map(root, selection, opening_bounds(connection, selection.millesime), version),
        "cercles": reference_circles(known.values, indicator.decimals) if circles else None,
        "lignes": (class_lines(classes, ramp, signed) if classes else []) + status_lines(statuses),
        "remarques": remarks,
        "distribution": histogram(known.values, classes.inner if classes else (), ramp),
        "mediane": _median(indicator, known.values),
        "indicateurs": list(catalogue().values()),
        "niveaux": [(item.value, _SHORT_LEVELS[item]) for item in MAPPED if drawn_millesimes(available, item)],
        "periodes": periods[::-1],
        "millesimes": drawn_millesimes(available, level),
        "note_serie": _series_note(periods, selection.millesime),
        "methodes": [
            (item.value, METHOD_LABELS[item]) for item in Method if item is not Method.MANUAL or indicator.breaks
        ],
        "nombre_libre": selection.effective_method not in _FIXED_COUNT,
        "nombre_de_classes": selection.classes or suggested_count(len(known.values)),
        "pagination": listed,
        "noms_niveau": LEVEL_LABELS[level],
        "colonnes": _columns(indicator, level, listed.with_departement, listed.with_status),
        "champs": parse_qsl(selection.query(page=1, territory=None)),
        "telechargement": _values_url(root, selection) + "&f=csv",
        "aujourdhui": _today(),
        "adresse": str(request.base_url).rstrip("/") + f"/cartes?{selection.query()}",
        "etat": _state(root, url, title, selection, version, now.release, classes, ramp, known.values, signed),
    }


def _classes(selection: Selection, values: Sequence[float]) -> tuple[Classes, list[str]]:
    """Return the classes and what must be said of them; a method that the values refuse gives way, and it is said."""
    k = selection.classes or suggested_count(len(values))
    method, limits = selection.effective_method, selection.indicator.breaks
    try:
        classes = classify(values, method, k, limits)
    except Invalid as refusal:
        classes = classify(values, Method.QUANTILES, k)
        return classes, [refusal.detail, f"Classes tracées : {METHOD_LABELS[Method.QUANTILES]}.", *classes.notes]
    return classes, list(classes.notes)


def _borders(straddling: dict[str, int], level: Level) -> list[str]:
    """Return what must be said of the territories that cross the Region's border.

    >>> _borders({"territoire entier": 4}, Level.EPCI)
    ['4 EPCI débordent de la région : territoire entier.']
    """
    return [
        f"{french.count(count, *LEVEL_LABELS[level])} {'déborde' if count < 2 else 'débordent'} "
        f"de la région : {emprise}."
        for emprise, count in straddling.items()
    ]


def _subtitle(selection: Selection) -> str:
    unit = french.capitalised(selection.indicator.unit)
    return (
        f"{unit}, {LEVEL_LABELS[selection.level][1]}, {selection.period} · "
        f"géographie au {french.day(selection.millesime, 1, 1)}"
    )


def _source(selection: Selection, classes: Classes | None) -> str:
    """Return the line of field, source, method and licence."""
    indicator = selection.indicator
    method = (
        "Cercles d’aire proportionnelle à la valeur."
        if classes is None
        else f"Classes : {_lowered(METHOD_LABELS[classes.method])} ; chaque classe comprend sa limite basse."
    )
    return (
        f"Champ : {_lowered(indicator.field)}. Source : {indicator.producer}, {_lowered(indicator.source)}, "
        f"{selection.period}. {CREDITS}. {method} {indicator.licence}."
    )


def _lowered(text: str) -> str:
    """Return the text with its first letter small, unless it begins with a name in capitals."""
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def _by_level(level: Level) -> str:
    return f"par {LEVEL_LABELS[level][0]}"


def _series_note(periods: Sequence[str], millesime: int) -> str:
    where = f"dans la géographie au {french.day(millesime, 1, 1)}"
    if len(periods) == 1:
        return f"Une seule période disponible {where}."
    return f"{french.number(len(periods))} périodes disponibles {where}, de {periods[0]} à {periods[-1]}."


def _median(indicator: Indicator, values: Sequence[float]) -> str:
    if not values:
        return ""
    x = np.asarray(values, dtype=float)
    scale = " Échelle logarithmique." if x.min() > 0 and x.max() > 30 * np.median(x) else ""
    return f"Le trait marque la médiane : {measure(float(np.median(x)), indicator)}.{scale}"


def _chosen(values: ValueTable, selection: Selection, signed: bool) -> dict[str, str] | None:
    """Return the territory pointed at by the URL. Raises NotFound where the map has no such code."""
    if selection.territory is None:
        return None
    if selection.territory not in values.codes:
        raise NotFound(
            f"La carte n’a pas de territoire de code {french.quoted(selection.territory)} "
            f"au niveau {french.quoted(LEVEL_LABELS[selection.level][0])}."
        )
    i = values.codes.index(selection.territory)
    value = values.values[i]
    return {
        "code": values.codes[i],
        "name": values.names[i],
        "figure": "" if value is None else "oui",
        "texte": "" if value is None else measure(value, selection.indicator, signed),
        "note": "" if values.statuses[i] == Status.OBSERVED else WORDS[Status(values.statuses[i])],
    }


def _map(root: str, selection: Selection, bounds: Bounds, version: str) -> MapParts:
    sources = [TileSource(level.value, _tiles_url(root, selection.millesime, level, version)) for level in MAPPED]
    worker = static_url("vendor/maplibre-gl/maplibre-gl-csp-worker.js", root)
    return map_parts("carte", bounds, sources, selection.level.value, Level.DEPARTEMENT.value, CREDITS, worker)


def _tiles_url(root: str, millesime: int, level: Level, version: str) -> str:
    return f"{root}/api/tiles/{millesime}/{level.value}/{{z}}/{{x}}/{{y}}.mvt?v={version}"


def _values_url(root: str, selection: Selection) -> str:
    query = {"level": selection.level.value, "period": selection.period, "millesime": selection.millesime}
    return f"{root}/api/indicators/{selection.indicator.id}/values?{urlencode(query)}"


def _columns(
    indicator: Indicator, level: Level, with_departement: bool, with_status: bool
) -> list[tuple[str, str, str]]:
    """Return the columns of the table: what it can be sorted by (or nothing), its heading, its class."""
    columns = [("nom", french.capitalised(LEVEL_LABELS[level][0]), ""), ("code", "Code", "code")]
    if with_departement:
        columns.append(("", "Dép.", "dep"))
    columns.append(("valeur", f"{indicator.short_label} ({indicator.unit_short})", "n"))
    if with_status:
        columns.append(("", "Statut", "statut"))
    return columns


def _today() -> str:
    today = datetime.datetime.now(tz=datetime.UTC).date()
    return french.day(today.year, today.month, today.day)


def _state(
    root: str,
    url: str,
    title: str,
    selection: Selection,
    version: str,
    release: str,
    classes: Classes | None,
    ramp: list[str],
    values: Sequence[float],
    signed: bool,
) -> dict[str, Any]:
    """Return what the script of the page needs to colour the map as the legend says."""
    indicator, level = selection.indicator, selection.level
    return {
        "url": url,
        "titre": title,
        "niveau": level.value,
        "nomNiveau": LEVEL_LABELS[level][0],
        "millesime": selection.millesime,
        "forme": "cercles" if classes is None else "aplats",
        "valeurs": f"{_values_url(root, selection)}&v={release}",
        "limites": list(classes.inner) if classes else [],
        "couleurs": ramp,
        "couleurNegative": CIRCLE_NEGATIVE,
        "maximum": max((abs(value) for value in values), default=0),
        "rayon": LARGEST_RADIUS,
        "decimales": indicator.decimals,
        "unite": indicator.unit_short,
        "signe": signed,
        "mots": {status.value: WORDS[status] for status in Status},
        "motifs": {status.value: pattern.name for status, pattern in (ABSENT | QUALIFIED).items()},
        "tuiles": {item.value: _tiles_url(root, selection.millesime, item, version) for item in MAPPED},
        "territoire": selection.territory,
        "territoires": f"{root}/api/territories/{level.value}",
    }
