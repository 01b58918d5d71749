"""Insee's Melodi API: recorded answers served again, and what the network or the server may do to them."""

import csv
import json
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from recorded import replay
from webserver import Answer, Site, Steps, opened

from boundaries.levels import Level
from geo.errors import Invalid, NotFound, TooLarge
from geo.progress import silent
from indicators.imports.diagnosis.running import diagnose
from indicators.imports.findings import Severity
from indicators.imports.mapping import Mapping, Measure, Table
from indicators.imports.reference import Reference
from indicators.imports.values import values
from indicators.sources import asking, melodi, sdmx
from indicators.sources.asking import Asker
from indicators.statuses import Status

DATA = Path(__file__).resolve().parents[2] / "../shared/data/indicators"
RECORDINGS = DATA / "melodi_responses"
NOW = datetime(2026, 1, 6, 11, 33, tzinfo=UTC)
POPULATIONS = "DS_POPULATIONS_REFERENCE"

recorded_data = pytest.mark.skipif(not RECORDINGS.is_dir(), reason="recorded answers of Melodi are not there")


@pytest.fixture
def site():
    with opened() as site:
        yield site


@pytest.fixture
def waits():
    return []


@pytest.fixture
def asker(site, waits):
    with Asker(
        f"{site.url}/melodi", pause=waits.append, now=lambda: NOW, timeout_s=5, limit_bytes=500_000
    ) as asker:
        yield asker


@pytest.fixture
def insee(site):
    """The site with everything that was recorded."""
    replay(site, sorted(RECORDINGS.glob("*.yml")), "https://api.insee.fr")
    return site


def rows(delivered):
    """Return the lines of the only sheet, as dictionaries, after checking that they are numbered as in a file."""
    (sheet,) = delivered.sheets
    whole = pd.concat(sheet.batches())
    assert list(whole.index) == list(range(1, len(whole) + 1))
    assert list(whole.columns) == list(range(len(whole.columns)))
    heading, *lines = [[None if pd.isna(cell) else cell for cell in line] for line in whole.to_numpy().tolist()]
    assert all(cell is None or isinstance(cell, str) for line in lines for cell in line)
    return [dict(zip(heading, line, strict=True)) for line in lines]


def observation(geo, value, attributes=None, **dimensions):
    measures = {"OBS_VALUE_NIVEAU": {} if value is None else {"value": value}}
    given = {"dimensions": {"GEO": geo, "TIME_PERIOD": "2023", **dimensions}, "measures": measures}
    return given | ({"attributes": attributes} if attributes else {})


def put(site: Site, path: str, content: object, **options: object) -> None:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    site.routes[f"/melodi/{path}"] = [Answer(body, **options)]


def publish(site: Site, *pages: list, count: int | None = -1, **paging: object) -> None:
    """Serve the pages of DS_X, chained, under their count (the true one unless it is given)."""
    total = sum(map(len, pages)) if count == -1 else count
    first = f"{site.url}/melodi/data/DS_X?maxResult=2&page=1"
    put(site, "data/DS_X?totalCount=TRUE&maxResult=0", {"observations": [], "paging": {"count": total}})
    for rank, page in enumerate(pages, 1):
        chain = {"first": first}
        if rank < len(pages):
            chain |= {"next": f"{site.url}/melodi/data/DS_X?maxResult=2&page={rank + 1}", "isLast": False}
        else:
            chain |= {"isLast": True} | paging
        path = "idTerritoire=TRUE&maxResult=2" if rank == 1 else f"maxResult=2&page={rank}"
        put(site, f"data/DS_X?{path}", {"identifier": "DS_X", "observations": page, "paging": chain})


def pages_asked(site):
    return [path for path, _ in site.requests if "totalCount" not in path]


FIVE = [observation(f"2025-COM-4400{code}", code * 1.5) for code in range(1, 6)]


