"""INSEE's movements of communes: the file, the order of events, the known cases, and the laws on random histories."""

import csv
import random
from datetime import date
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boundaries import events
from boundaries.existence import walked
from boundaries.movements import MOVING, STILL, Kind, Movement, read
from boundaries.passage import WHOLE, Share, Shares, composed, rows
from boundaries.passage import Kind as Certainty
from boundaries.sources.codes import city_of
from geo.errors import Invalid

COG = Path(__file__).resolve().parents[2] / "../shared/data/cog"
FILE = COG / "insee_mvtcommunes_1943_2025-01-01_via_COGiter.csv"
HEADER = "MOD,DATE_EFF,TYPECOM_AV,COM_AV,TYPECOM_AP,COM_AP\n"

real_file = pytest.mark.skipif(not FILE.exists(), reason="INSEE's file is not in ../shared/data")


@cache
def france() -> list[events.Step]:
    return events.steps(read(FILE.read_bytes()))


def history(*lines: str) -> list[events.Step]:
    return events.steps(read((HEADER + "\n".join(lines)).encode()))


def passage(
    steps: list[events.Step], start: int, end: int, populations: events.Populations | None = None
) -> tuple[Shares, Shares]:
    within = events.weighed(events.between(steps, start, end), populations or {})
    return events.forward(within), events.backward(within)


# The file


@pytest.mark.parametrize(
    "content",
    [
        HEADER + "32,2018-01-01,COM,44225,COM,44180\n",
        "\ufeff" + HEADER + "32,2018-01-01,COM,44225,COM,44180\r\n\r\n",
        HEADER.lower() + '"32","2018-01-01","COM","44225","COM","44180"',
        HEADER.replace(",", ";") + "32;2018-01-01;COM;44225;COM;44180",
        "com_ap\tlibelle_ap\tcom_av\tMOD\tDATE_EFF\ttypecom_av\ttypecom_ap\n"
        "44180\tVallons-de-l’Erdre\t44225\t32\t2018-01-01\tCOM\tCOM\n",
    ],
)
def test_the_variants_of_the_file_read_alike(content: str) -> None:
    assert read(content.encode()) == [Movement(32, date(2018, 1, 1), Kind.COMMUNE, "44225", Kind.COMMUNE, "44180")]


def test_names_in_another_encoding_do_not_matter() -> None:
    head, row = HEADER.strip() + ",LIBELLE_AP\n", "50,2025-01-01,COM,49069,COM,49126,Orée d'Anjou\n"
    assert read((head + row).encode("cp1252")) == read((head + row).encode())


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("99,2018-01-01,COM,44225,COM,44180", "ligne 3, colonne MOD.*« 99 ».*10, 20, 21"),
        (",2018-01-01,COM,44225,COM,44180", "ligne 3, colonne MOD"),
        ("32,01/01/2018,COM,44225,COM,44180", "ligne 3, colonne DATE_EFF.*01/01/2018.*2025-01-31"),
        ("32,2018-02-30,COM,44225,COM,44180", "ligne 3, colonne DATE_EFF"),
        ("32,2018-01-01,COM,4225,COM,44180", "ligne 3, colonne COM_AV.*« 4225 »"),
        ("32,2018-01-01,COM,44225,COM,", "ligne 3, colonne COM_AP"),
        ("32,2018-01-01,VILLE,44225,COM,44180", "ligne 3, colonne TYPECOM_AV.*COM, COMA, COMD, ARM"),
        ("32,2018-01-01,COM", "ligne 3.*3 colonnes, il en faut au moins 6"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line_and_column(row: str, told: str) -> None:
    content = HEADER + "10,2018-01-01,COM,44001,COM,44001\n" + row
    with pytest.raises(Invalid, match=told.replace("« ", "«\u202f").replace(" »", "\u202f»")):
        read(content.encode())


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "colonnes absentes"),
        (b"MOD,DATE_EFF\n32,2018-01-01\n", "TYPECOM_AV, COM_AV, TYPECOM_AP, COM_AP"),
        (HEADER.encode(), "aucun mouvement"),
        (HEADER.replace("COM_AP", "COM_AP,COM_AP").encode(), "en double"),
        (b"PK\x03\x04\0\0", "fichier texte"),
        (HEADER.encode() + b'"' + b"x" * 200_000, "ligne"),
    ],
)
def test_another_file_is_refused(content: bytes, told: str) -> None:
    with pytest.raises(Invalid, match=told):
        read(content, "mouvements.csv")


