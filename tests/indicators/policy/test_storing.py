"""The policy in the database: replaced as a whole, changed row by row, and every change in the journal."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from somepolicies import policies

from boundaries.levels import Level
from boundaries.readers import Audience
from geo.errors import Conflict, Forbidden, Invalid, NotFound
from indicators.actors import Actor
from indicators.journal import ACTIONS
from indicators.policy import (
    AppliedRule,
    Policies,
    Policy,
    ensure_default,
    export_policies,
    import_policies,
    read_policies,
)
from indicators.policy.storing import DEFAULT, change_rows, change_rule, remove_rule
from indicators.policy.tables import PolicyRow
from indicators.policy.toml import from_toml, to_toml
from indicators.secrecy import Rule
from indicators.tables import Event

JEANNE = Actor("Jeanne Martin", "validator")
PUBLIC, PROFESSIONAL, REGION = Audience
UNITS = Rule("Unités", "essai", date(2024, 1, 31), threshold=11, dominance=None, zero_is_secret=True)
HELD = Policies(
    (
        *(
            Policy("ventes_logements", audience, rules=(AppliedRule(UNITS, "ventes_logements"),))
            for audience in Audience
        ),
        Policy("population", PUBLIC, Level.EPCI, "2016", "2020", 2.5, 200.0),
    )
)


@pytest.fixture
def untouched(conn: sa.Connection) -> sa.Connection:
    """The database as it is before anybody chose a policy, whatever other tests published in it."""
    conn.execute(sa.text("ALTER TABLE indicators.event DISABLE TRIGGER USER"))
    conn.execute(sa.delete(Event))
    conn.execute(sa.text("ALTER TABLE indicators.event ENABLE TRIGGER USER"))
    conn.execute(sa.text("TRUNCATE indicators.policy, indicators.secrecy_rule, indicators.applied_rule"))
    return conn


def last_event(conn: sa.Connection) -> Any:
    return conn.execute(sa.select(Event.__table__).order_by(Event.id.desc()).limit(1)).one()


def changed_by(conn: sa.Connection) -> dict[str, str]:
    rows = sa.select(PolicyRow.indicator, PolicyRow.changed_by).where(PolicyRow.audience == "public")
    return {row.indicator: row.changed_by for row in conn.execute(rows)}


def test_what_is_imported_is_read_and_exported(conn: sa.Connection) -> None:
    given = import_policies(conn, to_toml(HELD), JEANNE, "essai.toml")
    assert given == read_policies(conn) == HELD
    assert read_policies(conn).digest == HELD.digest
    assert export_policies(conn) == to_toml(HELD)
    event = last_event(conn)
    assert (event.actor, event.action, event.details["file"]) == (JEANNE.name, "policies-imported", "essai.toml")
    assert event.details["digest"] == HELD.digest
    assert event.action in ACTIONS
    import_policies(conn, "", JEANNE)
    assert read_policies(conn) == Policies()


@given(policies())
@settings(max_examples=25)
def test_whatever_is_imported_is_exported_the_same(engine: sa.Engine, found: Policies) -> None:
    with engine.connect() as conn:
        import_policies(conn, to_toml(found), JEANNE)
        assert read_policies(conn) == found
        assert read_policies(conn).digest == found.digest
        assert import_policies(conn, export_policies(conn), JEANNE) == found
        conn.rollback()


def test_what_does_not_change_keeps_who_changed_it(conn: sa.Connection) -> None:
    import_policies(conn, to_toml(HELD), JEANNE)
    ali = Actor("Ali Benali", "administrator")
    other = [replace(row, rounding=5.0) if row.indicator == "population" else row for row in HELD.rows]
    import_policies(conn, to_toml(Policies(tuple(other))), ali)
    assert changed_by(conn) == {"population": "Ali Benali", "ventes_logements": "Jeanne Martin"}


def test_a_refused_file_changes_nothing(conn: sa.Connection) -> None:
    import_policies(conn, to_toml(HELD), JEANNE)
    before = last_event(conn).id
    with pytest.raises(Invalid, match=r"essai\.toml"):
        import_policies(conn, "x = 1", JEANNE, "essai.toml")
    assert (read_policies(conn), last_event(conn).id) == (HELD, before)


def test_only_validators_and_administrators_decide(conn: sa.Connection) -> None:
    paul = Actor("Paul Durand", "contributor")
    for act in (
        lambda: import_policies(conn, "", paul),
        lambda: change_rows(conn, [], paul),
        lambda: change_rule(conn, UNITS, paul),
        lambda: remove_rule(conn, "Unités", paul),
    ):
        with pytest.raises(Forbidden):
            act()


def test_the_default_is_loaded_once_and_never_over_a_choice(untouched: sa.Connection) -> None:
    conn = untouched
    assert ensure_default(conn)
    assert read_policies(conn) == from_toml(DEFAULT.read_text(encoding="utf-8"))
    assert last_event(conn).details["file"] == "default.toml"
    assert not ensure_default(conn)
    import_policies(conn, "", JEANNE)
    assert not ensure_default(conn)
    assert read_policies(conn) == Policies()


def test_rows_are_changed_and_told(conn: sa.Connection) -> None:
    import_policies(conn, to_toml(HELD), JEANNE)
    seen = read_policies(conn).digest
    change_rows(conn, [Policy("population", PUBLIC, Level.DEPARTEMENT)], JEANNE, seen)
    assert read_policies(conn).own("population", PUBLIC) == Policy("population", PUBLIC, Level.DEPARTEMENT)
    event = last_event(conn)
    assert event.action == "policy-changed"
    assert event.details["change"] == "population (public) : niveau le plus fin : département"
    ((indicator, audience, before, after),) = event.details["rows"]
    assert (indicator, audience, after) == ("population", "public", ['finest_level = "departement"'])
    assert "rounding = 2.5" in before
    with pytest.raises(Conflict, match="entre-temps"):
        change_rows(conn, [Policy("population", PUBLIC)], JEANNE, seen)
    change_rows(conn, [Policy("population", PUBLIC)], JEANNE)
    assert read_policies(conn).is_open("population")
    assert last_event(conn).details["change"] == "population (public) : ouvert"
    before_nothing = last_event(conn).id
    change_rows(conn, [Policy("population", PUBLIC)], JEANNE)
    assert last_event(conn).id == before_nothing


def test_one_change_at_a_time(engine: sa.Engine) -> None:
    """Two changes that hold apart may not hold together: the second waits, and reads what the first wrote."""
    with engine.connect() as first, engine.connect() as second:
        change_rows(first, [Policy("population", PUBLIC, Level.EPCI)], JEANNE)
        read_policies(second)
        second.execute(sa.text("SET LOCAL lock_timeout = '100ms'"))
        with pytest.raises(sa.exc.OperationalError, match="lock timeout"):
            change_rows(second, [Policy("population", PUBLIC)], JEANNE)


def test_a_row_that_would_show_the_public_more_is_refused(conn: sa.Connection) -> None:
    import_policies(conn, "", JEANNE)
    with pytest.raises(Invalid, match="verrait plus"):
        change_rows(conn, [Policy("population", REGION, Level.EPCI)], JEANNE)
    assert read_policies(conn) == Policies()
    change_rows(conn, [Policy("population", audience, Level.EPCI) for audience in Audience], JEANNE)
    assert not read_policies(conn).is_open("population")


def test_a_rule_is_changed_wherever_it_applies(conn: sa.Connection) -> None:
    import_policies(conn, to_toml(HELD), JEANNE)
    change_rule(conn, replace(UNITS, threshold=5, minimum_population=2000.0), JEANNE)
    for audience in Audience:
        (applied,) = read_policies(conn).of("prix_m2_logement", audience).rules
        assert (applied.rule.threshold, applied.rule.minimum_population) == (5, 2000.0)
    event = last_event(conn)
    assert event.details["change"].startswith("règle de secret « Unités » : au moins 5 unités, zéro est secret")
    assert "threshold = 11" in event.details["rules"][0][1]
    change_rule(conn, Rule("Autre", "essai", date(2024, 1, 31), minimum_population=5000.0), JEANNE)
    assert [rule.name for rule in read_policies(conn).rules] == ["Autre", "Unités"]
    with pytest.raises(Conflict, match="s’applique encore à : ventes_logements"):
        remove_rule(conn, "Unités", JEANNE)
    with pytest.raises(NotFound):
        remove_rule(conn, "Rien", JEANNE)
    remove_rule(conn, "Autre", JEANNE)
    assert [rule.name for rule in read_policies(conn).rules] == ["Unités"]


def test_an_indicator_that_left_the_catalogue_is_told_and_can_be_replaced(conn: sa.Connection) -> None:
    import_policies(conn, to_toml(HELD), JEANNE)
    conn.execute(sa.update(PolicyRow).where(PolicyRow.indicator == "population").values(indicator="partie"))
    with pytest.raises(Invalid, match="indicateur inconnu, « partie »"):
        read_policies(conn)
    import_policies(conn, to_toml(HELD), JEANNE)
    assert read_policies(conn) == HELD
