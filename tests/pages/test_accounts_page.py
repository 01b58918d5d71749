"""The accounts page: an administrator opens accounts, gives and takes rights and keys, and reads who came in."""

import html
import re
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

import httpx
import pytest
import sqlalchemy as sa
from pictures import Picture
from playwright.sync_api import Browser, Page, expect
from servers import serving

from api.accounts import keys
from api.accounts.tables import AccountEvent, ApiKey, Person
from api.assets import VENDOR
from api.settings import Settings
from geo.cluster import Cluster

ACCOUNTS = "/administration/comptes"
TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # of no use here, and slow to make for each client
WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
ALI, JEANNE, PAUL, LISE = "Ali Benali", "Jeanne Martin", "Paul Durand", "Lise <b>Roux</b>"


@dataclass
class Place:
    """A site without any data, and people of each role."""

    url: str
    engine: sa.Engine
    keys: dict[str, str] = field(default_factory=dict)

    def number(self, name: str) -> int:
        with self.engine.connect() as conn:
            return int(conn.execute(sa.select(Person.id).where(Person.name == name)).scalar_one())

    def key(self, name: str) -> int:
        """The last key of a person."""
        with self.engine.connect() as conn:
            return int(conn.scalar(sa.select(sa.func.max(ApiKey.id)).join(Person).where(Person.name == name)) or 0)

    def told(self, count: int = 1) -> list[tuple[str, str, dict[str, object]]]:
        """The last lines of the journal."""
        wanted = sa.select(AccountEvent.action, AccountEvent.actor, AccountEvent.details)
        with self.engine.connect() as conn:
            rows = conn.execute(wanted.order_by(AccountEvent.id.desc()).limit(count)).all()
        return [(row.action, row.actor, row.details) for row in rows]