# The events


def test_events_of_one_day_happen_in_order() -> None:
    steps = history(
        "32,2018-01-01,COM,44225,COM,44180",
        "32,2018-01-01,COM,44180,COM,44180",
        "21,2018-01-01,COM,44180,COM,44180",
        "21,2018-01-01,COM,44180,COM,44999",
        "41,2018-01-01,COM,49144,COM,44225",
    )
    there, back = passage(steps, 2017, 2018, {2017: {"49144": 1000, "44180": 3000}, 2018: {"44999": 1}})
    assert there["49144"] == {"44180": WHOLE}
    assert {share.kind for share in there["44180"].values()} == {Certainty.IMPOSSIBLE}, (
        "44180 was not counted alone"
    )
    assert set(back["44180"]) == {"44180", "49144"}


def test_a_millesime_holds_the_events_of_its_first_day_and_no_later_one() -> None:
    steps = history("50,2024-01-02,COM,12076,COM,12218", "50,2025-01-01,COM,49069,COM,49126")
    assert passage(steps, 2023, 2024)[0] == {}
    assert passage(steps, 2024, 2025)[0] == {"12076": {"12218": WHOLE}, "49069": {"49126": WHOLE}}
    assert passage(steps, 2025, 2026)[0] == {}


@pytest.mark.parametrize("mod", sorted(STILL))
def test_other_events_never_move_a_commune(mod: int) -> None:
    assert history(f"{mod},2020-01-01,COM,44001,COM,44002") == []


def test_rows_of_parts_of_communes_never_move_one() -> None:
    assert history("33,1973-01-01,COMA,55273,COMA,55245", "20,1946-10-18,COM,13055,ARM,13201") == []


def test_a_commune_that_absorbs_without_a_row_of_its_own_stays() -> None:
    there, back = passage(
        history("31,2020-01-01,COM,44002,COM,44001"), 2019, 2020, {2019: {"44001": 3, "44002": 1}}
    )
    assert there == {"44002": {"44001": WHOLE}}
    assert back["44001"]["44001"].weight == 0.75


def test_a_commune_that_vanishes_or_appears_without_another_cannot_be_carried() -> None:
    steps = history("20,1947-09-17,,,COM,06162", "30,1950-01-01,COM,44001,,")
    there, back = passage(steps, 1947, 1951)
    assert (there, back) == ({"44001": {}}, {"06162": {}})
    assert [tuple(row) for row in rows(there, back)] == [("44001", "", None, "impossible")]
    assert [tuple(row) for row in rows(back, there)] == [("06162", "", None, "impossible")]


def test_a_split_is_weighed_by_the_first_millesime_that_counts_every_part() -> None:
    steps = history(
        "21,2020-06-01,COM,1000A,COM,1000A".replace("1000A", "10001"),
        "21,2020-06-01,COM,10001,COM,10002",
        "50,2021-06-01,COM,10002,COM,10003",
    )
    uncounted = {"10001": 300, "10002": None}
    populations = {2021: uncounted, 2022: {"10001": 300, "10003": 100}, 2023: {"10001": 1, "10003": 1}}
    there, _ = passage(steps, 2020, 2022, populations)
    assert there == {
        "10001": {"10001": Share(0.75, Certainty.ESTIMATED), "10003": Share(0.25, Certainty.ESTIMATED)}
    }