def ask(asker, filters=None, progress=silent, **options):
    return melodi.observations(asker, "DS_X", filters or {}, progress, page_size=2, **options)


# What was recorded.


@recorded_data
def test_the_populations_of_nantes(insee, asker, tmp_path):
    steps = Steps()
    filters = {"FREQ": "A", "GEO": "COM-44109"}
    delivered = melodi.observations(asker, POPULATIONS, filters, steps, downloads=tmp_path / "d")
    assert {row["POPREF_MEASURE"]: row["OBS_VALUE"] for row in rows(delivered)} == {
        "PMUN": "327734",
        "PTOT": "332515",
        "PCAP": "4781",
    }
    assert rows(delivered)[0] == {
        "GEO_MILLESIME": "2025",
        "GEO_LEVEL": "commune",
        "GEO": "44109",
        "FREQ": "A",
        "POPREF_MEASURE": "PCAP",
        "TIME_PERIOD": "2023",
        "MEASURE": "OBS_VALUE_NIVEAU",
        "STATUS": "observed",
        "OBS_VALUE": "4781",
    }
    assert delivered.name == "DS_POPULATIONS_REFERENCE?FREQ=A&GEO=COM-44109"
    assert delivered.remarks == ()
    assert steps.seen == [["Observations de DS_POPULATIONS_REFERENCE", 3, 3]]
    (kept,) = (tmp_path / "d").iterdir()
    assert len(json.loads(kept.read_bytes())[0]["observations"]) == 3
    assert kept.name == f"melodi-{POPULATIONS}-{delivered.sha256[:16]}.json"
    assert {headers["user-agent"] for _, headers in insee.requests} == {asking.AGENT}
    assert "Ores" in asking.AGENT


@recorded_data
def test_the_communes_of_an_epci_in_whatever_order(insee, asker):
    filters = {"GEO": "EPCI-244400404*COM"}
    first = melodi.observations(asker, POPULATIONS, filters, silent)
    lines = rows(first)
    assert len(lines) == 72
    assert {(row["GEO_MILLESIME"], row["GEO_LEVEL"]) for row in lines} == {("2025", "commune")}
    assert Counter(row["POPREF_MEASURE"] for row in lines) == {"PMUN": 24, "PTOT": 24, "PCAP": 24}
    totals = {row["GEO"]: int(row["OBS_VALUE"]) for row in lines if row["POPREF_MEASURE"] == "PTOT"}
    parts = Counter()
    for row in lines:
        parts[row["GEO"]] += int(row["OBS_VALUE"]) if row["POPREF_MEASURE"] != "PTOT" else 0
    assert dict(parts) == totals
    (path,) = [path for path in insee.routes if "244400404" in path and "idTerritoire" in path]
    shuffled = json.loads(insee.routes[path][0].body)
    shuffled["observations"].reverse()
    insee.routes[path] = [Answer(json.dumps(shuffled, indent=1).encode())]
    again = melodi.observations(asker, POPULATIONS, filters, silent)
    assert again.sha256 == first.sha256
    shuffled["observations"][7]["measures"]["OBS_VALUE_NIVEAU"]["value"] += 1
    insee.routes[path] = [Answer(json.dumps(shuffled).encode())]
    assert melodi.observations(asker, POPULATIONS, filters, silent).sha256 != first.sha256


