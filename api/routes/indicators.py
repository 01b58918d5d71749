"""Indicators: the catalogue, the values of a level, the series of a territory."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api import grammars
from api.dependencies import (
    AsOf,
    Connection,
    CurrentVersions,
    Kept,
    LevelQuery,
    Millesime,
    Offered,
    Within,
    reading,
    release_id,
)
from api.documents import Document, answer, json_document
from api.identity.exported import note_export
from api.strict import StrictRoute
from api.valuefiles import values_csv, values_json
from api.versions import kept_only_if_current
from boundaries import places
from boundaries.places import Place
from indicators import natures, published
from indicators.catalogue import Indicator
from indicators.catalogue import indicator as sheet
from indicators.columns import columns
from indicators.passports import PassportId

router = APIRouter(prefix="/api/indicators", route_class=StrictRoute, tags=["Indicateurs"])

Period = Annotated[str, Query(description="Période, par exemple 2022 ou 2016-2022", max_length=20)]
VersionQuery = Annotated[
    str | None, Query(description="Version des données voulue : rend l’adresse immuable", max_length=40)
]


@router.get("", summary="Le catalogue")
def indicators(request: Request, conn: Connection, as_of: AsOf) -> Response:
    """Return every indicator that something is published of, with what is."""
    offered = published.all_choices(conn, release_id(conn, as_of))
    body = {"indicators": [_described(sheet(name), own) for name, own in offered.items()]}
    return answer(request, json_document(body))


@router.get("/{identifier}", summary="La fiche d’un indicateur")
def indicator(request: Request, conn: Connection, item: Offered, as_of: AsOf) -> Response:
    """Return the sheet of an indicator."""
    offered = published.choices(conn, item.id, release_id(conn, as_of))
    return answer(request, json_document(_described(item, offered)))


@router.get("/{identifier}/values", summary="Les valeurs d’un niveau, en colonnes")
def values(
    request: Request,
    now: CurrentVersions,
    kept: Kept,
    item: Offered,
    level: LevelQuery,
    period: Period,
    millesime: Millesime,
    within: Within,
    as_of: AsOf,
    f: Annotated[Literal["json", "csv"], Query(description="Format")] = "json",
    v: VersionQuery = None,
) -> Response:
    """Return ids, codes, values and statuses in columns of equal length, with their coverage and passport."""
    if item.nature is natures.Nature.GROWTH:
        natures.two_dates(item, period)
    if f == "csv":
        note_export(request, format=f, series=f"{item.id}:{period}")

    def build() -> Document:
        with reading(request) as conn:
            places.require_millesime(conn, millesime)
            if within is not None:
                places.require(conn, within, millesime)
            release = release_id(conn, as_of)
            asked = (item.id, level, period, millesime, within, release)
            if f == "csv":
                made = values_csv(item, published.table(conn, *asked))
            else:
                made = values_json(item, level, columns(conn, *asked))
            return kept_only_if_current(made, conn, now)

    key = ("values", now.data, item.id, level, period, millesime, str(within), as_of, f)
    found = kept.get_or_build(key, build)
    return answer(request, found, immutable=as_of is None and v is not None and v == now.release)


@router.get("/{identifier}/series", summary="La série d’un territoire")
def series(
    request: Request,
    conn: Connection,
    item: Offered,
    territory: Annotated[
        str,
        Query(
            description="Territoire, par exemple commune:44109",
            max_length=80,
            json_schema_extra=grammars.told(grammars.PLACE),
        ),
    ],
    millesime: Millesime,
    as_of: AsOf,
) -> Response:
    """Return the values of every period for one territory, each with its passport."""
    place = Place.parse(territory)
    row = places.require(conn, place, millesime)
    rows = published.history(conn, item.id, place, millesime, release_id(conn, as_of))
    body = {
        "indicator": item.id,
        "label": item.label,
        "unit": item.unit,
        "level": place.level,
        "code": place.code,
        "nom": row.nom,
        "millesime": millesime,
        "source": item.source,
        "licence": item.licence,
        "periods": [found.period for found in rows],
        "values": [found.value for found in rows],
        "statuses": [found.status for found in rows],
        "coverages": [found.coverage for found in rows],
        "passports": [str(PassportId(found.digest, place)) for found in rows],
    }
    return answer(request, json_document(body))


def _described(item: Indicator, offered: published.Choices) -> dict[str, Any]:
    return item.model_dump(mode="json") | {
        "rules": natures.described(item),
        "map_form": item.nature.map_form,
        "available_levels": list(offered.levels),
        "series": [
            {"millesime": year, "outlines": year in offered.outlined, "periods": offered.periods_in(year)}
            for year in offered.millesimes
        ],
    }