@pytest.fixture(scope="module")
def site(cluster: Cluster, engine: sa.Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    given = {"home": tmp_path_factory.mktemp("accounts"), "DATABASE_URL": cluster.url, "region": "52"}
    with serving(Settings(**given)) as url:
        yield Place(url, engine)


@pytest.fixture
def place(site: Place) -> Iterator[Place]:
    with site.engine.begin() as conn:
        site.keys = {
            ALI: keys.create(conn, ALI, "administrator"),
            JEANNE: keys.create(conn, JEANNE, "validator", label="bureau"),
            PAUL: keys.create(conn, PAUL, "contributor", organisation="CAF"),
            LISE: keys.create(conn, LISE, "reader", audience="professional"),
        }
    yield site
    with site.engine.begin() as conn:
        conn.execute(sa.delete(Person))


@pytest.fixture
def signed(place: Place) -> Iterator[Callable[[str], httpx.Client]]:
    opened: list[httpx.Client] = []

    def sign_in(name: str) -> httpx.Client:
        http = httpx.Client(base_url=place.url, verify=TLS, timeout=30)
        opened.append(http)
        answer = http.post(
            "/administration", data={"preuve": proof(http, "/administration"), "cle": place.keys[name]}
        )
        assert answer.status_code == 303, answer.text
        return http

    yield sign_in
    for http in opened:
        http.close()


def proof(http: httpx.Client, path: str) -> str:
    found = re.search(r'name="preuve" value="(\w+)"', http.get(path).text)
    assert found
    return found[1]


def post(http: httpx.Client, path: str, **fields: str) -> httpx.Response:
    """Send a form of the accounts page."""
    return http.post(path, data={"preuve": proof(http, ACCOUNTS), **fields})


def said(answer: httpx.Response) -> str:
    text = re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", answer.text, flags=re.S)
    return re.sub(r"\s+", " ", html.unescape(text).replace("\u202f", " ").replace("\xa0", " "))


def bearer(place: Place, key: str) -> int:
    told = {"Authorization": f"Bearer {key}"}
    return httpx.get(f"{place.url}/api/openapi.json", headers=told, verify=TLS).status_code


def test_only_an_administrator_comes_in(place: Place, signed: Callable[[str], httpx.Client]) -> None:
    number = place.number(PAUL)
    for name in (JEANNE, PAUL, LISE):
        http = signed(name)
        own = {"preuve": proof(http, "/administration/imports" if name != LISE else "/administration")}
        for path in (ACCOUNTS, f"{ACCOUNTS}/journal", f"{ACCOUNTS}/{number}"):
            assert http.get(path).status_code == 403
        for path in ("", f"/{number}/droits", f"/{number}/fermer", f"/{number}/cles", f"/cles/{number}/revoquer"):
            answer = http.post(ACCOUNTS + path, data=own | {"role": "administrator", "nom": "Moi"})
            assert answer.status_code == 403, (name, path)
    assert ACCOUNTS not in signed(JEANNE).get("/administration/imports").text
    with httpx.Client(base_url=place.url, verify=TLS) as nobody:
        assert nobody.get(ACCOUNTS).headers["location"] == "/administration"
    ali = signed(ALI)
    for fields in ({}, {"preuve": "0" * 64}):
        assert ali.post(f"{ACCOUNTS}/{number}/fermer", data=fields).status_code == 403
    assert [action for action, _, _ in place.told(50)].count("account-closed") == 0


def test_an_account_is_opened_and_its_key_shown_once(place: Place, signed: Callable[[str], httpx.Client]) -> None:
    ali = signed(ALI)
    answer = post(ali, ACCOUNTS, nom="  Zoé   Roy ", role="contributor", organisation="DREAL", courriel="z@d.test")
    path = answer.headers["location"]
    assert path == f"{ACCOUNTS}/{place.number('Zoé Roy')}"
    assert "Contributeur, DREAL . Lit l’édition : professionnels de l’observation" in said(ali.get(path)).replace(
        "DREAL.", "DREAL ."
    )
    tomorrow = date.today() + timedelta(days=1)
    made = post(ali, f"{path}/cles", usage="QGIS", role="reader", audience="professional", fin=str(tomorrow))
    assert made.status_code == 201
    assert made.headers["cache-control"] == "no-store"
    found = re.search(r"ores_[0-9a-f]{8}_[\w-]{43}", made.text)
    assert found
    assert found[0] not in ali.get(path).text
    assert f"jusqu’au {tomorrow:%d/%m/%Y}" in said(ali.get(path))
    assert bearer(place, found[0]) == 200
    assert place.told(2) == [
        (
            "key-created",
            ALI,
            {
                "person": "Zoé Roy", "mark": found[0][:13], "label": "QGIS", "role": "reader",
                "audience": "professional", "ends": str(tomorrow),
            },
        ),
        (
            "account-created",
            ALI,
            {"person": "Zoé Roy", "role": "contributor", "audience": "professional", "organisation": "DREAL"},
        ),
    ]  # fmt: skip
    with place.engine.connect() as conn:
        everything = "".join(
            str(conn.execute(sa.text(f"SELECT * FROM accounts.{table}")).all())  # noqa: S608
            for table in ("person", "api_key", "session", "event")
        )
    assert found[0][14:] not in everything


@pytest.mark.parametrize(
    ("path", "fields", "status", "told"),
    [
        ("", {"nom": "", "role": "reader", "audience": "region"}, 400, "nom de la personne"),
        ("", {"nom": JEANNE, "role": "reader", "audience": "region"}, 409, "porte déjà le nom"),
        ("", {"nom": "X", "role": "reader"}, 400, "dites laquelle"),
        ("", {"nom": "X", "role": "contributor"}, 400, "pour une organisation"),
        ("", {"nom": "X", "role": "chef"}, 400, "Rôle inconnu"),
        ("", {"nom": "X", "role": "validator", "audience": "professional"}, 400, "Conseil régional"),
        ("", {"nom": "X", "role": "reader", "audience": "public"}, 400, "Audience inconnue"),
        ("/{paul}/cles", {"role": "validator"}, 409, "ne peut pas ouvrir davantage"),
        ("/{paul}/cles", {"role": "reader", "audience": "region"}, 409, "ne peut pas ouvrir davantage"),
        ("/{paul}/cles", {"role": "contributor", "fin": "2020-01-01"}, 400, "est passée"),
        ("/{paul}/cles", {"role": "contributor", "fin": "demain"}, 400, "AAAA-MM-JJ"),
        ("/{ali}/droits", {"role": "reader", "audience": "region"}, 409, "ses propres droits"),
        ("/{ali}/fermer", {}, 409, "ses propres droits"),
        ("/{paul}/rouvrir", {}, 409, "est ouvert"),
        ("/99999999999/fermer", {}, 404, "pas de compte"),
        ("/cles/99999999999/revoquer", {}, 404, "pas de clé"),
    ],
)
def test_what_is_refused_says_why(
    place: Place,
    signed: Callable[[str], httpx.Client],
    path: str,
    fields: dict[str, str],
    status: int,
    told: str,
) -> None:
    where = path.format(paul=place.number(PAUL), ali=place.number(ALI))
    answer = post(signed(ALI), ACCOUNTS + where, **fields)
    assert answer.status_code == status, said(answer)
    assert told in said(answer)
    assert place.told()[0][:2] == ("signed-in", ALI)  # nothing was done


def test_rights_are_given_and_taken_and_act_at_once(place: Place, signed: Callable[[str], httpx.Client]) -> None:
    ali, jeanne = signed(ALI), signed(JEANNE)
    path = f"{ACCOUNTS}/{place.number(JEANNE)}"
    assert jeanne.get("/administration/publications").status_code == 200
    post(ali, f"{path}/droits", role="contributor", organisation="DREAL")
    assert jeanne.get("/administration/publications").status_code == 403
    action, _, details = place.told()[0]
    assert action == "rights-changed"
    assert details["before"] == {"role": "validator", "audience": "region", "organisation": ""}
    post(ali, f"{path}/sessions")
    assert jeanne.get("/administration/imports").headers["location"] == "/administration"
    post(ali, f"{path}/fermer")
    assert "fermé" in said(ali.get(path))
    with httpx.Client(base_url=place.url, verify=TLS) as http:
        given = {"preuve": proof(http, "/administration"), "cle": place.keys[JEANNE]}
        assert http.post("/administration", data=given).status_code == 403
    post(ali, f"{path}/rouvrir")
    assert signed(JEANNE).get("/administration/imports").status_code == 200


def test_a_key_is_ended_prolonged_and_revoked(place: Place, signed: Callable[[str], httpx.Client]) -> None:
    ali = signed(ALI)
    path = f"{ACCOUNTS}/{place.number(LISE)}"
    one = f"{ACCOUNTS}/cles/{place.key(LISE)}"
    assert "valide, sans date de fin" in said(ali.get(path))
    yesterday = date.today() - timedelta(days=1)
    assert post(ali, f"{one}/fin", fin=str(yesterday)).headers["location"] == f"{path}#cles"
    assert "expirée depuis" in said(ali.get(path))
    assert bearer(place, place.keys[LISE]) == 401
    post(ali, f"{one}/fin", fin="")
    assert "valide, sans date de fin" in said(ali.get(path))
    post(ali, f"{one}/revoquer")
    assert "révoquée le" in said(ali.get(path))
    assert post(ali, f"{one}/revoquer").status_code == 409
    assert post(ali, f"{one}/fin", fin="").status_code == 409
    assert "Créer la clé" in ali.get(path).text


def test_accounts_are_found_and_the_journal_is_read(place: Place, signed: Callable[[str], httpx.Client]) -> None:
    ali = signed(ALI)
    assert "<b>Roux" not in ali.get(ACCOUNTS).text
    assert LISE in said(ali.get(ACCOUNTS + "?q=roux&role=reader"))
    assert "Aucun compte" in said(ali.get(ACCOUNTS + "?q=%25_"))
    assert "Aucun compte" in said(ali.get(ACCOUNTS + "?etat=fermes"))
    assert ali.get(ACCOUNTS + "?role=chef").status_code == 400
    with httpx.Client(base_url=place.url, verify=TLS) as http:
        http.post("/administration", data={"preuve": proof(http, "/administration"), "cle": "ores_secret"})
    journal = ali.get(f"{ACCOUNTS}/journal")
    assert "accès refusé clé, au formulaire 127.0.0.1" in said(journal)
    assert "ores_secret" not in journal.text
    assert "connexion" in said(ali.get(f"{ACCOUNTS}/journal?action=signed-in&personne=Ali+Benali"))
    assert "Aucune ligne" in said(ali.get(f"{ACCOUNTS}/journal?personne=Personne"))
    assert ali.get(f"{ACCOUNTS}/journal?action=x").status_code == 400


@pytest.fixture
def window(browser: Browser, place: Place) -> Iterator[tuple[Page, list[str]]]:
    """A fresh profile without JavaScript's help, where the administrator signs in; and what the console says."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, base_url=place.url)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda one: complaints.append(one.text) if one.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto("/administration")
    page.get_by_label("Votre clé").fill(place.keys[ALI])
    page.get_by_role("button", name="Se connecter").click()
    expect(page.get_by_role("heading", name="Imports")).to_be_visible()
    yield page, complaints
    context.close()


def test_the_whole_way_in_a_browser(window: tuple[Page, list[str]], place: Place, picture: Picture) -> None:
    page, complaints = window
    page.get_by_role("link", name="Comptes").click()
    page.get_by_label("Nom", exact=True).fill("Zoé Roy")
    page.get_by_label("Rôle").last.select_option("reader")
    page.get_by_label("Édition que lit ce compte").select_option("professional")
    page.get_by_role("button", name="Ouvrir le compte").click()
    expect(page.get_by_role("heading", name="Zoé Roy")).to_be_visible()
    page.get_by_label("À quoi elle sert").fill("QGIS du service études")
    page.get_by_label("Dernier jour").fill(str(date.today() + timedelta(days=30)))
    page.get_by_role("button", name="Créer la clé").click()
    key = page.get_by_role("status").locator("code").inner_text()
    assert bearer(place, key) == 200
    person = page.url.removesuffix("/cles")
    for name, path in (
        ("compte-cle", ""),
        ("compte", person),
        ("comptes", ACCOUNTS),
        ("journal", f"{ACCOUNTS}/journal"),
    ):
        if path:
            page.goto(path)
        page.evaluate("document.querySelectorAll('details').forEach((one) => one.open = true)")
        for width in (320, 390, 1440):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate(WIDE) <= 0, (name, width)
        picture(page, f"comptes-{name}")
        page.evaluate((VENDOR / "axe-core" / "axe.min.js").read_text())
        faults = page.evaluate(
            "axe.run(document, { resultTypes: ['violations'] }).then((found) => found.violations)"
        )
        serious = [
            (fault["id"], [node["target"] for node in fault["nodes"]][:5])
            for fault in faults
            if fault["impact"] in ("serious", "critical", "moderate")
        ]
        assert serious == [], name
    page.goto(person)
    page.get_by_role("button", name="Révoquer la clé").click()
    expect(page.get_by_role("row", name="QGIS du service études")).to_contain_text("révoquée")
    assert complaints == []
