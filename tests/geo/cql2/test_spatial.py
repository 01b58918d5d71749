"""Geometries of filters in any system: the order of axes, straight sides, what is not valid, and the index."""

from typing import Any

import pytest
import sqlalchemy as sa
from geoalchemy2 import Geometry
from pyproj import Transformer

from geo import cql2
from geo.cql2 import BadFilter, Queryable, condition
from geo.formats.crs import CRS84, LAMBERT_93, SYSTEMS, WEB_MERCATOR, WGS_84, Crs


@pytest.mark.parametrize("crs", SYSTEMS[:4], ids=lambda crs: crs.title)
@pytest.mark.parametrize(("x", "y", "expected"), [(0.5, 45.5, ["a"]), (4.5, 45.5, ["d"]), (3.5, 45.5, [])])
def test_a_point_is_the_same_in_every_system(ask: Any, crs: Crs, x: float, y: float, expected: list[str]) -> None:
    """/req/filter/filter-crs-param: the authority of EPSG:4326 puts the latitude first."""
    first, second = Transformer.from_crs(4326, crs.srid, always_xy=True).transform(x, y)
    if crs.flipped:
        first, second = second, first
    assert ask(f"S_INTERSECTS(geom, POINT({first} {second}))", crs=crs) == expected
    node = {
        "op": "s_intersects",
        "args": [{"property": "geom"}, {"type": "Point", "coordinates": [first, second]}],
    }
    assert ask(str(node).replace("'", '"'), cql2.JSON, crs) == expected


@pytest.mark.parametrize("crs", [CRS84, WGS_84])
def test_a_box_has_the_axes_of_its_system(ask: Any, crs: Crs) -> None:
    numbers = "45.2, 0.2, 45.8, 1.5" if crs.flipped else "0.2, 45.2, 1.5, 45.8"
    assert ask(f"S_INTERSECTS(geom, BBOX({numbers}))", crs=crs) == ["a", "b"]


def test_degrees_the_wrong_way_round_are_refused_where_they_show(ask: Any) -> None:
    with pytest.raises(BadFilter, match="latitude puis longitude, en degrés"):
        ask("S_INTERSECTS(geom, POINT(120 45))", crs=WGS_84)


def test_a_straight_side_is_straight_in_the_system_that_it_is_given_in(ask: Any) -> None:
    """A side of 1,400 km along a parallel, straight in Lambert-93, passes 40 km north of it in its middle."""
    to_metres = Transformer.from_crs(4326, 2154, always_xy=True).transform
    (x1, y1), (x2, y2) = to_metres(-6.0, 45.99), to_metres(12.0, 45.99)
    back = Transformer.from_crs(2154, 4326, always_xy=True).transform
    middle = back((x1 + x2) / 2, (y1 + y2) / 2)[1]
    assert middle > 46.3
    assert ask(f"S_INTERSECTS(geom, LINESTRING({x1} {y1}, {x2} {y2}))", crs=LAMBERT_93) == ["e"]
    assert ask("S_INTERSECTS(geom, LINESTRING(-6 45.99, 12 45.99))") == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("geometry", "said"),
    [
        ("POLYGON((0 0, 1 1, 1 0, 0 1, 0 0))", "n’est pas valide\u202f: elle se recoupe, près de x y = 0.5 0.5"),
        ("POLYGON((0 0, 1 0, 1 1, 0 1))", "Géométrie mal formée (Polygon)"),
        ("POLYGON((0 0, 1 0))", "Géométrie mal formée (Polygon)"),
        ("LINESTRING(0 0)", "mal formée"),
        ("POINT EMPTY", "vide"),
        ("POINT(181 0)", "sort du système de coordonnées http://www.opengis.net/def/crs/OGC/1.3/CRS84"),
        ("BBOX(1, 2, 3)", "BBOX attend quatre nombres"),
        ("BBOX(1, 5, 3, 4)", "Le minimum de BBOX dépasse son maximum"),
        ("BBOX(1000000, 1000000, 2000000, 2000000)", "sort du système"),
        ("'POINT(1 2)'", "Une géométrie est attendue"),
        ("nom", "Une géométrie est attendue et «\u202fnom\u202f» est un texte"),
        ("POINT(1, 2)", "Une géométrie est attendue"),
    ],
)
def test_a_geometry_that_means_nothing_is_refused(ask: Any, geometry: str, said: str) -> None:
    with pytest.raises(BadFilter) as caught:
        ask(f"S_INTERSECTS(geom, {geometry})")
    assert said in caught.value.detail


