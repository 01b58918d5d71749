"""A publication that cannot be proved to protect: nothing changes for anybody, and those who publish are told why."""

import html
from typing import Any

import pytest
import sqlalchemy as sa
from deliveries import VALIDATOR, bring
from toycountry import POPULATIONS
from twins import Place, Places

from api.publishing import UNEXPECTED, change
from boundaries.readers import Audience
from geo.progress import silent
from indicators.secrecy.errors import Inconclusive
from indicators.tables import Event, ReleaseEdition, Series

FAILURES = {
    "inconclusive": (Inconclusive("Le calcul du secret n’a pas abouti."), "Le calcul du secret n’a pas abouti."),
    "out of time": (Inconclusive("Le temps accordé est écoulé."), "Le temps accordé est écoulé."),
    "a fault": (RuntimeError("psql://ores:chut@db"), UNEXPECTED),
    "out of memory": (MemoryError(), UNEXPECTED),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_what_was_served_is_served_still_and_the_reason_is_told(
    places: Places, monkeypatch: pytest.MonkeyPatch, failure: str
) -> None:
    place = places.strict
    raised, reason = FAILURES[failure]

    def fails(*given: Any, **named: Any) -> Any:
        raise raised

    asked = ("/api", "/api/indicators", "/api/indicators/population/values?level=commune&period=2022")
    before = [place.asker(audience)(one).body for audience in Audience for one in asked]
    stored = state(place)
    with monkeypatch.context() as patched:
        patched.setattr("indicators.editions.make_editions", fails)
        with pytest.raises(type(raised)):
            change(place.engine, revised, VALIDATOR, silent)
    assert state(place) == stored, "nothing of what was being made is left"
    assert [place.asker(audience)(one).body for audience in Audience for one in asked] == before
    with place.engine.connect() as conn:
        row = conn.execute(
            sa.select(Event.action, Event.actor, Event.details).order_by(Event.id.desc()).limit(1)
        ).one()
    assert (row.action, row.actor, row.details["reason"]) == ("failed", "Jeanne", reason)
    pages = place.worker()
    for page in ("/administration/publications", "/administration/journal"):
        told = html.unescape(pages(page).body.decode())
        assert flat(reason) in flat(told), page
    assert "a échoué" in pages("/administration/publications").body.decode()


def revised(conn: sa.Connection, actor: Any) -> None:
    bring(conn, "2022", 2023, dict.fromkeys(POPULATIONS, 7.0))


def state(place: Place) -> tuple[Any, ...]:
    """Everything that is stored of what is published."""
    with place.engine.connect() as conn:
        return tuple(
            tuple(conn.execute(sa.select(sa.func.count(), sa.func.max(column))).one())
            for column in (Series.id, ReleaseEdition.release_id, ReleaseEdition.digest)
        )


def flat(text: str) -> str:
    """A text without the spaces that typography changes."""
    return "".join(text.split())
