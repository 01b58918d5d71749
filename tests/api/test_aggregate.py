"""One value for a set of territories, over HTTP: by its nature, with its coverage, or refused."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from statuscountry import COMMUNES, PLAIN, STATUSES, YEAR, served

from boundaries import sets
from boundaries.levels import Level
from boundaries.places import Place
from geo.cluster import Cluster
from geo.errors import Invalid
from indicators.aggregates import over_set
from indicators.catalogue import catalogue
from indicators.natures import Nature, NatureForbids, Operation
from indicators.statuses import Status


@pytest.fixture(scope="module")
def toy(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, sa.Engine]]:
    with served(cluster, tmp_path_factory.mktemp("aggregate"), "toy_aggregate") as country:
        yield country


@pytest.fixture(scope="module")
def http(toy: tuple[str, sa.Engine]) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=toy[0], timeout=30) as client:
        yield client


@pytest.fixture
def base(toy: tuple[str, sa.Engine]) -> Iterator[sa.Connection]:
    with toy[1].connect() as conn:
        yield conn


def ask(http: httpx.Client, indicator: str, **query: Any) -> dict[str, Any]:
    answer = http.get(f"/api/indicators/{indicator}/aggregate", params={"millesime": YEAR, **query})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def refused(http: httpx.Client, indicator: str, status: int, **query: Any) -> dict[str, Any]:
    answer = http.get(f"/api/indicators/{indicator}/aggregate", params={"millesime": YEAR, **query})
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    return body


def communes(*codes: str) -> str:
    return ",".join(f"commune:{code}" for code in codes)


def test_a_stock_is_summed_and_says_what_it_is(http: httpx.Client) -> None:
    body = ask(http, "population", territories=communes("44001", "44011", "44010"), period="2022")
    assert (body["value"], body["status"], body["operation"]) == (1200.0, "observed", "sum")
    assert body["unit"] == "habitants"
    assert body["millesime"] == YEAR
    assert body["periods"] == ["2022"]
    assert body["formula"] == "somme de population 2022"
    assert body["coverage"] == {
        "share": 1.0, "territories": 3, "with_value": 3, "without_value": 0, "statuses": {"observed": 3},
        "secret": 0, "missing": 0,
    }  # fmt: skip
    assert body["territories"] == ["commune:44001", "commune:44010", "commune:44011"]


def test_a_secret_makes_the_sum_partial_and_is_counted(http: httpx.Client) -> None:
    body = ask(http, "population", territories=communes("44001", "44006", "44007"), period="2022")
    assert (body["value"], body["status"]) == (100.0, "partial")
    assert body["coverage"]["share"] == pytest.approx(1 / 3)
    assert (body["coverage"]["secret"], body["coverage"]["missing"]) == (1, 1)
    assert "La valeur ne couvre pas tout l’ensemble : elle n’en est pas le total." in body["notes"]
    alone = ask(http, "population", territories=communes("44006"), period="2022")
    assert (alone["value"], alone["status"], alone["status_label"]) == (None, "secret", "secret statistique")


def test_a_density_is_the_ratio_of_the_sums_and_not_the_mean(http: httpx.Client) -> None:
    body = ask(http, "densite", territories=communes("44001", "44011"), period="2022")
    assert body["value"] == pytest.approx((100 + 1100) / (2 + 2), rel=1e-15)
    assert [(part["role"], part["indicator"], part["period"], part["value"]) for part in body["parts"]] == [
        ("numerator", "population", "2022", 1200.0),
        ("denominator", "surface", str(YEAR), 4.0),
    ]
    assert body["formula"] == f"somme de population 2022 / somme de surface {YEAR}"


def test_a_ratio_leaves_out_what_is_not_whole_on_both_sides(http: httpx.Client) -> None:
    body = ask(http, "densite", territories=communes("44001", "44004", "44005", "44006"), period="2022")
    assert (body["value"], body["status"]) == (50.0, "partial")
    assert body["coverage"]["share"] == 0.25
    assert (body["coverage"]["with_value"], body["coverage"]["without_value"]) == (1, 3)


def test_a_rate_of_growth_is_computed_on_the_sums_between_exact_dates(http: httpx.Client) -> None:
    body = ask(http, "evolution_annuelle", territories=communes("44001", "44011"), period="2016-2022")
    before = PLAIN["44001"] + PLAIN["44011"]
    assert body["value"] == pytest.approx(100 * ((1200 / before) ** (1 / 6) - 1), rel=1e-14)
    assert [(part["role"], part["value"]) for part in body["parts"]] == [("first", before), ("last", 1200.0)]
    told = refused(http, "evolution_annuelle", 422, territories=communes("44001"), period="2022")
    assert "entre deux dates" in told["detail"]
    assert told["instead"] == "donnez les deux, par exemple 2016-2022"
    refused(http, "evolution_annuelle", 400, territories=communes("44001"), period="2020-2022")


def test_over_time_a_stock_has_a_last_value_or_a_mean_and_no_sum(http: httpx.Client) -> None:
    chosen = communes("44001", "44002")
    query = {"territories": chosen, "periods": "2022,2016", "over": "time"}
    last = ask(http, "population", **query)
    assert (last["value"], last["operation"], last["status"]) == (300.0, "last", "provisional")
    assert last["periods"] == ["2016", "2022"]
    mean = ask(http, "population", **query, operation="mean")
    assert mean["value"] == pytest.approx((PLAIN["44001"] + PLAIN["44002"] + 300) / 2)
    told = refused(http, "population", 422, **query, operation="sum")
    assert "compté à chaque date" in told["detail"]
    assert told["accepted"] == ["last", "mean"]
    assert refused(http, "densite", 422, **query)["nature"] == "density"


@pytest.mark.parametrize("operation", sorted(set(Operation) - {Operation.SUM}))
def test_a_stock_is_nothing_but_summed_over_space(http: httpx.Client, operation: str) -> None:
    told = refused(http, "population", 422, territories=communes("44001"), period="2022", operation=operation)
    assert told["title"] == "Opération refusée"
    assert told["accepted"] == ["sum"]
    assert "demandez la somme" in told["detail"]


def test_every_indicator_refuses_every_operation_but_its_own(http: httpx.Client) -> None:
    served = {one["id"] for one in http.get("/api/indicators").json()["indicators"]}
    assert len(served) > 4
    for item in (one for one in catalogue().values() if one.id in served):
        for operation in Operation:
            if operation is item.nature.rules.over_space:
                continue
            told = refused(http, item.id, 422, territories=communes("44001"), period="2022", operation=operation)
            assert " À la place, " in told["detail"]
            assert told["nature"] == item.nature


def test_the_territories_of_a_level_within_another(http: httpx.Client) -> None:
    body = ask(http, "population", within="departement:44", level="commune", period="2016")
    assert body["value"] == sum(value for code, value in PLAIN.items() if code.startswith("44"))
    assert body["coverage"]["territories"] == 12
    straddling = ask(http, "population", within="departement:44", level="epci", period="2016")
    assert straddling["value"] == sum(value for code, value in PLAIN.items() if code != "75056")
    assert any("200000002" in note and "au-delà" in note for note in straddling["notes"])


def test_the_communes_of_an_epci_make_what_is_published_of_it(http: httpx.Client) -> None:
    for epci in ("200000001", "200000002", "200000003"):
        whole = ask(http, "population", territories=f"epci:{epci}", period="2016")
        parts = ask(http, "population", within=f"epci:{epci}", level="commune", period="2016")
        assert (whole["value"], whole["status"], whole["coverage"]["share"]) == (
            parts["value"], parts["status"], parts["coverage"]["share"],
        )  # fmt: skip


def test_coverage_weighs_territories_by_their_communes(http: httpx.Client) -> None:
    # 3.5 of the 4 communes of the first EPCI are covered, and the lone commune
    body = ask(http, "population", territories="epci:200000001,commune:44011", period="2022")
    assert body["coverage"]["share"] == pytest.approx((3.5 + 1) / 5)
    assert body["status"] == "partial"


@pytest.mark.parametrize(
    ("territories", "shared"),
    [
        ("commune:44001,epci:200000001", "commune:44001"),
        ("epci:200000002,departement:44", "commune:4400"),
        ("commune:44001,commune:44001", "deux fois"),
        ("region:52,departement:49", "commune:4900"),
        ("commune:75056,arrondissement-municipal:75101", "commune:75056"),
        ("departement:75,arrondissement-municipal:75102", "commune:75056"),
    ],
)
def test_what_overlaps_is_refused_so_that_nothing_is_counted_twice(
    base: sa.Connection, http: httpx.Client, territories: str, shared: str
) -> None:
    with pytest.raises(Invalid, match=r"comptée? deux fois") as refusal:
        sets.chosen(base, sets.parse(territories), YEAR)
    assert shared in refusal.value.detail
    assert (
        refused(http, "population", 400, territories=territories, period="2016")["detail"] == refusal.value.detail
    )


def test_arrondissements_of_one_city_are_apart(base: sa.Connection) -> None:
    text = "arrondissement-municipal:75101,arrondissement-municipal:75102,commune:44001"
    members = sets.chosen(base, sets.parse(text), YEAR)
    assert members.units == [1, 1, 1]


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ({"period": "2022"}, 400, "Donnez les territoires"),
        ({"territories": "commune:44001", "level": "commune", "period": "2022"}, 400, "Donnez les territoires"),
        ({"level": "commune", "period": "2022"}, 400, "Donnez les territoires"),
        ({"territories": "commune:44001"}, 400, "period=2022"),
        ({"territories": "commune:44001", "periods": "2016,2022"}, 400, "over=time"),
        ({"territories": "commune:44001", "periods": "2016", "over": "time"}, 400, "au moins deux périodes"),
        ({"territories": "commune:99999", "period": "2022"}, 404, "commune:99999"),
        ({"territories": "commune:1", "period": "2022"}, 400, "mal formé"),
        ({"territories": "", "period": "2022"}, 400, "mal formé"),
        ({"territories": "commune:44001", "period": "1999"}, 404, "2016, 2022"),
        ({"territories": "departement:44", "period": "2022"}, 400, "n’est pas publié au niveau"),
        ({"territories": "commune:44001", "period": "2022", "operation": "somme"}, 400, "weighted-mean"),
        ({"territories": "commune:44001", "period": "2022", "autre": "1"}, 400, "Paramètre inconnu"),
        ({"territories": communes(*COMMUNES * 150), "period": "2022"}, 413, "au plus 2000"),
    ],
)
def test_a_malformed_question_is_answered_with_what_is_accepted(
    http: httpx.Client, query: dict[str, str], status: int, said: str
) -> None:
    assert said in refused(http, "population", status, **query)["detail"]


def test_the_largest_set_goes_through_one_address(http: httpx.Client) -> None:
    text = ",".join(f"commune:{n:05}" for n in range(10_000, 10_000 + sets.LIMIT))
    assert "commune:10000" in refused(http, "population", 404, territories=text, period="2022")["detail"]


def test_an_answer_is_the_same_whatever_the_order_and_is_revalidated(http: httpx.Client) -> None:
    one = ask(http, "population", territories=communes("44001", "44002"), period="2022")
    two = ask(http, "population", territories=communes("44002", "44001"), period="2022")
    assert one == two
    url = f"/api/indicators/population/aggregate?territories=commune:44001&period=2022&millesime={YEAR}"
    tag = http.get(url).headers["etag"]
    assert http.get(url, headers={"If-None-Match": tag}).status_code == 304
    assert http.head(url).status_code == 200


def test_the_other_natures_follow_their_own_formula(base: sa.Connection) -> None:
    members = sets.chosen(base, [Place(Level.COMMUNE, code) for code in ("44001", "44011")], YEAR)
    density = catalogue()["densite"]
    mean = density.model_copy(update={"nature": Nature.WEIGHTED_MEAN, "weight": "population"})
    found = over_set(base, mean, members, "2022")
    assert found.made.value == pytest.approx((100 * 50 + 1100 * 550) / 1200)
    assert [part.role for part in found.parts] == ["weighted_sum", "weights"]
    index = density.model_copy(
        update={"nature": Nature.INDEX, "numerator": "population", "base_period": "2016", "derivation": "index"}
    )
    assert over_set(base, index, members, "2022").made.value == pytest.approx(
        100 * 1200 / (PLAIN["44001"] + PLAIN["44011"])
    )
    median = density.model_copy(update={"nature": Nature.MEDIAN})
    with pytest.raises(NatureForbids, match="aucune formule ne donne la médiane"):
        over_set(base, median, members, "2022")
    bare = density.model_copy(update={"nature": Nature.RATIO, "numerator": None})
    with pytest.raises(NatureForbids, match="n’a pas son numérateur"):
        over_set(base, bare, members, "2022")


def test_a_typology_gives_the_share_of_each_category(base: sa.Connection) -> None:
    item = catalogue()["population"].model_copy(
        update={"nature": Nature.TYPOLOGY, "categories": {100: "Petite", 1100: "Grande"}}
    )
    members = sets.chosen(base, [Place(Level.COMMUNE, code) for code in ("44001", "44011", "44006")], YEAR)
    found = over_set(base, item, members, "2022")
    assert found.shares == {100.0: 0.5, 1100.0: 0.5}
    assert (found.made.value, found.made.status) == (None, Status.NOT_APPLICABLE)
    assert found.made.coverage == pytest.approx(2 / 3)
    assert found.statuses == {Status.OBSERVED: 2, Status.SECRET: 1}


def test_every_status_is_weighed(http: httpx.Client) -> None:
    body = ask(http, "population", within="departement:44", level="commune", period="2022")
    present = [value for code, (value, _, _) in STATUSES.items() if value is not None and code.startswith("44")]
    assert body["value"] == sum(present)
    assert body["status"] == "partial"
    # 44008 has no object and is not to be covered; 44004 is covered by half
    assert body["coverage"]["share"] == pytest.approx((len(present) - 0.5) / 11)
    assert body["coverage"]["statuses"] == {
        "observed": 4, "provisional": 1, "estimated": 1, "partial": 1, "not-significant": 1, "secret": 1,
        "missing": 1, "not-applicable": 1, "impossible": 1,
    }  # fmt: skip
