"""Whatever cells a sheet holds, the control ends with findings or a French refusal, never with another error."""

import contextlib

import pandas as pd
from frenchreference import reference
from hypothesis import example, given, settings
from hypothesis import strategies as st

from geo.errors import OresError
from indicators.imports import report
from indicators.imports.diagnosis import Decisions, Family, diagnose, propose
from indicators.imports.mapping import Mapping, Measure, Table
from indicators.imports.sheets import Delivered, Sheet
from indicators.imports.values import values

FRANCE = reference()
REGION = reference(region=True)
WORDS = (
    "code|nom|annee|population|total|GEO|OBS_VALUE|44109|1053|44|Nantes|75101|s|nd|| |12|1 234|1,5|12 %|2022|=A1"
)
MORE = "#REF!|Total|2a004|20004|44000|44225|35238|1.234|−5|NANTES|(1) note"
CELLS = st.one_of(st.none(), st.sampled_from(f"{WORDS}|{MORE}".split("|")), st.text(max_size=6))
ROWS = st.integers(1, 6).flatmap(
    lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), max_size=9)
)


def delivered(rows: list[list[str | None]], size: int) -> Delivered:
    frame = pd.DataFrame(rows, dtype=object)
    frame.index = pd.RangeIndex(1, len(frame) + 1)
    frame.columns = pd.RangeIndex(frame.shape[1])
    starts = range(0, max(len(frame), 1), size)
    return Delivered(
        "a 2022.csv",
        1,
        "0" * 64,
        (Sheet("a", lambda: (frame.iloc[start : start + size] for start in starts)),),
        {},
    )


@settings(max_examples=100)
@example([[None, None], [None, "\x1f"]], 1, False)
@example([["code", "population"], ["\u200b", "\u00a0"], ["\x0b", None]], 4, False)
@given(ROWS, st.integers(1, 4), st.booleans())
def test_the_control_ends(rows: list[list[str | None]], size: int, whole: bool):
    known = FRANCE if whole else REGION
    file = delivered(rows, size)
    fixed = Mapping(
        source="essai",
        millesime=2024,
        period="2022",
        tables=(
            Table(
                code="code", name="nom", level="commune", measures=(Measure(indicator="x", column="population"),)
            ),
        ),
    )
    for mapping in (propose(file, known), fixed):
        diagnosis = diagnose(file, mapping, known)
        report.text(diagnosis)
        list(report.rows(diagnosis))
        everything = diagnosis.accepted(Decisions(accepted=frozenset(Family)))
        diagnose(file, mapping, known, accepted=everything)
        with contextlib.suppress(OresError):
            list(values(file, mapping, known, everything))
