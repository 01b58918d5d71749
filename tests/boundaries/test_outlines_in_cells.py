"""Outlines kept in the cells of tiles are those that PostGIS would cut out of the same drawing for each tile."""

from typing import Any

import mapbox_vector_tile
import numpy as np
import pytest
import shapely
import sqlalchemy as sa

from boundaries import layers
from boundaries.bands import BANDS, EXACT
from boundaries.levels import Level
from boundaries.tables import Outline
from geo.grids import LAMBERT_93_QUAD, WEB_MERCATOR_QUAD
from geo.tiles import BUFFER, EXTENT, OVERHANG, Tile, encoded

ZOOMS = [band.zoom for band in BANDS if band.zoom != EXACT]
WORLD_M = 40_075_016.685578488
LEVELS = (Level.COMMUNE, Level.EPCI, Level.DEPARTEMENT, Level.REGION)


def kept(engine: sa.Engine, zoom: int, level: Level) -> dict[int, tuple[Any, Any]]:
    """The outlines of a band by id, as they are drawn and in cells from the corner of the world."""
    asked = sa.select(
        Outline.territory_id,
        sa.func.ST_AsBinary(Outline.geom).label("drawn"),
        sa.func.ST_AsBinary(
            sa.func.ST_Translate(
                Outline.cells, Outline.centre_x // EXTENT * EXTENT, Outline.centre_y // EXTENT * EXTENT
            )
        ).label("cells"),
    ).where(Outline.millesime == 2025, Outline.level == level.value, Outline.band == zoom)
    with engine.connect() as conn:
        return {
            row.territory_id: (shapely.from_wkb(bytes(row.drawn)), shapely.from_wkb(bytes(row.cells)))
            for row in conn.execute(asked)
        }


def shown(engine: sa.Engine, tile: Tile, level: Level, *, cells: bool) -> dict[int, Any]:
    """The polygons of a tile by id, in its cells, y downwards."""
    wanted = layers.Shown(level, "x", detail=0, cells=cells)
    here = layers.tile_rows(wanted).order_by("id").cte("here")
    with engine.connect() as conn:
        body = conn.execute(
            encoded(here, layers.tile_layers(wanted, here)), layers.tile_parameters(2025, level, tile)
        ).scalar_one()
    decoded = mapbox_vector_tile.decode(bytes(body), default_options={"y_coord_down": True})
    if "x" not in decoded:
        return {}
    assert decoded["x"]["extent"] == EXTENT
    return {one["id"]: shapely.geometry.shape(one["geometry"]) for one in decoded["x"]["features"]}


def test_cells_are_for_the_last_zoom_of_a_band_in_the_grid_of_the_web() -> None:
    assert (
        [zoom for zoom in range(15) if layers.kept_in_cells(WEB_MERCATOR_QUAD, zoom)]
        == ZOOMS
        == [5, 6, 7, 8, 9, 10]
    )
    assert not any(layers.kept_in_cells(LAMBERT_93_QUAD, zoom) for zoom in range(11))


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("zoom", ZOOMS)
def test_each_territory_is_in_cells_where_it_is_drawn(loaded: sa.Engine, zoom: int, level: Level) -> None:
    """Whole numbers, valid, turned as tiles ask, and within a cell of the drawing."""
    found = kept(loaded, zoom, level)
    assert len(found) == {Level.COMMUNE: 1228, Level.EPCI: 71, Level.DEPARTEMENT: 5, Level.REGION: 1}[level]
    side = WORLD_M / 2**zoom / EXTENT
    for drawn, cells in found.values():
        vertices = shapely.get_coordinates(cells)
        assert (vertices == vertices.round()).all()
        assert shapely.is_valid(cells)
        for part in shapely.get_parts(cells):
            assert part.exterior.is_ccw  # y is downwards: clockwise on the screen
            assert not any(hole.is_ccw for hole in part.interiors)
        expected = shapely.transform(drawn, lambda xy: np.column_stack(
            ((xy[:, 0] + WORLD_M / 2) / side, (WORLD_M / 2 - xy[:, 1]) / side)
        ))  # fmt: skip
        between = shapely.area(shapely.symmetric_difference(cells, expected))
        assert between <= max(2, 0.75 * shapely.length(expected)), "half a diagonal of a cell on either side"
        assert shapely.distance(cells, expected) < 1.5


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(
    "tile", [Tile(5, 15, 11), Tile(6, 31, 22), Tile(7, 63, 45), Tile(8, 126, 90), Tile(9, 254, 180), Tile(10, 508, 359)],
    ids=lambda tile: f"z{tile.z}",
)  # fmt: skip
def test_a_tile_of_cells_is_the_tile_that_is_cut(loaded: sa.Engine, tile: Tile, level: Level) -> None:
    cut, moved = shown(loaded, tile, level, cells=False), shown(loaded, tile, level, cells=True)
    square = shapely.box(-BUFFER, -BUFFER, EXTENT + BUFFER, EXTENT + BUFFER)
    near = shapely.box(-OVERHANG, -OVERHANG, EXTENT + OVERHANG, EXTENT + OVERHANG)
    assert cut
    assert cut.keys() <= moved.keys()
    for identity, shape in moved.items():
        assert shapely.covers(near, shape)
        seen = shapely.intersection(shape, square)
        if identity not in cut:
            assert shapely.area(seen) <= 1, "smaller than a cell, or beyond the edge: left out when it is cut"
            continue
        assert shapely.area(seen) == pytest.approx(shapely.area(cut[identity]), rel=1e-3, abs=BUFFER)
        if shapely.covers(square, shape):
            assert shapely.equals(shape, cut[identity])


@pytest.mark.parametrize("zoom", [5, 6, 7])
def test_no_commune_is_lost_however_far_it_is_seen_from(loaded: sa.Engine, zoom: int) -> None:
    seen: set[int] = set()
    west, south, east, north = -2.7, 46.2, 1.0, 48.6  # around the Region, degrees
    columns = [int((longitude + 180) / 360 * 2**zoom) for longitude in (west, east)]
    rows = [
        int((1 - np.arcsinh(np.tan(np.radians(latitude))) / np.pi) / 2 * 2**zoom) for latitude in (north, south)
    ]
    for x in range(columns[0], columns[1] + 1):
        for y in range(rows[0], rows[1] + 1):
            seen |= shown(loaded, Tile(zoom, x, y), Level.COMMUNE, cells=True).keys()
    assert len(seen) == 1228


def test_each_sheet_has_its_own_number(loaded: sa.Engine) -> None:
    """What is searched by this number alone is not searched by level, millesime and band beside it."""
    numbers = {
        layers.sheet(year, level, band.zoom) for year in range(1943, 2051) for level in Level for band in BANDS
    }
    assert len(numbers) == 108 * len(Level) * len(BANDS)
    asked = sa.select(Outline.sheet, Outline.millesime, Outline.level, Outline.band).distinct()
    with loaded.connect() as conn:
        for row in conn.execute(asked):
            assert row.sheet == layers.sheet(row.millesime, Level(row.level), row.band)
