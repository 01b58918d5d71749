"""Territories: lists by level, and one with its parents, its children and its past and future."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.dependencies import Code, Connection, LevelPath, LevelQuery, Millesime, Within, place_of
from api.documents import answer, json_document
from api.strict import StrictRoute
from boundaries import places
from boundaries.levels import Level
from boundaries.zonings.listed import zoning_of

router = APIRouter(prefix="/api/territories", route_class=StrictRoute, tags=["Territoires"])

Relation = dict[str, Any]


@router.get("", summary="Les territoires d’un niveau")
def territories(
    request: Request,
    conn: Connection,
    level: LevelQuery,
    millesime: Millesime,
    within: Within,
    q: Annotated[str | None, Query(description="Début du nom ou du code", min_length=1, max_length=80)] = None,
) -> Response:
    """Return the territories of a level in a millesime, ordered by code."""
    places.require_millesime(conn, millesime)
    if within is not None:
        places.require(conn, within, millesime)
    rows = [dict(row) for row in conn.execute(places.listing(level, millesime, within, q)).mappings()]
    body = {"level": level, "millesime": millesime, "count": len(rows), "territories": rows}
    return answer(request, json_document(body))


@router.get("/{level}/{code}", summary="Un territoire")
def territory(request: Request, conn: Connection, level: LevelPath, code: Code, millesime: Millesime) -> Response:
    """Return a territory: what it is part of, what is part of it, its bounding box, how it reads in other years."""
    places.require_millesime(conn, millesime)
    place = place_of(level, code)
    row = places.require(conn, place, millesime)
    above = conn.execute(places.parents(place, millesime)).mappings()
    below: dict[str, list[Relation]] = {}
    for child in conn.execute(places.children(place, millesime)).mappings():
        below.setdefault(child["level"], []).append({"code": child["code"], "nom": child["nom"]})
    relatives: list[Relation] = []
    if level is Level.COMMUNE:
        relatives = [dict(found) for found in conn.execute(places.relatives(code, millesime)).mappings()]
    box = conn.execute(places.extent(place, millesime)).one_or_none()
    zoning = conn.execute(zoning_of(level, code, millesime)).mappings().one_or_none()
    body = {
        "level": level,
        "code": code,
        "nom": row.nom,
        "millesime": millesime,
        "id": row.id,
        "nature": row.nature,
        "emprise": row.emprise,
        "straddles": row.straddles,
        "surface_km2": None if row.area_m2 is None else row.area_m2 / 1e6,
        "bbox": None if box is None else list(box),
        "parents": [dict(parent) for parent in above],
        "children": below,
        "predecessors": [found for found in relatives if found["millesime"] < millesime],
        "zoning": None if zoning is None else dict(zoning),
        "successors": [found for found in relatives if found["millesime"] > millesime],
    }
    return answer(request, json_document(body))
