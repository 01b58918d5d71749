"""Filters of a collection, as OGC API Features part 3 has them: what may be named, and the parameters of a request."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal

import sqlalchemy as sa
from fastapi import Depends, Query

from api import grammars
from boundaries import places
from boundaries.levels import Level
from geo.cql2 import Queryable, condition, queryables
from geo.cql2.reading import MAX_LENGTH
from geo.formats.crs import CRS84, Crs, named
from geo.formats.layer import Layer

GEOMETRY = "geom"
PARENTS = {"departement": Level.DEPARTEMENT, "region": Level.REGION, "epci": Level.EPCI}


@dataclass(frozen=True)
class Asked:
    """The filter of a request: its text, its language, and the system of its geometries."""

    text: str
    language: str
    crs: Crs


async def _asked(
    text: Annotated[
        str | None,
        Query(
            alias="filter",
            description="Filtre CQL2, par exemple departement = '44' AND CASEI(nom) LIKE CASEI('saint%')",
            max_length=MAX_LENGTH,
        ),
    ] = None,
    language: Annotated[
        Literal["cql2-text", "cql2-json", "cql-text"],
        Query(alias="filter-lang", description="Langage du filtre ; cql-text est un ancien nom de cql2-text"),
    ] = "cql2-text",
    system: Annotated[
        str,
        Query(
            alias="filter-crs",
            description="Système de coordonnées des géométries du filtre",
            max_length=80,
            json_schema_extra=grammars.SYSTEM,
        ),
    ] = CRS84.uri,
) -> Asked | None:
    crs = named(system)
    return None if text is None else Asked(text, language, crs)


Filter = Annotated[Asked | None, Depends(_asked)]


def properties(layer: Layer, level: Level, millesime: int) -> dict[str, Queryable]:
    """Return what a filter of a layer of territories may name: its fields and its geometry."""
    found = queryables(layer.rows)
    code = layer.rows.selected_columns.code
    return {
        name: replace(found[name], hint=_members(code, level, millesime, PARENTS[name]))
        if name in PARENTS
        else found[name]
        for name in (*(one.name for one in layer.fields), GEOMETRY)
    }


def filtered(layer: Layer, level: Level, millesime: int, asked: Asked | None) -> Layer:
    """Return the part of a layer that a filter keeps. Raises Invalid for a filter that means nothing."""
    if asked is None:
        return layer
    kept = condition(asked.text, asked.language, properties(layer, level, millesime), asked.crs)
    return replace(layer, rows=layer.rows.where(kept))


def _members(
    code: sa.ColumnElement[str], level: Level, millesime: int, parents: Level
) -> Callable[[Sequence[str]], sa.ColumnElement[bool]]:
    def hint(texts: Sequence[str]) -> sa.ColumnElement[bool]:
        # The codes of several parents are joined by commas: a territory that has them all has the first.
        first = [text.partition(",")[0] for text in texts]
        return code.in_(places.parts_of(level, millesime, parents, first))

    return hint
