"""Zonings of Insee on the communes of Pays de la Loire: composition, surfaces, outlines, what is said and refused."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import shapely
import sqlalchemy as sa

from boundaries.bands import BANDS
from boundaries.levels import Level
from boundaries.sources.fetch import local
from boundaries.tables import Membership, Outline, Territory, Zoning
from boundaries.zonings import delivered
from boundaries.zonings.asked import Asked, Columns, decisions
from boundaries.zonings.reading import read
from geo import coverage
from geo.errors import Invalid
from geo.progress import silent

DATA = Path(__file__).resolve().parents[2] / "../shared/data/zonings"
COGITER = DATA / "cogiter_communes_zonages_cog2025.csv.gz"
ZE2020 = DATA / "insee_ZE2020_au_01-01-2022.xlsx"
EPCI = DATA / "dgcl_perimetre-epci-a-fp_2025_latin1.csv"
SHAPES = DATA / "anct_territoires_industrie_mixed_geometries.geojson"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data n’est pas là")


@pytest.fixture
def region(loaded: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction over the real data of the region, rolled back."""
    with loaded.connect() as conn:
        transaction = conn.begin()
        yield conn
        transaction.rollback()


def loaded_file(conn: sa.Connection, file: Path, level: Level, **more: object) -> list[str]:
    asked = Asked(**{"level": level, "millesime": 2025, "given_in": 2025, **more})  # type: ignore[arg-type]
    return [str(finding) for finding in delivered.load_file(conn, str(file), asked, Path(), silent)]


def rows(conn: sa.Connection, level: Level) -> dict[str, sa.Row[tuple[object, ...]]]:
    found = conn.execute(
        sa.select(Territory.code, Territory.nom, Territory.emprise, Territory.straddles, Territory.area_m2).where(
            Territory.millesime == 2025, Territory.level == level.value, Territory.in_scope
        )
    )
    return {row.code: row for row in found}


def members(conn: sa.Connection, level: Level) -> dict[str, str]:
    found = conn.execute(
        sa.select(Membership.code, Membership.parent_code).where(
            Membership.millesime == 2025,
            Membership.level == "commune",
            Membership.parent_level == level.value,
        )
    )
    return dict(found.all())


@pytest.mark.parametrize("level", [Level.BASSIN_DE_VIE, Level.AIRE_ATTRACTION, Level.CANTON])
def test_the_zonings_of_insee_are_loaded_whole(region: sa.Connection, level: Level) -> None:
    findings = loaded_file(region, COGITER, level, otherwise=2025)
    assert not any("dans aucune zone" in sentence for sentence in findings)
    zones, communes = rows(region, level), rows(region, Level.COMMUNE)
    inside = members(region, level)
    outside = inside.keys() - communes.keys()
    apart = communes.keys() - inside.keys()
    assert bool(apart) == (level is Level.AIRE_ATTRACTION)
    areas = dict(
        region.execute(
            sa.select(Territory.code, Territory.area_m2).where(
                Territory.millesime == 2025, Territory.level == "commune"
            )
        ).all()
    )
    assert sum(zone.area_m2 for zone in zones.values()) == pytest.approx(
        sum(areas[code] for code in (communes.keys() - apart) | outside), rel=1e-12
    )
    for band in BANDS:
        found = region.execute(
            sa.select(Outline.geom).where(
                Outline.millesime == 2025, Outline.level == level.value, Outline.band == band.zoom
            )
        )
        shapes = shapely.from_wkb([bytes(row.geom.data) for row in found])
        assert len(shapes) == len(zones)
        assert shapely.is_valid(shapes).all()
        assert coverage.overlap(shapes) == 0