@recorded_data
def test_the_delivery_is_diagnosed_like_a_file(insee, asker):
    path = next(path for path in insee.routes if "244400404" in path and "idTerritoire" in path)
    answer = json.loads(insee.routes[path][0].body)
    hidden = next(o for o in answer["observations"] if o["dimensions"]["POPREF_MEASURE"] == "PMUN")
    hidden |= {"attributes": {"OBS_STATUS": "A", "CONF_STATUS": "C"}, "measures": {"OBS_VALUE_NIVEAU": {}}}
    insee.routes[path] = [Answer(json.dumps(answer).encode())]
    delivered = melodi.observations(asker, POPULATIONS, {"GEO": "EPCI-244400404*COM"}, silent)
    communes = {o["dimensions"]["GEO"][-5:]: "" for o in answer["observations"]}
    reference = Reference(names={(2025, Level.COMMUNE): communes})
    table = Table(
        code="GEO",
        level_column="GEO_LEVEL",
        levels={"commune": Level.COMMUNE},
        period_column="TIME_PERIOD",
        status_column="STATUS",
        measures=(Measure(indicator="population", column="OBS_VALUE", where={"POPREF_MEASURE": "PMUN"}),),
    )
    mapping = Mapping(source="melodi", millesime=2025, tables=(table,))
    diagnosis = diagnose(delivered, mapping, reference)
    assert [finding.sentence for finding in diagnosis.findings if finding.severity is not Severity.NOTE] == []
    read = pd.concat(values(delivered, mapping, reference))
    assert len(read) == 24
    assert set(read["period"]) == {"2023"}
    assert read.set_index("code")["status"][hidden["dimensions"]["GEO"][-5:]] == Status.SECRET
    others = [o for o in answer["observations"] if o["dimensions"]["POPREF_MEASURE"] == "PMUN" and o is not hidden]
    assert read["value"].sum() == sum(o["measures"]["OBS_VALUE_NIVEAU"]["value"] for o in others)


@recorded_data
def test_no_observation_is_an_answer(insee, asker):
    delivered = melodi.observations(asker, POPULATIONS, {"TIME_PERIOD": "1900", "GEO": "COM-44109"}, silent)
    assert rows(delivered) == []
    assert "aucune observation" in delivered.remarks[0]
    assert "TIME_PERIOD=1900, GEO=COM-44109" in delivered.remarks[0]


@recorded_data
def test_an_unknown_data_set_is_told_with_what_was_asked(insee, asker, waits):
    with pytest.raises(NotFound, match=r"DS_NEXISTEPAS.*catalogue-donnees.insee.fr"):
        melodi.observations(asker, "DS_NEXISTEPAS", {}, silent)
    assert waits == [0.5, 1.0, 2.0]
    put(insee, "catalog/DS_NEXISTEPAS", b"erreur", status=500)
    with pytest.raises(Invalid, match=r"DS_NEXISTEPAS.*n’existe pas, ou l’API est en panne"):
        melodi.observations(asker, "DS_NEXISTEPAS", {}, silent)
    put(insee, "catalog/DS_NEXISTEPAS", {"identifier": "DS_NEXISTEPAS"})
    with pytest.raises(Invalid, match=r"ne parvient pas à donner.*DS_NEXISTEPAS.*réponse 500"):
        melodi.observations(asker, "DS_NEXISTEPAS", {}, silent)


@recorded_data
def test_labels_and_files_of_a_data_set(insee, asker):
    deaths = melodi.describe(asker, "DS_EC_DECES")
    assert (deaths.title, deaths.observations) == ("Décès quotidiens et mensuels", 1_204_043)
    assert deaths.modified == "2025-11-28T11:56:10"
    assert "OBS_STATUS_FR" in deaths.description
    assert deaths.concepts["GEO"].labels["2022-DEP-01"] == "Ain"
    assert deaths.concepts["GEO"].labels["2022-REG-01"] == "Guadeloupe"
    assert len(deaths.concepts["GEO"].labels) == 121
    assert deaths.concepts["AGE"].labels["Y_GE85"] == "85 ans ou plus"
    assert deaths.concepts["OBS_STATUS_FR"].labels == {"D": "Définitif", "PROV": "Provisoire"}
    assert deaths.concepts["MEASURE"].labels == {"OBS_VALUE_NIVEAU": "Valeur"}
    assert deaths.products["DS_EC_DECES_CSV_FR"].file == "DS_EC_DECES_CSV_FR.zip"
    assert deaths.products["T1_DECES_JOUR_NAT_FR"].size == 16_716


