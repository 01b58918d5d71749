"""geo.api.gouv.fr as a source of populations: asked departement by departement, or read from recorded answers."""

import json

import pandas as pd
import pytest
from webserver import Answer, Steps, opened

from boundaries.levels import Level
from geo.errors import Invalid
from geo.progress import silent
from indicators.sources import geo_api

DEPARTEMENTS = [
    {"nom": "Loire-Atlantique", "code": "44", "codeRegion": "52"},
    {"nom": "Vendée", "code": "85", "codeRegion": "52"},
    {"nom": "Ille-et-Vilaine", "code": "35", "codeRegion": "53"},
]


def commune(code, nom, population=None, region="52"):
    """Return a commune as the API writes it: an absent field is absent, not null."""
    given = {"nom": nom, "code": code, "codeDepartement": code[:2], "codeRegion": region}
    return given if population is None else given | {"population": population}


NANTES = commune("44109", "Nantes", 327734)
VALLONS = commune("44180", "Vallons-de-l'Erdre", 6600)
YEU = commune("85113", "L'Île-d'Yeu", 4798)
OIE = commune("85165", "L'Oie")
REDON = commune("35236", "Redon", 9210, "53")


@pytest.fixture
def api():
    with opened() as site:

        def put(path, content):
            site.routes[path] = [Answer(json.dumps(content).encode())]

        put("/departements", DEPARTEMENTS)
        put("/departements/44/communes", [VALLONS, NANTES])
        put("/departements/85/communes", [OIE, YEU])
        put("/departements/35/communes", [REDON])
        yield site


def read(location, tmp_path, level=Level.REGION, code="52", progress=silent):
    return geo_api.populations(
        str(location), level, code, tmp_path / "cache", progress, pause=lambda seconds: None
    )


def lines(delivered):
    (sheet,) = delivered.sheets
    cells = pd.concat(sheet.batches()).to_numpy().tolist()
    return [[None if pd.isna(cell) else cell for cell in line] for line in cells]


REGION = [
    ["code", "nom", "population"],
    ["44109", "Nantes", "327734"],
    ["44180", "Vallons-de-l'Erdre", "6600"],
    ["85113", "L'Île-d'Yeu", "4798"],
    ["85165", "L'Oie", None],
]


def test_a_region_is_asked_departement_by_departement(api, tmp_path):
    steps = Steps()
    delivered = read(f"{api.url}/", tmp_path, progress=steps)
    assert lines(delivered) == REGION
    assert [path.partition("?")[0] for path, _ in api.requests] == [
        "/departements",
        "/departements/44/communes",
        "/departements/85/communes",
    ]
    assert "fields=code,nom,population,codeDepartement,codeRegion" in api.requests[1][0]
    assert [step[1:] for step in steps.seen] == [[2, 2]]
    assert "sans dire leur année" in delivered.remarks[0]
    assert delivered.name == "geo.api.gouv.fr, populations, région 52"


def test_a_departement_alone_and_the_same_answer_known_again(api, tmp_path):
    first = read(api.url, tmp_path, Level.DEPARTEMENT, "44")
    assert lines(first) == REGION[:3]
    api.routes["/departements/44/communes"] = [Answer(json.dumps([NANTES, VALLONS], indent=2).encode())]
    again = read(api.url, tmp_path, Level.DEPARTEMENT, "44")
    assert again.sha256 == first.sha256
    api.routes["/departements/44/communes"] = [Answer(json.dumps([NANTES]).encode())]
    assert read(api.url, tmp_path, Level.DEPARTEMENT, "44").sha256 != first.sha256


def test_the_api_asks_for_patience(api, tmp_path):
    path = "/departements/44/communes"
    api.routes[path] = [Answer(status=429, headers={"Retry-After": "5"}), Answer(status=503), *api.routes[path]]
    assert lines(read(api.url, tmp_path)) == REGION


def test_recorded_answers_whatever_their_form(tmp_path):
    folder = tmp_path / "d"
    folder.mkdir()
    outlines = {
        "type": "FeatureCollection",
        "features": [{"type": "Feature", "properties": p} for p in (YEU, OIE)],
    }
    for name, content in {"a": DEPARTEMENTS, "b": [VALLONS, NANTES, REDON], "c": outlines, "d": [YEU]}.items():
        (folder / f"{name}.json").write_text(json.dumps(content), "utf-8")
    assert lines(read(folder, tmp_path)) == REGION
    assert lines(read(folder / "b.json", tmp_path, Level.REGION, "53"))[1:] == [["35236", "Redon", "9210"]]


def test_what_cannot_be_answered(api, tmp_path):
    with pytest.raises(Invalid, match=r"ne connaît pas de région «.99.».*52, 53"):
        read(api.url, tmp_path, code="99")
    with pytest.raises(Invalid, match=r"ne connaît pas de département «.4.».*35, 44, 85"):
        read(api.url, tmp_path, Level.DEPARTEMENT, "4")
    with pytest.raises(Invalid, match="par département ou région, non par EPCI"):
        read(api.url, tmp_path, Level.EPCI, "244400404")
    api.routes["/departements/44/communes"] = [Answer(b"[]")]
    with pytest.raises(Invalid, match=r"aucune commune .département 44."):
        read(api.url, tmp_path, Level.DEPARTEMENT, "44")
    api.routes["/departements/44/communes"] = [Answer(b'{"message": "erreur"}')]
    with pytest.raises(Invalid, match="ni une liste, ni une collection"):
        read(api.url, tmp_path)
    api.routes["/departements/44/communes"] = [Answer(json.dumps([NANTES, NANTES | {"population": 1}]).encode())]
    with pytest.raises(Invalid, match="la commune 44109 de deux façons"):
        read(api.url, tmp_path)
    api.routes["/departements/44/communes"] = [Answer(status=302, headers={"Location": "https://exemple.fr/"})]
    with pytest.raises(Invalid, match=r"refuse.*302"):
        read(api.url, tmp_path)
