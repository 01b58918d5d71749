"""A delivery loaded into PostGIS: what is stored, what is refused, and that nothing is half-written."""

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pytest
import shapely
import sqlalchemy as sa
from toycountry import country, square

from boundaries import places
from boundaries.bands import BANDS
from boundaries.levels import Level
from boundaries.load import load
from boundaries.places import Place
from boundaries.tables import Millesime, Outline, Passage, Territory
from geo import coverage
from geo.errors import Invalid, NotFound
from geo.progress import silent


def areas(conn: sa.Connection, level: Level, millesime: int = 2023) -> dict[str, float]:
    rows = conn.execute(
        sa.select(Territory.code, Territory.area_m2).where(
            Territory.level == level.value, Territory.millesime == millesime
        )
    )
    return {row.code: row.area_m2 for row in rows}


def test_a_region_comes_with_the_communes_that_complete_its_epci(conn: sa.Connection) -> None:
    load(conn, country(), "52", silent)
    inside = [row.code for row in conn.execute(places.listing(Level.COMMUNE, 2023, None))]
    assert inside == ["44001", "44002", "44003", "44004", "49001", "49002"]
    epci = conn.execute(places.listing(Level.COMMUNE, 2023, Place.parse("epci:200000001")))
    assert [row.code for row in epci] == ["35001", "44001", "44002"]
    assert set(areas(conn, Level.DEPARTEMENT)) == {"44", "49"}


def test_each_epci_says_what_it_covers(conn: sa.Connection) -> None:
    load(conn, country(), "52", silent)
    rows = {row.code: row for row in conn.execute(places.listing(Level.EPCI, 2023, None))}
    assert {code: row.emprise for code, row in rows.items()} == dict.fromkeys(rows, "territoire entier")
    assert [code for code, row in rows.items() if row.straddles] == ["200000001"]


def test_an_epci_whose_members_are_not_all_delivered_is_a_regional_part(conn: sa.Connection) -> None:
    delivery = country()
    delivery.communes = delivery.communes[delivery.communes["region"] == "52"].reset_index(drop=True)
    load(conn, delivery, "52", silent)
    rows = {row.code: row.emprise for row in conn.execute(places.listing(Level.EPCI, 2023, None))}
    assert rows["200000001"] == "partie régionale"


def test_surfaces_add_up_at_every_level(conn: sa.Connection) -> None:
    load(conn, country(), "52", silent)
    communes = areas(conn, Level.COMMUNE)
    assert areas(conn, Level.EPCI)["200000001"] == pytest.approx(
        communes["35001"] + communes["44001"] + communes["44002"], rel=1e-12
    )
    region = areas(conn, Level.REGION)["52"]
    assert region == pytest.approx(sum(areas(conn, Level.DEPARTEMENT).values()), rel=1e-12)
    assert region == pytest.approx(sum(area for code, area in communes.items() if code != "35001"), rel=1e-12)


def test_outlines_share_their_borders_at_every_band(conn: sa.Connection) -> None:
    load(conn, country(), "52", silent)
    for band in BANDS:
        shapes = [
            shapely.from_wkb(bytes(row.geom.data))
            for row in conn.execute(
                sa.select(Outline.geom).where(Outline.band == band.zoom, Outline.level == "commune")
            )
        ]
        assert len(shapes) == 6
        assert shapely.coverage_is_valid(shapes)


def test_passages_are_known_after_two_millesimes(conn: sa.Connection) -> None:
    load(conn, country(2023), "52", silent)
    load(conn, country(2024), "52", silent)
    rows = conn.execute(
        sa.select(Passage.from_code, Passage.to_code, Passage.weight, Passage.kind)
        .where(Passage.from_millesime == 2023)
        .order_by(Passage.from_code, Passage.to_code)
    ).all()
    assert [tuple(row) for row in rows] == [
        ("44003", "44003", 0.8, "estimated"),
        ("44003", "44005", 0.2, "estimated"),
        ("49002", "49001", 1.0, "exact"),
    ]


def test_loading_again_changes_neither_ids_nor_version(conn: sa.Connection) -> None:
    def state() -> tuple[list[tuple[int, str, str]], str]:
        ids = conn.execute(sa.select(Territory.id, Territory.level, Territory.code).order_by(Territory.id))
        return [tuple(row) for row in ids], conn.scalars(sa.select(Millesime.version)).one()  # type: ignore[misc]

    load(conn, country(), "52", silent)
    before = state()
    load(conn, country(), "52", silent)
    assert state() == before


def test_a_code_list_alone_has_no_outlines(conn: sa.Connection) -> None:
    load(conn, country(outlines=False), "52", silent)
    assert conn.scalar(sa.select(sa.func.count()).select_from(Outline)) == 0
    assert set(areas(conn, Level.COMMUNE).values()) == {None}


