"""Decisions over a control: what is accepted is made, what that brings is proposed, nothing accepted is left unmade."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from toycountry import POPULATIONS, country

from boundaries.load import load
from geo.errors import Conflict, Invalid
from geo.progress import silent
from indicators.actors import Actor
from indicators.imports.control import Control, control
from indicators.imports.findings import NOTHING, Decisions
from indicators.imports.storing import keep

PAUL = Actor("Paul", "contributor")
TWICE = (
    "".join(f"{code};Commune {code};{value}\n" for code, value in POPULATIONS.items())
    + "44002 ;Commune 44002;200\n"
)


@pytest.fixture
def loaded_country(conn: sa.Connection) -> sa.Connection:
    load(conn, country(2023), "52", silent)
    return conn


def controlled(conn: sa.Connection, folder: Path, decisions: Decisions) -> Control:
    path = folder / "populations.csv"
    path.write_text("code;nom;population\n" + TWICE)
    return control(conn, path, millesime=2023, period="2022", decisions=decisions)


def accepting(*names: str) -> Decisions:
    return Decisions(accepted=frozenset(names))


def test_a_repair_that_brings_another_is_proposed_then_made(loaded_country: sa.Connection, tmp_path: Path) -> None:
    conn = loaded_country
    nothing = controlled(conn, tmp_path, NOTHING)
    assert [repair.family for repair in nothing.diagnosis.repairs] == ["spaces"]
    first = controlled(conn, tmp_path, accepting("spaces"))
    [double] = first.diagnosis.repairs
    assert double.family == "duplicate-same"
    with pytest.raises(Conflict, match="1 correction"):
        keep(conn, PAUL, first, silent)
    for accepted in (accepting("spaces", double.key), accepting("spaces", "duplicate-same")):
        found = controlled(conn, tmp_path, accepted)
        assert [repair.family for repair in found.repairs] == ["spaces", "duplicate-same"]
        assert found.diagnosis.repairs == ()
    number = keep(conn, PAUL, found, silent)
    kept = conn.execute(
        sa.text(
            "SELECT v.code, v.value, v.line FROM indicators.import_value v "
            "JOIN indicators.import i ON i.id = v.import_id WHERE i.delivery_id = :number ORDER BY v.code"
        ),
        {"number": number},
    ).all()
    assert [(code, value) for code, value, _ in kept] == [(c, float(v)) for c, v in sorted(POPULATIONS.items())]


def test_a_decision_about_nothing_is_refused(loaded_country: sa.Connection, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="Correction inconnue"):
        controlled(loaded_country, tmp_path, accepting("spaces/0123456789ab"))
