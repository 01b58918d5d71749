"""`/administration/diffusion` and `ores policy`: read, changed row by row, taken and given back as a file."""

import html
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from pictures import Picture
from playwright.sync_api import Browser, Page, expect
from statuscountry import served
from typer.testing import CliRunner

from api.accounts import keys
from api.assets import VENDOR
from api.cli import app
from boundaries.levels import Level
from boundaries.readers import Audience
from geo.cluster import Cluster
from indicators.actors import Actor
from indicators.policy import AppliedRule, Policies, Policy, import_policies, read_policies
from indicators.policy.tables import PolicyRow
from indicators.policy.toml import to_toml
from indicators.secrecy import Rule
from indicators.tables import Event, Release

PUBLIC, PROFESSIONAL, REGION = Audience
PAGE = "/administration/diffusion"
ROW = f"{PAGE}/indicateurs/population/public"
FILOSOFI = Rule("Filosofi, 50 ménages", "Arrêté du 20 février 2008", date(2024, 1, 31), threshold=50)
DOMINANCE = Rule("Entreprises <b>", "Insee", date(2024, 1, 31), threshold=3, dominance=(1, 85))
START = Policies(
    (
        Policy("population", PUBLIC, Level.EPCI, "2016", rounding=5.0),
        *(Policy("niveau_vie_d1", each, rules=(AppliedRule(FILOSOFI, "menages_fiscaux"),)) for each in Audience),
    ),
    (FILOSOFI, DOMINANCE),
)
PEOPLE = {"contributor": "Paul Durand", "validator": "Jeanne Martin", "administrator": "Ali Benali"}


@dataclass
class Place:
    url: str
    engine: sa.Engine
    keys: dict[str, str] = field(default_factory=dict)

    @property
    def policies(self) -> Policies:
        with self.engine.connect() as conn:
            return read_policies(conn)

    @property
    def last_event(self) -> Any:
        with self.engine.connect() as conn:
            return conn.execute(sa.select(Event.__table__).order_by(Event.id.desc()).limit(1)).one()


@pytest.fixture(scope="module")
def office(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with served(cluster, tmp_path_factory.mktemp("policies"), "toy_policies") as (url, engine):
        with engine.begin() as conn:
            made = {role: keys.create(conn, name, role, organisation="DREAL") for role, name in PEOPLE.items()}
        yield Place(url, engine, made)


@pytest.fixture
def place(office: Place) -> Place:
    """The office, with the policy that every test starts from."""
    with office.engine.begin() as conn:
        import_policies(conn, to_toml(START), Actor("essai", "validator"))
    return office


@dataclass
class Someone:
    http: httpx.Client

    def post(self, path: str, page: str, **fields: str) -> httpx.Response:
        """Send the form of a page as the page holds it, changed."""
        return self.http.post(path, data=held(self.http.get(page).text) | fields)

    def upload(self, content: str | bytes, name: str = "essai.toml") -> httpx.Response:
        given = {"preuve": held(self.http.get(PAGE).text)["preuve"]}
        return self.http.post(f"{PAGE}/fichier", data=given, files={"fichier": (name, content)})


@pytest.fixture
def someone(place: Place) -> Iterator[Callable[[str], Someone]]:
    opened: list[httpx.Client] = []

    def signed(role: str) -> Someone:
        http = httpx.Client(base_url=place.url, follow_redirects=True, timeout=60)
        opened.append(http)
        answer = http.post(
            "/administration", data=held(http.get("/administration").text) | {"cle": place.keys[role]}
        )
        assert answer.url.path == "/administration/imports"
        return Someone(http)

    yield signed
    for http in opened:
        http.close()


def held(page: str) -> dict[str, str]:
    """What the fields of the forms of a page hold, those of its last form last: what a browser would send."""
    found = {}
    for tag in re.findall(r"<input [^>]*>", page):
        given = {name: html.unescape(value) for name, value in re.findall(r'([\w-]+)="([^"]*)"', tag)}
        if given.get("type") != "checkbox" or " checked" in tag:
            found[given["name"]] = given.get("value", "")
    for name, options in re.findall(r'<select [^>]*name="([^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        chosen = re.findall(r'<option value="([^"]*)" selected', options)
        found[html.unescape(name)] = chosen[0] if chosen else ""
    for name, value in re.findall(r'<textarea [^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', page, re.DOTALL):
        found[name] = html.unescape(value)
    return {name: value for name, value in found.items() if name not in ("fichier", "theme", "montrer")}


