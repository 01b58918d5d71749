"""Passports over HTTP: JSON for programs, a French page for people, computed on the way where nobody asked before."""

import html
import re
from collections.abc import Iterator

import httpx
import pytest
import sqlalchemy as sa
from deliveries import VALIDATOR, bring
from statuscountry import served
from toycountry import POPULATIONS, country

from boundaries.load import load
from geo.cluster import Cluster
from geo.progress import silent
from indicators.lifecycle import withdraw_release
from indicators.publication import publish
from indicators.statuses import Status
from indicators.tables import Series

PEOPLE: dict[str, float | None] = {code: float(value) for code, value in POPULATIONS.items()}
PRICES: dict[str, float | None] = {code: 1000.25 + 100 * rank for rank, code in enumerate(POPULATIONS)}
SALES: dict[str, float | None] = {
    "35001": 0.0,
    "44001": 10.0,
    "44002": 30.0,
    "44003": 21.0,
    "44004": 20.0,
    "49001": 5.0,
}


def fill(conn: sa.Connection) -> None:
    """Three geographies, of which the middle one waits to be asked for; a mean, a secret, a withdrawn release."""
    load(conn, country(2023), "52", silent)
    load(conn, country(2024), "52", silent)
    load(conn, country(2025), "52", silent)
    bring(conn, "2016", 2023, PEOPLE)
    bring(conn, "2022", 2023, {**PEOPLE, "44001": None, "44002": 260.0}, {"44001": Status.SECRET})
    bring(conn, "2020", 2023, SALES, indicator="ventes_logements")
    bring(conn, "2020", 2023, PRICES, indicator="prix_m2_logement")
    publish(conn, silent)
    bring(conn, "2010", 2023, PEOPLE)
    withdraw_release(conn, publish(conn, silent), VALIDATOR, "essai")


@pytest.fixture(scope="module")
def toy(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, sa.Engine]]:
    with (
        served(cluster, tmp_path_factory.mktemp("passports"), "toy_passports", fill) as (url, engine),
        httpx.Client(base_url=url, timeout=60) as client,
    ):
        yield client, engine


@pytest.fixture(scope="module")
def http(toy: tuple[httpx.Client, sa.Engine]) -> httpx.Client:
    return toy[0]


def identity(http: httpx.Client, indicator: str, place: str, period: str, millesime: int = 2023) -> str:
    """The passport of a value, as the series of its territory gives it."""
    body = http.get(
        f"/api/indicators/{indicator}/series", params={"territory": place, "millesime": millesime}
    ).json()
    found: str = body["passports"][body["periods"].index(period)]
    return found


def text(page: str) -> str:
    """What a page says, without its markup."""
    said = re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", page, flags=re.S)
    return re.sub(r"\s+", " ", html.unescape(said).replace("\u202f", " ").replace("\xa0", " "))


def test_the_series_and_the_values_lead_to_the_same_passport(http: httpx.Client) -> None:
    values = http.get("/api/indicators/population/values?level=commune&period=2016&millesime=2023").json()
    assert f"{values['series']}:commune:44003" == identity(http, "population", "commune:44003", "2016")


def test_a_passport_leads_to_the_lines_and_is_computed_again(http: httpx.Client) -> None:
    body = http.get(f"/api/passports/{identity(http, 'population', 'departement:44', '2016')}").json()
    assert (body["value"], body["recomputed"], body["agrees"]) == (1000.0, 1000.0, True)
    assert [(one["code"], one["value"], one["line"]) for one in body["inputs"]] == [
        ("44001", 100.0, 3), ("44002", 200.0, 4), ("44003", 300.0, 5), ("44004", 400.0, 6),
    ]  # fmt: skip
    assert body["inputs_total"] == 4
    assert body["deliveries"][0]["validator"] == "Jeanne"
    assert body["deliveries"][0]["sha256"] == "0" * 64


def test_inputs_are_paged_and_the_proof_covers_all_of_them(http: httpx.Client) -> None:
    path = f"/api/passports/{identity(http, 'population', 'departement:44', '2016')}"
    body = http.get(path, params={"limit": 2, "offset": 1}).json()
    assert [one["code"] for one in body["inputs"]] == ["44002", "44003"]
    assert (body["inputs_total"], body["inputs_offset"], body["agrees"]) == (4, 1, True)
    assert http.get(path, params={"offset": 9}).json()["inputs"] == []


