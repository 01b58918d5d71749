"""Relations between geometries, and geometry literals in whatever system they are given.

A literal is carried to the system in which the layer is stored, so that the index of the layer serves. Its sides are
straight in the system that it is given in: long ones are cut before they are carried, for a straight line of
100 km in Lambert-93 strays 200 m from the straight line in degrees.
"""

from collections.abc import Mapping, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import shapely
import sqlalchemy as sa
from sqlalchemy import ColumnElement

from geo.cql2.errors import BadFilter
from geo.cql2.expressions import Value, property_value
from geo.cql2.queryables import Kind, Queryables
from geo.formats.crs import CRS84, Crs, described

if TYPE_CHECKING:
    from pyproj import Transformer

RELATIONS: Mapping[str, str] = {
    "s_contains": "ST_Contains",
    "s_crosses": "ST_Crosses",
    "s_disjoint": "ST_Disjoint",
    "s_equals": "ST_Equals",
    "s_intersects": "ST_Intersects",
    "s_overlaps": "ST_Overlaps",
    "s_touches": "ST_Touches",
    "s_within": "ST_Within",
}
SHAPES = frozenset(
    {"Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection"}
)
PARTS_OF_A_SIDE = 64  # of the diagonal; what remains of 200 m is 5 cm
MOST_PARTS = 4_096
DEGREES_APART = 1e-6
METRES_APART = 0.1


def relation(op: str, args: list[Any], properties: Queryables, crs: Crs, path: str) -> ColumnElement[bool]:
    """Return the condition that two geometries are so related. Raises BadFilter for what is not a geometry."""
    named = [_named(node, properties, f"{path}/args/{rank}") for rank, node in enumerate(args)]
    stored = next((found[1] for found in named if found is not None), crs.srid)
    sides = [
        found[0] if found is not None else _literal(node, crs, stored, f"{path}/args/{rank}")
        for rank, (node, found) in enumerate(zip(args, named, strict=True))
    ]
    function = getattr(sa.func, RELATIONS[op])
    condition: ColumnElement[bool] = function(*sides, type_=sa.Boolean)
    return condition


def meets_box(
    numbers: Sequence[float], crs: Crs, column: ColumnElement[Any], srid: int, path: str = ""
) -> ColumnElement[bool]:
    """Return the condition that a geometry meets a box (four numbers, six with heights), axes as the system has them.

    What of the box is out of where its system is used meets nothing. In degrees a box may cross the antimeridian: its
    west is then east of its east. Raises BadFilter for what is no box.
    """
    shape = _box(list(numbers), crs, path)
    if not crs.geographic:
        shape = shapely.intersection(shape, _rectangle(*_used(crs)))
    if shape.is_empty:
        return sa.false()
    _check_bounds(shape, crs, path)
    there = shapely.to_wkb(_carried(shape, crs, srid, path))
    literal = sa.func.ST_GeomFromWKB(sa.bindparam(None, there, sa.LargeBinary, unique=True), srid)
    condition: ColumnElement[bool] = sa.func.ST_Intersects(column, literal, type_=sa.Boolean)
    return condition


def _named(node: Any, properties: Queryables, path: str) -> tuple[ColumnElement[Any], int] | None:
    if not (isinstance(node, dict) and "property" in node):
        return None
    value: Value = property_value(node, properties, path)
    if value.kind is not Kind.GEOMETRY:
        raise BadFilter(f"Une géométrie est attendue et {value.name} est {value.kind}.", path=path)
    return value.sql, properties[node["property"]].srid


def _literal(node: Any, crs: Crs, srid: int, path: str) -> ColumnElement[Any]:
    shape = _carried(_shape(node, crs, path), crs, srid, path)
    return sa.func.ST_GeomFromWKB(sa.bindparam(None, shapely.to_wkb(shape), sa.LargeBinary, unique=True), srid)