def text(answer: httpx.Response) -> str:
    said = html.unescape(re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", answer.text, flags=re.DOTALL))
    return re.sub(r"\s+", " ", said.replace("\u202f", " ").replace("\xa0", " "))


class TestPage:
    def test_it_says_what_is_in_force_and_where_it_comes_from(self, someone: Callable[[str], Someone]) -> None:
        page = someone("validator").http.get(PAGE)
        assert page.headers["cache-control"] == "no-store"
        said = text(page)
        assert "actuellement niveau le plus fin : EPCI ; à partir de 2016 ; arrondi à 5 hab." in said
        assert "arrondi à 5 hab./km² hérité de : Population municipale" in said
        assert "Médiane du niveau de vie" in said
        assert "prend effet à la prochaine publication" in said
        assert "Entreprises <b>" in said
        assert "<b>" not in page.text
        few = text(someone("validator").http.get(f"{PAGE}?montrer=restreints&theme=Revenus"))
        assert "1er décile du niveau de vie" in few
        assert "Médiane du niveau de vie" not in few
        assert "Population municipale" not in few

    def test_a_contributor_neither_reads_nor_changes_it(
        self, someone: Callable[[str], Someone], place: Place
    ) -> None:
        paul = someone("contributor")
        before = place.last_event.id
        own = {"preuve": held(paul.http.get("/administration/imports").text)["preuve"]}
        assert "/administration/diffusion" not in paul.http.get("/administration/imports").text
        for path in (PAGE, ROW, f"{PAGE}/secret", f"{PAGE}/regles-de-diffusion.toml"):
            assert paul.http.get(path).status_code == 403, path
        for path in (ROW, f"{PAGE}/secret", f"{PAGE}/publier"):
            given = own | {"montre": "oui", "nom": "x", "source": "x", "lue": "2024-01-31"}
            assert paul.http.post(path, data=given).status_code == 403, path
        answer = paul.http.post(f"{PAGE}/fichier", data=own, files={"fichier": ("a.toml", "")})
        assert answer.status_code == 403
        assert (place.policies, place.last_event.id) == (START, before)

    def test_forms_from_elsewhere_are_refused(self, someone: Callable[[str], Someone], place: Place) -> None:
        jeanne = someone("validator")
        for path in (ROW, f"{PAGE}/secret", f"{PAGE}/publier"):
            assert jeanne.http.post(path, data={"preuve": "0" * 64}).status_code == 403
        files = {"fichier": ("a.toml", "")}
        assert jeanne.http.post(f"{PAGE}/fichier", data={"preuve": "0" * 64}, files=files).status_code == 403
        assert place.policies == START


class TestRows:
    def test_a_form_sent_as_it_is_changes_nothing(self, someone: Callable[[str], Someone], place: Place) -> None:
        jeanne, before = someone("validator"), place.last_event.id
        for path in (ROW, f"{PAGE}/indicateurs/niveau_vie_d1/region", f"{PAGE}/secret?nom=Filosofi, 50 ménages"):
            answer = jeanne.post(path, path)
            assert answer.url.path == PAGE, text(answer)
        assert (place.policies, place.last_event.id) == (START, before)

    def test_a_row_is_changed_and_journaled(self, someone: Callable[[str], Someone], place: Place) -> None:
        jeanne = someone("validator")
        jeanne.post(ROW, ROW, niveau="departement", arrondi="2,5", population="1 000", embargo="2026-12-01T08:00")
        found = place.policies.own("population", PUBLIC)
        assert (found.finest_level, found.rounding, found.minimum_population) == (Level.DEPARTEMENT, 2.5, 1000)
        assert found.embargo is not None
        assert found.embargo.isoformat() == "2026-12-01T07:00:00+00:00"
        event = place.last_event
        assert (event.actor, event.action) == ("Jeanne Martin", "policy-changed")
        journal = text(jeanne.http.get("/administration/journal"))
        assert (
            "population (public) : sous embargo jusqu’au 01/12/2026 à 08:00 ; niveau le plus fin"
            in journal.replace(", niveau", " ; niveau")
        )

    def test_the_same_may_be_asked_of_every_audience_at_once(
        self, someone: Callable[[str], Someone], place: Place
    ) -> None:
        jeanne = someone("administrator")
        path = f"{PAGE}/indicateurs/population/region"
        refused = jeanne.post(path, path, niveau="region")
        assert refused.status_code == 400
        assert "« professionnels de l’observation » verrait plus que « Conseil régional »" in text(refused)
        assert 'value="region" selected' in refused.text
        both = {"aussi.public": "oui", "aussi.professional": "oui"}
        assert jeanne.post(path, path, niveau="region", **both).url.path == PAGE
        assert {place.policies.own("population", each).finest_level for each in Audience} == {Level.REGION}

    def test_a_rule_is_asked_with_what_it_judges_by(self, someone: Callable[[str], Someone], place: Place) -> None:
        jeanne = someone("validator")
        path = f"{PAGE}/indicateurs/ventes_logements/public"
        asked = {f"regle.{DOMINANCE.name}": "oui", f"repondants.{DOMINANCE.name}": "ventes_logements"}
        refused = jeanne.post(path, path, **asked)
        assert "les plus gros contributeurs de chaque cellule" in text(refused)
        asked |= {f"contributeurs.{DOMINANCE.name}": "ventes_maisons"}
        assert "son existence doit être cachée" in text(jeanne.post(path, path, **asked))
        hidden = f"{PAGE}/indicateurs/ventes_maisons/public"
        fields = held(jeanne.http.get(hidden).text)
        del fields["montre"]
        jeanne.http.post(hidden, data=fields)
        assert jeanne.post(path, path, **asked).url.path == PAGE
        (rule,) = place.policies.of("ventes_logements", PUBLIC).rules
        assert (rule.respondents, rule.largest, rule.rule.count) == ("ventes_logements", ("ventes_maisons",), True)

    @pytest.mark.parametrize(
        ("field_", "given", "said"),
        [
            ("arrondi", "cinq", "Arrondi : « cinq » n’est pas un nombre"),
            ("arrondi", "1_0", "« 1_0 » n’est pas un nombre"),
            ("arrondi", "nan", "« nan » n’est pas un nombre"),
            ("arrondi", "-1", "arrondi : « -1.0 » n’est pas un nombre positif"),
            ("population", "1e999", "n’est pas un nombre positif"),
            ("premiere", "18", "« 18 » n’est pas une année"),
            ("embargo", "demain", "Embargo : « demain » n’est pas une date"),
            ("niveau", "quartier", "« quartier » n’existe pas"),
            ("niveau", "x" * 50, "40 au plus"),
        ],
    )
    def test_what_is_wrong_is_said_and_the_form_is_kept(
        self, someone: Callable[[str], Someone], place: Place, field_: str, given: str, said: str
    ) -> None:
        refused = someone("validator").post(ROW, ROW, **{field_: given, "derniere": "2021"})
        assert refused.status_code == 400
        assert said in text(refused)
        assert 'role="alert"' in refused.text
        assert 'value="2021"' in refused.text
        assert place.policies == START

    def test_two_people_do_not_overwrite_each_other(self, someone: Callable[[str], Someone], place: Place) -> None:
        jeanne, ali = someone("validator"), someone("administrator")
        seen = held(jeanne.http.get(ROW).text)
        ali.post(ROW, ROW, arrondi="10")
        answer = jeanne.http.post(ROW, data=seen | {"arrondi": "20"})
        assert answer.status_code == 409
        assert "ont changé entre-temps" in text(answer)
        assert place.policies.own("population", PUBLIC).rounding == 10

    def test_what_does_not_exist_is_said(self, someone: Callable[[str], Someone]) -> None:
        jeanne = someone("validator")
        for path in ("indicateurs/popu/public", "indicateurs/population/tous", "secret?nom=rien"):
            assert jeanne.http.get(f"{PAGE}/{path}").status_code == 404, path


class TestRules:
    def test_a_rule_is_added_changed_and_removed(self, someone: Callable[[str], Someone], place: Place) -> None:
        jeanne, path = someone("validator"), f"{PAGE}/secret"
        given = {"nom": "IFI", "source": "Guide", "lue": "2024-01-31", "seuil": "50", "population": "20 000"}
        assert jeanne.post(path, path, **given).url.path == PAGE
        rules = {rule.name: rule for rule in place.policies.rules}
        assert (rules["IFI"].threshold, rules["IFI"].minimum_population, rules["IFI"].protection_pct) == (
            50,
            20000,
            10,
        )
        assert "existe déjà" in text(jeanne.post(path, path, **given))
        jeanne.post(f"{path}?nom=IFI", f"{path}?nom=IFI", zero="oui", contributeurs="2", part="85,5", seuil="")
        rules = {rule.name: rule for rule in place.policies.rules}
        assert (rules["IFI"].zero_is_secret, rules["IFI"].dominance, rules["IFI"].threshold) == (
            True,
            (2, 85.5),
            0,
        )
        jeanne.post(f"{path}?nom=IFI", f"{path}?nom=IFI", acte="retirer")
        assert place.policies == START
        used = jeanne.post(f"{path}?nom={FILOSOFI.name}", f"{path}?nom={FILOSOFI.name}", acte="retirer")
        assert "s’applique encore à : niveau_vie_d1" in text(used)

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ({"seuil": "2,5"}, "« seuil de répondants » vaut « 2.5 »"),
            ({"lue": "hier"}, "« lue le » vaut « hier »"),
            ({"contributeurs": "1"}, "donnez le nombre de contributeurs et leur part"),
            ({"contributeurs": "1", "part": "101"}, "« dominance » vaut « 101.0 »"),
            ({"nom": ""}, "« nom » vaut"),
            ({"source": "a\x00b"}, "« source » vaut"),
        ],
        ids=str,
    )
    def test_what_is_wrong_is_said(
        self, someone: Callable[[str], Someone], place: Place, given: dict[str, str], said: str
    ) -> None:
        path = f"{PAGE}/secret"
        right = {"nom": "IFI", "source": "Guide", "lue": "2024-01-31"}
        refused = someone("validator").post(path, path, **(right | given))
        assert refused.status_code == 400
        assert said in text(refused)
        assert place.policies == START


