"""Zonings on the toy country: what is loaded, carried, reported and refused, worked by hand."""

import pytest
import shapely
import sqlalchemy as sa
from toycountry import country

from boundaries import places
from boundaries.bands import BANDS, EXACT
from boundaries.levels import Level
from boundaries.load import load as load_limits
from boundaries.places import Place
from boundaries.tables import Membership, Millesime, Outline, Territory, Zoning
from boundaries.zonings.composition import Composition, Terms
from boundaries.zonings.load import load, remove
from geo import coverage
from geo.errors import Conflict, Invalid, NotFound
from geo.progress import silent

ZONES = {
    "35001": "5201",
    "44001": "5201",
    "44002": "5201",
    "44003": "5202",
    "44004": "5202",
    "49001": "5203",
    "49002": "5203",
    "36001": "5203",
}
NAMES = {"5201": "Ouest", "5202": "Nord", "5203": "Est", "5299": "Ailleurs"}


def terms(level: Level = Level.ZONE_EMPLOI, given_in: int = 2023, liste: str = "") -> Terms:
    return Terms(level, "Zones 2020", 2020, given_in, "Insee", "Licence Ouverte 2.0", "zones.csv", "0" * 64, liste)


def composition(zones: dict[str, str] | None = None, *more: tuple[str, str]) -> Composition:
    return Composition(frozenset((ZONES if zones is None else zones).items()) | frozenset(more), NAMES)


def territories(conn: sa.Connection, level: Level, millesime: int = 2023) -> dict[str, sa.Row[tuple[object, ...]]]:
    rows = conn.execute(
        sa.select(*Territory.__table__.c).where(Territory.level == level.value, Territory.millesime == millesime)
    )
    return {row.code: row for row in rows}


def version(conn: sa.Connection, millesime: int = 2023) -> str:
    return str(conn.scalars(sa.select(Millesime.version).where(Millesime.year == millesime)).one())


def test_zones_are_territories_that_say_how_much_of_them_is_here(conn: sa.Connection) -> None:
    load_limits(conn, country(), "52", silent)
    findings = load(conn, terms(), composition(), 2023, silent)
    zones = territories(conn, Level.ZONE_EMPLOI)
    # 35001 is loaded because it completes an EPCI: its zone is whole; 36001 is not: 5203 is a part
    assert {code: (row.emprise, row.straddles) for code, row in zones.items()} == {
        "5201": ("territoire entier", True),
        "5202": ("territoire entier", False),
        "5203": ("partie régionale", True),
    }
    assert [str(finding) for finding in findings] == [
        "Partie régionale seulement (communes de la région sur communes de la liste) : 5203 (2 sur 3)"
    ]
    members = conn.scalars(
        sa.select(Membership.code).where(
            Membership.parent_level == "zone-emploi",
            Membership.parent_code == "5201",
            Membership.level == "commune",
        )
    )
    assert sorted(members) == ["35001", "44001", "44002"]
    within = conn.execute(places.listing(Level.ZONE_EMPLOI, 2023, Place.parse("departement:44")))
    assert [row.code for row in within] == ["5201", "5202"]


def test_the_surface_of_a_zone_is_that_of_its_communes_and_its_outline_shares_their_borders(
    conn: sa.Connection,
) -> None:
    load_limits(conn, country(), "52", silent)
    load(conn, terms(), composition(), 2023, silent)
    communes = territories(conn, Level.COMMUNE)
    zones = territories(conn, Level.ZONE_EMPLOI)
    assert zones["5202"].area_m2 == pytest.approx(communes["44003"].area_m2 + communes["44004"].area_m2, rel=1e-12)
    assert sum(row.area_m2 for row in zones.values()) == pytest.approx(
        sum(row.area_m2 for row in communes.values()), rel=1e-12
    )
    for band in BANDS:
        drawn = drawings(conn, band.zoom, Level.ZONE_EMPLOI)
        own = drawings(conn, band.zoom, Level.COMMUNE)
        assert shapely.is_valid(list(drawn.values())).all()
        shapes = shapely.from_wkb([*map(shapely.to_wkb, drawn.values())])
        assert shapely.coverage_is_valid(shapes)
        assert coverage.overlap(shapes) == 0
        assert drawn["5202"].equals(own["44003"].union(own["44004"]))


