"""OGC API Features part 1, items and one item, by the names of their abstract tests, on a small country.

The communes 44001 to 44012 are a grid, four by three, of squares of 0.1 degree from (0, 47); 49001 and 49002 are east of
it, Paris (75056) further east.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

COMMUNES = "/api/collections/communes/items"
DENSITE = "/api/collections/densite/items"
ALL = [*(f"440{n:02}" for n in range(1, 13)), "49001", "49002", "75056"]


def body(country: httpx.Client, address: str = COMMUNES, **query: Any) -> dict[str, Any]:
    answer = country.get(address, params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/geo+json"
    found: dict[str, Any] = answer.json()
    return found


def codes(country: httpx.Client, address: str = COMMUNES, **query: Any) -> list[str]:
    return [feature["id"] for feature in body(country, address, **query)["features"]]


def refused(country: httpx.Client, status: int = 400, address: str = COMMUNES, **query: Any) -> str:
    answer = country.get(address, params=query)
    assert answer.status_code == status, answer.text[:300]
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    detail: str = answer.json()["detail"]
    return detail


def links(found: dict[str, Any]) -> dict[str, str]:
    return {link["rel"]: link["href"] for link in found["links"] if link["rel"] != "alternate"}


def test_conf_core_fc_op(country: httpx.Client, listed: dict[str, dict[str, Any]]) -> None:
    """/conf/core/fc-op: the features of every collection."""
    for name in listed:
        if name == "catalogue":
            continue
        found = body(country, f"/api/collections/{name}/items", limit=20)
        assert found["type"] == "FeatureCollection", name


def test_conf_core_fc_response(country: httpx.Client) -> None:
    """/conf/core/fc-response: numbers, moment and links."""
    before = datetime.now(UTC) - timedelta(seconds=1)
    found = body(country, limit=4, count="exact")
    assert found["numberReturned"] == len(found["features"]) == 4
    assert found["numberMatched"] == 15
    assert before <= datetime.fromisoformat(found["timeStamp"]) <= datetime.now(UTC)
    for feature in found["features"]:
        assert feature["type"] == "Feature"
        assert feature["geometry"]["type"] == "MultiPolygon"
        assert list(feature["properties"]) == [
            "code", "nom", "departement", "region", "epci", "millesime", "emprise",
        ]  # fmt: skip


def test_conf_core_fc_links(country: httpx.Client) -> None:
    """/conf/core/fc-links and fc-rel-type: itself, each other format, the collection; every link has its type."""
    found = body(country, limit=4)
    assert all(link["href"] and link["rel"] and link["type"] for link in found["links"])
    assert links(found)["self"].endswith(f"{COMMUNES}?limit=4")
    assert links(found)["collection"].endswith("/api/collections/communes")
    others = {link["type"]: link["href"] for link in found["links"] if link["rel"] == "alternate"}
    assert len(others) >= 10
    for kind, href in others.items():
        answer = country.get(href)
        assert answer.status_code == 200, href
        assert answer.headers["content-type"].partition(";")[0] == kind


def test_conf_core_limit(country: httpx.Client) -> None:
    """/conf/core/fc-limit-definition and -response: never more, and no more than the most where more is asked for."""
    assert codes(country, limit=1) == ["44001"]
    assert codes(country, limit=3) == ALL[:3]
    assert codes(country, limit=99_999_999_999) == ALL
    for wrong, said in (("0", "au moins 1"), ("-1", "au moins 1"), ("x", "entier"), ("", "entier")):
        assert said in refused(country, limit=wrong)
        assert said in refused(country, limit=wrong, f="csv")


def test_conf_core_bbox(country: httpx.Client) -> None:
    """/conf/core/fc-bbox-definition and -response: what meets the box, four numbers or six."""
    assert codes(country, bbox="0.01,47.01,0.09,47.09") == ["44001"]
    assert codes(country, bbox="0.05,47.05,0.15,47.15") == ["44001", "44002", "44005", "44006"]
    assert codes(country, bbox="0.01,47.01,0,0.09,47.09,100") == ["44001"]
    assert codes(country, bbox="0.05,47.05,0.05,47.05") == ["44001"]
    assert codes(country, bbox="10,10,11,11") == []
    assert codes(country, bbox="-180,-90,180,90") == ALL


def test_a_box_across_the_antimeridian(country: httpx.Client) -> None:
    """West of it is then east of east: all but what is between the two."""
    assert codes(country, bbox="0.45,-90,0.05,90") == ["44001", "44005", "44009", "49001", "49002", "75056"]
    assert codes(country, bbox="170,-50,-170,50") == []


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "1,2,3",
        "1,2,3,4,5",
        "a,b,c,d",
        "0,48,1,47",
        "nan,0,1,1",
        "0,0,inf,1",
        "-200,0,1,1",
        "0,-91,1,1",
        "1 2 3 4",
    ],
)
def test_a_box_that_is_none(country: httpx.Client, wrong: str) -> None:
    said = refused(country, bbox=wrong)
    assert wrong[:3] in said
    assert "ouest,sud,est,nord" in said


@pytest.mark.parametrize(
    ("time", "found"),
    [
        ("2023-01-01", 15),
        ("2023-06-30T12:00:00Z", 15),
        ("2022-12-31T23:30:00Z", 15),  # in Paris the year has begun
        ("2030-01-01", 15),
        ("2020-01-01/..", 15),
        ("../2023-01-01", 15),
        ("2023-05-01/2023-06-01", 15),
        ("2023-05-01T12:00:00Z/2023-05-01", 15),
        ("0001-01-01/9999-12-31", 15),
        ("0001-01-01T00:00:00Z/9999-12-31T23:59:59Z", 15),
        ("/2023-06-01T00:00:00+02:00", 15),
        ("../..", 15),
        ("2022-12-31", 0),
        ("../2022-06-01", 0),
        ("1999-01-01/2003-12-31", 0),
    ],
)
def test_conf_core_datetime(country: httpx.Client, time: str, found: int) -> None:
    """/conf/core/fc-time-definition and -response: the geography that was in force at some time of the interval."""
    assert len(codes(country, datetime=time)) == found
    assert len(codes(country, DENSITE, datetime=time)) == found
    for feature in body(country, datetime=time)["features"]:
        assert feature["properties"]["millesime"] == 2023


@pytest.mark.parametrize(
    "wrong",
    ["", "hier", "2023", "2023-13-01", "2023-02-30", "2023-01-01T25:00:00Z", "2023-01-01/2022-01-01",
     "2023-01-01T12:00:00Z/2023-01-01T10:00:00Z", "2023-01-01/a",
     "2023-01-01/../2024-01-01", "2023-01-01T00:00:00"],
)  # fmt: skip
def test_a_time_that_is_none(country: httpx.Client, wrong: str) -> None:
    said = refused(country, datetime=wrong)
    assert wrong[:8] in said
    assert "datetime" in said


def test_two_geographies_that_do_not_agree(country: httpx.Client) -> None:
    assert codes(country, datetime="2023-06-01", millesime=2023) == ALL
    assert "ne s’accordent pas" in refused(country, datetime="2022-06-01", millesime=2023)
    assert "Millésimes chargés" in refused(country, 404, millesime=1999)


def test_conf_core_query_param_unknown(country: httpx.Client) -> None:
    """/conf/core/query-param-unknown and -invalid: what is no parameter is refused, with those there are."""
    said = refused(country, couleur="rouge")
    assert "couleur" in said
    for name in ("bbox", "datetime", "limit", "filter", "sortby", "departement", "nom"):
        assert name in said
    assert "geom" not in said.replace("skipGeometry", "")
    assert "value" not in said
    assert "value_2022" in refused(country, address=DENSITE, couleur="rouge")
    assert "Un seul est accepté" in country.get(f"{COMMUNES}?limit=1&limit=2").json()["detail"]
    assert "couleur" in refused(country, address=f"{COMMUNES}/44001", couleur="rouge")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"crs": "EPSG:27572"}, "Systèmes servis"),
        ({"bbox": "0,0,1,1", "bbox-crs": "EPSG:27572"}, "Systèmes servis"),
        ({"f": "docx"}, "Formats servis"),
        ({"cursor": "x"}, "Curseur non accepté"),
        ({"cursor": "é"}, "Curseur non accepté"),
        ({"cursor": "WyJjb2RlIiwiIixbbnVsbF1d"}, "Curseur non accepté"),
        ({"cursor": "WyJjb2RlIiwiIixbIjQ0MDAxIl1d", "offset": "2"}, "cursor et offset"),
        ({"sortby": "couleur"}, "Propriétés\u202f: code, nom"),
        ({"sortby": "geom"}, "Propriétés\u202f: code, nom"),
        ({"sortby": ""}, "sortby"),
        ({"sortby": "nom,-nom"}, "deux fois"),
        ({"properties": "couleur"}, "couleur"),
        ({"properties": ""}, "properties"),
        ({"q": ""}, "q attend"),
        ({"q": "---"}, "q attend"),
        ({"count": "many"}, "exact"),
        ({"offset": "-1"}, "au moins 0"),
        ({"skipGeometry": "perhaps"}, "true ou false"),
        ({"millesime": "2023x"}, "entier"),
        ({"millesime": "abc", "limit": "0"}, "entier"),
        ({"period": "2022"}, "collection d’un niveau"),
        ({"level": "epci"}, "collection d’un niveau"),
        ({"indicator": "densite"}, "identifiant:période"),
        ({"millesime": "2023", "geom": "POINT(0 0)"}, "est une géométrie"),
    ],
)
def test_what_is_malformed_is_told(country: httpx.Client, query: dict[str, str], said: str) -> None:
    for form in ({}, {"f": "csv"}):
        assert said in refused(country, **form | query)


def test_simple_filters_by_property(country: httpx.Client) -> None:
    """Part 1, 7.15.5: a parameter that is the name of a property."""
    assert codes(country, departement="44") == ALL[:12]
    assert codes(country, departement="44,49") == ALL[:14]
    assert codes(country, departement="44", nom="Commune 44003") == ["44003"]
    assert codes(country, departement="99") == []
    assert codes(country, DENSITE, value_2022="50,0") == ["44001", "44010"]
    assert codes(country, DENSITE, period="2022", value="50") == ["44001"]
    assert codes(country, DENSITE, period="2022", status="secret") == ["44006"]
    assert "un nombre" in refused(country, address=DENSITE, value_2022="beaucoup")
    assert "value" in refused(country, value="50")


def test_words_without_case_or_accents(country: httpx.Client) -> None:
    assert codes(country, q="COMMUNE 44003") == ["44003"]
    assert codes(country, q="commûne") == ALL
    assert codes(country, q="4900") == ["49001", "49002"]
    assert codes(country, q="44003,49") == ["44003", "49001", "49002"]
    assert codes(country, q="mmune") == []
    assert codes(country, "/api/collections/departements/items", q="paris") == ["75"]
    assert codes(country, q="100%") == []


def test_properties_and_shapes(country: httpx.Client) -> None:
    found = body(country, limit=2, properties="nom,code", skipGeometry="true")
    assert [feature["geometry"] for feature in found["features"]] == [None, None]
    assert [list(feature["properties"]) for feature in found["features"]] == [["nom", "code"]] * 2
    assert [feature["id"] for feature in found["features"]] == ["44001", "44002"]
    lines = country.get(COMMUNES, params={"f": "csv", "properties": "nom", "limit": 2}).text.splitlines()
    assert lines == ["nom", "Commune 44001", "Commune 44002"]
    assert codes(country, bbox="0.01,47.01,0.09,47.09", skipGeometry="true", properties="nom") == ["44001"]
    for form in ("gpkg", "fgb", "parquet", "kml", "shapefile", "csv-wkt", "jsonfg", "arrow"):
        query = {"f": form, "properties": "millesime", "skipGeometry": "true"}
        assert country.get(COMMUNES, params=query).status_code == 200, form


def test_an_indicator_has_all_its_periods_in_columns(country: httpx.Client) -> None:
    found = {one["id"]: one["properties"] for one in body(country, DENSITE)["features"]}
    assert list(found["44001"])[7:] == ["value_2016", "status_2016", "value_2022", "status_2022"]
    assert (found["44001"]["value_2016"], found["44001"]["value_2022"]) == (50, 50)
    assert (found["44006"]["value_2022"], found["44006"]["status_2022"]) == (None, "secret")
    assert found["44004"]["status_2022"] == "partial"
    growth = body(country, "/api/collections/evolution_annuelle/items", limit=1)["features"][0]["properties"]
    assert "value_2016_2022" in growth


def test_an_indicator_at_a_period_and_a_level(country: httpx.Client) -> None:
    one = body(country, DENSITE, period="2022")["features"][3]["properties"]
    assert (one["code"], one["value"], one["status"], one["coverage"]) == ("44004", 200, "partial", 0.5)
    assert codes(country, DENSITE, level="epci") == ["200000001", "200000002", "200000003"]
    assert "Niveaux\u202f: commune, epci" in refused(country, 404, DENSITE, level="departement")
    assert "Périodes : 2016, 2022" in refused(country, 404, DENSITE, period="1999")
    joined = body(country, indicator="densite:2022")["features"][3]["properties"]
    assert joined == one
    assert "collection d’un indicateur" in refused(country, 400, DENSITE, indicator="densite:2022")


def test_words_of_people_in_a_workbook(country: httpx.Client) -> None:
    lines = country.get(DENSITE, params={"f": "csv-excel"}).content.decode("utf-8-sig").splitlines()
    assert lines[0].split(";")[-2:] == ["Densité de population 2022 (habitants au km²)", "Statut 2022"]
    assert "secret statistique" in lines[6]


def test_names_of_files(country: httpx.Client) -> None:
    def name(address: str, **query: str) -> str:
        return re.findall(
            r'filename="([^"]+)"', country.get(address, params=query).headers["content-disposition"]
        )[0]

    assert name(COMMUNES) == "communes_geographie-2023.geojson"
    assert name(DENSITE, f="csv") == "densite_communes_toutes-periodes_geographie-2023.csv"
    assert name(DENSITE, f="gpkg", period="2022", level="epci") == "densite_epci_2022_geographie-2023.gpkg"
    assert name(f"{COMMUNES}/44001", f="csv") == "communes_geographie-2023_44001.csv"
    assert name(COMMUNES, f="csv", within="departement:44") == "communes_geographie-2023_departement-44.csv"
    for part in (
        {"filter": "departement = '44'"},
        {"nom": "Commune 44003"},
        {"bbox": "0,47,1,48"},
        {"q": "commune"},
    ):
        assert name(COMMUNES, f="csv", **part) == "communes_geographie-2023_extrait.csv", part


def test_conf_core_f_op(country: httpx.Client) -> None:
    """/conf/core/f-op, f-success and f-links: one feature, with links to itself, its other formats, its collection."""
    found = body(country, f"{COMMUNES}/44003")
    assert (found["type"], found["id"], found["properties"]["nom"]) == ("Feature", "44003", "Commune 44003")
    assert links(found)["self"].endswith(f"{COMMUNES}/44003")
    assert links(found)["collection"].endswith("/api/collections/communes")
    for link in found["links"]:
        assert country.get(link["href"]).status_code == 200
    one = body(country, f"{DENSITE}/44004", period="2022", properties="value", skipGeometry="true")
    assert (one["properties"], one["geometry"]) == ({"value": 200}, None)
    in_epci = body(country, f"{DENSITE}/200000001", level="epci")
    assert in_epci["properties"]["nom"] == "EPCI 1"


@pytest.mark.parametrize("address", [f"{COMMUNES}/99999", f"{COMMUNES}/nulle-part", f"{DENSITE}/99999",
                                     "/api/collections/iris/items", "/api/collections/iris/items/1"])  # fmt: skip
def test_what_is_not_there(country: httpx.Client, address: str) -> None:
    for form in ({}, {"f": "csv"}, {"f": "gpkg"}):
        assert refused(country, 404, address, **form)


def test_none_of_the_types(country: httpx.Client) -> None:
    answer = country.get(COMMUNES, headers={"Accept": "image/png"})
    assert answer.status_code == 406
    assert "application/geo+json" in answer.json()["detail"]
    assert "application/vnd.apache.parquet" in answer.json()["detail"]


def test_numbers_of_features(country: httpx.Client) -> None:
    for how, number in (("exact", 12), (None, 12), ("none", None)):
        given = {} if how is None else {"count": how}
        assert body(country, departement="44", **given).get("numberMatched") == number
    estimated = body(country, count="estimated")
    assert estimated["count"] == "estimated"
    assert estimated["numberMatched"] >= 0
    # Statistics tell of the values that who asks may not see: an estimate of them would.
    assert body(country, DENSITE, count="estimated", filter="value_2022 > 100")["numberMatched"] == 4


@pytest.mark.parametrize("form", ["geojson", "csv", "gpkg", "parquet", "jsonfg", "kml", "xlsx"])
def test_the_same_in_headers(country: httpx.Client, form: str) -> None:
    answer = country.get(COMMUNES, params={"f": form, "limit": "4", "departement": "44"})
    assert answer.headers["ogc-numbermatched"] == "12"
    assert answer.headers["ogc-numberreturned"] == "4"
    [following] = re.findall(r'<([^>]+)>; rel="next"', answer.headers["link"])
    last = country.get(following)
    assert last.headers["ogc-numberreturned"] == "4"
    whole = country.get(COMMUNES, params={"f": form})
    assert whole.headers["ogc-numberreturned"] == "15"
    assert 'rel="next"' not in whole.headers["link"]
    assert country.get(COMMUNES, params={"f": form, "offset": "13"}).headers["ogc-numberreturned"] == "2"
    assert country.get(COMMUNES, params={"f": form, "offset": "99"}).headers["ogc-numberreturned"] == "0"


@pytest.mark.parametrize("form", ["geojson", "csv", "gpkg", "parquet"])
def test_what_was_had_is_not_sent_again(country: httpx.Client, form: str) -> None:
    for coding in ("identity", "gzip"):
        first = country.get(COMMUNES, params={"f": form}, headers={"Accept-Encoding": coding})
        tag = first.headers["etag"]
        assert tag.startswith('W/"')
        again = country.get(
            COMMUNES, params={"f": form}, headers={"If-None-Match": tag, "Accept-Encoding": coding}
        )
        assert again.status_code == 304
        assert again.headers["etag"] == tag
        assert again.content == b""
    assert country.get(COMMUNES, params={"f": form, "limit": "2"}).headers["etag"] != tag
    other = country.get(COMMUNES, params={"f": form}, headers={"If-None-Match": '"x"'})
    assert other.status_code == 200
