"""Movements in the database: which passages they give, when code lists take over, and what is told of it."""

from datetime import date

import pytest
import sqlalchemy as sa
from toycountry import country

from boundaries.load import load
from boundaries.movements import read
from boundaries.places import relatives
from boundaries.tables import Passage
from boundaries.time_machine import known_codes, store_movements, stored_movements, stored_passage
from geo.errors import NotFound
from geo.progress import silent

HEADER = "MOD,DATE_EFF,TYPECOM_AV,COM_AV,TYPECOM_AP,COM_AP\n"
SPLIT = "21,2024-01-01,COM,44003,COM,44003\n21,2024-01-01,COM,44003,COM,44005\n"
MERGER = "32,2024-01-01,COM,49002,COM,49001\n32,2024-01-01,COM,49001,COM,49001\n"
ROWS = [
    ("44003", "44003", 0.8, "estimated"),
    ("44003", "44005", 0.2, "estimated"),
    ("49001", "49001", 1, "exact"),
    ("49002", "49001", 1, "exact"),
]


@pytest.fixture
def loaded(conn: sa.Connection) -> sa.Connection:
    for year in (2023, 2024):
        load(conn, country(year, outlines=False), "52", silent)
    return conn


def store(conn: sa.Connection, rows: str, name: str = "mouvements.csv") -> list[str]:
    return store_movements(conn, name, name.ljust(64, "0"), read((HEADER + rows).encode()))


def sources(conn: sa.Connection) -> set[str]:
    return set(conn.scalars(sa.select(Passage.source)))


def test_code_lists_are_the_source_until_movements_are_loaded(loaded: sa.Connection) -> None:
    assert stored_movements(loaded) is None
    assert stored_passage(loaded, 2023, 2024) == (ROWS, "code-lists")
    assert store(loaded, SPLIT + MERGER) == []
    assert stored_passage(loaded, 2023, 2024) == (ROWS, "insee-movements")
    back, _ = stored_passage(loaded, 2024, 2023)
    assert [(row.origin, row.target) for row in back] == [
        ("44003", "44003"),
        ("44005", "44003"),
        ("49001", "49001"),
        ("49001", "49002"),
    ]
    assert [row.weight for row in back] == pytest.approx([1, 1, 5 / 11, 6 / 11])


def test_a_millesime_loaded_later_is_linked_by_the_movements(conn: sa.Connection) -> None:
    store(conn, SPLIT + MERGER)
    for year in (2023, 2024):
        findings = load(conn, country(year, outlines=False), "52", silent)
    assert [finding for finding in findings if "mouvements" in finding.sentence] == []
    assert sources(conn) == {"insee-movements"}


def test_movements_that_stop_too_early_give_way_to_code_lists(loaded: sa.Connection) -> None:
    remarks = store(loaded, "10,2023-06-01,COM,44001,COM,44001\n")
    assert len(remarks) == 1
    assert "s’arrêtent au 01/06/2023" in remarks[0]
    assert sources(loaded) == {"code-lists"}


def test_movements_that_do_not_explain_the_lists_give_way_and_name_the_codes(loaded: sa.Connection) -> None:
    remarks = store(loaded, SPLIT)
    assert "n’expliquent pas 49002" in remarks[0]
    assert stored_passage(loaded, 2023, 2024) == (ROWS, "code-lists")
    assert "n’expliquent pas 44002" in store(loaded, SPLIT + MERGER + "31,2024-01-01,COM,44002,COM,44001\n")[0]


def test_another_file_replaces_the_first(loaded: sa.Connection) -> None:
    store(loaded, SPLIT)
    store(loaded, SPLIT + MERGER, "nouveaux.csv")
    file = stored_movements(loaded)
    assert file is not None
    assert (file.name, file.last_day) == ("nouveaux.csv", date(2024, 1, 1))
    assert file.movements == read((HEADER + SPLIT + MERGER).encode())


def test_a_part_that_is_not_counted_is_stored_as_impossible(conn: sa.Connection) -> None:
    load(conn, country(2023, outlines=False), "52", silent)
    later = country(2024, outlines=False)
    later.communes.loc[later.communes["code"] == "44005", "population"] = None
    load(conn, later, "52", silent)
    for _ in range(2):
        rows, _ = stored_passage(conn, 2023, 2024)
        assert [(row.target, row.weight, row.kind) for row in rows if row.origin == "44003"] == [
            ("44003", None, "impossible"),
            ("44005", None, "impossible"),
        ]
        found = conn.execute(relatives("44003", 2023)).all()
        assert [(row.code, row.share) for row in found] == [("44003", None), ("44005", None)]
        held = conn.scalar(sa.select(sa.func.sum(Passage.weight)).where(Passage.from_code == "44003"))
        assert held == 1, "a total over all the parts is still right"
        store(conn, SPLIT + MERGER)


def test_codes_are_known_every_year_once_movements_are(loaded: sa.Connection) -> None:
    assert known_codes(loaded).years == (2023, 2024)
    assert "35001" not in known_codes(loaded).masks, "it only completes an EPCI"
    store(loaded, "50,2019-01-01,COM,79001,COM,44001\n" + SPLIT + MERGER)
    found = known_codes(loaded)
    assert found.years == (2019, 2020, 2021, 2022, 2023, 2024)
    assert found.of("44005") == (2024,)
    assert found.of("49002") == (2019, 2020, 2021, 2022, 2023)
    assert "79001" not in found.masks


def test_a_millesime_that_is_not_loaded_is_not_found(loaded: sa.Connection) -> None:
    with pytest.raises(NotFound, match="2014 non chargé"):
        stored_passage(loaded, 2014, 2024)
