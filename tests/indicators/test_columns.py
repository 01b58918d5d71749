"""The columns of a values document say what the rows say, whatever the ids of the territories and whenever they changed."""

import json

import pytest
import sqlalchemy as sa
from deliveries import bring
from toycountry import POPULATIONS, country

from boundaries.levels import Level
from boundaries.load import load
from boundaries.places import Place
from geo.progress import silent
from indicators.columns import Territories, columns
from indicators.publication import publish
from indicators.published import table

PLACES = [None, Place(Level.DEPARTEMENT, "44"), Place(Level.EPCI, "200000001")]


@pytest.fixture
def published(conn: sa.Connection) -> sa.Connection:
    load(conn, country(2023), "52", silent)
    bring(conn, "2022", 2023, {code: float(value) for code, value in POPULATIONS.items()})
    publish(conn, silent)
    return conn


def same(conn: sa.Connection, level: Level, within: Place | None) -> None:
    asked = ("population", level, "2022", 2023, within)
    in_columns, in_rows = columns(conn, *asked), table(conn, *asked)
    assert json.loads(in_columns.ids) == in_rows.ids
    assert json.loads(in_columns.codes) == in_rows.codes
    assert json.loads(in_columns.values) == in_rows.values
    assert json.loads(in_columns.statuses) == in_rows.statuses
    assert json.loads(in_columns.coverages) == in_rows.coverages
    assert in_columns.counts() == in_rows.counts()
    assert in_columns.territories == len(in_rows.ids)
    assert in_columns.present == sum(value is not None for value in in_rows.values)


@pytest.mark.parametrize("level", [Level.COMMUNE, Level.DEPARTEMENT, Level.REGION])
@pytest.mark.parametrize("within", PLACES[:2])
def test_columns_are_the_rows(published: sa.Connection, level: Level, within: Place | None) -> None:
    same(published, level, within)
    same(published, level, within)


def test_ids_that_do_not_follow_the_codes(published: sa.Connection) -> None:
    published.execute(sa.text("DELETE FROM boundaries.outline"))
    published.execute(sa.text("ALTER TABLE boundaries.territory ALTER id DROP IDENTITY"))
    published.execute(sa.text("UPDATE boundaries.territory SET id = 1000000000 - id"))
    published.execute(sa.text("UPDATE indicators.value SET territory_id = 1000000000 - territory_id"))
    same(published, Level.COMMUNE, None)


def test_a_territory_that_came_after_the_values(published: sa.Connection) -> None:
    same(published, Level.COMMUNE, None)
    published.execute(
        sa.text(
            "DELETE FROM indicators.value WHERE territory_id = (SELECT min(id) FROM boundaries.territory "
            "WHERE level = 'commune' AND millesime = 2023 AND in_scope)"
        )
    )
    same(published, Level.COMMUNE, None)


def test_columns_listed_by_id_are_put_in_the_order_of_codes() -> None:
    assert Territories([7, 9, 8], ["a", "b", "c"]).by_code("1,2,null") == "[1,null,2]"
    assert Territories([7, 8, 9], ["a", "b", "c"]).by_code("1,2,null") == "[1,2,null]"
