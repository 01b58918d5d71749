"""The real territories of Pays de la Loire, against figures known from elsewhere."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
import shapely
import sqlalchemy as sa

from boundaries import layers, places
from boundaries.bands import BANDS, EXACT, band_of
from boundaries.levels import Level
from boundaries.places import Place
from boundaries.scope import cut
from boundaries.sources import registry
from boundaries.tables import Membership, Millesime, Outline, Territory
from geo import coverage
from geo.progress import silent
from geo.tiles import Tile, encoded

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
REGION_KM2 = 32_359.0


def shapes(engine: sa.Engine, band: int, level: Level, millesime: int = 2025) -> dict[str, object]:
    with engine.connect() as conn:
        rows = conn.execute(
            sa.select(Outline.code, Outline.geom).where(
                Outline.band == band, Outline.level == level.value, Outline.millesime == millesime
            )
        )
        return {row.code: shapely.from_wkb(bytes(row.geom.data)) for row in rows}


@pytest.mark.parametrize(("millesime", "communes"), [(2021, 1236), (2024, 1232), (2025, 1228)])
def test_communes_of_each_millesime(loaded: sa.Engine, millesime: int, communes: int) -> None:
    with loaded.connect() as conn:
        found = conn.execute(places.listing(Level.COMMUNE, millesime, None)).all()
    assert len(found) == communes


def test_the_code_list_of_2020(downloads: Path) -> None:
    delivery = registry.read(None, 2020, downloads, silent)
    inside = cut(delivery, "52").communes.query("in_scope")
    assert len(inside) == 1238
    assert inside.geometry.notna().all()


def test_a_wheel_that_lacks_polygons_is_refused(downloads: Path, conn: sa.Connection) -> None:
    from boundaries.load import load
    from geo.errors import Invalid

    delivery = registry.read("1.1.0", 2025, downloads, silent)
    with pytest.raises(Invalid, match="Communes sans polygone : 49126") as refused:
        load(conn, delivery, "52", silent)
    assert "2025" in refused.value.detail
    with pytest.raises(Invalid, match="12218, 14581, 15031, 15035, 15047, 15171, 49126, 69114"):
        load(conn, delivery, "all", silent)
    assert conn.scalar(sa.select(sa.func.count()).select_from(Millesime)) == 0


@pytest.mark.parametrize("millesime", [2024, 2025])
def test_the_regions_surface(loaded: sa.Engine, millesime: int) -> None:
    with loaded.connect() as conn:
        region = places.require(conn, Place(Level.REGION, "52"), millesime)
    assert region.area_m2 / 1e6 == pytest.approx(REGION_KM2, rel=1e-4)


def test_epci_of_the_region(loaded: sa.Engine) -> None:
    with loaded.connect() as conn:
        epci = conn.execute(places.listing(Level.EPCI, 2025, None)).all()
        yeu = conn.execute(places.parents(Place.parse("commune:85113"), 2025)).all()
    assert len(epci) == 71
    assert len([row for row in epci if row.straddles]) == 4
    assert {row.emprise for row in epci} == {"territoire entier"}
    assert [row.level for row in yeu] == ["arrondissement", "departement", "region"]


def test_the_former_communes_of_2025(loaded: sa.Engine) -> None:
    with loaded.connect() as conn:
        oree = conn.execute(places.relatives("49126", 2025)).all()
        essarts = conn.execute(places.relatives("85165", 2025)).all()
    assert [(row.millesime, row.code, row.kind) for row in oree] == [
        (year, "49069", "exact") for year in (2019, 2021, 2022, 2023, 2024)
    ]
    assert [(row.millesime, row.code) for row in essarts] == [(year, "85084") for year in (2019, 2021, 2022, 2023)]


@pytest.mark.parametrize("band", BANDS, ids=lambda band: f"band {band.zoom}")
def test_no_commune_is_lost_and_borders_are_shared_at_every_band(loaded: sa.Engine, band: object) -> None:
    drawn = shapes(loaded, band.zoom, Level.COMMUNE)  # type: ignore[attr-defined]
    polygons = np.array([*drawn.values()], dtype=object)
    assert len(drawn) == 1228
    assert shapely.is_valid(polygons).all()
    assert not shapely.is_empty(polygons).any()
    assert shapely.coverage_is_valid(polygons)
    assert coverage.overlap(polygons) == 0
    region = shapes(loaded, band.zoom, Level.REGION)["52"]  # type: ignore[attr-defined]
    gap = shapely.area(region) - shapely.area(polygons).sum()
    assert abs(gap) < 1  # m², on 71 thousand km² of EPSG:3857


def test_generalisation_keeps_the_surface_at_z6(loaded: sa.Engine) -> None:
    exact = shapely.area(np.array([*shapes(loaded, EXACT, Level.COMMUNE).values()], dtype=object)).sum()
    drawn = shapely.area(np.array([*shapes(loaded, band_of(6).zoom, Level.COMMUNE).values()], dtype=object)).sum()
    assert drawn == pytest.approx(exact, rel=1e-3)


def test_stored_polygons_are_valid_and_overlap_by_nothing(loaded: sa.Engine) -> None:
    with loaded.connect() as conn:
        for millesime in (2021, 2024, 2025):
            rows = conn.execute(
                sa.select(Territory.geom).where(Territory.millesime == millesime, Territory.level == "commune")
            )
            polygons = np.array([shapely.from_wkb(bytes(row.geom.data)) for row in rows], dtype=object)
            assert shapely.is_valid(polygons).all()
            assert coverage.overlap(coverage.projected(polygons, 4326, 2154)) < 0.01e6


def test_every_membership_of_a_drawn_territory_has_its_parent(loaded: sa.Engine) -> None:
    parent, child = sa.orm.aliased(Territory), sa.orm.aliased(Territory)
    orphans = (
        sa.select(sa.func.count())
        .select_from(Membership)
        .join(child, sa.and_(child.millesime == Membership.millesime, child.level == Membership.level,
                             child.code == Membership.code, child.in_scope))
        .outerjoin(parent, sa.and_(parent.millesime == Membership.millesime, parent.level == Membership.parent_level,
                                   parent.code == Membership.parent_code))
        .where(parent.id.is_(None))
    )  # fmt: skip
    with loaded.connect() as conn:
        assert conn.scalar(orphans) == 0


@pytest.mark.parametrize("zoom", [5, 6])
def test_the_low_zoom_tiles_hold_every_commune_and_are_small(loaded: sa.Engine, zoom: int) -> None:
    import mapbox_vector_tile

    seen: dict[int, str] = {}
    wanted = layers.Shown(Level.COMMUNE, "commune")
    here = layers.tile_rows(wanted).order_by("id").cte("here")
    with loaded.connect() as conn:
        for x, y in {5: [(15, 11), (16, 11)], 6: [(31, 22), (32, 22)]}[zoom]:
            tile = Tile(zoom, x, y)
            body = conn.execute(
                encoded(here, layers.tile_layers(wanted, here)),
                layers.tile_parameters(2025, Level.COMMUNE, tile),
            ).scalar_one()
            assert len(gzip.compress(body, 6)) < 150_000
            for feature in mapbox_vector_tile.decode(body)["commune"]["features"]:
                seen[feature["id"]] = feature["properties"]["code"]
    if zoom == 5:
        assert len(set(seen.values())) == 1228


def test_people_are_counted_at_every_level(loaded: sa.Engine) -> None:
    """Names of the largest come first: communes have their own population, what is above that of its communes."""
    asked = sa.select(
        Outline.level, sa.func.sum(Outline.people), sa.func.count(), sa.func.count(Outline.people)
    ).where(Outline.millesime == 2025, Outline.band == 7)
    with loaded.connect() as conn:
        found = {row[0]: row[1:] for row in conn.execute(asked.group_by(Outline.level))}
        largest = conn.scalars(
            sa.select(Outline.nom)
            .where(Outline.millesime == 2025, Outline.band == 7, Outline.level == Level.COMMUNE)
            .order_by(Outline.people.desc())
            .limit(3)
        ).all()
    assert largest == ["Nantes", "Angers", "Le Mans"]
    assert all(count == known for _, count, known in found.values())
    assert found["commune"][0] == found["departement"][0] == found["region"][0]


@pytest.mark.skipif(not SHARED.exists(), reason="shared test data absent: ../shared/data")
def test_the_recipe_gives_the_communes_of_the_reference_file(loaded: sa.Engine) -> None:
    reference = json.loads((SHARED / "boundaries" / "communes_cog2025_pdl.geojson").read_text())
    expected = {
        feature["properties"].get("code") or feature["properties"].get("insee")
        for feature in reference["features"]
        if feature["properties"].get("in_pdl", True)
    }
    with loaded.connect() as conn:
        found = {row.code for row in conn.execute(places.listing(Level.COMMUNE, 2025, None))}
    assert found == expected