@recorded_data
def test_a_file_is_downloaded_whole(insee, asker, tmp_path):
    deaths, steps = melodi.describe(asker, "DS_EC_DECES"), Steps()
    (path,) = [path for path in insee.routes if "/file/" in path]
    (whole,) = insee.routes[path]
    insee.routes[path] = [Answer(whole.body, sent=10_000), whole]
    fetched = melodi.download(asker, deaths, "T1_DECES_JOUR_NAT_FR", tmp_path, steps, pause=lambda seconds: None)
    assert fetched.name == "T1_DECES_JOUR_NAT_FR.xlsx"
    assert fetched.path.read_bytes() == whole.body
    assert len(whole.body) == 16_716
    assert whole.body[:4] == b"PK\x03\x04"
    assert steps.seen == [["Téléchargement de T1_DECES_JOUR_NAT_FR.xlsx", 16_716, 16_716]]
    with pytest.raises(NotFound, match=r"pas de fichier «.T9.».*T1_DECES_JOUR_NAT_FR, "):
        melodi.download(asker, deaths, "T9", tmp_path, silent)
    insee.routes[path] = [Answer(status=302, headers={"Location": "https://exemple.fr/a.xlsx"})]
    with pytest.raises(Invalid, match=r"refuse.*302"):
        melodi.download(asker, deaths, "T1_DECES_JOUR_NAT_FR", tmp_path, silent)


@recorded_data
def test_a_filter_that_the_api_refuses_is_named(insee, asker):
    def refused(filters):
        count = asker.address("data/DS_EC_DECES", [*filters.items(), ("totalCount", "TRUE"), ("maxResult", "0")])
        insee.routes[count.removeprefix(insee.url)] = [Answer(b"Bad Request", 400)]
        with pytest.raises(Invalid) as error:
            melodi.observations(asker, "DS_EC_DECES", filters, silent)
        return error.value.detail

    assert "n’a pas de dimension «\u202fSEXE\u202f»" in refused({"SEXE": "F"})
    assert "AGE, DTH_PLACE, EC_MEASURE, FREQ, GEO" in refused({"SEXE": "F"})
    assert "La dimension SEX de «\u202fDS_EC_DECES\u202f» n’a pas le code «\u202fX\u202f»" in refused({"SEX": "X"})
    assert "vérifiez les filtres" in refused({"SEX": "F", "GEO": "DEP-99"})


@recorded_data
def test_the_doctors_of_a_departement_through_pages(site, asker):
    """What Insee's file of the same query holds comes back through four pages, statuses and territories included."""
    with (DATA / "melodi_DS_BPE_medecins_44_2024.csv").open(encoding="utf-8", newline="") as content:
        lines = list(csv.DictReader(content))
    dimensions = [name for name in lines[0] if name not in ("GEO", "GEO_OBJECT", "OBS_VALUE")]
    told = [
        {
            "dimensions": {"GEO": f"2024-{line['GEO_OBJECT']}-{line['GEO']}"} | {d: line[d] for d in dimensions},
            "measures": {"OBS_VALUE_NIVEAU": {"value": float(line["OBS_VALUE"])}},
        }
        for line in lines
    ]
    publish(site, *(told[start : start + 40] for start in range(0, len(told), 40)))
    steps = Steps()
    found = rows(ask(asker, progress=steps))
    assert len(pages_asked(site)) == 4
    assert len(found) == len(lines) == 151
    assert {(row["GEO_MILLESIME"], row["GEO_LEVEL"]) for row in found} == {("2024", "commune")}
    expected = {line["GEO"]: line["OBS_VALUE"] for line in lines}
    assert {row["GEO"]: row["OBS_VALUE"] for row in found} == expected
    assert steps.seen == [["Observations de DS_X", 151, 151]]


# Pages.