def test_a_part_merged_before_it_was_counted_cannot_be_weighed() -> None:
    steps = history(
        "21,2020-06-01,COM,10001,COM,10001",
        "21,2020-06-01,COM,10001,COM,10002",
        "32,2021-06-01,COM,10002,COM,10009",
        "32,2021-06-01,COM,10009,COM,10009",
    )
    there, back = passage(
        steps, 2020, 2022, {2020: {"10001": 400, "10009": 5}, 2022: {"10001": 300, "10009": 900}}
    )
    assert {share.kind for share in there["10001"].values()} == {Certainty.IMPOSSIBLE}
    assert {share.kind for share in back["10009"].values()} == {Certainty.IMPOSSIBLE}


def test_a_merger_goes_back_by_the_populations_of_its_parts_before() -> None:
    steps = history(
        "32,2016-01-01,COM,10002,COM,10001",
        "32,2016-01-01,COM,10001,COM,10001",
        "32,2018-01-01,COM,10003,COM,10001",
        "32,2018-01-01,COM,10001,COM,10001",
    )
    _, back = passage(steps, 2015, 2019, {2015: {"10001": 200, "10002": 100, "10003": 100}})
    assert {code: share.weight for code, share in back["10001"].items()} == pytest.approx(
        {"10001": 0.5, "10002": 0.25, "10003": 0.25}
    )


def test_the_codes_of_each_year_are_walked_from_a_known_list() -> None:
    steps = history("50,2014-01-07,COM,14697,COM,14472", "50,1990-02-01,COM,14624,COM,14697")
    yearly = walked(steps, 2014, {"14697", "14001"}, range(1989, 2016))
    assert {year: yearly.codes(year) for year in (1989, 1990, 1991, 2014, 2015)} == {
        1989: {"14624", "14001"},
        1990: {"14624", "14001"},
        1991: {"14697", "14001"},
        2014: {"14697", "14001"},
        2015: {"14472", "14001"},
    }


# INSEE's own file


@real_file
@pytest.mark.parametrize(
    ("start", "end", "code", "target"),
    [
        (2017, 2018, "49144", "44180"),  # Freigné, by 44225, on the same day
        (2017, 2018, "14513", "50592"),  # Pont-Farcy, by 50649, on the same day
        (2015, 2016, "44060", "49160"),  # Le Fresne-sur-Loire changes departement
        (2024, 2025, "49069", "49126"),  # Orée d’Anjou
        (2014, 2025, "49144", "44180"),
        (1960, 2025, "44060", "49160"),
    ],
)
def test_a_commune_goes_whole_where_it_is_known_to(start: int, end: int, code: str, target: str) -> None:
    assert passage(france(), start, end)[0][code] == {target: WHOLE}


@real_file
def test_les_essarts_en_bocage_are_split_in_three() -> None:
    people = {"85084": 6835, "85165": 1264, "85212": 1338}
    there, back = passage(france(), 2023, 2024, {2024: people})
    assert {code: share.weight for code, share in there["85084"].items()} == pytest.approx(
        {code: count / 9437 for code, count in people.items()}
    )
    assert {share.kind for share in there["85084"].values()} == {Certainty.ESTIMATED}
    assert back["85165"] == back["85212"] == {"85084": WHOLE}
    assert {share.kind for share in passage(france(), 2023, 2024)[0]["85084"].values()} == {Certainty.IMPOSSIBLE}


@real_file
def test_every_year_has_as_many_communes_as_insee_says() -> None:
    with (COG / "insee_v_commune_2025_via_COGiter.csv").open(encoding="utf-8") as lines:
        codes = frozenset(row["DEPCOM"] for row in csv.DictReader(lines) if row["TYPECOM"] == "COM")
    yearly = walked(france(), 2025, codes, range(1943, 2026))
    published = {2016: 35885, 2017: 35416, 2018: 35357, 2019: 34970, 2020: 34968, 2021: 34965, 2022: 34955}
    published |= {2023: 34945, 2024: 34935, 2025: 34875}
    assert {year: len(yearly.codes(year)) for year in published} == published


