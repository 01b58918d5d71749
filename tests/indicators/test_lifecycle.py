"""From a draft to a release and back: who may, in which order, and what is served on which day."""

from datetime import date, datetime
from itertools import pairwise

import pytest
import sqlalchemy as sa
from computed import computed
from deliveries import VALIDATOR, bring
from released import release_like
from toycountry import POPULATIONS, country

from boundaries.levels import Level
from boundaries.load import load
from geo.clock import PARIS
from geo.errors import Conflict, Forbidden, NotFound
from geo.progress import silent
from indicators import published
from indicators.actors import Actor
from indicators.journal import events
from indicators.lifecycle import (
    delivery,
    record_delivery,
    refuse,
    release_delivery,
    validate,
    withdraw_delivery,
    withdraw_release,
)
from indicators.publication import publish
from indicators.publication.feeding import read_feeds
from indicators.releases import release_on
from indicators.statuses import Status
from indicators.tables import Delivery, Release, Value

CONTRIBUTOR = Actor("Paul", "contributor")
FIRST: dict[str, float | None] = {code: float(value) for code, value in POPULATIONS.items()}
SECOND = {**FIRST, "44001": 111.0}


@pytest.fixture
def loaded_country(conn: sa.Connection) -> sa.Connection:
    load(conn, country(2023), "52", silent)
    return conn


def draft(conn: sa.Connection, **report: int) -> int:
    return record_delivery(
        conn, CONTRIBUTOR, file="f.csv", size=1, sha256="a" * 64, source="s", producer="p", licence="l",
        digest="d", sheets=["f.csv"], report={"summary": report},
    )  # fmt: skip


def served(conn: sa.Connection, release_id: int | None = None) -> float | None:
    found = computed(
        conn,
        lambda: published.table(conn, "population", Level.COMMUNE, "2022", 2023, release_id=release_id),
    )
    return found.values[found.codes.index("44001")]


class TestSteps:
    def test_each_step_needs_the_one_before(self, conn: sa.Connection) -> None:
        number = draft(conn)
        with pytest.raises(Conflict, match="est brouillon : elle devrait être validée"):
            release_delivery(conn, number, VALIDATOR)
        validate(conn, number, VALIDATOR)
        with pytest.raises(Conflict, match="est validée"):
            validate(conn, number, VALIDATOR)
        release_delivery(conn, number, VALIDATOR)
        assert delivery(conn, number).state == "released"
        with pytest.raises(Conflict, match="est diffusée"):
            refuse(conn, number, VALIDATOR, "trop tard")

    def test_only_a_validator_validates(self, conn: sa.Connection) -> None:
        number = draft(conn)
        with pytest.raises(Forbidden, match="« Paul » a le rôle contributeur"):
            validate(conn, number, CONTRIBUTOR)
        assert delivery(conn, number).state == "draft"

    def test_a_control_that_blocks_cannot_be_validated(self, conn: sa.Connection) -> None:
        with pytest.raises(Conflict, match="2 points bloquants"):
            validate(conn, draft(conn, blocking=2), VALIDATOR)

    def test_a_draft_and_a_refused_delivery_feed_nothing(self, conn: sa.Connection) -> None:
        refuse(conn, draft(conn), VALIDATOR, "le producteur s’est trompé d’année")
        draft(conn)
        assert read_feeds(conn) == {}

    def test_an_unknown_delivery_is_said(self, conn: sa.Connection) -> None:
        with pytest.raises(NotFound, match="livraison n° 999999"):
            validate(conn, 999_999, VALIDATOR)


class TestJournal:
    def test_every_step_is_a_line(self, conn: sa.Connection) -> None:
        number = draft(conn)
        validate(conn, number, VALIDATOR)
        refuse(conn, number, VALIDATOR, "une erreur de millésime")
        rows = conn.execute(events(number)).all()
        assert [(row.action, row.actor, row.role) for row in rows] == [
            ("submitted", "Paul", "contributor"),
            ("controlled", "Paul", "contributor"),
            ("validated", "Jeanne", "validator"),
            ("refused", "Jeanne", "validator"),
        ]
        assert rows[-1].details == {"reason": "une erreur de millésime"}
        assert all(earlier.at <= later.at for earlier, later in pairwise(rows))

    @pytest.mark.parametrize("table", ["event", "release", "withdrawal"])
    @pytest.mark.parametrize("statement", ["DELETE FROM indicators.{}", "TRUNCATE indicators.{} CASCADE"])
    def test_no_line_is_ever_changed(self, conn: sa.Connection, table: str, statement: str) -> None:
        draft(conn)
        with pytest.raises(sa.exc.ProgrammingError, match="append-only"):
            conn.execute(sa.text(statement.format(table)))


