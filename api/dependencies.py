"""What requests are given: a read-only connection, the versions served, the documents kept; and their parameters."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

import sqlalchemy as sa
from fastapi import Depends, Path, Query, Request
from starlette.concurrency import run_in_threadpool

from api import grammars
from api.documents import Documents
from api.editions import edition_of
from api.versions import Versions
from boundaries.levels import LABELS, Level, is_code
from boundaries.places import Place
from geo.clock import PARIS
from geo.errors import Invalid
from indicators.catalogue import Indicator
from indicators.catalogue import indicator as sheet
from indicators.published import sheet_of
from indicators.releases import release_on


@dataclass(frozen=True)
class Series:
    """An indicator and a period, as they are asked together: `densite:2022`. Nothing says that they exist."""

    indicator: str
    period: str

    def __str__(self) -> str:
        return f"{self.indicator}:{self.period}"


@contextmanager
def reading(request: Request) -> Iterator[sa.Connection]:
    """Give a connection whose transaction reads one state of the database, for as long as it is needed.

    For what is built once and kept: an answer that is in memory takes none.
    """
    with edition_of(request).engine.connect() as conn:
        yield conn
        conn.commit()  # psycopg forgets its prepared statements at every ROLLBACK


def connection(request: Request) -> Iterator[sa.Connection]:
    """Give a connection whose transaction reads one state of the database and ends with the function of a route."""
    with reading(request) as conn:
        yield conn


def sources(request: Request) -> Iterator[sa.Connection]:
    """Give a connection that reads deliveries and their lines: for what is open to all, and for nothing else."""
    with request.app.state.sources.connect() as conn:
        yield conn
        conn.commit()


async def versions(request: Request) -> Versions:
    """Give the versions served now."""
    return edition_of(request).versions.now


async def documents(request: Request) -> Documents:
    """Give the documents kept in memory."""
    return edition_of(request).documents


async def _within(
    within: Annotated[
        str | None,
        Query(
            description="Territoire englobant, par exemple departement:44",
            max_length=80,
            json_schema_extra=grammars.told(grammars.PLACE),
        ),
    ] = None,
) -> Place | None:
    return Place.parse(within) if within is not None else None


async def _millesime(
    now: Annotated[Versions, Depends(versions)],
    millesime: Annotated[
        int | None,
        Query(description="Géographie au 1er janvier de cette année ; à défaut la plus récente", ge=1943, le=2100),
    ] = None,
) -> int:
    return now.latest if millesime is None else millesime


async def _joined(
    indicator: Annotated[
        str | None,
        Query(
            description="Indicateur et période à joindre, par exemple densite:2022",
            max_length=90,
            json_schema_extra=grammars.told(grammars.SERIES),
        ),
    ] = None,
) -> Series | None:
    if indicator is None:
        return None
    identifier, _, period = indicator.partition(":")
    if not identifier or not period:
        raise Invalid(
            f"Indicateur mal formé : « {indicator} ». Forme attendue : identifiant:période, par exemple densite:2022."
        )
    return Series(identifier, period)


async def _as_of(
    as_of: Annotated[
        date | None,
        Query(description="Ce qui était publié ce jour-là (AAAA-MM-JJ) ; à défaut la publication courante"),
    ] = None,
) -> date | None:
    today = datetime.now(PARIS).date()
    if as_of is not None and as_of > today:
        raise Invalid(f"as_of = {as_of} est à venir : une date jusqu’à aujourd’hui ({today}) est attendue.")
    return as_of


async def _offered(
    request: Request,
    identifier: Annotated[str, Path(description="Identifiant de l’indicateur", max_length=60)],
    as_of: Annotated[date | None, Depends(_as_of)],
) -> Indicator:
    """Give the sheet of an indicator that who asks is served something of; it takes no query for what is known."""
    if as_of is None and identifier in edition_of(request).versions.now.indicators:
        return sheet(identifier)
    return await run_in_threadpool(_sheet_of, request, identifier, as_of)


def _sheet_of(request: Request, identifier: str, as_of: date | None) -> Indicator:
    with reading(request) as conn:
        return sheet_of(conn, identifier, release_id(conn, as_of))


def place_of(level: Level, code: str) -> Place:
    """Return the place that a path names. Raises Invalid when the code has not the form of its level's codes."""
    if not is_code(level, code):
        raise Invalid(f"« {code} » n’a pas la forme d’un code de {LABELS[level][0]}.")
    return Place(level, code)


def release_id(conn: sa.Connection, as_of: date | None) -> int | None:
    """Return the release that was served on a day, or None for the current one. Raises NotFound before the first."""
    return None if as_of is None else int(release_on(conn, as_of).id)


Offered = Annotated[Indicator, Depends(_offered)]
AsOf = Annotated[date | None, Depends(_as_of)]
# They end with the function, before the answer is sent: a client that reads slowly holds no connection.
Connection = Annotated[sa.Connection, Depends(connection, scope="function")]
Sources = Annotated[sa.Connection, Depends(sources, scope="function")]
CurrentVersions = Annotated[Versions, Depends(versions)]
Kept = Annotated[Documents, Depends(documents)]
Joined = Annotated[Series | None, Depends(_joined)]
Within = Annotated[Place | None, Depends(_within)]
Millesime = Annotated[int, Depends(_millesime)]
LevelQuery = Annotated[Level, Query(description="Niveau de territoire")]
LevelPath = Annotated[Level, Path(description="Niveau de territoire")]
Code = Annotated[
    str,
    Path(
        description="Code Insee ou SIREN ; liste.zone pour un périmètre",
        max_length=61,
        pattern=r"^[0-9A-Za-z][0-9A-Za-z._-]{1,60}$",
    ),
]
