"""Editions worked by hand on the toy country."""

import pytest
import sqlalchemy as sa
from deliveries import bring
from restricted import restrict, series_of, shown
from toycountry import country

from boundaries.load import load
from boundaries.readers import Audience
from geo.progress import silent
from indicators.editions import audit_release
from indicators.publication import publish

VENTES = {"35001": 20, "44001": 2, "44002": 30, "44003": 40, "44004": 50, "49001": 60, "49002": 70}


@pytest.fixture
def toy(conn: sa.Connection) -> sa.Connection:
    load(conn, country(2023), "52", silent)
    bring(conn, "2021", 2023, {code: float(value) for code, value in VENTES.items()}, indicator="ventes_logements")
    return conn


@pytest.mark.parametrize("audience", Audience)
def test_a_small_count_is_hidden_with_the_cheapest_cell_that_keeps_it_so(
    toy: sa.Connection, audience: Audience
) -> None:
    restrict(toy, "ventes_logements")
    publish(toy, silent)
    # 44001 is in EPCI A and in 44 with 44002: the smaller of its neighbours closes both
    communes = shown(toy, audience, "ventes_logements", "2021", 2023)
    assert {code for code, (value, _) in communes.items() if value is None} == {"44001", "44002"}
    assert communes["44001"] == communes["44002"] == (None, "secret")
    assert communes["44003"] == (40.0, "observed")
    assert shown(toy, audience, "ventes_logements", "2021", 2023, "epci")["200000001"] == (52.0, "observed")
    assert audit_release(toy, audience) == []


def test_publishing_again_changes_nothing(toy: sa.Connection) -> None:
    restrict(toy, "ventes_logements")
    first = publish(toy, silent)
    listed = {audience: series_of(toy, audience, "ventes_logements", "2021", 2023) for audience in Audience}
    assert publish(toy, silent) == first
    bring(toy, "2016", 2023, dict.fromkeys(VENTES, 1000.0))
    assert publish(toy, silent) > first
    assert listed == {
        audience: series_of(toy, audience, "ventes_logements", "2021", 2023) for audience in Audience
    }