def test_pages_are_followed_to_the_end(site, asker):
    publish(site, FIVE[:2], FIVE[2:4], FIVE[4:])
    found = rows(ask(asker))
    assert [(row["GEO"], row["OBS_VALUE"]) for row in found] == [
        ("44001", "1.5"),
        ("44002", "3"),
        ("44003", "4.5"),
        ("44004", "6"),
        ("44005", "7.5"),
    ]


def test_an_empty_page_ends_the_chain(site, asker):
    publish(site, FIVE[:2], [])
    assert len(rows(ask(asker))) == 2


def test_the_last_page_is_the_last_even_if_it_names_another(site, asker):
    publish(site, FIVE[:2], next=f"{site.url}/melodi/data/DS_X?page=9")
    assert len(rows(ask(asker))) == 2


@pytest.mark.parametrize(
    ("paging", "words"),
    [
        ({"isLast": False}, "s’arrête avant la dernière page"),
        ({"isLast": False, "next": "HERE/melodi/data/DS_X?idTerritoire=TRUE&maxResult=2"}, "déjà donnée"),
        ({"isLast": False, "next": "https://exemple.fr/melodi/data/DS_X?page=2"}, "autre serveur"),
        ({"isLast": False, "next": "HERE.exemple.fr/melodi/data/DS_X?page=2"}, "autre serveur"),
        ({"isLast": False, "next": "//exemple.fr/melodi/data/DS_X?page=2"}, "autre serveur"),
        ({"isLast": False, "next": "HERE/ailleurs?page=2"}, "autre serveur"),
        ({"isLast": False, "next": "http://[::1/a"}, "autre serveur"),
        ({"isLast": False, "next": {"a": 1}}, "autre serveur"),
    ],
)
def test_chains_that_do_not_end_well(site, asker, paging, words):
    if isinstance(paging.get("next"), str):
        paging = paging | {"next": paging["next"].replace("HERE", site.url)}
    publish(site, FIVE[:2], **paging)
    with pytest.raises(Invalid, match=words):
        ask(asker)


def test_what_is_given_is_held_to_what_was_announced(site, asker, tmp_path):
    publish(site, FIVE[:2], FIVE[2:4], count=1204)
    with pytest.raises(Invalid, match=r"annonce 1.204 observations et en donne 4"):
        ask(asker, downloads=tmp_path / "d")
    assert not (tmp_path / "d").exists()


def test_pages_that_do_not_belong_together(site, asker):
    publish(site, FIVE[:2], FIVE[1:3])
    with pytest.raises(Invalid, match="deux fois"):
        ask(asker)


def test_without_a_count_progress_is_one_unit(site, asker):
    publish(site, FIVE[:2], FIVE[2:], count=None)
    steps = Steps()
    assert len(rows(ask(asker, progress=steps))) == 5
    assert steps.seen == [["Observations de DS_X", 1, 1]]


def test_too_many_observations(site, asker, monkeypatch):
    monkeypatch.setattr(melodi, "MOST_OBSERVATIONS", 4)
    publish(site, FIVE[:3], FIVE[3:])
    with pytest.raises(TooLarge, match=r"5 observations.*4 acceptées"):
        ask(asker)
    assert pages_asked(site) == []
    publish(site, FIVE[:3], FIVE[3:], count=None)
    with pytest.raises(TooLarge):
        ask(asker)


# Filters.


def test_a_dimension_may_have_several_codes(site, asker):
    query = "GEO=COM-44001&GEO=COM-44002&SEX=F"
    page = {"observations": [observation(f"2025-COM-4400{code}", 1, SEX="F") for code in (1, 2)]}
    put(site, f"data/DS_X?{query}&totalCount=TRUE&maxResult=0", {"observations": [], "paging": {"count": 2}})
    put(site, f"data/DS_X?{query}&idTerritoire=TRUE&maxResult=2", page)
    assert len(rows(ask(asker, {"GEO": ["COM-44001", "COM-44002"], "SEX": "F"}))) == 2


