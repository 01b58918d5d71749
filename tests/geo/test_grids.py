"""The grids of tiles: known answers of both, and the laws that tie tiles to what lies in them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lambert import lambert_93

from geo.errors import NotFound
from geo.grids import GRIDS, LAMBERT_93_QUAD, WEB_MERCATOR_QUAD, Grid, grid_of
from geo.tiles import Tile


def test_the_formulas_of_the_test_give_the_origin_of_the_projection() -> None:
    assert lambert_93(3, 46.5) == pytest.approx((700_000, 6_600_000), abs=0.01)


def test_the_grid_in_lambert_93_is_as_it_is_documented() -> None:
    made = LAMBERT_93_QUAD.definition()
    assert made["id"] == "Lambert93Quad"
    assert made["crs"] == "http://www.opengis.net/def/crs/EPSG/0/2154"
    assert "uri" not in made, "it is registered nowhere"
    assert {tuple(one["pointOfOrigin"]) for one in made["tileMatrices"]} == {(0.0, 7_200_000.0)}
    assert [one["cellSize"] for one in made["tileMatrices"][:11]] == [8192 / 2**zoom for zoom in range(11)]
    assert made["tileMatrices"][10]["scaleDenominator"] == pytest.approx(8 / 0.00028)


def test_the_web_grid_has_the_numbers_of_its_registration() -> None:
    made = WEB_MERCATOR_QUAD.definition()
    assert made["uri"] == "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad"
    first, last = made["tileMatrices"][0], made["tileMatrices"][24]
    assert first["scaleDenominator"] == pytest.approx(559_082_264.028717, rel=1e-12)
    assert first["cellSize"] == pytest.approx(156_543.033928041, rel=1e-12)
    assert first["pointOfOrigin"] == pytest.approx([-20_037_508.3427892, 20_037_508.3427892], rel=1e-12)
    assert last["scaleDenominator"] == pytest.approx(33.3238997477002, rel=1e-9)
    assert last["matrixWidth"] == 2**24


def test_the_envelope_of_the_tile_of_the_origin_of_lambert_93() -> None:
    """X = 700 000, Y = 6 600 000 at zoom 10: tiles of 2 048 m, column 341 (698 368), row 292 (6 601 984)."""
    held = LAMBERT_93_QUAD.limits((700_000, 6_600_000, 700_000, 6_600_000), 10)
    assert (held.columns, held.rows) == ((341, 341), (292, 292))
    assert LAMBERT_93_QUAD.envelope(10, 341, 292) == (698_368.0, 6_599_936.0, 700_416.0, 6_601_984.0)


@pytest.mark.parametrize(
    ("place", "longitude", "latitude"),
    [
        ("Nantes", -1.5536, 47.2173),
        ("Ouessant", -5.1307, 48.4703),
        ("Bonifacio", 9.25, 41.37),
        ("Bray-Dunes", 2.54, 51.08),
    ],
)
def test_metropolitan_france_is_in_the_grid(place: str, longitude: float, latitude: float) -> None:
    x, y = lambert_93(longitude, latitude)
    for zoom in range(LAMBERT_93_QUAD.max_zoom + 1):
        held = LAMBERT_93_QUAD.limits((x, y, x, y), zoom)
        west, south, east, north = LAMBERT_93_QUAD.envelope(zoom, held.columns[0], held.rows[0])
        assert west <= x < east, place
        assert south < y <= north, place


def test_a_box_of_the_web_is_held_by_its_box_in_lambert_93() -> None:
    """Straight edges are curves in another system: the box goes beyond its corners."""
    west, south, east, north = _web(-1.0, 46.0), _web(-1.0, 46.0), _web(5.0, 48.0), _web(5.0, 48.0)
    box = LAMBERT_93_QUAD.inside((west[0], south[1], east[0], north[1]))
    assert box is not None
    for step in range(61):
        for latitude in (46.0, 48.0):
            x, y = lambert_93(-1 + step / 10, latitude)
            assert box[0] - 0.5 <= x <= box[2] + 0.5
            assert box[1] - 0.5 <= y <= box[3] + 0.5


def test_what_lies_overseas_is_not_in_lambert_93() -> None:
    x, y = _web(55.5, -21.1)
    assert LAMBERT_93_QUAD.inside((x - 1, y - 1, x + 1, y + 1)) is None
    assert WEB_MERCATOR_QUAD.inside((x - 1, y - 1, x + 1, y + 1)) == (x - 1, y - 1, x + 1, y + 1)


@given(st.sampled_from(list(GRIDS.values())), st.data())
def test_a_tile_is_in_the_limits_of_what_lies_in_it(grid: Grid, data: st.DataObject) -> None:
    zoom = data.draw(st.integers(0, grid.max_zoom))
    x, y = (data.draw(st.integers(0, 2**zoom - 1)) for _ in range(2))
    west, south, east, north = grid.envelope(zoom, x, y)
    middle = ((west + east) / 2, (south + north) / 2)
    held = grid.limits((*middle, *middle), zoom)
    assert (held.columns, held.rows) == ((x, x), (y, y))
    whole = grid.limits((grid.west, grid.north - grid.side, grid.west + grid.side, grid.north), zoom)
    assert whole.hold(x, y)


def test_an_unknown_grid_is_refused_with_those_served() -> None:
    with pytest.raises(NotFound, match="WebMercatorQuad, Lambert93Quad"):
        grid_of("WorldCRS84Quad")
    with pytest.raises(NotFound, match="0 à 10"):
        Tile(11, 0, 0, LAMBERT_93_QUAD)


def _web(longitude: float, latitude: float) -> tuple[float, float]:
    radius = 6_378_137
    return radius * math.radians(longitude), radius * math.asinh(math.tan(math.radians(latitude)))
