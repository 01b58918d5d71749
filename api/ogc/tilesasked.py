"""What is asked of sets of tiles: of which collections, in which grid, of when, and how it is written."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated, Literal

import sqlalchemy as sa
from fastapi import Depends, Path, Query

from api import grammars
from api.dependencies import AsOf, Series, release_id
from api.ogc import tilesets
from api.ogc.tiling import TileSet
from api.ogc.times import Times, times
from api.versions import Versions
from boundaries.levels import Level
from geo.grids import GRIDS

Collection = Annotated[str, Path(description="Identifiant d’une collection", max_length=80)]
GridId = Annotated[
    str,
    Path(
        alias="tileMatrixSetId",
        description=f"Grille : {', '.join(GRIDS)}",
        max_length=40,
        json_schema_extra=grammars.among(GRIDS),
    ),
]
Zoom = Annotated[int, Path(alias="tileMatrix", description="Niveau de zoom", ge=0, le=99)]
Row = Annotated[int, Path(alias="tileRow", description="Ligne, comptée du nord", ge=0, le=2**30)]
Column = Annotated[int, Path(alias="tileCol", description="Colonne, comptée de l’ouest", ge=0, le=2**30)]
Year = Annotated[int | None, Query(description="Géographie au 1er janvier de cette année", ge=1943, le=2100)]
Several = Annotated[
    str | None,
    Query(
        description=f"Collections, séparées par des virgules, la première dessous ; à défaut {','.join(tilesets.TOGETHER)}",
        max_length=600,
        json_schema_extra=grammars.told(grammars.COLLECTIONS),
    ),
]
TileWord = Annotated[Literal["mvt"], Query(alias="f", description="Format")]
SetWord = Annotated[Literal["json", "tilejson"], Query(alias="f", description="Format de la description")]
JsonWord = Annotated[Literal["json"], Query(alias="f", description="Format")]


@dataclass(frozen=True)
class Selected:
    """What is asked of a collection: a geography, a level, a period, what was published one day."""

    millesime: int | None
    when: Times | None
    level: Level | None
    period: str | None
    as_of: date | None = None

    def found(self, conn: sa.Connection, now: Versions, name: str) -> tuple[TileSet, Series | None]:
        """Return the set of a collection that is selected, and the indicator and period of its values."""
        release = release_id(conn, self.as_of)
        return tilesets.tile_set(conn, now, name, self.millesime, self.level, self.period, release, self.when)

    @property
    def narrowed(self) -> bool:
        """Whether anything was asked for that there may be nothing of."""
        return not self.plain or any(one is not None for one in (self.millesime, self.level, self.period))

    @property
    def plain(self) -> bool:
        """Whether nothing has to be read to know the geography and the release."""
        return self.as_of is None and self.when is None


async def _selected(
    millesime: Year = None,
    moment: Annotated[
        str | None,
        Query(
            alias="datetime",
            description="Date ou intervalle : la géographie en vigueur",
            max_length=80,
            json_schema_extra=grammars.told(grammars.TIMES),
        ),
    ] = None,
    level: Annotated[
        Level | None, Query(description="Niveau d’une collection d’indicateur ; à défaut le plus fin")
    ] = None,
    period: Annotated[
        str | None, Query(description="Période des valeurs ; à défaut la dernière", max_length=40)
    ] = None,
) -> Selected:
    return Selected(millesime, None if moment is None else times(moment), level, period)


Current = Annotated[Selected, Depends(_selected)]


async def _dated(selected: Current, as_of: AsOf) -> Selected:
    return replace(selected, as_of=as_of)


Dated = Annotated[Selected, Depends(_dated)]


def explicit(one: TileSet, named: Series | None, as_of: date | None) -> dict[str, object]:
    """What the addresses of tiles say, so that nothing has to be chosen when they are asked."""
    if named is None:
        return {"millesime": one.millesime}
    return {"level": one.level.value, "millesime": one.millesime, "period": named.period, "as_of": as_of}
