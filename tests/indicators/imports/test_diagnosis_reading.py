"""How cells become values: literally, vectorised as one by one, and never when something would have to be changed."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from frenchreference import reference
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import Conflict, Invalid, NotFound
from indicators.imports.diagnosis import Repair, diagnose
from indicators.imports.findings import Decisions, Family
from indicators.imports.mapping import Mapping, Measure, Table
from indicators.imports.numbers import STATUSES, Manner, Problem, figures, read
from indicators.imports.sheets import Delivered, Sheet
from indicators.imports.values import values
from indicators.statuses import Status

FRANCE = reference()
CELLS = st.text(alphabet=" 0123456789.,-+%eEpsnd/…\u00a0\u202f\u200b'()", max_size=9)


def delivered(rows: Sequence[Sequence[str | None]], name: str = "a.csv", size: int = 2) -> Delivered:
    """A file of some rows, in batches of a few lines."""
    frame = pd.DataFrame([list(row) for row in rows], dtype=object)
    frame.index = pd.RangeIndex(1, len(frame) + 1)
    frame.columns = pd.RangeIndex(frame.shape[1])

    def batches():
        for start in range(0, len(frame), size):
            yield frame.iloc[start : start + size]

    return Delivered(name, 1, "0" * 64, (Sheet(name, batches),), {})


def mapping(*measures: Measure, **options: object) -> Mapping:
    table = {name: options.pop(name) for name in list(options) if name in Table.model_fields}
    table = {"code": "code", "level": "commune", **table}
    return Mapping.model_validate(
        {
            "source": "essai",
            "millesime": 2024,
            "period": "2022",
            **options,
            "tables": [{**table, "measures": [measure.model_dump() for measure in measures]}],
        }
    )


def told(file: Delivered, how: Mapping, accepted: Sequence[Repair] = ()) -> list[tuple[str, float | None, str]]:
    frames = list(values(file, how, FRANCE, accepted))
    return [
        (row.code, None if math.isnan(row.value) else row.value, row.status)
        for frame in frames
        for row in frame.itertuples()
    ]


@given(
    st.lists(CELLS, min_size=1, max_size=20),
    st.sampled_from([",", "."]),
    st.sampled_from(["", " ", ".", ",", "'"]),
    st.booleans(),
    st.booleans(),
)
def test_columns_are_read_as_their_cells(
    cells: list[str], decimal: str, thousands: str, percent: bool, whole: bool
):
    how = Mapping(source="", decimal=decimal, thousands=thousands)
    manner = Manner(percent, whole)
    together = figures(pa.array(cells, pa.large_string()), how, manner)
    for place, text in enumerate(cells):
        one = read(text, how, manner)
        assert np.array_equal(together.value[place], one.value, equal_nan=True)
        assert STATUSES[together.status[place]] == one.status
        assert together.problem[place] == one.problem
        assert one.problem == Problem.NONE or math.isnan(one.value)
        if one.proposal is not None:
            assert not math.isnan(read(one.proposal, how, manner).value)


@given(st.integers(-(10**12), 10**12), st.integers(0, 10**6 - 1), st.sampled_from([" ", "\u00a0", "\u202f"]))
def test_french_figures_are_read_exactly(whole: int, fraction: int, space: str):
    text = f"{whole:,}".replace(",", space) + f",{fraction:06d}"
    assert read(text, Mapping(source="", decimal=",", thousands=" ")).value == float(f"{whole}.{fraction:06d}")


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("s", "secret"),
        ("nd", "missing"),
        ("N.D.", "missing"),
        ("ND", "missing"),
        ("...", "missing"),
        ("..", "missing"),
        (":", "missing"),
        ("", "missing"),
        ("///", "not-applicable"),
        ("n.s.", "not-significant"),
        ("12 p", "provisional"),
        ("12(p)", "provisional"),
        ("12 e", "estimated"),
        ("0", "observed"),
    ],
)
def test_signs(text: str, status: str):
    assert read(text, Mapping(source="")).status == status


def test_a_recipe_may_say_what_its_own_signs_mean():
    how = Mapping(source="", signs={"-": Status.NOT_APPLICABLE, "X": Status.SECRET})
    assert (read("-", how).status, read("x", how).status) == ("not-applicable", "secret")
    assert read("s", how).problem == Problem.UNREADABLE


def test_a_flag_makes_a_figure_secret_and_none_where_there_is_none():
    rows = [
        ["GEO", "OBS_VALUE", "CONF_STATUS"],
        ["44109", "12", "C"],
        ["44143", "7", "P"],
        ["44215", None, "A"],
        ["44162", "3", None],
    ]
    how = mapping(Measure(indicator="x", column="OBS_VALUE"), code="GEO", status_column="CONF_STATUS")
    assert told(delivered(rows), how) == [
        ("44109", None, "secret"),
        ("44143", 7, "provisional"),
        ("44215", None, "missing"),
        ("44162", 3, "observed"),
    ]


def test_iris_are_added_up_and_a_secret_part_makes_a_secret_sum():
    rows = [
        ["iris", "nb"],
        ["441090101", "2"],
        ["44143_0101", "1"],
        ["441090102", "3"],
        ["441430102", "s"],
        ["751010101", "4"],
        ["44215", "6"],
    ]
    count = Measure(indicator="equipements", column="nb", nature="stock", decimals=0)
    how = mapping(count, code="iris", roll_up="iris", duplicates="sum")
    assert told(delivered(rows), how) == [
        ("44109", 5, "observed"),
        ("44143", None, "secret"),
        ("75101", 4, "observed"),
        ("44215", 6, "observed"),
    ]
    frame = next(values(delivered(rows), how, FRANCE))
    assert frame["level"].astype(str).tolist() == ["commune", "commune", "arrondissement-municipal", "commune"]


def test_what_does_not_add_up_is_not_summed():
    how = mapping(Measure(indicator="mediane", column="nb", nature="median"), duplicates="sum")
    with pytest.raises(Invalid, match="mediane"):
        list(values(delivered([["code", "nb"], ["44109", "2"]]), how, FRANCE))


def test_wide_years_long_rows_and_factors():
    wide = [["code", "Emplois 2020", "Emplois 2021 "], ["44109", "1,5", "2"]]
    measure = Measure(indicator="emplois", column="Emplois {yyyy}", factor=1000)
    frame = next(values(delivered(wide), mapping(measure, decimal=","), FRANCE))
    assert list(zip(frame["period"], frame["value"], strict=True)) == [("2020", 1500.0), ("2021", 2000.0)]
    long = [["code", "an", "type", "nb"], ["44109", "2018.0", "D201", "3"], ["44109", "2019", "D202", "4"]]
    measures = [
        Measure(indicator="medecins", column="nb", where={"type": "D201"}),
        Measure(indicator="sante", column="nb", where={"type": "D*"}),
    ]
    frame = pd.concat(values(delivered(long), mapping(*measures, period_column="an"), FRANCE))
    found = sorted(zip(frame["indicator"], frame["period"], frame["value"], strict=True))
    assert found == [("medecins", "2018", 3.0), ("sante", "2018", 3.0), ("sante", "2019", 4.0)]


def test_two_digit_years_end_the_headings_of_the_census():
    rows = [["code", "P68_POP", "P21_POP"], ["44109", "1", "2"]]
    frame = next(values(delivered(rows), mapping(Measure(indicator="p", column="P{yy}_POP")), FRANCE))
    assert frame["period"].astype(str).tolist() == ["1968", "2021"]


def test_a_thousand_is_not_taken_for_a_fraction_nor_the_other_way():
    count = Measure(indicator="n", column="v", nature="stock", decimals=0)
    rate = Measure(indicator="t", column="v", nature="ratio")
    rows = [["code", "v"], ["44109", "1.234"], ["44143", "0.125"]]
    assert told(delivered(rows), mapping(count)) == [("44143", 0.125, "observed")]
    assert told(delivered(rows), mapping(rate)) == [("44109", 1.234, "observed"), ("44143", 0.125, "observed")]
    found = diagnose(delivered(rows), mapping(count), FRANCE)
    assert [repair.after for repair in found.repairs] == ["1234"]


def test_a_repair_of_another_cell_is_refused():
    repair = Repair(Family.LOST_ZERO, "a.csv", 2, 0, "code", "1001", "01001", "")
    with pytest.raises(Conflict):
        told(delivered([["code", "v"], ["1002", "5"]]), mapping(Measure(indicator="x", column="v")), [repair])


def test_what_is_not_loaded_or_not_there_is_said():
    measure = Measure(indicator="x", column="v")
    rows = [["code", "v"], ["44109", "5"]]
    with pytest.raises(Invalid, match="millésime"):
        told(delivered(rows), mapping(measure).model_copy(update={"millesime": None}))
    with pytest.raises(NotFound, match="2022, 2023, 2024, 2025"):
        told(delivered(rows), mapping(measure).at(millesime=1999))
    with pytest.raises(Invalid, match="« w »"):
        told(delivered(rows), mapping(Measure(indicator="x", column="w")))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("source = 1", "source"),
        ("source = ", "TOML"),
        ('source = "a"\ninconnu = 1', "inconnu"),
        ('source = "a"\n[[tables]]\ncode = "c"\nlevel = "commune"\nheader = [0]', "en-tête"),
        ('source = "a"\n[[tables]]\ncode = "c"\n', "level"),
        (
            'source = "a"\n[[tables]]\ncode = "c"\nlevel = "commune"\n[[tables.measures]]\nindicator = "i"',
            "column",
        ),
    ],
)
def test_a_malformed_recipe_names_what_is_wrong(text: str, words: str):
    with pytest.raises(Invalid, match=words):
        Mapping.from_toml(text)


@given(st.text(max_size=8), st.dictionaries(st.text(max_size=4), st.text(max_size=4), max_size=3))
def test_any_mapping_comes_back_from_toml_and_json(column: str, where: dict[str, str]):
    one = mapping(Measure(indicator="x", column=column, where=where, factor=0.1), header=(2, 3))
    assert Mapping.from_toml(one.to_toml()) == one == Mapping.from_json(one.to_json())


def test_decisions_contradict_nobody():
    with pytest.raises(Invalid, match="à la fois"):
        Decisions(frozenset({"spaces"}), frozenset({"spaces"}))
    empty = diagnose(
        delivered([["code", "v"], ["44109", "5"]]), mapping(Measure(indicator="x", column="v")), FRANCE
    )
    with pytest.raises(Invalid, match="inconnue"):
        empty.accepted(Decisions(accepted=frozenset({"lost-zero/0123456789ab"})))
