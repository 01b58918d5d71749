"""The pages as any client gets them: policy, errors in French, addresses, files."""

import re

import httpx
import pytest

CARTES = "/cartes?indicateur=densite&niveau=commune&periode=2022&millesime=2025"


def test_the_policy_allows_nothing_foreign_and_no_inline_code_without_the_nonce(client: httpx.Client) -> None:
    pages = [client.get(CARTES), client.get(CARTES)]
    nonces = set()
    for page in pages:
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert "blob:" not in policy
        nonce = re.search(r"script-src 'self' 'nonce-([^']+)'", policy)
        assert nonce
        nonces.add(nonce[1])
        inline = [tag for tag in re.findall(r"<(?:script|style)\b[^>]*>", page.text) if "src=" not in tag]
        assert all(f'nonce="{nonce[1]}"' in tag or "application/json" in tag for tag in inline)
        assert not re.search(
            r"<[^>]+\s(?:style|on\w+)=", re.sub(r"<script.*?</script>", "", page.text, flags=re.S)
        )
    assert len(nonces) == 2


def test_no_page_links_a_file_of_another_host(client: httpx.Client) -> None:
    for path in ("/", CARTES):
        loaded = re.findall(r"<(?:script|link|img)\b[^>]*?(?:src|href)=\"([^\"]+)\"", client.get(path).text)
        assert loaded
        for url in loaded:
            assert url.startswith("/static/")
            assert client.get(url).status_code == 200


def test_named_files_are_kept_and_the_others_revalidated(client: httpx.Client) -> None:
    url = re.search(r'href="(/static/ores.css\?v=[^"]+)"', client.get("/").text)
    assert url
    assert "immutable" in client.get(url[1]).headers["cache-control"]
    assert client.get("/static/peintre.js").headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    ("query", "status", "given", "accepted"),
    [
        ("indicateur=chomage", 404, "chomage", "population"),
        ("niveau=canton", 400, "canton", "epci"),
        ("indicateur=densite&periode=1850", 400, "1850", "2022"),
        ("millesime=1999", 400, "1999", "2025"),
        ("classes=12", 400, "12", "2 à 7"),
        ("classes=six", 400, "six", "2 à 7"),
        ("methode=jenks", 400, "jenks", "fisher"),
        ("indicateur=population&methode=manuelle", 422, "manuelle", "cercles proportionnels"),
        ("territoire=1", 400, "1", "commune"),
        ("territoire=01001", 404, "01001", "commune"),
        ("page=0", 400, "0", "entier"),
        ("tri=hasard", 400, "hasard", "nom"),
        ("niveau=<script>alert(1)</script>", 400, "&lt;script&gt;", "epci"),
    ],
)
def test_a_wrong_value_is_answered_with_what_is_accepted(
    client: httpx.Client, query: str, status: int, given: str, accepted: str
) -> None:
    answer = client.get(f"/cartes?{query}")
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert "<script>alert" not in answer.text
    said = re.search(r'<p class="chapo">(.*?)</p>', answer.text, re.S)
    assert said
    assert given in said[1]
    assert accepted in said[1]


def test_every_parameter_has_a_default(client: httpx.Client) -> None:
    page = client.get("/cartes").text
    assert "<h1>Densité de population</h1>" in page
    assert "communes, 2023 · géographie au 1er janvier 2025" in page


def test_a_choice_that_the_new_indicator_lacks_is_adjusted(client: httpx.Client) -> None:
    asked = "indicateur=evolution_annuelle&niveau=epci&periode=2022&methode=manuelle&territoire=44109&ajuster=1"
    answer = client.get(f"/cartes?{asked}")
    assert answer.status_code == 303
    target = answer.headers["location"]
    assert target.startswith("/cartes?indicateur=evolution_annuelle&niveau=epci&periode=2016-")
    assert "manuelle" not in target
    assert "territoire" not in target
    assert client.get(target).status_code == 200


@pytest.mark.parametrize("indicator", ["densite", "population", "surface", "evolution_annuelle"])
@pytest.mark.parametrize("level", ["commune", "epci", "departement", "region"])
def test_every_indicator_is_mapped_at_every_level(client: httpx.Client, indicator: str, level: str) -> None:
    page = client.get(f"/cartes?indicateur={indicator}&niveau={level}").text
    counts = [int(n.replace("\u202f", "")) for n in re.findall(r"</th><td>([\d\u202f]+)</td></tr>", page)]
    rows = len(re.findall(r'<button name="territoire"', page))
    assert rows == {"commune": 1228, "epci": 71, "departement": 5, "region": 1}[level]
    if indicator in ("densite", "evolution_annuelle"):
        qualified = ("valeur estimée", "valeur partielle", "valeur provisoire")
        labels = re.findall(r'<th scope="row">([^<]*)</th><td>[\d\u202f]+</td></tr>', page)
        assert sum(n for n, label in zip(counts, labels, strict=True) if label not in qualified) == rows
    assert "nan" not in page.lower().replace("nantes", "").replace("nantais", "").split("<script")[0][:3000]


@pytest.mark.parametrize(
    "method",
    ["fisher", "quantiles", "amplitudes", "q6", "ecart-type", "geometrique", "tete-queue", "moyennes-emboitees"],
)
def test_every_method_draws_a_legend(client: httpx.Client, method: str) -> None:
    for indicator in ("densite", "evolution_annuelle"):
        page = client.get(f"/cartes?indicateur={indicator}&methode={method}&classes=5")
        assert page.status_code == 200
        if method == "geometrique" and indicator == "evolution_annuelle":
            assert "strictement positives" in page.text
            assert "Classes\u202f: effectifs égaux" in page.text


def test_a_page_that_does_not_exist_is_said_in_french(client: httpx.Client) -> None:
    answer = client.get("/territoires-inconnus")
    assert answer.status_code == 404
    assert "Il n’y a pas de page à cette adresse." in answer.text


def test_pages_answer_to_head_and_are_compressed(client: httpx.Client) -> None:
    head = client.head(CARTES)
    assert head.status_code == 200
    assert head.content == b""
    got = client.get(CARTES, headers={"Accept-Encoding": "gzip"})
    assert got.headers["content-encoding"] == "gzip"
    assert int(got.headers["content-length"]) < 60_000
    plain = client.get(CARTES, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers


def test_the_home_page_leads_to_every_indicator(client: httpx.Client) -> None:
    page = client.get("/").text
    for path in re.findall(r'href="(/cartes\?[^"]+)"', page):
        assert client.get(path).status_code == 200
    assert "Observatoire des Pays de la Loire" in page