@real_file
def test_the_historical_table_is_reproduced() -> None:
    with (COG / "cogiter_table_passage_com_historique_vers_cog2025.csv").open(encoding="utf-8-sig") as lines:
        table = {row["DEPCOM_HIST"]: row["DEPCOM"] for row in csv.DictReader(lines)}
    heirs = events.heirs(france())
    ours = {code: code for code in table.values()} | heirs
    assert not set(heirs) & set(table.values()), "a commune of today has not vanished"
    # Lamarche-en-Woëvre merged into 55245, which the events follow; as an associee it went to 55386 in 1983
    differ = {code: (ours[code], table[code]) for code in ours.keys() & table.keys() if ours[code] != table[code]}
    assert differ == {"55273": ("55245", "55386")}
    # Communes dissolved between several have no one heir, and the table leaves them out
    shared = {code for code, heir in heirs.items() if heir is None}
    assert shared == {"08227", "45117", "51385", "51606", "60606", "77362"}
    # Corsican communes that vanished before 1976 never had the code of 2A or 2B under which the table lists them
    corsican = {"20044": "2B", "20076": "2B", "20151": "2B", "20237": "2A", "20294": "2A", "20325": "2A"}
    assert ours.keys() - table.keys() == shared | corsican.keys()
    assert all(heirs[code] == table[prefix + code[2:]] for code, prefix in corsican.items())
    # The table has municipal arrondissements, and codes that INSEE's file since 1943 names nowhere
    unnamed = {"01220", "54448", "54454", "66131", "91221", "95025", "95065"}
    others = table.keys() - ours.keys() - {prefix + code[2:] for code, prefix in corsican.items()}
    assert others - unnamed == {code for code in others if city_of(code)}
    assert len(others - unnamed) == 45
    assert unnamed <= others


@real_file
def test_the_laws_hold_on_the_whole_country() -> None:
    chance = random.Random(2025)  # noqa: S311 - invented populations
    codes = sorted(
        {code for step in france() for code in step.becomes.keys() | set().union(*step.becomes.values())}
    )
    years = (1999, 2014, 2019, 2025)
    populations = {year: {code: chance.randint(1, 9999) for code in codes} for year in years}
    steps = events.weighed(france(), populations)
    found = {}
    for start in years:
        for end in years:
            within = [
                item
                for item in steps
                if date(min(start, end), 1, 1) < item.step.day <= date(max(start, end), 1, 1)
            ]
            found[start, end] = events.forward(within) if start < end else events.backward(within)
    check_laws(found, years, codes)


# Random histories


@st.composite
def random_events(draw: st.DrawFn) -> tuple[list[Movement], dict[int, dict[str, int]], dict[int, set[str]]]:
    """Communes that change code (codes are used again), merge, are split, give birth to one in common, or dissolve."""
    alive = {f"{number:05d}" for number in range(draw(st.integers(2, 6)))}
    free = [f"{number:05d}" for number in range(90, 100)]
    movements: list[Movement] = []
    lists = {2020: set(alive)}
    for year in range(2021, 2021 + draw(st.integers(1, 4))):
        for month in draw(st.sampled_from([(), (5,), (3, 5), (3, 4, 9)])):
            chosen = draw(st.permutations(sorted(alive)))[: draw(st.integers(1, 3))]
            act = draw(st.sampled_from(["recode", "merge", "split", "create", "dissolve", "swap"]))
            first, others = chosen[0], chosen[1:]
            if act == "recode" and free:
                fresh = free.pop(0)
                edges, mod = {first: {fresh}}, 50
            elif act == "swap" and others:
                edges, mod = {first: {others[0]}, others[0]: {first}}, 41
            elif act == "merge" and others:
                edges, mod = {code: {first} for code in chosen}, draw(st.sampled_from([31, 32, 33]))
            elif act == "split" and free:
                edges, mod = {first: {first, *free[:2]}}, 21
                del free[:2]
            elif act == "create" and free:
                fresh = free.pop(0)
                edges, mod = {code: {code, fresh} for code in chosen}, 20
            elif act == "dissolve" and others:
                edges, mod = {first: set(others), **{code: {code} for code in others}}, 30
            else:
                continue
            day = draw(st.sampled_from([date(year - 1, month, 1), date(year, 1, 1)]))
            if movements and day < movements[-1].day:
                day = movements[-1].day
            if movements and day == movements[-1].day:
                continue  # the order inside a day is tried by hand
            alive = (alive - edges.keys()) | set().union(*edges.values())
            free += sorted(edges.keys() - alive)
            movements += [
                Movement(mod, day, Kind.COMMUNE, before, Kind.COMMUNE, after)
                for before, targets in edges.items()
                for after in sorted(targets)
            ]
        lists[year] = set(alive)
    populations = {
        year: {code: draw(st.integers(1, 1000)) for code in sorted(codes)} for year, codes in lists.items()
    }
    draw(st.randoms()).shuffle(movements)
    return movements, populations, lists