def _shape(node: Any, crs: Crs, path: str) -> Any:
    """The geometry of a literal, axes x then y. Raises BadFilter for one that means nothing."""
    if isinstance(node, dict) and "bbox" in node:
        shape = _box(node["bbox"], crs, path)
    elif isinstance(node, dict) and isinstance(node.get("type"), str) and node["type"] in SHAPES:
        try:
            shape = shapely.force_2d(shapely.from_geojson(orjson.dumps(node)))
        except (shapely.errors.ShapelyError, orjson.JSONEncodeError):
            raise BadFilter(
                f"Géométrie mal formée ({node['type']})\u202f: chaque position a deux nombres, chaque ligne deux positions "
                "au moins, chaque anneau de polygone finit où il commence.",
                path=path,
            ) from None
        if crs.flipped:
            shape = shapely.transform(shape, lambda positions: positions[:, ::-1])
    else:
        raise BadFilter(
            "Une géométrie est attendue\u202f: une propriété, POINT(x y), LINESTRING, POLYGON, leurs formes multiples, ou "
            "BBOX(xmin, ymin, xmax, ymax).",
            path=path,
        )
    if shape.is_empty:
        raise BadFilter("Une géométrie du filtre est vide.", path=path)
    _check_bounds(shape, crs, path)
    if not shapely.is_valid(shape):
        *_, where = shapely.is_valid_reason(shape).partition("[")
        raise BadFilter(
            f"Une géométrie du filtre n’est pas valide\u202f: elle se recoupe, près de x y = {where.rstrip(']') or '?'}.",
            path=path,
        )
    return shape


def _box(numbers: Any, crs: Crs, path: str) -> Any:
    given = numbers if isinstance(numbers, list) else []
    if len(given) not in (4, 6) or not all(isinstance(n, int | float) and not isinstance(n, bool) for n in given):
        raise BadFilter(
            "BBOX attend quatre nombres, ou six avec les altitudes\u202f: xmin, ymin, xmax, ymax.", path=path
        )
    half = len(given) // 2
    low, high = given[:2], given[half : half + 2]
    if crs.flipped:
        low, high = low[::-1], high[::-1]
    (west, south), (east, north) = low, high
    if south > north or (west > east and not crs.geographic):
        raise BadFilter("Le minimum de BBOX dépasse son maximum\u202f: xmin, ymin, xmax, ymax.", path=path)
    if west <= east:
        return _rectangle(west, south, east, north)
    return shapely.union(_rectangle(west, south, 180, north), _rectangle(-180, south, east, north))


def _rectangle(west: float, south: float, east: float, north: float) -> Any:
    """A box, or the line or the point that it is when it has no width."""
    return shapely.envelope(shapely.multipoints([[west, south], [east, north]]))


def _check_bounds(shape: Any, crs: Crs, path: str) -> None:
    west, south, east, north = shapely.bounds(shape)
    inside = np.isfinite([west, south, east, north]).all()
    if crs.geographic:
        inside = inside and west >= -180 and east <= 180 and south >= -90 and north <= 90
    if not inside:
        order = "latitude puis longitude" if crs.flipped else "longitude puis latitude"
        hint = f" ({order}, en degrés)" if crs.geographic else ""
        raise BadFilter(f"Une géométrie du filtre sort du système de coordonnées {crs.uri}{hint}.", path=path)


def _carried(shape: Any, crs: Crs, srid: int, path: str) -> Any:
    if crs.srid == srid:
        return shape
    west, south, east, north = shapely.bounds(shape)
    length = max(np.hypot(east - west, north - south) / PARTS_OF_A_SIDE, shapely.length(shape) / MOST_PARTS)
    if length > 0:
        shape = shapely.segmentize(shape, length)
    transformer = _transformer(crs.srid, srid)
    there = shapely.transform(shape, transformer.transform, interleaved=False)
    back = shapely.transform(there, partial(transformer.transform, direction="INVERSE"), interleaved=False)
    strayed = np.abs(shapely.get_coordinates(back) - shapely.get_coordinates(shape))
    # Far from where a system is meant for, PROJ answers something else, which does not come back.
    if not (strayed < (DEGREES_APART if crs.geographic else METRES_APART)).all() or not shapely.is_valid(there):
        raise BadFilter(f"Une géométrie du filtre sort du système de coordonnées {crs.uri}.", path=path)
    return there


@cache
def _used(crs: Crs) -> tuple[float, float, float, float]:
    """The box where a system is used, a metre less: at its very edge, 180° may come back as -180°."""
    area = described(crs.srid).area_of_use
    if area is None:
        raise ValueError(f"PROJ does not know where {crs.uri} is used")
    west, south, east, north = _transformer(CRS84.srid, crs.srid).transform_bounds(*area.bounds)
    return west + 1, south + 1, east - 1, north - 1


@cache
def _transformer(source: int, target: int) -> "Transformer":
    from pyproj import Transformer

    return Transformer.from_crs(described(source), described(target), always_xy=True)