class TestFile:
    def test_what_is_downloaded_may_be_uploaded(self, someone: Callable[[str], Someone], place: Place) -> None:
        jeanne = someone("validator")
        file = jeanne.http.get(f"{PAGE}/regles-de-diffusion.toml")
        assert file.text == to_toml(START)
        assert "attachment" in file.headers["content-disposition"]
        assert jeanne.upload("\ufeff" + file.text.replace("rounding = 5", "rounding = 50")).url.path == PAGE
        assert place.policies.own("population", PUBLIC).rounding == 50
        assert place.last_event.details["file"] == "essai.toml"

    def test_a_refused_file_changes_nothing_and_says_where(
        self, someone: Callable[[str], Someone], place: Place
    ) -> None:
        jeanne, before = someone("validator"), place.last_event.id
        for content, status, said in (
            ("[[policies]]\nindicators = 3", 400, "Fichier essai.toml, ligne 1, table policies n° 1"),
            (b"\xff\xfe", 400, "n’est pas du texte en UTF-8"),
            (b"#" * 1_100_000, 413, "dépasse 1 Mo"),
        ):
            answer = jeanne.upload(content)
            assert answer.status_code == status
            assert said in text(answer)
        assert (place.policies, place.last_event.id) == (START, before)

    def test_a_policy_that_cannot_be_applied_is_told_and_replaced(
        self, someone: Callable[[str], Someone], place: Place
    ) -> None:
        jeanne = someone("validator")
        with place.engine.begin() as conn:
            conn.execute(
                sa.update(PolicyRow).where(PolicyRow.indicator == "population").values(indicator="partie")
            )
        page = jeanne.http.get(PAGE)
        assert page.status_code == 200
        assert "indicateur inconnu, « partie »" in text(page)
        jeanne.upload(to_toml(START))
        assert place.policies == START


