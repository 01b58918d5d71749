"""A value of every status, read in every output: never confused, never sorted together, never coloured alike."""

import csv
import html
import io
import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import mapbox_vector_tile
import pytest
import sqlalchemy as sa
from pictures import Picture
from playwright.sync_api import Browser, expect
from statuscountry import STATUSES, YEAR, served

from api.pages.figures import APART
from api.pages.legend import ABSENT, QUALIFIED, WORDS
from geo.cluster import Cluster
from geo.palettes import HATCH, LINES
from indicators.catalogue import catalogue
from indicators.statuses import LABELS, SIGNS, Status

MAP = f"/cartes?niveau=commune&periode=2022&millesime={YEAR}"
FIGURES = {
    code: cell for code, cell in STATUSES.items() if cell[0] is not None and cell[1] is not Status.NOT_SIGNIFICANT
}


@pytest.fixture(scope="module")
def toy(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, sa.Engine]]:
    with served(cluster, tmp_path_factory.mktemp("statuses"), "toy_statuses") as country:
        yield country


@pytest.fixture(scope="module")
def http(toy: tuple[str, sa.Engine]) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=toy[0], timeout=30) as client:
        yield client


@pytest.fixture
def look(browser: Browser, toy: tuple[str, sa.Engine]) -> Iterator[Callable[..., Any]]:
    """Give a function that opens a page of the toy country, and waits until its map is drawn."""
    context = browser.new_context(viewport={"width": 1440, "height": 1300})

    def opened(path: str) -> Any:
        page = context.new_page()
        page.goto(toy[0] + path)
        page.wait_for_function(
            "() => document.getElementById('map_carte').dataset.etat === 'prete'", timeout=90_000
        )
        return page

    yield opened
    context.close()


def table_of(page: str) -> list[tuple[str, str, str]]:
    """Code, figure with its sign, and status in words of every row of the table of a page."""
    rows = re.findall(
        r'<td class="code">(\w+)</td>.*?<td class="n">(.*?)</td>(?:<td class="statut">(.*?)</td>)?</tr>',
        page,
        re.S,
    )
    return [(code, html.unescape(re.sub(r"<[^>]+>", "", figure)).strip(), note) for code, figure, note in rows]


def test_every_status_has_a_word_a_sign_and_a_mark_of_its_own() -> None:
    assert set(LABELS) == set(SIGNS) == set(Status)
    assert len(set(LABELS.values())) == len(set(SIGNS.values())) == len(Status)
    assert set(APART) == set(ABSENT)
    assert set(ABSENT) | set(QUALIFIED) | {Status.OBSERVED} == set(Status)
    assert not set(ABSENT) & set(QUALIFIED)
    marks = (ABSENT | QUALIFIED).values()
    assert len({(pattern.path, pattern.ink, pattern.background) for pattern in marks}) == len(Status) - 1
    assert {status for _, status, _ in STATUSES.values()} == set(Status)


def test_secret_is_vertical_on_grey_and_missing_diagonal_on_white() -> None:
    assert ABSENT[Status.SECRET] is LINES
    assert re.fullmatch(r"M(\S+) \S+V\S+", LINES.path)
    assert LINES.background == "#eceae4"
    assert ABSENT[Status.MISSING] is HATCH
    assert HATCH.background == "#ffffff"


def test_the_database_never_holds_a_bare_null(toy: tuple[str, sa.Engine]) -> None:
    with toy[1].connect() as conn:
        nullable = conn.execute(
            sa.text(
                "SELECT column_name FROM information_schema.columns "
                "WHERE table_schema = 'indicators' AND table_name = 'value' AND is_nullable = 'YES'"
            )
        ).scalars()
        assert list(nullable) == ["value"]
        known = set(conn.scalars(sa.text("SELECT unnest(enum_range(NULL::indicators.status))::text")))
    assert known == {status.value for status in Status}


def test_json_has_a_status_beside_every_value(http: httpx.Client) -> None:
    body = http.get(
        "/api/indicators/population/values", params={"level": "commune", "period": "2022", "millesime": YEAR}
    ).json()
    found = dict(
        zip(body["codes"], zip(body["values"], body["statuses"], body["coverages"], strict=True), strict=True)
    )
    assert found == {code: (value, status.value, share) for code, (value, status, share) in STATUSES.items()}
    assert body["coverage"]["statuses"] == {
        status.value: sum(own is status for _, own, _ in STATUSES.values()) for status in Status
    }


def test_a_series_has_a_status_beside_every_value(http: httpx.Client) -> None:
    for code, (value, status, share) in STATUSES.items():
        query = {"territory": f"commune:{code}", "millesime": YEAR}
        body = http.get("/api/indicators/population/series", params=query).json()
        assert (body["values"][-1], body["statuses"][-1], body["coverages"][-1]) == (value, status.value, share)


