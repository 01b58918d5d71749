"""What was open to all is restricted once the releases that show it are closed, and opened again."""

from datetime import datetime

import pytest
import sqlalchemy as sa
from deliveries import bring
from released import release_like
from restricted import VALIDATOR, restrict, series_of, shown
from toycountry import country

from boundaries.load import load
from boundaries.readers import Audience
from geo.clock import PARIS
from geo.errors import Forbidden, NotFound
from geo.progress import silent
from indicators.actors import Actor
from indicators.editions import Disclosed, audit_release
from indicators.policy import read_policies
from indicators.policy.storing import import_policies
from indicators.publication import publish
from indicators.releases import current_release, release_on
from indicators.tables import Event, Series, Value

VENTES = {"35001": 20, "44001": 2, "44002": 30, "44003": 40, "44004": 50, "49001": 60, "49002": 70}


@pytest.fixture
def opened(conn: sa.Connection) -> sa.Connection:
    """Sales that everybody was shown, and that a rule restricts since."""
    load(conn, country(2023), "52", silent)
    bring(conn, "2021", 2023, {code: float(value) for code, value in VENTES.items()}, indicator="ventes_logements")
    publish(conn, silent)
    restrict(conn, "ventes_logements")
    return conn


def readable(conn: sa.Connection) -> list[float]:
    """Every value of the sales that some serving role may read, whatever SQL it runs."""
    found = sa.select(Value.value).join(Series, Series.id == Value.series_id)
    own = Series.indicator == "ventes_logements"
    return list(conn.scalars(found.where(own, Series.id % 4 > 0, Value.value.is_not(None))))


def test_what_an_open_release_shows_is_not_restricted_until_it_is_closed(opened: sa.Connection) -> None:
    with opened.begin_nested() as attempt:
        with pytest.raises(Disclosed):
            publish(opened, silent, VALIDATOR)
        attempt.rollback()
    assert 2.0 in readable(opened)
    publish(opened, silent, VALIDATOR, "secret oublié")
    assert shown(opened, Audience.PUBLIC, "ventes_logements", "2021", 2023)["44001"] == (None, "secret")
    assert 2.0 not in readable(opened)
    for audience in Audience:
        assert audit_release(opened, audience) == []
    told = opened.scalars(sa.select(Event.details).where(Event.action == "closed")).all()
    assert told == [{"reason": "secret oublié"}]


def test_a_closed_release_is_not_read_as_of_its_day(opened: sa.Connection) -> None:
    first = current_release(opened)
    assert first is not None
    day = datetime(2020, 6, 1, 12, tzinfo=PARIS)
    old = release_like(opened, first.id, day)
    assert release_on(opened, day.date()).id == old
    made = publish(opened, silent, VALIDATOR, "secret oublié")
    with pytest.raises(NotFound, match="ne peut plus être lu"):
        release_on(opened, day.date())
    assert release_on(opened, datetime.now(PARIS).date()).id == made
    assert current_release(opened).id == made  # type: ignore[union-attr]


def test_what_nothing_restricts_keeps_its_series(opened: sa.Connection) -> None:
    before = series_of(opened, Audience.PUBLIC, "surface", "2023", 2023)
    publish(opened, silent, VALIDATOR, "secret oublié")
    assert before is not None
    assert series_of(opened, Audience.PUBLIC, "surface", "2023", 2023) == before


def test_what_is_opened_again_is_shown_as_it_was(opened: sa.Connection) -> None:
    publish(opened, silent, VALIDATOR, "secret oublié")
    import_policies(opened, "", VALIDATOR)
    assert read_policies(opened).is_open("ventes_logements")
    publish(opened, silent, VALIDATOR)
    communes = shown(opened, Audience.PUBLIC, "ventes_logements", "2021", 2023)
    assert communes["44001"] == (2.0, "observed")


def test_the_same_edition_is_read_again_after_it_was_closed(opened: sa.Connection) -> None:
    publish(opened, silent, VALIDATOR, "secret oublié")
    before = shown(opened, Audience.PUBLIC, "ventes_logements", "2021", 2023)
    publish(opened, silent, VALIDATOR, "encore")
    series = series_of(opened, Audience.PUBLIC, "ventes_logements", "2021", 2023)
    assert series is not None
    assert series % 4 == Audience.PUBLIC.edition
    assert shown(opened, Audience.PUBLIC, "ventes_logements", "2021", 2023) == before


def test_closing_is_a_decision_of_a_validator(opened: sa.Connection) -> None:
    with pytest.raises(Forbidden):
        publish(opened, silent, Actor("Paul", "contributor"), "parce que")