def test_a_series_that_nobody_asked_for_is_computed_first(toy: tuple[httpx.Client, sa.Engine]) -> None:
    http, engine = toy
    lacking = sa.select(Series.digest).where(
        Series.computed_at.is_(None), Series.indicator == "population", Series.period == "2022"
    )
    with engine.connect() as conn:
        [digest] = conn.scalars(lacking).all()
    body = http.get(f"/api/passports/{digest}:departement:49").json()
    assert (body["millesime"], body["value"], body["agrees"]) == (2024, 1100.0, True)
    with engine.connect() as conn:
        assert conn.scalars(lacking).all() == []


def test_the_answer_has_a_tag_and_refuses_what_it_does_not_know(http: httpx.Client) -> None:
    path = f"/api/passports/{identity(http, 'population', 'commune:44003', '2016')}"
    first = http.get(path)
    assert http.get(path, headers={"If-None-Match": first.headers["etag"]}).status_code == 304
    for wrong, status in (
        ("/api/passports/x", 400),
        ("/api/passports/0123456789abcdef:commune:44001", 404),
        (path.replace("44003", "99999"), 404),
        (path + "?page=2", 400),
        (path + "?limit=0", 400),
        (path + "?limit=10001", 400),
    ):
        answer = http.get(wrong)
        assert answer.status_code == status, wrong
        assert answer.headers["content-type"] == "application/problem+json"


def test_the_page_says_it_all_in_french(http: httpx.Client) -> None:
    said = text(http.get(f"/passeports/{identity(http, 'population', 'departement:44', '2016')}").text)
    for told in (
        "Population municipale D44, département 44, 2016",
        "1 000 habitants",
        "Recalculé depuis ce passeport : 1 000 . C’est la valeur publiée.",
        "Ce qui entre dans le calcul (4 lignes)",
        "Commune 44003 (44003) 300 valeur observée 5 100 % exact",
        "0" * 64,
        "Validée par Jeanne",
        "aucune : les cellules sont celles du fichier",
        "Diffusée le",
        "retirée le",
    ):
        assert told in said, told


def test_a_split_says_its_share_and_that_it_is_an_estimate(http: httpx.Client) -> None:
    said = text(http.get(f"/passeports/{identity(http, 'population', 'commune:44005', '2016', 2024)}").text)
    assert "Valeur estimée." in said
    assert "Commune 44003 (44003) 300 valeur observée 5 20,00 % estimé vers 44005" in said
    assert "Recalculé depuis ce passeport : 60 ." in said
    assert "Géographie au 1er janvier 2024 ; le fichier est dans celle de 2023." in said


def test_a_ratio_leads_to_its_parts_and_a_mean_shows_its_weights(http: httpx.Client) -> None:
    page = http.get(f"/passeports/{identity(http, 'densite', 'epci:200000002', '2016')}").text
    parts = re.findall(r'href="(/passeports/[^"?]+)"', page)
    assert len(parts) == 2
    for part in parts:
        assert http.get(part).status_code == 200
    assert "Numérateur Population municipale 2016 700" in text(page)
    said = text(http.get(f"/passeports/{identity(http, 'prix_m2_logement', 'epci:200000002', '2020')}").text)
    assert "Commune 44003 (44003) 1 300,25 valeur observée 5 100 % exact 21 5" in said


def test_a_secret_is_told_as_one(http: httpx.Client) -> None:
    said = text(http.get(f"/passeports/{identity(http, 'population', 'commune:44001', '2022')}").text)
    assert "Secret statistique." in said
    assert "ne donne pas de valeur non plus" in said


def test_a_wrong_page_is_answered_by_a_page(http: httpx.Client) -> None:
    for path, status in (("/passeports/<script>", 400), ("/passeports/0123456789abcdef:commune:44001", 404)):
        answer = http.get(path)
        assert answer.status_code == status
        assert answer.headers["content-type"].startswith("text/html")
        assert "<script>" not in answer.text.replace('<script src="/static', "")


def test_every_figure_of_the_map_leads_to_its_passport(http: httpx.Client) -> None:
    page = http.get("/cartes?indicateur=population&niveau=commune&periode=2022&millesime=2023").text
    links = re.findall(r'<td class="n"><a href="(/passeports/[^"]+)">', page)
    assert len(links) == 6
    for link in links:
        assert http.get(link).status_code == 200
