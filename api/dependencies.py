"""What requests are given: a read-only connection, the versions served, the documents kept; and their parameters."""

from collections.abc import Iterator
from typing import Annotated

import sqlalchemy as sa
from fastapi import Depends, Path, Query, Request

from api.documents import Documents
from api.versions import Versions
from boundaries.levels import Level
from boundaries.places import Place


def connection(request: Request) -> Iterator[sa.Connection]:
    """Give a connection whose transaction reads one state of the database and ends with the request."""
    with request.app.state.engine.connect() as conn:
        yield conn


def versions(request: Request) -> Versions:
    """Give the versions served now."""
    found: Versions = request.app.state.versions.now
    return found


def documents(request: Request) -> Documents:
    """Give the documents kept in memory."""
    found: Documents = request.app.state.documents
    return found


def _within(
    within: Annotated[
        str | None, Query(description="Territoire englobant, par exemple departement:44", max_length=40)
    ] = None,
) -> Place | None:
    return Place.parse(within) if within is not None else None


def _millesime(
    now: Annotated[Versions, Depends(versions)],
    millesime: Annotated[
        int | None,
        Query(description="Géographie au 1er janvier de cette année ; à défaut la plus récente", ge=1943, le=2100),
    ] = None,
) -> int:
    return now.latest if millesime is None else millesime


Connection = Annotated[sa.Connection, Depends(connection)]
CurrentVersions = Annotated[Versions, Depends(versions)]
Kept = Annotated[Documents, Depends(documents)]
Within = Annotated[Place | None, Depends(_within)]
Millesime = Annotated[int, Depends(_millesime)]
LevelQuery = Annotated[Level, Query(description="Niveau de territoire")]
LevelPath = Annotated[Level, Path(description="Niveau de territoire")]
Code = Annotated[str, Path(description="Code Insee ou SIREN", max_length=9, pattern=r"^[0-9AB]{2,9}$|^FR$")]