@pytest.mark.parametrize(("crs", "x"), [(LAMBERT_93, "9" * 30), (WEB_MERCATOR, "1000000000")])
def test_what_a_system_does_not_reach_is_refused(ask: Any, crs: Crs, x: str) -> None:
    """PROJ answers all the same: a longitude of 8,983 degrees comes back as one of -17."""
    with pytest.raises(BadFilter, match="sort du système de coordonnées"):
        ask(f"S_INTERSECTS(geom, POINT({x} 0))", crs=crs)


def test_what_a_map_shows_when_it_is_zoomed_out_is_taken(ask: Any) -> None:
    assert ask("S_INTERSECTS(geom, BBOX(-3000000, 2000000, 5000000, 9000000))", crs=LAMBERT_93) == list("abcde")
    assert ask("S_INTERSECTS(geom, BBOX(-20037508, -20037508, 20037508, 20037508))", crs=WEB_MERCATOR) == list(
        "abcde"
    )


def test_a_layer_in_metres_takes_literals_in_degrees(places: sa.Connection) -> None:
    metres = sa.select(
        sa.func.ST_Transform(sa.column("geom"), 2154, type_=Geometry("POLYGON", 2154)).label("geom")
    )
    rows = metres.add_columns(sa.column("code", sa.Text)).select_from(sa.table("cql2_places"))
    properties = cql2.queryables(rows)
    assert properties["geom"].srid == 2154
    found = rows.where(condition("S_INTERSECTS(geom, POINT(0.5 45.5))", cql2.TEXT, properties))
    assert places.scalars(found.with_only_columns(sa.column("code"))).all() == ["a"]


def test_two_literals_are_compared_in_their_own_system(ask: Any) -> None:
    text = "S_WITHIN(POINT(100000 6000000), BBOX(0, 5000000, 200000, 7000000))"
    assert ask(text, crs=WEB_MERCATOR) == list("abcdef")


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("S_INTERSECTS(geom, BBOX(500.5, 45.2, 501.5, 45.8))", "many_geom"),
        ("S_WITHIN(geom, BBOX(500.5, 45.2, 503.5, 45.8))", "many_geom"),
        ("S_CONTAINS(geom, POINT(500.5 45.5)) AND nom = 'x'", "many_geom"),
        ("dep = '44'", "many_dep"),
        ("dep IN ('44', '49')", "many_dep"),
        ("population = 44", "many_population"),
        ("population = 44.0", "many_population"),
        ("population BETWEEN 44 AND 45", "many_population"),
        ("population IN (44, 45)", "many_population"),
    ],
)
def test_indexes_serve(conn: sa.Connection, text: str, index: str) -> None:
    """/req/filter: a filter costs what the same condition written by hand costs."""
    many = sa.Table(
        "many",
        sa.MetaData(),
        sa.Column("code", sa.Text),
        sa.Column("nom", sa.Text),
        sa.Column("dep", sa.Text),
        sa.Column("population", sa.SmallInteger),
        sa.Column("geom", Geometry("POLYGON", srid=3857, spatial_index=False)),
        sa.Index("many_geom", "geom", postgresql_using="gist"),
        sa.Index("many_dep", "dep"),
        sa.Index("many_population", "population"),
    )
    many.metadata.create_all(conn)
    n = sa.func.generate_series(1, 5_000).column_valued("n")
    shapes = sa.func.ST_MakeEnvelope(n, 45, n + 1, 46, 3857)
    name = sa.cast(n, sa.Text)
    conn.execute(many.insert().from_select(many.c.keys(), sa.select(name, name, name, n, shapes)))
    conn.execute(sa.text("ANALYZE many"))
    rows = sa.select(*many.c)
    wanted = rows.where(condition(text, cql2.TEXT, cql2.queryables(rows), WEB_MERCATOR))
    assert index in _plan(conn, wanted)


def _plan(conn: sa.Connection, rows: Any) -> str:
    compiled = rows.compile(dialect=conn.dialect)
    found = conn.exec_driver_sql(f"EXPLAIN {compiled}", compiled.construct_params())
    return "\n".join(line for (line,) in found)


def test_a_condition_reaches_the_columns_of_a_layer_made_of_others(
    places: sa.Connection, properties: dict[str, Queryable]
) -> None:
    inner = sa.select(*(one.column for one in properties.values())).subquery("shapes")
    rows = sa.select(*inner.c, sa.literal(1).label("un"))
    outer = cql2.queryables(rows)
    found = rows.where(condition("population > 100 AND un = 1", cql2.TEXT, outer))
    assert sorted(places.scalars(found.with_only_columns(inner.c.code))) == ["b", "c"]
