"""Where territories are: one box for all, and one for each part of France."""

import geopandas as gpd
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import box
from toycountry import country

from boundaries.extents import APART, Box, Extent, extents, held, parted
from boundaries.levels import Level
from boundaries.load import load
from geo.formats.crs import CRS84, native
from geo.progress import silent

FRANCE = {
    "Bretagne": (-5.14, 47.28, -1.02, 48.9),
    "Grand Est": (3.38, 47.42, 8.24, 50.17),
    "Occitanie": (-0.33, 42.33, 4.85, 45.05),
    "Provence-Alpes-Côte d’Azur": (4.23, 42.98, 7.72, 45.13),
    "Corse": (8.53, 41.33, 9.57, 43.03),
    "Île-de-France": (1.45, 48.12, 3.56, 49.24),
    "Guadeloupe": (-61.81, 15.83, -61.0, 16.52),
    "Martinique": (-61.23, 14.38, -60.8, 14.88),
    "Guyane": (-54.61, 2.11, -51.61, 5.76),
    "La Réunion": (55.21, -21.39, 55.84, -20.87),
    "Mayotte": (45.01, -13.01, 45.3, -12.63),
}


def test_france_is_of_five_parts() -> None:
    assert parted(FRANCE.values()) == (
        (-61.81, 14.38, -60.8, 16.52),
        (-54.61, 2.11, -51.61, 5.76),
        (-5.14, 41.33, 9.57, 50.17),
        (45.01, -13.01, 45.3, -12.63),
        (55.21, -21.39, 55.84, -20.87),
    )


def test_each_part_has_its_own_system_and_all_of_france_has_none() -> None:
    parts = parted(FRANCE.values())
    own = [native(Extent(1, (part,)).middles).srid for part in parts]
    assert own == [5490, 2972, 2154, 4471, 2975]
    assert native(Extent(1, parts).middles) is CRS84
    assert native(Extent(0, ()).middles).srid == 2154


boxes = st.lists(
    st.tuples(st.integers(-170, 160), st.integers(-80, 70), st.integers(0, 10), st.integers(0, 10)).map(
        lambda given: (given[0], given[1], given[0] + given[2], given[1] + given[3])
    ),
    max_size=12,
)


@given(boxes)
def test_each_box_is_in_one_part_and_parts_are_apart(given: list[Box]) -> None:
    parts = parted(given)
    for west, south, east, north in given:
        assert [p for p in parts if p[0] <= west and p[1] <= south and p[2] >= east and p[3] >= north]
    for rank, one in enumerate(parts):
        assert one[0] <= one[2]
        for other in parts[rank + 1 :]:
            away = max(
                one[0] - other[2], other[0] - one[2], one[1] - other[3], other[1] - one[3],
            )  # fmt: skip
            assert away > APART
    assert parted(list(reversed(given))) == parts


def test_each_level_has_the_extent_of_its_territories(conn: sa.Connection) -> None:
    delivery = country()
    # 49002, moved to where Guyane is
    moved = delivery.communes.geometry.where(delivery.communes.code != "49002", box(-53, 4, -52, 5))
    delivery.communes.geometry = gpd.GeoSeries(moved, crs=4326)
    load(conn, delivery, "52", silent)
    found = extents(conn, [2023, 1999])
    assert {year for year, _ in found} == {2023}
    communes = found[2023, Level.COMMUNE]
    assert communes.count == 6, "35001 only completes an EPCI"
    assert communes.parts[0] == pytest.approx((-53, 4, -52, 5), abs=1e-5)
    assert communes.parts[1] == pytest.approx((0, 47, 0.3, 47.2), abs=1e-5)
    assert communes.boxes[0] == pytest.approx((-53, 4, 0.3, 47.2), abs=1e-5)
    assert found[2023, Level.DEPARTEMENT].count == 2


def test_a_level_is_held_by_the_years_that_have_territories_of_it(conn: sa.Connection) -> None:
    load(conn, country(), "52", silent)
    load(conn, country(2024), "52", silent)
    conn.execute(sa.text("DELETE FROM boundaries.territory WHERE millesime = 2023 AND level = 'epci'"))
    found = held(conn, [1999, 2023, 2024])
    assert found[Level.COMMUNE] == (2023, 2024)
    assert found[Level.EPCI] == (2024,)
    assert Level.SCOT not in found
    assert held(conn, [2023]).keys() == {Level.COMMUNE, Level.DEPARTEMENT, Level.REGION}