@pytest.mark.parametrize(
    ("filters", "given", "words"),
    [
        ({"SEX": "F"}, [observation("2025-COM-44001", 1)], "n’applique pas le filtre SEX"),
        ({"SEX": "F"}, [observation("2025-COM-44001", 1, SEX="M")], "elle donne aussi «.M.»"),
        ({"GEO": "COM-44001"}, [observation("2025-COM-44002", 1)], "elle donne aussi «.2025-commune-44002.»"),
        ({"GEO": "2024-COM"}, [observation("2025-COM-44002", 1)], "le filtre GEO"),
        ({"GEO": "EPCI-244400404*COM"}, [observation("2025-EPCI-244400404", 1)], "le filtre GEO"),
    ],
)
def test_a_filter_that_the_api_ignores_is_not_believed(site, asker, filters, given, words):
    query = "&".join(f"{name}={code}" for name, code in filters.items()).replace("*", "%2A")
    put(site, f"data/DS_X?{query}&totalCount=TRUE&maxResult=0", {"observations": [], "paging": {"count": 1}})
    put(site, f"data/DS_X?{query}&idTerritoire=TRUE&maxResult=2", {"observations": given})
    with pytest.raises(Invalid, match=words):
        ask(asker, filters)


@pytest.mark.parametrize(
    ("filters", "words"),
    [
        ({"maxResult": "1"}, "Le filtre «.maxResult.» n’est pas le nom d’une dimension"),
        ({"GEO": "44109"}, "Le filtre GEO a reçu «.44109.».*COM-44109"),
        ({"GEO": "com-44109"}, "com-44109"),
        ({"TIME_PERIOD": "2023&GEO=COM"}, "2023&GEO=COM"),
        ({"SEX": []}, "Le filtre SEX a reçu «..»"),
        ({"SEX": ["F", ""]}, "Le filtre SEX a reçu «..»"),
    ],
)
def test_malformed_filters_are_told_before_anything_is_asked(site, asker, filters, words):
    with pytest.raises(Invalid, match=words):
        ask(asker, filters)
    assert site.requests == []


@pytest.mark.parametrize("dataset", ["", "../catalog/all", "ds_x", "DS X", "DS_X?GEO=COM"])
def test_malformed_data_sets(site, asker, dataset):
    for act in (lambda: melodi.observations(asker, dataset, {}, silent), lambda: melodi.describe(asker, dataset)):
        with pytest.raises(Invalid, match="n’est pas l’identifiant"):
            act()
    assert site.requests == []


# The sheet.


def test_every_dimension_and_attribute_has_its_column(site, asker):
    free = {"OBS_STATUS": "A", "CONF_STATUS": "F", "DECIMALS": 1}
    publish(
        site,
        [observation("2025-COM-44001", 99.14, free), observation("2025-DEP-44", 0.0, free | {"OBS_STATUS": "P"})],
        [
            observation("2025-COM-44002", None, free | {"CONF_STATUS": "C"}, SEX="F"),
            observation("2025-COM-44003", None),
        ],
    )
    assert [list(row.values()) for row in rows(ask(asker))] == [
        ["2025", "commune", "44001", None, "2023", "OBS_VALUE_NIVEAU", "observed", "F", "1", "A", "99.14"],
        ["2025", "commune", "44002", "F", "2023", "OBS_VALUE_NIVEAU", "secret", "C", "1", "A", None],
        ["2025", "commune", "44003", None, "2023", "OBS_VALUE_NIVEAU", "missing", None, None, None, None],
        ["2025", "departement", "44", None, "2023", "OBS_VALUE_NIVEAU", "provisional", "F", "1", "P", "0"],
    ]
    assert list(rows(ask(asker))[0]) == [
        "GEO_MILLESIME",
        "GEO_LEVEL",
        "GEO",
        "SEX",
        "TIME_PERIOD",
        "MEASURE",
        "STATUS",
        "CONF_STATUS",
        "DECIMALS",
        "OBS_STATUS",
        "OBS_VALUE",
    ]


