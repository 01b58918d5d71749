"""OGC API Features part 1, geojson and html, by the names of their abstract tests: each resource in its two forms."""

import re
from typing import Any

import httpx
import pytest

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
PAGES = {
    "/api": "Interface de programmation",
    "/api/conformance": "Conformité aux standards",
    "/api/description": "Mode d’emploi de l’interface",
    "/api/collections": "Collections",
    "/api/collections/communes": "Communes",
    "/api/collections/densite": "Densité de population",
    "/api/collections/densite/schema": "Propriétés",
    "/api/collections/densite/queryables": "Ce qu’un filtre peut nommer",
    "/api/collections/communes/sortables": "Ce qui peut ordonner",
    "/api/collections/communes/items": "Communes au 1er janvier 2023",
    "/api/collections/densite/items": "Densité de population, communes au 1er janvier 2023",
    "/api/collections/communes/items/44001": "Commune 44001",
    "/api/collections/densite/items/44001": "Commune 44001",
}


def page(country: httpx.Client, address: str, **query: Any) -> str:
    answer = country.get(address, params={"f": "html", **query})
    assert answer.status_code == 200, answer.text[:300]
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return answer.text


def cells(text: str) -> list[list[str]]:
    rows = re.findall(r'<tr role="row"><th role="rowheader".*?</tr>', text, re.DOTALL)
    return [
        [re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)] for row in rows
    ]


@pytest.mark.parametrize("address", PAGES)
def test_conf_html_definition_and_content(country: httpx.Client, address: str) -> None:
    """/conf/html/definition, content: by f= and by Accept, a page in French; programs get JSON at the same address."""
    text = page(country, address)
    assert '<html lang="fr">' in text
    assert f"<h1>{PAGES[address]}" in text
    assert text.count("<h1") == 1
    by_accept = country.get(address, headers={"Accept": BROWSER})
    assert by_accept.headers["content-type"] == "text/html; charset=utf-8"
    assert "Accept" in by_accept.headers["vary"]
    assert "script-src 'self'" in by_accept.headers["content-security-policy"]
    for accept in ("*/*", "application/json", "application/json;q=0.9, text/html;q=0.1"):
        machine = country.get(address, headers={"Accept": accept})
        assert "json" in machine.headers["content-type"], accept
        assert "Accept" in machine.headers["vary"]
    assert set(re.findall(r'(?:src|href)="(https?://[^/"]+)', text)) <= {str(country.base_url)}, "nothing foreign"


def test_conf_geojson_definition_and_content(country: httpx.Client) -> None:
    """/conf/geojson/definition, content: items and one item, as RFC 7946 has them, with their links."""
    for accept in ("application/geo+json", "application/json", "*/*"):
        answer = country.get("/api/collections/communes/items", headers={"Accept": accept})
        assert answer.headers["content-type"] == "application/geo+json"
        body = answer.json()
        assert body["type"] == "FeatureCollection"
        assert len(body["features"]) == body["numberReturned"] == 15
        assert {link["rel"] for link in body["links"]} >= {"self"}
    one = country.get("/api/collections/communes/items/44001")
    assert one.headers["content-type"] == "application/geo+json"
    feature = one.json()
    assert (feature["type"], feature["id"], feature["geometry"]["type"]) == ("Feature", "44001", "MultiPolygon")


def test_the_page_of_a_schema_says_what_programs_are_told(country: httpx.Client) -> None:
    for collection, name in (("densite", "schema"), ("densite", "queryables"), ("communes", "sortables")):
        told = country.get(f"/api/collections/{collection}/{name}").json()["properties"]
        text = page(country, f"/api/collections/{collection}/{name}")
        assert [row[0] for row in cells(text)] == list(told)
    joined = page(country, "/api/collections/communes/schema", indicator="densite:2022")
    assert "habitants au km²" in joined
    assert "indicator=densite%3A2022" in joined


def test_each_page_leads_to_the_others(country: httpx.Client) -> None:
    seen: set[str] = set()
    left = ["/api?f=html"]
    while left:
        address = left.pop()
        path = address.partition("?")[0]
        if path in seen:
            continue
        seen.add(path)
        answer = country.get(address)
        assert answer.status_code == 200, address
        for href in re.findall(r'href="([^"#]+)', answer.text):
            own = href.replace("&amp;", "&").removeprefix(str(country.base_url))
            if own.startswith("/api") and "f=html" in own and own.count("/") < 6:
                left.append(own)
    assert seen >= {path for path in PAGES if not path.endswith(("/44001", "schema", "queryables", "sortables"))}


def test_a_page_of_items_says_what_the_data_say(country: httpx.Client) -> None:
    text = page(country, "/api/collections/densite/items", period="2022", sortby="code")
    found = {row[0]: row[1:] for row in cells(text)}
    assert len(found) == 15
    assert found["44001"][0] == "Commune 44001"
    assert found["44001"][-3:] == ["50,0", "observée", "1"]
    assert found["44004"][-3:] == ["200,0", "partielle", "0,5"]
    assert found["44006"][-3:] == ["", "secret statistique", "0"]
    assert "habitants au km²" in text


def test_a_page_of_items_leads_to_the_next_and_to_the_files_of_the_same_question(country: httpx.Client) -> None:
    seen: list[str] = []
    address = "/api/collections/communes/items?f=html&limit=4&departement=44"
    for _ in range(9):
        text = country.get(address).text
        seen += [row[0] for row in cells(text)]
        found = re.search(r'href="([^"]+)" rel="next"', text)
        if found is None:
            break
        address = found[1].replace("&amp;", "&")
    assert seen == [f"440{n:02}" for n in range(1, 13)]
    [excel] = re.findall(r'href="([^"]+f=xlsx)"', text)
    assert "departement=44" in excel
    assert "limit" not in excel
    assert country.get(excel.replace("&amp;", "&")).status_code == 200


def test_an_empty_page_says_so(country: httpx.Client) -> None:
    text = page(country, "/api/collections/scot/items")
    assert "Aucun territoire ne répond à cette demande." in text


def test_what_is_asked_is_written_as_it_was_asked_and_never_run(country: httpx.Client) -> None:
    text = page(country, "/api/collections/communes/items", q='"><script>alert(1)</script>')
    assert "<script>alert" not in text