def test_a_zone_across_the_border_says_what_of_it_is_here(region: sa.Connection) -> None:
    loaded_file(region, COGITER, Level.ZONE_EMPLOI)
    zones = rows(region, Level.ZONE_EMPLOI)
    assert zones["5216"].nom == "Nantes"
    assert (zones["5216"].emprise, zones["5216"].straddles) == ("territoire entier", False)
    # Redon: communes of 35, 44 and 56
    redon = next(zone for zone in zones.values() if zone.nom == "Redon")
    assert (redon.emprise, redon.straddles) == ("partie régionale", True)


def test_zones_keep_the_lines_of_the_communes(region: sa.Connection) -> None:
    loaded_file(region, EPCI, Level.PERIMETRE, liste="epci", definition=2025, columns=DGCL)
    for band in BANDS:
        drawn = {
            (row.level, row.code): shapely.from_wkb(bytes(row.geom.data))
            for row in region.execute(
                sa.select(Outline.level, Outline.code, Outline.geom).where(
                    Outline.millesime == 2025,
                    Outline.level.in_(["perimetre", "epci"]),
                    Outline.band == band.zoom,
                )
            )
        }
        own = {code: shape for (level, code), shape in drawn.items() if level == "epci"}
        assert len(own) == 71
        for code, shape in own.items():
            assert shapely.normalize(drawn["perimetre", f"epci.{code}"]).equals(shapely.normalize(shape)), code


DGCL = Columns(commune="insee", zone="siren", name="raison_sociale")


def test_the_perimeters_of_the_state_are_the_memberships_of_epci(region: sa.Connection) -> None:
    loaded_file(region, EPCI, Level.PERIMETRE, liste="epci", definition=2025, columns=DGCL)
    listed = {code: zone.removeprefix("epci.") for code, zone in members(region, Level.PERIMETRE).items()}
    assert listed == members(region, Level.EPCI)


def test_arrondissements_are_there_by_default_and_agree_with_insee(region: sa.Connection) -> None:
    by_default = members(region, Level.ARRONDISSEMENT)
    assert len(by_default) == 1228
    assert region.scalars(sa.select(Zoning.source).where(Zoning.level == "arrondissement")).first() == "registry"
    loaded_file(region, COGITER, Level.ARRONDISSEMENT, definition=2025)
    assert members(region, Level.ARRONDISSEMENT) == by_default


def test_zones_d_emploi_of_2022_need_a_word_on_two_communes(region: sa.Connection) -> None:
    # Les Essarts-en-Bocage was split in 2024; in 2025 La Bernardière (Les Herbiers-Montaigu) joined Cugand (Nantes)
    with pytest.raises(Invalid) as refusal:
        loaded_file(region, ZE2020, Level.ZONE_EMPLOI, given_in=2022)
    assert "85084 (85084, 85165, 85212)" in refusal.value.detail
    assert "85076 (85021, 85076)" in refusal.value.detail
    loaded_file(region, COGITER, Level.ZONE_EMPLOI)
    oracle = members(region, Level.ZONE_EMPLOI)
    told = decisions(["85084=5213", "85165=5213", "85212=5213", "85076=5216"])
    findings = loaded_file(region, ZE2020, Level.ZONE_EMPLOI, given_in=2022, told=told)
    assert any("49069 → 49126" in sentence for sentence in findings)
    assert members(region, Level.ZONE_EMPLOI) == oracle


def test_codes_of_another_year_are_refused_when_the_year_is_not_said(region: sa.Connection) -> None:
    with pytest.raises(Invalid, match=r"49069 \(aujourd’hui 49126\).*") as refusal:
        loaded_file(region, ZE2020, Level.ZONE_EMPLOI)
    assert "--cog ANNÉE" in refusal.value.detail


def test_a_file_of_shapes_is_explained() -> None:
    with pytest.raises(Invalid, match=r"GeometryCollection, MultiPoint, MultiPolygon, Point, Polygon"):
        read(local(SHAPES), Level.PERIMETRE, Columns())


def test_a_column_that_could_be_two_things_is_asked_for() -> None:
    with pytest.raises(Invalid, match="dep_com, insee"):
        read(local(EPCI), Level.PERIMETRE, Columns(zone="siren"))