def test_an_observation_of_two_measures_is_two_lines(site, asker):
    two = {
        "dimensions": {"TIME_PERIOD": 2023},
        "measures": {"OBS_VALUE_A": {"value": 1}, "OBS_VALUE_B": {"value": "x"}},
    }
    publish(site, [two])
    assert [list(row.values()) for row in rows(ask(asker))] == [
        ["2023", "OBS_VALUE_A", "observed", "1"],
        ["2023", "OBS_VALUE_B", "observed", "x"],
    ]


def test_what_is_not_known_is_remarked(site, asker):
    publish(
        site,
        [observation("2022-OTHER-99", 1), observation("44001", 2)],
        [observation("2022-DEP-44", 3, {"OBS_STATUS": "?"})],
    )
    delivered = ask(asker)
    assert [(row["GEO_LEVEL"], row["GEO"], row["STATUS"]) for row in rows(delivered)] == [
        (None, "44001", "observed"),
        ("OTHER", "99", "observed"),
        ("departement", "44", None),
    ]
    assert len(delivered.remarks) == 2
    assert "«\u202f?\u202f» de OBS_STATUS est inconnu" in delivered.remarks[0]
    assert "Observations concernées\u202f: 1." in delivered.remarks[0]
    assert "ne connaît pas\u202f: OTHER, aucun" in delivered.remarks[1]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<html>", "JSON lisible"),
        (b"[]", "JSON lisible"),
        ({"paging": {}}, "ne contient pas d’observations"),
        ({"observations": [1]}, "sans dimension ou sans mesure"),
        ({"observations": [{"dimensions": {}, "measures": {}}]}, "sans dimension ou sans mesure"),
        ({"observations": [observation("COM-44001", 1, MEASURE="x")]}, "se confondent"),
    ],
)
def test_answers_of_another_form(site, asker, content, words):
    publish(site, FIVE[:1])
    put(site, "data/DS_X?idTerritoire=TRUE&maxResult=2", content)
    with pytest.raises(Invalid, match=words):
        ask(asker)


# The network.


def test_quotas_and_failures_are_waited_for(site, asker, waits):
    publish(site, FIVE[:2])
    path = "/melodi/data/DS_X?idTerritoire=TRUE&maxResult=2"
    site.routes[path] = [
        Answer(status=429, headers={"Retry-After": "7"}),
        Answer(status=503, headers={"Retry-After": "Tue, 06 Jan 2026 11:33:42 GMT"}),
        Answer(site.routes[path][0].body, sent=20),
        *site.routes[path],
    ]
    assert len(rows(ask(asker))) == 2
    assert waits == [7.0, 42.0, 2.0]


def test_a_quota_that_lasts_is_told(site, asker, waits):
    put(site, "data/DS_X?totalCount=TRUE&maxResult=0", b"", status=429)
    with pytest.raises(Invalid, match=r"DS_X.*quota de requêtes dépassé"):
        ask(asker)
    assert waits == [20.0, 40.0, 80.0]
    assert len(site.requests) == asking.ATTEMPTS


@pytest.mark.parametrize("after", ["181", "Tue, 06 Jan 2026 12:33:00 GMT"])
def test_a_wait_too_long_is_told_not_waited(site, asker, waits, after):
    put(site, "data/DS_X?totalCount=TRUE&maxResult=0", b"", status=429, headers={"Retry-After": after})
    with pytest.raises(Invalid, match=r"demande d’attendre (181|3600).s"):
        ask(asker)
    assert waits == []


def test_the_patience_is_that_of_the_whole_delivery(site, asker, waits):
    publish(site, FIVE[:2])
    for path in site.routes:
        site.routes[path] = [Answer(status=429, headers={"Retry-After": "100"}), *site.routes[path]]
    with pytest.raises(Invalid, match=r"demande d’attendre 100.s"):
        ask(asker)
    assert waits == [100.0]


