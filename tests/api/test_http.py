"""The machine interface over a real server and the real data: answers, errors, caches."""

import csv
import gzip
import io

import httpx
import mapbox_vector_tile
import pytest

PROBLEM = "application/problem+json"


def values(client: httpx.Client, indicator: str, **query: str | int) -> dict[str, object]:
    answer = client.get(f"/api/indicators/{indicator}/values", params=query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_the_territories_of_a_level(client: httpx.Client) -> None:
    body = client.get(
        "/api/territories", params={"level": "commune", "millesime": 2025, "within": "departement:44"}
    ).json()
    codes = [item["code"] for item in body["territories"]]
    assert body["count"] == len(codes) == 207
    assert codes == sorted(codes)
    assert {item["departement"] for item in body["territories"]} == {"44"}


def test_without_a_millesime_the_newest_is_served_and_said(client: httpx.Client) -> None:
    assert client.get("/api/territories", params={"level": "departement"}).json()["millesime"] == 2025


def test_a_territory_knows_its_relations(client: httpx.Client) -> None:
    body = client.get("/api/territories/commune/85165", params={"millesime": 2025}).json()
    assert {(parent["level"], parent["code"]) for parent in body["parents"]} >= {
        ("departement", "85"),
        ("region", "52"),
    }
    assert {(item["millesime"], item["code"]) for item in body["predecessors"]} == {
        (year, "85084") for year in (2019, 2021, 2022, 2023)
    }
    assert body["successors"] == []
    west, south, east, north = body["bbox"]
    assert -1.3 < west < east < -1.0
    assert 46.7 < south < north < 46.9


def test_the_region_has_71_epci_and_four_straddle(client: httpx.Client) -> None:
    body = client.get("/api/territories", params={"level": "epci", "within": "region:52"}).json()
    assert body["count"] == 71
    assert sum(item["straddles"] for item in body["territories"]) == 4


def test_the_catalogue_says_what_is_published(client: httpx.Client) -> None:
    listed = {item["id"]: item for item in client.get("/api/indicators").json()["indicators"]}
    assert set(listed) == {
        "population", "surface", "densite", "evolution_annuelle", "indice_population", "nature_epci",
        "communes", "communes_moins_500", "communes_500_1999", "communes_2000_9999", "communes_10000_plus",
        "population_moyenne_communes", "population_petites_communes", "part_petites_communes",
    }  # fmt: skip
    assert listed["population"]["map_form"] == "circles"
    assert listed["densite"]["map_form"] == "choropleth"
    series = {item["millesime"]: item["periods"] for item in listed["population"]["series"]}
    assert series[2025] == ["2016", "2019", "2020", "2021", "2022", "2023"]
    assert client.get("/api/indicators/densite").json()["numerator"] == "population"


def test_values_are_columns_of_one_length_with_their_passport(client: httpx.Client) -> None:
    body = values(client, "population", level="commune", period="2021", millesime=2025)
    columns = [body[name] for name in ("ids", "codes", "values", "statuses", "coverages")]
    assert {len(column) for column in columns} == {1228}  # type: ignore[arg-type]
    found = dict(zip(body["codes"], zip(body["values"], body["statuses"], strict=True), strict=True))  # type: ignore[call-overload]
    assert found["85165"] == (None, "missing")
    assert found["85084"] == (9399.0, "not-significant")
    assert body["passport"]["file"] == "@etalab/decoupage-administratif 4.0.0"  # type: ignore[index]
    assert body["licence"] == "Licence Ouverte 2.0"


def test_values_for_people_open_in_a_french_spreadsheet(client: httpx.Client) -> None:
    query = {"level": "commune", "period": "2021", "millesime": 2025, "f": "csv", "within": "departement:85"}
    answer = client.get("/api/indicators/population/values", params=query)
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert "population_commune_2021" in answer.headers["content-disposition"]
    rows = {row["Code"]: row for row in csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff")), delimiter=";")}
    column = "Population municipale 2021 (habitants)"
    assert (rows["85165"][column], rows["85165"]["Statut"]) == ("...", "donnée absente")
    assert (rows["85084"][column], rows["85084"]["Statut"]) == ("n.s.", "non significative")
    assert int(rows["85191"][column]) > 50_000


def test_the_series_of_a_territory(client: httpx.Client) -> None:
    query = {"territory": "region:52", "millesime": 2021}
    body = client.get("/api/indicators/population/series", params=query).json()
    assert body["periods"] == ["2016", "2019", "2020", "2021", "2022", "2023"]
    assert body["values"][-1] == pytest.approx(3_907_156)
    assert body["statuses"][3] == "partial"


def test_a_collection_is_paged_to_the_end(client: httpx.Client) -> None:
    codes: list[str] = []
    address: str | None = "/api/collections/communes/items?millesime=2025&limit=500"
    while address:
        body = client.get(address).json()
        codes += [feature["id"] for feature in body["features"]]
        address = next((link["href"] for link in body["links"] if link["rel"] == "next"), None)
    assert len(codes) == len(set(codes)) == 1228


def test_a_collection_carries_values_and_filters(client: httpx.Client) -> None:
    query = {"within": "departement:53", "indicator": "densite:2022", "bbox": "-0.8,48.0,-0.7,48.1"}
    body = client.get("/api/collections/communes/items", params=query).json()
    laval = next(feature for feature in body["features"] if feature["id"] == "53130")
    assert laval["properties"]["departement"] == "53"
    assert laval["properties"]["status"] == "observed"
    assert laval["properties"]["value"] == pytest.approx(1434, rel=0.05)
    assert 0 < body["numberReturned"] < 30


def test_the_whole_region_in_one_geojson(client: httpx.Client) -> None:
    body = client.get("/api/collections/communes/items", params={"limit": 10_000}).json()
    assert body["numberReturned"] == 1228
    assert set(body["features"][0]["properties"]) == {
        "code", "nom", "departement", "region", "epci", "millesime", "emprise",
    }  # fmt: skip


def test_a_tile_has_integer_ids_codes_and_names(client: httpx.Client) -> None:
    answer = client.get("/api/tiles/2025/commune/8/126/89.mvt")
    assert answer.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    tile = mapbox_vector_tile.decode(answer.content)
    assert set(tile) == {"commune", "commune-centres"}
    feature = tile["commune"]["features"][0]
    assert isinstance(feature["id"], int)
    assert set(feature["properties"]) == {"code", "nom"}
    polygons = {item["id"] for item in tile["commune"]["features"]}
    assert {item["id"] for item in tile["commune-centres"]["features"]} <= polygons


def test_a_joined_tile_carries_the_values_of_the_document(client: httpx.Client) -> None:
    tile = mapbox_vector_tile.decode(
        client.get("/api/tiles/2025/commune/8/126/89.mvt", params={"indicator": "densite:2022"}).content
    )
    body = values(client, "densite", level="commune", period="2022", millesime=2025)
    expected = dict(zip(body["ids"], body["values"], strict=True))  # type: ignore[call-overload]
    for feature in tile["commune"]["features"]:
        assert feature["properties"]["value"] == pytest.approx(expected[feature["id"]])
        assert feature["properties"]["status"] == "observed"


def test_a_tile_where_nothing_lies_is_empty(client: httpx.Client) -> None:
    answer = client.get("/api/tiles/2025/commune/8/0/0.mvt")
    assert (answer.status_code, answer.content) == (200, b"")


def test_the_tilejson_leads_to_immutable_tiles(client: httpx.Client) -> None:
    tilejson = client.get("/api/tiles/2025/epci/tilejson.json", params={"indicator": "population:2023"}).json()
    address = tilejson["tiles"][0].format(z=7, x=63, y=44)
    answer = client.get(address)
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    assert "immutable" not in client.get("/api/tiles/2025/epci/7/63/44.mvt?v=stale").headers["cache-control"]
    assert [layer["id"] for layer in tilejson["vector_layers"]] == ["epci", "epci-centres"]


@pytest.mark.parametrize(
    "address",
    [
        "/api/tiles/2025/commune/8/126/89.mvt",
        "/api/indicators/densite/values?level=epci&period=2022&millesime=2025",
        "/api/collections/departements/items",
        "/api/territories?level=departement",
        "/api/indicators",
        "/livez",
    ],
)
def test_head_has_the_headers_of_get_and_no_body(client: httpx.Client, address: str) -> None:
    get, head = client.get(address), client.head(address)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-type", "etag", "cache-control", "content-length"):
        assert head.headers.get(name) == get.headers.get(name)


def test_an_etag_known_to_the_client_is_answered_304(client: httpx.Client) -> None:
    address = "/api/indicators/densite/values?level=commune&period=2022&millesime=2025"
    plain = client.get(address, headers={"accept-encoding": "identity"})
    zipped = client.get(address, headers={"accept-encoding": "gzip"})
    assert plain.content == zipped.content
    assert plain.headers["etag"] != zipped.headers["etag"]
    for answer, encoding in ((plain, "identity"), (zipped, "gzip")):
        again = client.get(address, headers={"if-none-match": answer.headers["etag"], "accept-encoding": encoding})
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    ("address", "status", "said"),
    [
        (
            "/api/territories?level=departement&truc=1",
            400,
            "Paramètre inconnu : truc. Paramètres acceptés : level",
        ),
        ("/api/territories", 400, "« level » absent"),
        ("/api/territories?level=quartier", 400, "acceptées sont commune, "),
        ("/api/territories?level=commune&level=epci", 400, "plusieurs fois"),
        ("/api/territories?level=commune&millesime=1900", 400, "au moins 1943"),
        ("/api/territories?level=commune&millesime=2024x", 400, "nombre entier"),
        ("/api/territories?level=commune&millesime=2018", 404, "Millésimes chargés : 2019, 2021"),
        ("/api/territories?level=commune&within=44", 400, "niveau:code"),
        ("/api/territories?level=commune&within=departement:35", 404, "departement:35"),
        ("/api/territories/commune/49069", 404, "commune:49126"),
        ("/api/territories/commune/robert", 400, "code"),
        ("/api/indicators/chomage", 404, "Indicateurs publiés"),
        ("/api/indicators/densite/values?level=commune&period=1999", 404, "Périodes : 2016"),
        ("/api/indicators/densite/values?level=commune&period=2022&f=xml", 400, "sont json ou csv."),
        (
            "/api/indicators/densite/values?level=commune&period=2022&millesime=2022",
            404,
            "Millésimes : 2021, 2024, 2025",
        ),
        ("/api/indicators/densite/values?level=france&period=2022", 404, "Niveaux"),
        ("/api/indicators/densite/series?territory=commune", 400, "niveau:code"),
        ("/api/collections/iris/items", 404, "Collections\u202f: communes"),
        ("/api/collections/communes/items?limit=0", 400, "au moins 1"),
        ("/api/collections/communes/items?bbox=1,2,3", 400, "ouest,sud,est,nord"),
        ("/api/collections/communes/items?bbox=nan,0,1,1", 400, "ouest,sud,est,nord"),
        ("/api/collections/communes/items?indicator=densite", 400, "identifiant:période"),
        ("/api/tiles/2025/commune/3/9/0.mvt", 404, "x et y de 0 à 7"),
        ("/api/tiles/2025/commune/20/0/0.mvt", 404, "0 à 14"),
        ("/api/tiles/2022/commune/8/126/89.mvt", 404, "Millésimes dessinés : 2021, 2024, 2025"),
        ("/api/tiles/2025/commune/8/126/89.mvt?indicator=densite:1999", 404, "Périodes"),
        ("/api/nulle-part", 404, "openapi.json"),
    ],
)
def test_every_error_is_a_french_problem_that_says_what_is_accepted(
    client: httpx.Client, address: str, status: int, said: str
) -> None:
    answer = client.get(address)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == PROBLEM
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert set(body) == {"type", "title", "status", "detail"}
    assert body["status"] == status
    assert said in body["detail"]


def test_what_is_not_reading_is_refused(client: httpx.Client) -> None:
    answer = client.post("/api/territories")
    assert (answer.status_code, answer.headers["content-type"]) == (405, PROBLEM)


def test_the_description_of_the_interface_names_every_route(client: httpx.Client) -> None:
    paths = client.get("/api/openapi.json").json()["paths"]
    assert {"/api/territories", "/api/indicators/{identifier}/values", "/livez", "/readyz"} <= set(paths)


def test_the_probes_answer(client: httpx.Client) -> None:
    assert client.get("/livez").text == "ok\n"
    assert client.get("/readyz").text == "ok\n"


def test_a_low_zoom_tile_travels_small(client: httpx.Client) -> None:
    answer = client.get("/api/tiles/2025/commune/5/15/11.mvt", headers={"accept-encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert len(gzip.compress(answer.content, 6)) < 150_000