class TestReleases:
    def test_undoing_a_delivery_restores_what_was_before(self, loaded_country: sa.Connection) -> None:
        conn = loaded_country
        bring(conn, "2022", 2023, FIRST)
        first = publish(conn, silent)
        before = published.find(conn, "population", "2022", 2023)
        number = bring(conn, "2022", 2023, SECOND)
        publish(conn, silent)
        assert served(conn) == 111.0
        withdraw_delivery(conn, number, VALIDATOR, "erreur du producteur")
        third = publish(conn, silent)
        assert third > first
        assert served(conn) == 100.0
        assert published.find(conn, "population", "2022", 2023).digest == before.digest
        assert served(conn, first) == 100.0

    def test_a_release_supersedes_and_never_overwrites(self, loaded_country: sa.Connection) -> None:
        conn = loaded_country
        bring(conn, "2022", 2023, FIRST)
        first = publish(conn, silent)
        count = conn.scalar(sa.select(sa.func.count()).select_from(Value))
        bring(conn, "2022", 2023, SECOND)
        second = publish(conn, silent)
        assert (served(conn, first), served(conn, second)) == (100.0, 111.0)
        assert (conn.scalar(sa.select(sa.func.count()).select_from(Value)) or 0) > (count or 0)

    def test_a_withdrawn_release_keeps_its_trace_and_does_not_come_back(
        self, loaded_country: sa.Connection
    ) -> None:
        conn = loaded_country
        bring(conn, "2022", 2023, FIRST)
        first = publish(conn, silent)
        with pytest.raises(Conflict, match="est la seule"), conn.begin_nested():
            withdraw_release(conn, first, VALIDATOR, "essai")
        bring(conn, "2022", 2023, SECOND)
        second = publish(conn, silent)
        withdraw_release(conn, second, VALIDATOR, "secret oublié")
        assert served(conn) == 100.0
        assert publish(conn, silent) == first  # starting the server again publishes nothing
        assert conn.scalar(sa.select(sa.func.count()).select_from(Release)) == 2
        with pytest.raises(Conflict, match="déjà retirée"):
            withdraw_release(conn, second, VALIDATOR, "encore")

    def test_what_was_withdrawn_comes_back_when_a_person_releases_it_and_not_by_itself(
        self, loaded_country: sa.Connection
    ) -> None:
        conn = loaded_country
        bring(conn, "2022", 2023, FIRST)
        first = publish(conn, silent)
        bring(conn, "2022", 2023, SECOND)
        withdraw_release(conn, publish(conn, silent), VALIDATOR, "trop tôt")
        bring(conn, "2022", 2023, SECOND)
        assert publish(conn, silent) == first
        publish(conn, silent, VALIDATOR)
        assert served(conn) == 111.0

    def test_as_of_a_day_gives_what_was_served_at_its_end(self, loaded_country: sa.Connection) -> None:
        conn = loaded_country
        bring(conn, "2022", 2023, FIRST)
        today = publish(conn, silent)
        # 23:30 in Paris on 1 June, and 00:30 on 2 June
        late = release_like(conn, today, datetime.fromisoformat("2020-06-01T21:30:00+00:00"))
        early = release_like(conn, today, datetime.fromisoformat("2020-06-01T22:30:00+00:00"))
        assert release_on(conn, date(2020, 6, 1)).id == late
        assert release_on(conn, date(2020, 6, 2)).id == early
        assert release_on(conn, date(2023, 1, 1)).id == early
        with pytest.raises(
            NotFound, match=r"Rien n’était publié le 31/05/2020\. La première publication est du 01/06/2020"
        ):
            release_on(conn, date(2020, 5, 31))

    def test_as_of_a_day_before_its_withdrawal_a_release_is_still_what_was_served(
        self, loaded_country: sa.Connection
    ) -> None:
        conn = loaded_country
        bring(conn, "2022", 2023, FIRST)
        first = publish(conn, silent)
        old = release_like(conn, first, datetime.fromisoformat("2020-06-01T12:00:00+00:00"))
        withdraw_release(conn, old, VALIDATOR, "erreur")
        assert release_on(conn, date(2020, 7, 1)).id == old
        assert release_on(conn, datetime.now(PARIS).date()).id == first


def test_a_delivery_is_never_deleted_by_its_withdrawal(loaded_country: sa.Connection) -> None:
    number = bring(loaded_country, "2022", 2023, FIRST)
    withdraw_delivery(loaded_country, number, VALIDATOR, "doublon")
    assert loaded_country.scalar(sa.select(Delivery.state).where(Delivery.id == number)) == "withdrawn"


def test_what_nothing_can_be_made_of_yet_hinders_no_publication(conn: sa.Connection) -> None:
    assert publish(conn, silent)  # movements may be loaded before any territory
    load(conn, country(2023), "52", silent)
    bring(conn, "2022", 2023, {"01001": 1.0}, indicator="grille_densite")  # of another Region, loaded before
    publish(conn, silent)
    found = computed(conn, lambda: published.table(conn, "grille_densite", Level.COMMUNE, "2022", 2023))
    assert set(found.statuses) == {Status.MISSING}