def test_the_spreadsheet_has_the_print_signs(http: httpx.Client) -> None:
    query = {"level": "commune", "period": "2022", "millesime": YEAR, "f": "csv"}
    text = http.get("/api/indicators/population/values", params=query).content.decode("utf-8-sig")
    rows = {row["Code"]: row for row in csv.DictReader(io.StringIO(text), delimiter=";")}
    column = "Population municipale 2022 (habitants)"
    told = {code: (row[column], row["Signe"], row["Statut"]) for code, row in rows.items()}
    assert told["44001"] == ("100", "", "observée")
    assert told["44002"] == ("200", "p", "provisoire")
    assert told["44003"] == ("300", "e", "estimée")
    assert told["44004"] == ("400", "partiel", "partielle")
    assert told["44005"] == ("n.s.", "", "non significative")
    assert told["44006"] == ("s", "", "secret statistique")
    assert told["44007"] == ("...", "", "donnée absente")
    assert told["44008"] == ("///", "", "sans objet")
    assert told["44009"][1:] == ("", "conversion impossible")
    assert told["44010"] == ("0", "", "observée")
    assert rows["44004"]["Part couverte"] == "0,5"


def test_geojson_has_a_status_beside_every_value(http: httpx.Client) -> None:
    query = {"millesime": YEAR, "indicator": "population:2022"}
    features = http.get("/api/collections/communes/items", params=query).json()["features"]
    found = {
        feature["id"]: tuple(feature["properties"][name] for name in ("value", "status", "coverage"))
        for feature in features
    }
    assert found == {code: (value, status.value, share) for code, (value, status, share) in STATUSES.items()}


def test_tiles_have_a_status_beside_every_value(http: httpx.Client) -> None:
    answer = http.get(f"/api/tiles/{YEAR}/commune/7/64/44.mvt", params={"indicator": "population:2022"})
    tile = mapbox_vector_tile.decode(answer.content)
    for layer in ("commune", "commune-centres"):
        found = {
            feature["properties"]["code"]: (feature["properties"].get("value"), feature["properties"]["status"])
            for feature in tile[layer]["features"]
        }
        assert found == {code: (value, status.value) for code, (value, status, _) in STATUSES.items()}


@pytest.mark.parametrize("order", ["valeur", "valeur-croissante"])
@pytest.mark.parametrize("indicator", ["population", "densite"])
def test_the_table_puts_what_has_no_figure_apart_by_status(http: httpx.Client, indicator: str, order: str) -> None:
    rows = table_of(http.get(f"{MAP}&indicateur={indicator}&tri={order}").text)
    figures = sorted(FIGURES, key=lambda code: FIGURES[code][0] or 0, reverse=order == "valeur")
    assert [code for code, _, _ in rows[: len(figures)]] == figures
    assert [code for code, _, _ in rows[len(figures) :]] == ["44005", "44006", "44007", "44009", "44008"]
    assert [told for _, told, _ in rows[len(figures) :]] == ["n.s.", "s", "…", "n.c.", "///"]
    notes = {code: note for code, _, note in rows}
    for code, (_, status, _) in STATUSES.items():
        assert notes[code].startswith("" if status is Status.OBSERVED else WORDS[status])
    assert "50\u202f% du territoire couvert" in notes["44004"]


def test_signs_stand_after_the_figures_that_need_one(http: httpx.Client) -> None:
    told = {code: figure for code, figure, _ in table_of(http.get(f"{MAP}&indicateur=population").text)}
    assert told["44002"] == "200 p"
    assert told["44003"] == "300 e"
    assert told["44004"] == "400 partiel"
    assert told["44010"] == "0"


def test_the_sentence_speaks_of_figures_alone(http: httpx.Client) -> None:
    page = http.get(f"{MAP}&indicateur=population").text
    total = sum(value or 0 for value, _, _ in FIGURES.values())
    assert f"Les 10 communes qui ont une valeur (sur 15) réunissent {total:,.0f}".replace(",", "\u202f") in page