def test_a_body_always_truncated(site, asker, waits):
    publish(site, FIVE[:2])
    path = "/melodi/data/DS_X?idTerritoire=TRUE&maxResult=2"
    site.routes[path] = [Answer(site.routes[path][0].body, sent=20)]
    with pytest.raises(Invalid, match="connexion interrompue"):
        ask(asker)
    assert len(waits) == asking.ATTEMPTS - 1


def test_a_server_that_does_not_answer(waits):
    with (
        Asker("http://127.0.0.1:9/melodi", pause=waits.append) as asker,
        pytest.raises(Invalid, match="interrompue"),
    ):
        ask(asker)


def test_a_server_that_answers_too_late(site, waits):
    publish(site, FIVE[:2])
    late = site.routes["/melodi/data/DS_X?totalCount=TRUE&maxResult=0"][0]

    def sleep_then_answer(headers):
        time.sleep(0.4)
        return late

    site.routes["/melodi/data/DS_X?totalCount=TRUE&maxResult=0"] = [sleep_then_answer]
    with (
        Asker(f"{site.url}/melodi", pause=waits.append, timeout_s=0.1) as asker,
        pytest.raises(Invalid, match="délai dépassé"),
    ):
        ask(asker)


def test_the_size_is_bounded(site, asker):
    publish(site, FIVE[:2])
    put(site, "data/DS_X?idTerritoire=TRUE&maxResult=2", b" " * 500_001)
    with pytest.raises(TooLarge, match="dépasse la limite"):
        ask(asker)


def test_redirections_are_refused(site, asker):
    put(
        site, "data/DS_X?totalCount=TRUE&maxResult=0", b"", status=302, headers={"Location": "https://exemple.fr/"}
    )
    with pytest.raises(Invalid, match="redirige vers une autre adresse"):
        ask(asker)


@pytest.mark.parametrize("base", ["ftp://api.insee.fr", "api.insee.fr", "http://", "http://[::1/"])
def test_bases_that_are_not_addresses(base):
    with pytest.raises(Invalid, match="adresse de l’API"):
        Asker(base)


def test_the_official_address_is_checked_by_tls():
    assert melodi.OFFICIAL.startswith("https://")


# The statuses.


@pytest.mark.parametrize(
    ("codes", "present", "status"),
    [
        ("A", True, Status.OBSERVED),
        ("A,D,F", True, Status.OBSERVED),
        ("A,PROV,F", True, Status.PROVISIONAL),
        ("A,SD,F", True, Status.PROVISIONAL),
        ("E,PROV,F", True, Status.ESTIMATED),
        ("I", True, Status.ESTIMATED),
        ("N", True, Status.NOT_SIGNIFICANT),
        ("N", False, Status.NOT_SIGNIFICANT),
        ("A", False, Status.MISSING),
        ("P", False, Status.MISSING),
        ("L", False, Status.MISSING),
        ("M", False, Status.NOT_APPLICABLE),
        ("M", True, Status.NOT_APPLICABLE),
        ("Q", False, Status.SECRET),
        ("A,,N", True, Status.SECRET),
        ("L,,D", False, Status.SECRET),
        ("A,,S", False, Status.SECRET),
    ],
)
def test_statuses(codes, present, status):
    given = dict(zip(sdmx.STATUS_COLUMNS, (code or None for code in codes.split(",")), strict=False))
    assert sdmx.status_of(given, present) is status


@pytest.mark.parametrize(("column", "code"), [("OBS_STATUS", "Z"), ("OBS_STATUS_FR", "P"), ("CONF_STATUS", "B")])
def test_an_unknown_code_of_status_is_refused(column, code):
    with pytest.raises(Invalid, match=f"«.{code}.» de {column} est inconnu"):
        sdmx.status_of({column: code}, True)