@given(random_events())
def test_the_laws_hold_on_random_histories(
    case: tuple[list[Movement], dict[int, dict[str, int]], dict[int, set[str]]],
) -> None:
    movements, populations, lists = case
    assert {row.mod for row in movements} <= MOVING
    steps = events.weighed(events.steps(movements), populations)
    found = {}
    for start in lists:
        for end in lists:
            within = [
                item
                for item in steps
                if date(min(start, end), 1, 1) < item.step.day <= date(max(start, end), 1, 1)
            ]
            found[start, end] = events.forward(within) if start < end else events.backward(within)
            moved = converted(dict.fromkeys(lists[start], 1.0), found[start, end])
            assert moved.keys() <= lists[end]
            if start < end:
                assert moved.keys() == lists[end]
    check_laws(found, tuple(lists), sorted(set().union(*lists.values())), lists)
    last = max(lists)
    for base in (2020, last):
        yearly = walked(events.steps(movements), base, lists[base], range(2020, last + 1))
        assert {year: yearly.codes(year) for year in yearly.years} == lists


def converted(values: dict[str, float], shares: Shares) -> dict[str, float]:
    result: dict[str, float] = {}
    for code, value in values.items():
        for target, share in shares.get(code, {code: WHOLE}).items():
            result[target] = result.get(target, 0.0) + value * share.weight
    return result


def check_laws(
    found: dict[tuple[int, int], Shares],
    years: tuple[int, ...],
    codes: list[str],
    lists: dict[int, set[str]] | None = None,
) -> None:
    for (start, end), shares in found.items():
        for targets in shares.values():
            assert sum(share.weight for share in targets.values()) == pytest.approx(1, abs=1e-12)
        known = sorted(lists[start]) if lists else [code for code in codes if code in shares]
        values = {code: 1.5 + position for position, code in enumerate(known)}
        assert sum(converted(values, shares).values()) == pytest.approx(sum(values.values()), rel=1e-9)
        back = found[end, start]
        for code, targets in shares.items():
            (target, share), *others = targets.items()
            if not others and back.get(target, {}).keys() == {code}:
                assert converted(converted({code: 7.0}, shares), back) == {code: 7.0}
                assert share.kind is Certainty.EXACT
        for middle in years:
            if start <= middle <= end or end <= middle <= start:
                there = lists[start] if lists else set(codes) - appeared(found, start, middle)
                through = composed([found[start, middle], found[middle, end]], there)
                through = {code: targets for code, targets in through.items() if lists or code in shares}
                assert through.keys() == shares.keys()
                for code, targets in shares.items():
                    assert through[code].keys() == targets.keys()
                    for target, share in targets.items():
                        assert through[code][target].weight == pytest.approx(share.weight, abs=1e-12)
                        assert Certainty.IMPOSSIBLE in (share.kind, through[code][target].kind) or (
                            through[code][target].kind is share.kind
                        )


def appeared(found: dict[tuple[int, int], Shares], start: int, middle: int) -> set[str]:
    """The codes that are there in the middle and were not at the start."""
    return {code for code, origins in found[middle, start].items() if code not in origins}