def drawings(conn: sa.Connection, band: int, level: Level) -> dict[str, shapely.Geometry]:
    rows = conn.execute(
        sa.select(Outline.code, Outline.geom).where(Outline.band == band, Outline.level == level.value)
    )
    return {row.code: shapely.from_wkb(bytes(row.geom.data)) for row in rows}


def test_a_gap_is_reported_and_an_overlap_refused_in_a_partition(conn: sa.Connection) -> None:
    load_limits(conn, country(), "52", silent)
    without = {code: zone for code, zone in ZONES.items() if code != "44004"}
    findings = load(conn, terms(), composition(without), 2023, silent)
    assert "Communes de la région dans aucune zone : 44004" in map(str, findings)
    with pytest.raises(Invalid, match=r"Communes dans plusieurs zones : 44003 \(5201, 5202\)"):
        load(conn, terms(), composition(None, ("44003", "5201")), 2023, silent)


def test_an_overlap_is_reported_where_zones_may_share_communes(conn: sa.Connection) -> None:
    load_limits(conn, country(), "52", silent)
    findings = load(conn, terms(Level.SCOT), composition(None, ("44003", "5201")), 2023, silent)
    assert "Communes dans plusieurs zones : 44003 (5201, 5202)" in map(str, findings)
    report = conn.scalars(sa.select(Zoning.report)).one()
    assert {"sentence": "Communes dans plusieurs zones", "codes": ["44003 (5201, 5202)"]} in report["limits"]


def test_any_number_of_lists_live_side_by_side(conn: sa.Connection) -> None:
    load_limits(conn, country(), "52", silent)
    one = Composition(frozenset({("44003", "a"), ("44004", "b")}), {"a": "A", "b": "B"})
    two = Composition(frozenset({("44003", "a")}), {"a": "Autre"})
    load(conn, terms(Level.PERIMETRE, liste="nord"), one, 2023, silent)
    load(conn, terms(Level.PERIMETRE, liste="sud"), two, 2023, silent)
    assert set(territories(conn, Level.PERIMETRE)) == {"nord.a", "nord.b", "sud.a"}
    remove(conn, 2023, Level.PERIMETRE, "nord")
    assert set(territories(conn, Level.PERIMETRE)) == {"sud.a"}


def test_a_reload_keeps_ids_and_the_version_tells_what_is_loaded(conn: sa.Connection) -> None:
    load_limits(conn, country(), "52", silent)
    bare = version(conn)
    load(conn, terms(), composition(), 2023, silent)
    before, ids = version(conn), {code: row.id for code, row in territories(conn, Level.ZONE_EMPLOI).items()}
    assert before != bare
    load(conn, terms(), composition(), 2023, silent)
    assert version(conn) == before
    findings = load_limits(conn, country(), "52", silent)
    assert "Zonages gardés, redessinés sur ces limites : Zones 2020" in map(str, findings)
    assert version(conn) == before
    assert {code: row.id for code, row in territories(conn, Level.ZONE_EMPLOI).items()} == ids
    assert set(drawings(conn, EXACT, Level.ZONE_EMPLOI)) == set(ids)
    remove(conn, 2023, Level.ZONE_EMPLOI)
    assert version(conn) == bare
    assert not territories(conn, Level.ZONE_EMPLOI)
    with pytest.raises(NotFound, match="Zonages chargés : aucun"):
        remove(conn, 2023, Level.ZONE_EMPLOI)


def test_limits_loaded_for_another_scope_complete_the_zones(conn: sa.Connection) -> None:
    load_limits(conn, country(), "52", silent)
    load(conn, terms(), composition(), 2023, silent)
    load_limits(conn, country(), "all", silent)
    zones = territories(conn, Level.ZONE_EMPLOI)
    assert {code: row.straddles for code, row in zones.items()} == dict.fromkeys(zones, False)


def test_limits_that_no_longer_fit_remove_the_zoning_and_say_why(conn: sa.Connection) -> None:
    load_limits(conn, country(), "52", silent)
    load(conn, terms(), composition(), 2023, silent)
    changed = country(2024)
    changed.millesime = 2023
    findings = load_limits(conn, changed, "52", silent)
    assert any(
        str(finding).startswith("Le zonage « Zones 2020 » ne tient pas dans ces limites et a été retiré.")
        and "49002 (aujourd’hui 49001)" in str(finding)
        for finding in findings
    )
    assert not territories(conn, Level.ZONE_EMPLOI)
    assert not conn.execute(sa.select(Membership).where(Membership.parent_level == "zone-emploi")).all()


