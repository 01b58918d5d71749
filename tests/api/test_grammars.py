"""The patterns of the descriptions say what the programs that read the parameters accept."""

import re

from hypothesis import assume, given
from hypothesis import strategies as st

from api import grammars
from api.ogc.times import times
from boundaries.levels import CODE_FORMS, Level, is_code
from boundaries.places import Place
from indicators.passports import PassportId

WORKED = {
    grammars.TIMES: (
        ["2024-02-29", "2024-06-30T12:00:00Z", "../..", "2020-01-01/", "/2024-12-31t23:59:59.123456+02:00"],
        [
            "2024-02-30",
            "2024-04-31",
            "2024-13-01",
            "0000-01-01",
            "",
            "..",
            "2024-01-01T24:00:00Z",
            "2024-1-1",
            "a/b",
        ],
    ),
    grammars.PLACE: (
        ["commune:2A004", "departement:976", "perimetre:pays.a1"],
        ["commune:1001", "pays:FR", "commune", "commune:44109 "],
    ),
    grammars.PLACES: (["commune:44109", "commune:44109,epci:244400404"], ["", "commune:44109,", "commune:44109;"]),
    grammars.SERIES: (["densite:2022", "a:b:c"], ["densite", ":2022", "densite:"]),
    grammars.PASSPORT: (["0123456789abcdef:commune:44109"], ["0123456789ABCDEF:commune:44109", "0:commune:44109"]),
    grammars.WORDS: (["nantes", "é", "  44"], ["", " - ", "'(),"]),
    grammars.COLLECTIONS: (["communes", "communes, densite"], ["", " ", "communes,", ",communes", "a,,b"]),
}


def test_patterns_hold_what_is_accepted_and_nothing_of_what_is_refused() -> None:
    for pattern, (accepted, refused) in WORKED.items():
        assert all(re.search(pattern, text) for text in accepted), pattern
        assert not any(re.search(pattern, text) for text in refused), pattern


@given(st.from_regex(grammars.TIMES, fullmatch=True))
def test_a_time_of_the_pattern_is_read(text: str) -> None:
    assume("02-29" not in text and "/" not in text and "\n" not in text)  # not all years have one
    found = times(text)
    assert found.start == found.end


@given(
    st.sampled_from(list(Level)).flatmap(
        lambda one: st.tuples(st.just(one), st.from_regex(CODE_FORMS[one], fullmatch=True))
    )
)
def test_a_place_is_read_if_its_pattern_has_it(drawn: tuple[Level, str]) -> None:
    level, code = drawn
    assume(code.isascii())
    assert is_code(level, code)
    assert re.search(grammars.PLACE, f"{level}:{code}")
    assert Place.parse(f"{level}:{code}") == Place(level, code)
    assert str(PassportId.parse(f"0123456789abcdef:{level}:{code}")) == f"0123456789abcdef:{level}:{code}"