class TestPublication:
    def test_what_was_decided_is_published_when_asked(
        self, someone: Callable[[str], Someone], place: Place
    ) -> None:
        jeanne = someone("validator")
        before = releases(place)
        jeanne.post(ROW, ROW, arrondi="10")
        assert releases(place) == before
        page = settled(jeanne, jeanne.post(f"{PAGE}/publier", PAGE))
        assert "a échoué" not in text(page)
        # an embargo that had ended may have published all of it as soon as the server started
        assert releases(place) >= max(before, 1)

    def test_a_policy_that_cannot_be_applied_publishes_nothing(
        self, someone: Callable[[str], Someone], place: Place
    ) -> None:
        jeanne = someone("validator")
        own = held(jeanne.http.get(PAGE).text)["preuve"]
        with place.engine.begin() as conn:
            conn.execute(
                sa.update(PolicyRow).where(PolicyRow.indicator == "population").values(indicator="partie")
            )
        before = releases(place)
        page = settled(jeanne, jeanne.http.post(f"{PAGE}/publier", data={"preuve": own}))
        assert "La dernière publication a échoué : Règle de diffusion (public) : indicateur inconnu" in text(page)
        assert releases(place) == before
        assert place.last_event.action == "failed"


def releases(place: Place) -> int:
    with place.engine.connect() as conn:
        return conn.scalar(sa.select(sa.func.count()).select_from(Release)) or 0


