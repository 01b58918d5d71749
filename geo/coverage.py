"""Polygons that share their borders exactly: cleaning, measuring, simplifying and dissolving a coverage.

A coverage has no overlap, and neighbours have identical vertices along their common border. Arrays in, arrays
out; the CRS is the caller's.
"""

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

Shapes = NDArray[Any]


def repaired(shapes: Shapes) -> tuple[Shapes, NDArray[np.bool_]]:
    """Return polygons made valid, and which of them had to be.

    What a repair leaves as lines or points is dropped: only surfaces count.
    """
    wrong = ~shapely.is_valid(shapes)
    if not wrong.any():
        return shapes, wrong
    fixed = shapes.copy()
    fixed[wrong] = [_surface(shape) for shape in shapely.make_valid(shapes[wrong])]
    return fixed, wrong


def cleaned(shapes: Shapes) -> Shapes:
    """Return the polygons as a valid coverage, borders shared and overlaps given to one side.

    Valid coverages come back untouched. Invalid polygons must be repaired first.
    """
    if len(shapes) < 2 or shapely.coverage_is_valid(shapes):
        return shapes
    return np.asarray(shapely.coverage_clean(shapes), dtype=object)


def simplified(shapes: Shapes, tolerance: float) -> Shapes:
    """Return the coverage with fewer vertices, neighbours still sharing every border.

    `tolerance` is in the units of the coordinates (Visvalingam-Whyatt: the square root of the smallest triangle
    kept); 0 changes nothing.
    """
    if tolerance == 0:
        return shapes
    return np.asarray(shapely.coverage_simplify(shapes, tolerance), dtype=object)


def dissolved(shapes: Shapes, groups: NDArray[Any]) -> dict[str, Any]:
    """Return one polygon per group: the union of its members, along their shared borders."""
    if len(shapes) == 0:
        return {}
    order = np.argsort(groups, kind="stable")
    names, starts = np.unique(groups[order], return_index=True)
    parts = np.split(shapes[order], starts[1:])
    return {
        str(name): part[0] if len(part) == 1 else _surface(shapely.coverage_union_all(part))
        for name, part in zip(names, parts, strict=True)
    }


def overlap(shapes: Shapes) -> float:
    """Return the total surface that pairs of polygons have in common, in squared units of the coordinates."""
    tree = shapely.STRtree(shapes)
    left, right = tree.query(shapes, predicate="overlaps")
    within = tree.query(shapes, predicate="contains_properly")
    left, right = np.concatenate([left, within[0]]), np.concatenate([right, within[1]])
    once = left < right
    if not once.any():
        return 0.0
    return float(shapely.area(shapely.intersection(shapes[left[once]], shapes[right[once]])).sum())


def areas_m2(shapes: Shapes, crs: int) -> NDArray[np.float64]:
    """Return the surface of polygons given in EPSG:4326, in m², measured in a metric CRS (an EPSG number)."""
    return np.asarray(shapely.area(projected(shapes, 4326, crs)), dtype=np.float64)


def projected(shapes: Shapes, source: int, target: int) -> Shapes:
    """Return the shapes in another CRS (EPSG numbers), x before y; equal vertices stay equal."""
    transformer = Transformer.from_crs(source, target, always_xy=True)
    return np.asarray(
        shapely.transform(shapes, lambda xy: np.column_stack(transformer.transform(xy[:, 0], xy[:, 1]))),
        dtype=object,
    )


def multi(shapes: Shapes) -> Shapes:
    """Return every polygon as a multipolygon, the one type that is stored."""
    single = shapely.get_type_id(shapes) == shapely.GeometryType.POLYGON
    result = shapes.copy()
    result[single] = [shapely.MultiPolygon([shape]) for shape in shapes[single]]
    return result


def _surface(shape: Any) -> Any:
    """The polygons of a geometry, without its lines and points."""
    if shapely.get_type_id(shape) in (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON):
        return shape
    parts = shapely.get_parts(shape)
    flat = [part for part in parts if shapely.get_dimensions(part) == 2]
    return shapely.union_all(flat) if flat else shapely.MultiPolygon()