def test_the_whole_country_has_a_level_of_its_own(conn: sa.Connection) -> None:
    load(conn, country(), "all", silent)
    assert set(areas(conn, Level.FRANCE)) == {"FR"}
    assert areas(conn, Level.FRANCE)["FR"] == pytest.approx(sum(areas(conn, Level.COMMUNE).values()), rel=1e-12)


def test_a_former_code_is_told_where_it_went(conn: sa.Connection) -> None:
    load(conn, country(2024), "52", silent)
    with pytest.raises(NotFound, match="fait partie de commune:49001"):
        places.require(conn, Place.parse("commune:49002"), 2024)


def with_polygon(code: str, shape: object) -> gpd.GeoDataFrame:
    communes = country().communes
    communes.loc[communes["code"] == code, "geometry"] = gpd.GeoSeries([shape], crs=4326).to_numpy()
    return communes


def refusals() -> list[tuple[str, str, dict[str, object]]]:
    base = country()
    twice = gpd.GeoDataFrame(base.communes.iloc[[0, 1, 1, 2, 3, 4, 5, 6]].reset_index(drop=True), crs=4326)
    malformed = base.communes.replace({"code": {"44001": "4401"}})
    orphan = base.communes.assign(
        departement=base.communes["departement"].where(base.communes["code"] != "44004", "99")
    )
    stray = base.communes.replace({"epci": {"200000003": "209999999"}})
    return [
        ("duplicate", "Codes en double .* 44001", {"communes": twice}),
        ("malformed", "Codes mal formés .* 4401", {"communes": malformed}),
        ("no parent", "un département inconnu : 44004", {"communes": orphan}),
        (
            "unknown epci",
            "un EPCI inconnu : 49001",
            {"communes": stray},
        ),
        ("no polygon", "Communes sans polygone : 44002", {"communes": with_polygon("44002", None)}),
        ("degenerate", "dégénérés .* 44002", {"communes": with_polygon("44002", square(1, 0, 1e-3, 1e-3))}),
        ("overlap", "en recouvre d’autres", {"communes": with_polygon("44002", square(0.5, 0, 1.5))}),
    ]


@pytest.mark.parametrize(
    ("name", "sentence", "change"), refusals(), ids=lambda item: item if isinstance(item, str) else ""
)
def test_what_is_wrong_is_refused_by_name_and_nothing_is_written(
    conn: sa.Connection, name: str, sentence: str, change: dict[str, object]
) -> None:
    with pytest.raises(Invalid, match=sentence) as refused:
        load(conn, replace(country(), **change), "52", silent)  # type: ignore[arg-type]
    assert "Rien n’a été modifié" in refused.value.detail
    assert conn.scalar(sa.select(sa.func.count()).select_from(Territory)) == 0


def test_an_invalid_polygon_is_repaired_and_listed(conn: sa.Connection) -> None:
    west, south, east, north = square(1, 0).bounds
    bowtie = shapely.Polygon([(west, south), (east, north), (east, south), (west, north)])
    delivery = replace(country(), communes=with_polygon("44002", bowtie))
    findings = load(conn, delivery, "52", silent)
    assert ("Géométries invalides réparées", ("44002",)) in [(item.sentence, item.codes) for item in findings]


def test_a_surface_that_drifts_without_reason_is_refused(conn: sa.Connection) -> None:
    load(conn, country(2023), "52", silent)
    later = country(2024)
    later.communes.loc[later.communes["code"] == "44001", "geometry"] = gpd.GeoSeries(
        [square(0, 0, 1, 0.5)], crs=4326
    ).to_numpy()
    with pytest.raises(Invalid, match="sans changement de périmètre connu : 44001"):
        load(conn, later, "52", silent)


def test_an_unknown_region_names_those_that_exist(conn: sa.Connection) -> None:
    with pytest.raises(Invalid, match="Codes acceptés : 52, 53"):
        load(conn, country(), "99", silent)


def test_a_slight_overlap_is_given_to_one_side_and_listed(conn: sa.Connection) -> None:
    delivery = replace(country(), communes=with_polygon("44002", square(0.9995, 0, 1.0005)))
    findings = load(conn, delivery, "52", silent)
    moved = [code for item in findings if "rectifiées" in item.sentence for code in item.codes]
    assert moved
    assert set(moved) <= {"44001", "44002", "44003"}
    shapes = [
        shapely.from_wkb(bytes(row.geom.data))
        for row in conn.execute(sa.select(Territory.geom).where(Territory.level == "commune"))
    ]
    assert coverage.overlap(np.array(shapes, dtype=object)) == 0
