"""Columns go to PostgreSQL by COPY and come back as they were: every bit, every character, every NULL."""

import struct
from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import psycopg
import pyarrow as pa
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo import columnar
from geo.columnar import copy_frame

KINDS = {
    "id": pa.int32(),
    "text": pa.string(),
    "value": pa.float64(),
    "whole": pa.int64(),
    "flag": pa.bool_(),
    "day": pa.date32(),
    "mood": pa.dictionary(pa.int8(), pa.string()),
}
MOODS = ["secret", "not-significant", "é"]


@pytest.fixture
def arrival(conn):
    """An empty table of the transaction, and what it holds."""
    conn.execute(sa.text("CREATE TYPE mood AS ENUM ('secret', 'not-significant', 'é')"))
    conn.execute(
        sa.text(
            "CREATE TABLE arrival (id int, text text, value float8, whole int8, flag bool, day date, mood mood)"
        )
    )
    return lambda: [tuple(row) for row in conn.execute(sa.text("SELECT * FROM arrival ORDER BY id"))]


def bits(value):
    return struct.pack("<d", value) if isinstance(value, float) else value


characters = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
traps = ["", "NULL", r"\N", r"\.", "\\.\n", '"', '""', "a,b", "\r", "\n", "\r\n", " ", "'", "\t", "Évron", "²"]
rows = st.tuples(
    st.none() | st.text(characters) | st.sampled_from(traps),
    st.none() | st.floats(allow_nan=False),
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none() | st.booleans(),
    st.none() | st.dates(),
    st.none() | st.sampled_from(MOODS),
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(rows, max_size=20), st.booleans(), st.integers(1, 7))
def test_what_is_copied_comes_back(conn, arrival, content, as_frames, size):
    """Property: whatever the values and the cutting into batches, the table holds them exactly."""
    conn.execute(sa.text("TRUNCATE arrival"))
    numbered = [(number, *row) for number, row in enumerate(content)]
    table = pa.Table.from_pylist([dict(zip(KINDS, row, strict=True)) for row in numbered], pa.schema(KINDS))
    batches = table.to_batches(size)
    if as_frames:
        batches = [batch.to_pandas(types_mapper=pd.ArrowDtype) for batch in batches]
    assert copy_frame(conn, "arrival", iter(batches)) == len(content)
    assert [tuple(map(bits, row)) for row in arrival()] == [tuple(map(bits, row)) for row in numbered]


def test_a_frame_of_pandas(conn, arrival):
    frame = pd.DataFrame(
        {
            "mood": pd.Categorical(["secret", None, "é"], categories=MOODS),
            "value": [0.1 + 0.2, np.nan, -np.inf],
            "text": ["", None, 'L"Île\\,\n'],
            "id": np.array([1, 2, 3], dtype="int16"),
            "whole": pd.array([2**62 + 1, None, 0], dtype="Int64"),
            "day": pd.to_datetime(["2024-01-01", None, "1999-12-31"]),
        },
        index=[7, 8, 9],
    )
    assert copy_frame(conn, "arrival", frame) == 3
    assert arrival() == [
        (1, "", 0.30000000000000004, 2**62 + 1, None, date(2024, 1, 1), "secret"),
        (2, None, None, None, None, None, None),
        (3, 'L"Île\\,\n', -np.inf, 0, None, date(1999, 12, 31), "é"),
    ]


def test_a_short_float_keeps_its_own_bits(conn, arrival):
    """0.1 of 32 bits is 0.10000000149011612 of 64, not 0.1."""
    copy_frame(conn, "arrival", pa.table({"value": pa.array([0.1, np.nan], pa.float32())}))
    assert [row[2] for row in arrival()] == [float(np.float32(0.1)), None]


def test_nan_in_arrow_and_decimals(conn, arrival):
    copy_frame(conn, "arrival", pa.table({"id": [1, 2], "value": [float("nan"), 1.5]}))
    copy_frame(conn, "arrival", pa.table({"id": [3], "value": [Decimal("1.25")]}))
    assert [row[2] for row in arrival()] == [None, 1.5, 1.25]


def test_one_column_of_nulls_is_as_many_rows(conn, arrival):
    assert copy_frame(conn, "arrival", pd.DataFrame({"text": [None, "", None]})) == 3
    assert sorted(row[1] is None for row in arrival()) == [False, True, True]


def test_batches_are_taken_one_at_a_time_and_told(conn, arrival, monkeypatch):
    monkeypatch.setattr(columnar, "STEP_COLUMNAR", 4)
    taken, told = [], []

    def batches():
        for start in (0, 10):
            taken.append((start, sum(told)))
            yield pa.table({"id": range(start, start + 10), "text": ["é"] * 10})

    assert copy_frame(conn, "arrival", batches(), told.append) == 20
    assert told == [4, 4, 2, 4, 4, 2]
    assert taken == [(0, 0), (10, 10)]
    assert len(arrival()) == 20


def test_nothing_to_copy(conn, arrival):
    assert copy_frame(conn, "arrival", []) == 0
    assert copy_frame(conn, "arrival", pd.DataFrame({"text": []})) == 0
    assert arrival() == []


def test_columns_in_another_order_are_the_same_columns(conn, arrival):
    copy_frame(conn, "arrival", [pa.table({"id": [1], "whole": [2]}), pa.table({"whole": [4], "id": [3]})])
    assert [(row[0], row[3]) for row in arrival()] == [(1, 2), (3, 4)]


@pytest.mark.parametrize(
    ("batches", "error"),
    [
        ([pa.table({"id": [1]}), pa.table({"whole": [1]})], ValueError),
        ([pa.table({"text": [b"\x00"]})], TypeError),
        ([pa.table({"id": [1]}), pa.table({"id": [[1, 2]]})], TypeError),
        ([pa.table({"id": [1.5]})], psycopg.DataError),
        ([pa.table({"id": ["1"], "text": ["a\0b"]})], psycopg.DataError),
        ([pa.table({"mood": ["joie"]})], psycopg.DataError),
    ],
)
def test_what_cannot_be_copied_leaves_nothing(conn, arrival, batches, error):
    inner = conn.begin_nested()
    with pytest.raises(error):
        copy_frame(conn, "arrival", batches)
    inner.rollback()
    assert arrival() == []


def test_the_connection_may_speak_another_encoding(conn, arrival):
    conn.execute(sa.text("SET LOCAL client_encoding TO 'LATIN1'"))
    copy_frame(conn, "arrival", pa.table({"text": ["L’Île"]}))
    conn.execute(sa.text("SET LOCAL client_encoding TO 'UTF8'"))
    assert arrival()[0][1] == "L’Île"