def settled(someone: Someone, answer: httpx.Response) -> httpx.Response:
    """The page once what it waits for has ended."""
    limit = time.monotonic() + 60
    while "refresh" in answer.headers:
        assert time.monotonic() < limit
        time.sleep(0.1)
        answer = someone.http.get(str(answer.url))
    return answer


class TestCommand:
    @pytest.fixture
    def ores(self, place: Place, tmp_path: Path) -> CliRunner:
        address = place.engine.url.render_as_string(hide_password=False)
        return CliRunner(env={"DATABASE_URL": address, "ORES_HOME": str(tmp_path), "COLUMNS": "200"})

    def test_a_policy_is_written_shown_and_taken_back(self, ores: CliRunner, place: Place, tmp_path: Path) -> None:
        file = tmp_path / "essai.toml"
        file.write_text(
            '[[policies]]\nindicators = ["population"]\naudiences = ["public"]\nfinest_level = "epci"\n'
        )
        taken = ores.invoke(app, ["policy", "import", str(file), "--by", "Jeanne Martin"])
        assert taken.exit_code == 0, taken.stderr
        assert "prochaine publication" in taken.stdout
        taken_back = place.policies
        assert not taken_back.is_open("densite")
        shown = ores.invoke(app, ["policy", "show", "densite"]).stdout
        assert (
            "public\u202f: niveau le plus fin\u202f: EPCI  (hérité en partie de ce dont il est calculé)" in shown
        )
        assert "Conseil régional\u202f: ouvert" in shown
        every = ores.invoke(app, ["policy", "show"]).stdout
        assert "Population municipale (population)" in every
        assert "Supermarchés" not in every
        written = ores.invoke(app, ["policy", "export", "--output", str(tmp_path / "copie.toml")])
        assert "copie.toml" in written.stdout
        assert (tmp_path / "copie.toml").read_text() == ores.invoke(app, ["policy", "export"]).stdout
        ores.invoke(app, ["policy", "import", str(tmp_path / "copie.toml"), "--by", "Jeanne Martin"])
        assert place.policies == taken_back

    def test_what_is_wrong_is_said(self, ores: CliRunner, tmp_path: Path) -> None:
        (tmp_path / "a.toml").write_bytes(b"\xff")
        (tmp_path / "b.toml").write_text('[[policies]]\nindicators = ["popu"]\naudiences = ["public"]\n')
        for name, said in (
            ("rien.toml", "pas de fichier"),
            ("a.toml", "UTF-8"),
            ("b.toml", "b.toml, ligne 1, table"),
        ):
            refused = ores.invoke(app, ["policy", "import", str(tmp_path / name), "--by", "Jeanne Martin"])
            assert refused.exit_code == 1
            assert said in refused.stderr
        assert ores.invoke(app, ["policy", "show", "popu"]).exit_code == 1


WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def test_a_validator_restricts_an_indicator_without_javascript(browser: Browser, place: Place) -> None:
    page = signed_in(browser, place, java_script_enabled=False)
    page.get_by_role("link", name="Diffusion").click()
    page.get_by_role("link", name="Changer Densité de population, Conseil régional").click()
    expect(page.get_by_role("heading", name="Densité de population")).to_be_visible()
    page.get_by_label("Niveau le plus fin").select_option("epci")
    page.get_by_label("Embargo").fill("2026-12-01T08:00")
    page.get_by_label("public", exact=True).check()
    page.get_by_label("professionnels de l’observation").check()
    page.get_by_role("button", name="Enregistrer").click()
    row = page.get_by_role("row", name="Densité de population")
    expect(row).to_contain_text("sous embargo jusqu’au 01/12/2026")
    assert not place.policies.is_open("densite")
    page.get_by_text("Remplacer toutes les règles").click()
    page.set_input_files(
        "#fichier", {"name": "essai.toml", "mimeType": "text/plain", "buffer": to_toml(START).encode()}
    )
    page.get_by_role("button", name="Remplacer les règles").click()
    expect(row).to_contain_text("ouvert")
    assert place.policies == START
    page.context.close()


def test_every_page_is_readable_by_everyone(browser: Browser, place: Place, picture: Picture) -> None:
    page = signed_in(browser, place)
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    visited = {
        "diffusion": PAGE,
        "diffusion-indicateur": f"{PAGE}/indicateurs/densite/public",
        "diffusion-secret": f"{PAGE}/secret?nom={FILOSOFI.name}",
    }
    for name, path in visited.items():
        page.goto(path)
        page.evaluate("document.querySelectorAll('details').forEach((d) => d.open = true)")
        for width in (320, 1440):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate(WIDE) <= 0, (name, width)
            picture(page, f"{name}-{width}")
        page.evaluate((VENDOR / "axe-core" / "axe.min.js").read_text())
        faults = page.evaluate(
            "axe.run(document, { resultTypes: ['violations'] }).then((found) => found.violations)"
        )
        serious = [
            (fault["id"], [node["target"] for node in fault["nodes"]][:5], fault["nodes"][0]["failureSummary"])
            for fault in faults
            if fault["impact"] in ("serious", "critical", "moderate")
        ]
        assert serious == [], name
    assert complaints == []
    page.context.close()


def signed_in(browser: Browser, place: Place, **options: Any) -> Page:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, base_url=place.url, **options)
    page = context.new_page()
    page.goto("/administration")
    page.get_by_label("Votre clé").fill(place.keys["validator"])
    page.get_by_role("button", name="Se connecter").click()
    expect(page.get_by_role("heading", name="Imports")).to_be_visible()
    return page