def test_unknown_codes_are_refused_with_their_successor(conn: sa.Connection) -> None:
    load_limits(conn, country(2024), "52", silent)
    with pytest.raises(Invalid) as refusal:
        load(conn, terms(given_in=2024), composition(None, ("44999", "5201")), 2024, silent)
    assert "44999, 49002 (aujourd’hui 49001)" in refusal.value.detail
    assert "--cog ANNÉE" in refusal.value.detail


def test_a_list_of_another_year_is_carried_where_it_is_exact(conn: sa.Connection) -> None:
    load_limits(conn, country(2023), "52", silent)
    load_limits(conn, country(2024), "52", silent)
    with pytest.raises(Invalid, match=r"44003 \(44003, 44005\)"):
        load(conn, terms(), composition(), 2024, silent)
    findings = load(conn, terms(), composition(), 2024, silent, {"44003": "5202", "44005": "5201"})
    said = [str(finding) for finding in findings]
    assert any(sentence.endswith(": 49002 → 49001") for sentence in said), said
    assert "Rattachements décidés à la main : 44003 → 5202, 44005 → 5201" in said
    members = conn.execute(
        sa.select(Membership.code, Membership.parent_code).where(
            Membership.parent_level == "zone-emploi", Membership.level == "commune", Membership.millesime == 2024
        )
    )
    assert dict(members.all())["44005"] == "5201"


def test_a_list_that_names_the_parts_of_a_split_needs_no_decision(conn: sa.Connection) -> None:
    load_limits(conn, country(2023), "52", silent)
    load_limits(conn, country(2024), "52", silent)
    load(conn, terms(), composition(None, ("44005", "5202")), 2024, silent)
    assert set(territories(conn, Level.ZONE_EMPLOI, 2024)) == {"5201", "5202", "5203"}


def test_a_merger_across_two_zones_is_refused(conn: sa.Connection) -> None:
    load_limits(conn, country(2023), "52", silent)
    load_limits(conn, country(2024), "52", silent)
    zones = ZONES | {"49002": "5201", "44005": "5202"}
    with pytest.raises(Invalid, match=r"49001 \(49001, 49002\)"):
        load(conn, terms(), composition(zones), 2024, silent)


def test_millesimes_of_two_scopes_are_not_carried_one_to_the_other(conn: sa.Connection) -> None:
    load_limits(conn, country(2023), "52", silent)
    load_limits(conn, country(2024), "all", silent)
    with pytest.raises(Conflict, match="52 et all"):
        load(conn, terms(), composition(), 2024, silent)


def test_a_geography_known_by_its_codes_alone_has_zones_without_outlines(conn: sa.Connection) -> None:
    load_limits(conn, country(outlines=False), "52", silent)
    load(conn, terms(), composition(), 2023, silent)
    zones = territories(conn, Level.ZONE_EMPLOI)
    assert {code: row.area_m2 for code, row in zones.items()} == dict.fromkeys(["5201", "5202", "5203"])
    assert drawings(conn, EXACT, Level.ZONE_EMPLOI) == {}


def test_limits_reloaded_without_outlines_leave_no_drawing_behind(conn: sa.Connection) -> None:
    load_limits(conn, country(), "52", silent)
    load(conn, terms(), composition(), 2023, silent)
    load_limits(conn, country(outlines=False), "52", silent)
    assert {row.area_m2 for row in territories(conn, Level.ZONE_EMPLOI).values()} == {None}
    assert drawings(conn, EXACT, Level.ZONE_EMPLOI) == drawings(conn, 0, Level.COMMUNE) == {}


def test_a_national_list_cut_to_the_region_is_not_said_to_be_whole(conn: sa.Connection) -> None:
    load_limits(conn, country(), "52", silent)
    inside = {code: zone for code, zone in ZONES.items() if code.startswith(("44", "49"))}
    load(conn, terms(), composition(inside), 2023, silent)
    assert {row.emprise for row in territories(conn, Level.ZONE_EMPLOI).values()} == {"emprise non vérifiée"}
    load(conn, terms(Level.SCOT), composition(inside), 2023, silent)
    assert {row.emprise for row in territories(conn, Level.SCOT).values()} == {"territoire entier"}
