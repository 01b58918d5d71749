"""The parameters of items: which features, how they are shown, which page of them. What is malformed is refused here."""

import math
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import Depends, Query, Request

from api import grammars
from api.dependencies import AsOf, Joined, Series
from api.filters import Asked, Filter
from api.ogc.counting import How
from api.ogc.times import Times, times
from api.pages.french import number
from boundaries.levels import Level
from geo.errors import Invalid
from geo.formats.crs import CRS84, Crs, named
from geo.formats.media_types import FORMATS, HTML, Format, format_named, negotiated

PAGE, LONGEST_PAGE = 1_000, 100_000  # features
OFFERED = (*FORMATS, HTML)
SIDES = (4, 6)


@dataclass(frozen=True)
class Subject:
    """What the features are of: a level, a geography, the periods of an indicator, what was published one day."""

    level: Level | None
    millesime: int | None
    times: Times | None
    period: str | None
    indicator: Series | None
    as_of: date | None


@dataclass(frozen=True)
class Shown:
    """How features are shown: the format, the system (None for that of the format), the properties, with a shape or not."""

    form: Format
    crs: Crs | None
    properties: str | None
    shaped: bool


@dataclass(frozen=True)
class Box:
    """An extent: four numbers, or six with heights, in a system with the axes of its authority."""

    numbers: tuple[float, ...]
    crs: Crs


@dataclass(frozen=True)
class Chosen:
    """Which features are kept, and in which order."""

    box: Box | None
    filter: Asked | None
    words: str | None
    order: str | None


@dataclass(frozen=True)
class Paged:
    """Which page: from where, how long (None where nothing was said), and whether all are to be counted."""

    limit: int | None
    offset: int
    cursor: str | None
    count: How | None


async def _subject(
    indicator: Joined,
    as_of: AsOf,
    level: Annotated[
        Level | None,
        Query(description="Niveau des territoires d’une collection d’indicateur\u202f; à défaut le plus fin"),
    ] = None,
    millesime: Annotated[
        int | None,
        Query(
            description="Géographie au 1er janvier de cette année\u202f; à défaut la plus récente",
            ge=1943,
            le=2100,
        ),
    ] = None,
    time: Annotated[
        str | None,
        Query(
            alias="datetime",
            description="Jour, instant ou intervalle (RFC 3339, .. pour un bout ouvert)\u202f: choisit la géographie en "
            "vigueur, par exemple 2024-06-30 ou 2020-01-01/..",
            max_length=100,
            json_schema_extra=grammars.told(grammars.TIMES),
        ),
    ] = None,
    period: Annotated[
        str | None,
        Query(
            description="Période d’une collection d’indicateur\u202f; à défaut toutes, en colonnes", max_length=20
        ),
    ] = None,
) -> Subject:
    return Subject(level, millesime, None if time is None else times(time), period, indicator, as_of)


async def _shown(
    request: Request,
    word: Annotated[
        str | None,
        Query(
            alias="f",
            description="Format",
            max_length=20,
            json_schema_extra=grammars.among(form.name for form in OFFERED),
        ),
    ] = None,
    system: Annotated[
        str | None,
        Query(
            alias="crs",
            description="Système de coordonnées, par son URI OGC",
            max_length=80,
            json_schema_extra=grammars.SYSTEM,
        ),
    ] = None,
    properties: Annotated[
        str | None,
        Query(
            description="Propriétés à donner, séparées par des virgules\u202f; à défaut toutes", max_length=2_000
        ),
    ] = None,
    skip: Annotated[bool, Query(alias="skipGeometry", description="Sans les contours")] = False,
) -> Shown:
    accepted = request.headers.get("accept")
    form = negotiated(accepted, OFFERED) if word is None else format_named(word, OFFERED)
    return Shown(form, None if system is None else named(system), properties, not skip)


async def _chosen(
    asked: Filter,
    bbox: Annotated[
        str | None,
        Query(
            description="Emprise ouest,sud,est,nord (six nombres avec les altitudes), dans le système de bbox-crs",
            max_length=200,
        ),
    ] = None,
    system: Annotated[
        str,
        Query(
            alias="bbox-crs",
            description="Système de coordonnées de bbox\u202f; à défaut CRS84",
            max_length=80,
            json_schema_extra=grammars.SYSTEM,
        ),
    ] = CRS84.uri,
    words: Annotated[
        str | None,
        Query(
            alias="q",
            description="Mots d’un nom, sans casse ni accents, ou début d’un code",
            max_length=200,
            json_schema_extra=grammars.told(grammars.WORDS),
        ),
    ] = None,
    order: Annotated[
        str | None,
        Query(
            alias="sortby",
            description="Propriétés qui ordonnent, séparées par des virgules, un - devant celles qui décroissent",
            max_length=1_000,
        ),
    ] = None,
) -> Chosen:
    crs = named(system)
    return Chosen(None if bbox is None else Box(_numbers(bbox, crs), crs), asked, words, order)


async def _paged(
    limit: Annotated[
        int | None,
        Query(
            description=f"Nombre d’objets par page, au plus {number(LONGEST_PAGE)}\u202f; à défaut {number(PAGE)} en "
            "GeoJSON, tous dans les formats de fichiers",
            ge=1,
        ),
    ] = None,
    offset: Annotated[int, Query(description="Nombre d’objets à passer", ge=0, le=10_000_000)] = 0,
    cursor: Annotated[
        str | None,
        Query(description="Où commence la page\u202f: donné par le lien next de la précédente", max_length=4_000),
    ] = None,
    count: Annotated[
        How | None,
        Query(
            description="numberMatched compté (exact), estimé (estimated) ou absent (none)\u202f; à défaut compté si c’est "
            "rapide"
        ),
    ] = None,
) -> Paged:
    if cursor is not None and offset:
        raise Invalid("cursor et offset ne vont pas ensemble\u202f: un curseur dit déjà où commence la page.")
    return Paged(None if limit is None else min(limit, LONGEST_PAGE), offset, cursor, count)


def _numbers(text: str, crs: Crs) -> tuple[float, ...]:
    """Return the numbers of a box, as many as one has. Raises Invalid for anything else."""
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError:
        numbers = ()
    if len(numbers) not in SIDES or not all(map(math.isfinite, numbers)):
        raise bad_box(text, crs)
    return numbers


def bad_box(text: str, crs: Crs) -> Invalid:
    """Return what is said of a text that is no box."""
    if crs.geographic:
        form = "sud,ouest,nord,est" if crs.flipped else "ouest,sud,est,nord"
        example = "46.2,-2.6,48.6,0.9" if crs.flipped else "-2.6,46.2,0.9,48.6"
        wanted = f"{form} en degrés, par exemple {example}"
    else:
        wanted = f"xmin,ymin,xmax,ymax en mètres, dans {crs.uri}"
    return Invalid(f"Emprise mal formée\u202f: bbox = «\u202f{text[:80]}\u202f». Forme attendue\u202f: {wanted}.")


SubjectAsked = Annotated[Subject, Depends(_subject)]
ShownAsked = Annotated[Shown, Depends(_shown)]
ChosenAsked = Annotated[Chosen, Depends(_chosen)]
PagedAsked = Annotated[Paged, Depends(_paged)]
