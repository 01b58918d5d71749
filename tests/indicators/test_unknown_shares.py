"""A commune split in parts that nobody counted: what holds all of them has its total, what holds one has no value."""

import sqlalchemy as sa
from computed import table
from deliveries import bring
from toycountry import POPULATIONS, country

from boundaries.levels import Level
from boundaries.load import load
from geo.progress import silent
from indicators.publication import publish
from indicators.statuses import Status


def test_no_value_is_made_of_a_share_that_nobody_knows(conn: sa.Connection) -> None:
    load(conn, country(2023), "52", silent)
    later = country(2024)
    later.communes.loc[later.communes["code"] == "44005", "population"] = None
    load(conn, later, "52", silent)
    bring(conn, "2016", 2023, {code: float(value) for code, value in POPULATIONS.items()})
    publish(conn, silent)
    communes = table(conn, "population", Level.COMMUNE, "2016", 2024)
    found = dict(zip(communes.codes, zip(communes.values, communes.statuses, strict=True), strict=True))
    assert found["44003"] == found["44005"] == (None, Status.IMPOSSIBLE)
    assert found["49001"] == (1100.0, Status.OBSERVED)
    epci = table(conn, "population", Level.EPCI, "2016", 2024)
    totals = dict(zip(epci.codes, zip(epci.values, epci.statuses, strict=True), strict=True))
    assert totals["200000002"] == (700.0, Status.OBSERVED), "both parts are in it"