@pytest.mark.parametrize("indicator", ["population", "densite"])
def test_the_legend_counts_every_territory_once_and_qualifies_some(http: httpx.Client, indicator: str) -> None:
    page = http.get(f"{MAP}&indicateur={indicator}").text
    lines = dict(re.findall(r'<th scope="row">([^<]*)</th><td>(\d+)</td></tr>', page))
    for status in ABSENT:
        assert lines[html.escape(WORDS[status])] == "1"
    for status in QUALIFIED:
        assert lines[WORDS[status]] == "1"
    if indicator == "population":
        assert lines["valeur nulle (sans cercle)"] == "1"
    else:
        classes = [int(n) for label, n in lines.items() if html.unescape(label) not in WORDS.values()]
        assert sum(classes) == len(FIGURES)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("indicateur=population&forme=choroplethe", "demandez la carte par cercles proportionnels"),
        ("indicateur=densite&forme=cercles", "demandez la carte par aplats de couleur"),
        ("indicateur=densite&forme=categories", "demandez la carte par aplats de couleur"),
        ("indicateur=population&methode=quantiles", "se lit sans elles"),
        ("indicateur=population&classes=5", "se lit sans elles"),
        ("indicateur=evolution_annuelle&periode=2022", "par exemple 2016-2022"),
        ("indicateur=grille_densite&tri=valeur", "rangez les territoires par nom ou par code"),
        ("indicateur=grille_densite&forme=choroplethe", "demandez la carte par catégories"),
        ("indicateur=grille_densite&methode=quantiles", "se lit sans elles"),
    ],
)
def test_a_form_that_the_nature_forbids_is_refused_with_the_one_it_has(
    http: httpx.Client, query: str, said: str
) -> None:
    answer = http.get(f"/cartes?{query}")
    assert answer.status_code == 422
    assert said in answer.text
    assert "Opération refusée" in answer.text


@pytest.mark.parametrize("query", ["indicateur=population&forme=cercles", "indicateur=densite&forme=choroplethe"])
def test_the_form_of_the_nature_may_be_asked_for(http: httpx.Client, query: str) -> None:
    assert http.get(f"/cartes?{query}").status_code == 200
    assert http.get("/cartes?indicateur=densite&forme=anamorphose").status_code == 400


def test_categories_are_named_everywhere_and_never_ranked(
    http: httpx.Client, look: Callable[..., Any], picture: Picture
) -> None:
    item = catalogue()["grille_densite"]
    page = look(f"{MAP}&indicateur={item.id}")
    legend = page.locator(".classes th[scope=row]").all_inner_texts()
    assert legend[: len(item.categories)] == [item.categories[code] for code in sorted(item.categories)]
    assert page.locator(".distribution").count() == 0
    assert page.locator("th[aria-sort]").inner_text() == "Commune"
    rows = page.locator(".tableau tbody tr")
    assert item.categories[1] in rows.nth(0).inner_text()
    page.get_by_role("button", name="Commune 44002").click()
    expect(page.locator("#bulle")).to_contain_text(item.categories[2])
    picture(page, "statuts-typologie")
    query = {"level": "commune", "period": "2022", "millesime": YEAR, "f": "csv"}
    text = http.get(f"/api/indicators/{item.id}/values", params=query).content.decode("utf-8-sig")
    assert f";{item.categories[1]};" in text


@pytest.mark.parametrize("indicator", ["densite", "population"])
def test_the_map_paints_each_reason_with_its_own_mark(
    look: Callable[..., Any], picture: Picture, indicator: str
) -> None:
    page = look(f"{MAP}&indicateur={indicator}")
    gl = "window.ores_carte.tiles.getMaplibreMap()"
    painted = page.evaluate(
        f"""(names) => Object.fromEntries(names.map((name) => [name,
          {gl}.getLayoutProperty("commune-" + name, "visibility") === "visible"
            ? {gl}.getFilter("commune-" + name)[2] : []]))""",
        [pattern.name for pattern in (*ABSENT.values(), *QUALIFIED.values())],
    )
    for status, pattern in (ABSENT | QUALIFIED).items():
        assert painted[pattern.name] == [code for code, (_, own, _) in STATUSES.items() if own is status]
    drawn = page.evaluate(
        f"""(layer) => Object.fromEntries({gl}.querySourceFeatures("commune", {{ sourceLayer: layer }}).map((f) =>
          [f.properties.code, {gl}.getFeatureState({{ source: "commune", sourceLayer: layer, id: f.id }})]))""",
        "commune" if indicator == "densite" else "commune-centres",
    )
    coloured = {code for code, state in drawn.items() if state.get("couleur")}
    assert coloured == set(FIGURES)
    if indicator == "population":
        assert drawn["44010"]["rayon"] == 0
    picture(page, f"statuts-{indicator}")


def test_the_tooltip_tells_the_status_of_each(look: Callable[..., Any]) -> None:
    page = look(f"{MAP}&indicateur=population")
    tooltip = page.locator("#bulle")
    for code, (value, status, _) in STATUSES.items():
        page.get_by_role("button", name=f"Commune {code}").click()
        expect(tooltip).to_contain_text(code)
        told = tooltip.inner_text()
        if status is not Status.OBSERVED:
            assert WORDS[status] in told
        assert ("hab." in told) == (code in FIGURES)
        if value == 0:
            assert re.search(r"(^|\D)0\s*hab\.", told)
    assert "50\u202f% du territoire couvert" in _told(page, "44004")


def _told(page: Any, code: str) -> str:
    page.get_by_role("button", name=f"Commune {code}").click()
    expect(page.locator("#bulle")).to_contain_text(code)
    return str(page.locator("#bulle").inner_text())
