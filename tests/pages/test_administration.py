"""The back office in a real browser and over HTTP: from a dirty file to a value on the map, and back."""

import csv
import html
import io
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from deliveries import bring
from pictures import Picture
from playwright.sync_api import Browser, Page, expect
from servers import serving
from statuscountry import served
from toycountry import POPULATIONS, country

from api.accounts import keys
from api.assets import VENDOR
from api.office import Office
from api.pages.administration import held, working
from boundaries.load import load
from geo.cluster import Cluster
from geo.progress import silent
from indicators.actors import Actor
from indicators.publication import publish
from indicators.tables import Delivery, Release

WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
MAP = "/cartes?indicateur=population&niveau=commune&periode=2022&millesime=2023"
DIRTY = (
    "code;nom;population\r\n"
    "35001;Commune 35001;51\r\n"
    "44001;Commune 44001;111\r\n"
    "44002 ;Commune 44002;222\r\n"  # a space after the code
    "44003;Commune 44003;1.300\r\n"  # thousands, or decimals?
    "44004;<img src=x onerror=alert(1)>;444\r\n"
    "49001;Commune 49001;555\r\n"
    "49002;Commune 49002;s\r\n"
)
PEOPLE = {
    "contributor": ("Paul Durand", "contributor", "CAF"),
    "colleague": ("Zoé Roy", "contributor", "CAF"),
    "other": ("Luc Petit", "contributor", "Département"),
    "validator": ("Jeanne Martin", "validator", ""),
    "administrator": ("Ali Benali", "administrator", ""),
}
CLEAN = "code;nom;population\n" + "".join(f"{code};Commune {code};{n + 1}\n" for code, n in POPULATIONS.items())


@dataclass
class Place:
    """A toy country under a server of its own, and a key of each role."""

    url: str
    engine: sa.Engine
    home: Path
    keys: dict[str, str] = field(default_factory=dict)

    @property
    def waiting(self) -> list[Path]:
        """The folders of the files that wait."""
        return list((self.home / "uploads").glob("*"))


def fill(conn: sa.Connection) -> None:
    load(conn, country(2023), "52", silent)
    load(conn, country(2024), "52", silent)
    bring(conn, "2022", 2023, {code: float(value) for code, value in POPULATIONS.items()})
    publish(conn, silent)


@pytest.fixture(scope="module")
def place(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    home = tmp_path_factory.mktemp("office")
    with served(cluster, home, "toy_office", fill) as (url, engine):
        with engine.begin() as conn:
            made = {
                who: keys.create(conn, name, role, organisation=organisation)
                for who, (name, role, organisation) in PEOPLE.items()
            }
            made["reader"] = keys.create(conn, "Lise Roux", "reader", audience="professional")
        yield Place(url, engine, home, made)


@pytest.fixture(autouse=True)
def nothing_waits(place: Place) -> Iterator[None]:
    """What a test leaves behind is not met by the next."""
    yield
    for folder in place.waiting:
        shutil.rmtree(folder)


@dataclass
class Someone:
    """Someone at work over HTTP, without a browser."""

    http: httpx.Client

    def get(self, path: str) -> httpx.Response:
        return self.http.get(path)

    def post(self, path: str, page: str, **fields: str) -> httpx.Response:
        """Send a form of a page."""
        return self.http.post(path, data={"preuve": proof_of(self.get(page).text), **fields})

    def bring(self, content: bytes | str, name: str = "populations.csv", **fields: str) -> httpx.Response:
        """Upload a file and wait for the end of its control."""
        known = {
            "preuve": proof_of(self.get("/administration/imports/nouveau").text),
            "millesime": "2023",
            "periode": "2022",
        }
        answer = self.http.post("/administration/imports", data=known | fields, files={"fichier": (name, content)})
        return self.settled(answer)

    def settled(self, answer: httpx.Response) -> httpx.Response:
        """The page that a waiting page ends by."""
        limit = time.monotonic() + 60
        while "refresh" in answer.headers:
            assert time.monotonic() < limit
            time.sleep(0.1)
            answer = self.http.get(str(answer.url))
        return answer


@pytest.fixture
def someone(place: Place) -> Iterator[Callable[..., Someone]]:
    """Give a function that signs someone in, by role."""
    opened: list[httpx.Client] = []

    def signed(role: str | None) -> Someone:
        http = httpx.Client(base_url=place.url, follow_redirects=True, timeout=60)
        opened.append(http)
        if role is not None:
            answer = Someone(http).post("/administration", "/administration", cle=place.keys[role])
            assert answer.url.path == ("/cartes" if role == "reader" else "/administration/imports"), text(answer)
        return Someone(http)

    yield signed
    for http in opened:
        http.close()


def proof_of(page: str) -> str:
    found = re.search(r'name="preuve" value="(\w+)"', page)
    assert found
    return found[1]


def text(answer: httpx.Response) -> str:
    """What a page says, without its markup."""
    said = re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", answer.text, flags=re.S)
    return re.sub(r"\s+", " ", html.unescape(said).replace("\u202f", " ").replace("\xa0", " "))


def count_of(place: Place, table: Any) -> int:
    with place.engine.connect() as conn:
        return conn.scalar(sa.select(sa.func.count()).select_from(table)) or 0


class TestSignIn:
    def test_nothing_is_shown_without_a_session(self, someone: Callable[..., Someone]) -> None:
        nobody = someone(None)
        for path in ("imports", "imports/nouveau", "imports/1", "journal", "publications", "imports/controles/x"):
            answer = nobody.get(f"/administration/{path}")
            assert answer.url.path == "/administration", path
            assert "Votre clé" in answer.text
        for path in ("imports", "imports/1/valider", "deconnexion", "publications/1/retirer"):
            assert nobody.http.post(f"/administration/{path}", data={"preuve": "x"}).status_code == 403

    def test_the_cookie_cannot_be_read_nor_sent_from_elsewhere(self, place: Place) -> None:
        with httpx.Client(base_url=place.url) as http:
            first = http.get("/administration")
            assert "ores_session" not in http.cookies
            http.cookies.set("ores_session", "brought", domain="127.0.0.1", path="/administration")
            answer = http.post(
                "/administration", data={"preuve": proof_of(first.text), "cle": place.keys["validator"]}
            )
            given = next(one for one in answer.headers.get_list("set-cookie") if one.startswith("ores_session="))
            assert answer.status_code == 303
            assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(given.split("; "))
            assert "brought" not in given
            form = next(one for one in first.headers.get_list("set-cookie") if one.startswith("ores_formulaire="))
            assert {"HttpOnly", "SameSite=strict", "Path=/administration"} <= set(form.split("; "))
            assert answer.headers["cache-control"] == first.headers["cache-control"] == "no-store"
            http.cookies.delete("ores_session", domain="127.0.0.1", path="/administration")
            assert "content-encoding" not in http.get("/administration/imports").headers
            assert place.keys["validator"] not in given + str(answer.url) + answer.text

    def test_over_https_the_cookie_is_for_https_alone(self, place: Place) -> None:
        answer = httpx.get(f"{place.url}/administration", headers={"X-Forwarded-Proto": "https"})
        assert "Secure" in answer.headers["set-cookie"].split("; ")

    def test_a_key_in_an_address_opens_nothing(self, place: Place) -> None:
        answer = httpx.get(f"{place.url}/administration?cle={place.keys['validator']}")
        assert answer.status_code == 400
        assert "connectez-vous" in answer.text
        assert place.keys["validator"] not in answer.text

    def test_a_wrong_key_is_refused_then_made_to_wait(self, place: Place, tmp_path: Path) -> None:
        settings = {"home": tmp_path, "DATABASE_URL": place.engine.url.render_as_string(False), "region": "all"}
        from api.settings import Settings

        with serving(Settings(**settings)) as url, httpx.Client(base_url=url) as http:
            given: dict[str, str] = {"preuve": proof_of(http.get("/administration").text), "cle": "<b>ores_x</b>"}
            answers = [http.post("/administration", data=given) for _ in range(6)]
            assert [answer.status_code for answer in answers] == [403] * 5 + [429]
            assert "Clé refusée" in answers[0].text
            assert "ores_x" not in answers[0].text
            assert 0 < int(answers[-1].headers["retry-after"]) <= 2
            right = given | {"cle": place.keys["validator"]}
            assert http.post("/administration", data=right).status_code == 429
            time.sleep(2.1)
            assert http.post("/administration", data=right).status_code == 303

    def test_a_form_from_elsewhere_is_refused(self, someone: Callable[..., Someone], place: Place) -> None:
        jeanne = someone("validator")
        own = proof_of(jeanne.get("/administration/imports").text)
        for given in (
            {},
            {"preuve": ""},
            {"preuve": "0" * 64},
            {"preuve": proof_of(someone("validator").get("/administration/imports").text)},
        ):
            answer = jeanne.http.post("/administration/publications/1/retirer", data={"motif": "x", **given})
            assert answer.status_code == 403
            assert "rechargez-la" in answer.text
        for kind in ("text/plain", "application/json", "multipart/form-data"):
            body = f"preuve={own}&motif=x".encode()
            answer = jeanne.http.post(
                "/administration/publications/1/retirer", content=body, headers={"Content-Type": kind}
            )
            assert answer.status_code == 403
        assert (
            jeanne.http.post(
                "/administration/deconnexion",
                content=b"a" * 2_100_000,
                headers={"Content-Type": "application/x-www-form-urlencoded"},
            ).status_code
            == 413
        )
        upload = {"fichier": ("a.csv", CLEAN)}
        assert (
            jeanne.http.post("/administration/imports", data={"preuve": "0" * 64}, files=upload).status_code == 403
        )
        assert jeanne.http.post("/administration/imports", files=upload).status_code == 403
        assert place.waiting == []

    def test_signing_out_closes_the_session(self, someone: Callable[..., Someone]) -> None:
        jeanne = someone("validator")
        token = jeanne.http.cookies["ores_session"]
        assert jeanne.post("/administration/deconnexion", "/administration/imports").url.path == "/administration"
        again = httpx.get(
            str(jeanne.http.base_url.join("/administration/imports")), cookies={"ores_session": token}
        )
        assert again.status_code == 303

    def test_who_only_reads_does_not_come_in(self, someone: Callable[..., Someone]) -> None:
        lise = someone("reader")
        assert "professionnels de l’observation" in text(lise.get("/administration"))
        for path in ("imports", "imports/nouveau", "journal", "publications"):
            answer = lise.get(f"/administration/{path}")
            assert answer.status_code == 403
            assert "est lecteur" in text(answer)
        upload = {"fichier": ("a.csv", CLEAN)}
        own = {"preuve": proof_of(lise.get("/administration").text)}
        assert lise.http.post("/administration/imports", data=own, files=upload).status_code == 403
        assert "Votre clé" in lise.post("/administration/deconnexion", "/administration").text


class TestUploads:
    @pytest.mark.parametrize(
        ("name", "shown"),
        [
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\x\\<script>alert(1)</script>.csv", "script>.csv"),
            ("<b>é</b>'\".csv", "b>'%22.csv"),
            ("a\u202eb\x07.csv", "a b%07.csv"),
        ],
    )
    def test_the_name_of_a_file_is_only_shown(
        self, someone: Callable[..., Someone], place: Place, name: str, shown: str
    ) -> None:
        paul = someone("contributor")
        page = paul.bring(CLEAN, name)
        assert page.status_code == 200, text(page)
        assert f"Contrôle de {shown}" in text(page)
        assert "<script>alert" not in page.text
        assert "<b>é" not in page.text
        [folder] = place.waiting
        assert re.fullmatch(r"[0-9a-f]{32}", folder.name)
        assert folder.stat().st_mode & 0o777 == 0o700
        assert (folder / "content").read_text() == CLEAN
        assert (folder / "content").stat().st_mode & 0o777 == 0o600
        assert paul.post(f"{page.url.path}/abandonner", page.url.path).url.path == "/administration/imports"
        assert place.waiting == []

    def test_what_is_not_a_table_is_said_and_leaves_nothing(
        self, someone: Callable[..., Someone], place: Place
    ) -> None:
        paul = someone("contributor")
        page = paul.bring(b"%PDF-1.7 rien", "rapport.pdf")
        assert 'role="alert"' in page.text
        assert "rapport.pdf" in text(page)
        assert paul.post(f"{page.url.path}/garder", page.url.path).status_code == 409
        paul.post(f"{page.url.path}/abandonner", page.url.path)
        assert place.waiting == []

    def test_what_is_cut_short_or_malformed_leaves_nothing(
        self, someone: Callable[..., Someone], place: Place
    ) -> None:
        paul = someone("contributor")
        own = proof_of(paul.get("/administration/imports/nouveau").text)
        head = f'--x\r\nContent-Disposition: form-data; name="preuve"\r\n\r\n{own}\r\n--x\r\n'
        file = head + 'Content-Disposition: form-data; name="fichier"; filename="a.csv"\r\n\r\na;b\r\n'
        for body, kind, said in (
            (file, "multipart/form-data; boundary=x", "n’est pas arrivé en entier"),
            (file.replace("a.csv", "") + "--x--", "multipart/form-data; boundary=x", "Choisissez un fichier"),
            (head[:-2] + "--", "multipart/form-data; boundary=x", "Choisissez un fichier"),
            ("nothing of the kind", "multipart/form-data; boundary=x", "n’est pas lisible"),
            (file + "--x--", "multipart/form-data; boundary=" + "x" * 300, "n’est pas lisible"),
            (file + "--x--", "text/csv", "multipart/form-data"),
            (file + "--x--", "application/x-www-form-urlencoded", "multipart/form-data"),
            (head.replace(own, "y" * 20_000), "multipart/form-data; boundary=x", "n’est pas celui de cette page"),
            (
                file + '--x\r\nContent-Disposition: form-data; name="f"; filename="b.csv"\r\n\r\nb\r\n--x--',
                "multipart/form-data; boundary=x",
                "Un seul fichier",
            ),
        ):
            answer = paul.http.post(
                "/administration/imports", content=body.encode(), headers={"Content-Type": kind}
            )
            assert answer.status_code == 400, said
            assert said in text(answer)
            assert answer.headers["content-type"].startswith("text/html")
        assert place.waiting == []

    def test_a_file_beyond_the_limit_is_refused_in_french(
        self, someone: Callable[..., Someone], place: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from indicators.imports.reading import limits

        paul = someone("contributor")
        own = proof_of(paul.get("/administration/imports/nouveau").text)
        monkeypatch.setattr(limits, "FILE_BYTES", limits.Limit(1000, limits.FILE_BYTES.said))
        files = {"fichier": ("gros.csv", b"1;2\n" * 50_000)}
        for answer in (
            paul.http.post("/administration/imports", data={"preuve": own}, files=files),
            paul.http.post(
                "/administration/imports",
                content=_chunks(own),
                headers={"Content-Type": "multipart/form-data; boundary=x"},
            ),
        ):
            assert answer.status_code == 413
            assert "500 Mo" in text(answer)
        assert place.waiting == []


def _chunks(own: str) -> Iterator[bytes]:
    """A body whose length nobody announces."""
    yield f'--x\r\nContent-Disposition: form-data; name="preuve"\r\n\r\n{own}\r\n--x\r\n'.encode()
    yield b'Content-Disposition: form-data; name="fichier"; filename="a.csv"\r\n\r\n'
    for _ in range(100):
        yield b"1;2\n" * 1000


class TestDecisions:
    def test_decisions_are_noted_page_after_page_and_applied_together(
        self, someone: Callable[..., Someone], place: Place
    ) -> None:
        paul = someone("contributor")
        page = paul.bring(DIRTY)
        path = page.url.path
        assert "séparateur de milliers ambigu (1), espaces en trop (1)" in text(page)
        assert "Garder comme brouillon" not in page.text
        assert paul.settled(paul.post(f"{path}/garder", path)).text.count('role="alert"') == 1
        [cell] = re.findall(r'name="d\.(thousands/[0-9a-f]+)"', page.text)[:1]
        noted = paul.post(path, path, **{f"d.{cell}": "non", "acte": "noter"})
        assert re.search(rf'name="d\.{cell}" value="non" checked', noted.text)
        page = paul.settled(paul.post(path, path, **{"d.spaces": "oui", "acte": "relancer"}))
        assert "Prêt à être gardé" in page.text
        accepted = paul.get(f"{path}?vue=acceptees")
        assert "Corrections acceptées (1)" in text(accepted)
        assert "<code>44002 </code></td>" in accepted.text
        undone = paul.settled(paul.post(path, path, **{"d.spaces": "", "acte": "relancer"}))
        assert "espaces en trop (1)" in text(undone)
        assert "Garder comme brouillon" not in undone.text
        paul.post(f"{path}/abandonner", path)

    def test_what_is_written_in_a_form_is_not_believed(self, someone: Callable[..., Someone]) -> None:
        paul = someone("contributor")
        path = paul.bring(DIRTY).url.path
        assert paul.post(path, path, **{"d.nothing/0123": "oui"}).status_code == 400
        assert paul.post(path, path, **{"d.spaces/" + "f" * 90: "oui"}).status_code == 400
        unknown = paul.settled(paul.post(path, path, **{"d.spaces/0123456789ab": "oui", "acte": "relancer"}))
        assert "Correction inconnue" in text(unknown)
        for fields, said in (
            ({"recette": "texte", "correspondance": "a = ["}, "n’est pas du TOML"),
            (
                {"recette": "texte", "correspondance": 'source = "</textarea><script>alert(1)</script>"'},
                "aucune valeur",
            ),
            ({"recette": "inconnue"}, "inconnue"),
        ):
            page = paul.settled(paul.post(f"{path}/lecture", path, millesime="2023", **fields))
            assert said in text(page)
            assert "Garder comme brouillon" not in page.text
            assert "<script>alert" not in page.text
        assert paul.post(f"{path}/lecture", path, millesime="an 2000").status_code == 400
        assert paul.post(f"{path}/lecture", path, recette="texte", correspondance=" ").status_code == 400
        assert paul.get(f"{path}?famille=rien").status_code == 400
        assert paul.get(f"{path}?page=zero").headers["content-type"].startswith("text/html")
        paul.post(f"{path}/abandonner", path)

    def test_a_file_is_read_otherwise_with_a_recipe_that_is_corrected(
        self, someone: Callable[..., Someone]
    ) -> None:
        jeanne = someone("validator")
        path = jeanne.bring(CLEAN.replace("population", "habitants")).url.path
        page = jeanne.get(path)
        recipe = html.unescape(re.search(r"<textarea[^>]*>(.*?)</textarea>", page.text, re.S)[1])  # type: ignore[index]
        recipe = re.sub(r'indicator = "\w+"', 'indicator = "population"', recipe)
        page = jeanne.settled(
            jeanne.post(f"{path}/lecture", path, recette="texte", correspondance=recipe, millesime="2023")
        )
        assert "7 valeurs" in text(page)
        assert jeanne.post(f"{path}/recette", path, nom="pas un nom").status_code == 400
        saved = jeanne.post(f"{path}/recette", path, nom="populations_jouet")
        assert saved.status_code == 200
        assert 'value="populations_jouet"' in jeanne.get("/administration/imports/nouveau").text
        assert "recette gardée" in text(jeanne.get("/administration/journal?action=recipe-saved"))
        jeanne.post(f"{path}/abandonner", path)

    def test_the_reports_are_harmless_in_a_spreadsheet(self, someone: Callable[..., Someone]) -> None:
        paul = someone("contributor")
        path = paul.bring("code;nom;population\n44001;Commune 44001;=HYPERLINK(1)\n44002;@x;12\n").url.path
        answer = paul.get(f"{path}/rapport.csv")
        assert answer.headers["content-disposition"] == 'attachment; filename="rapport-de-controle.csv"'
        assert answer.headers["x-content-type-options"] == "nosniff"
        rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
        assert rows[0][0] == "famille"
        assert any(cell.startswith("'=HYPERLINK") for row in rows for cell in row)
        assert not any(cell[:1] in "=@" for row in rows for cell in row if cell)
        whole = paul.get(f"{path}/rapport.json").json()
        assert {one["family"] for one in whole["findings"]} >= {"formula"}
        paul.post(f"{path}/abandonner", path)
        assert paul.get(f"{path}/rapport.csv").status_code == 404

    def test_a_file_of_someone_else_does_not_exist(self, someone: Callable[..., Someone]) -> None:
        paul, luc = someone("contributor"), someone("other")
        path = paul.bring(CLEAN).url.path
        assert luc.get(path).status_code == 404
        assert luc.get(f"{path}/rapport.json").status_code == 404
        assert luc.post(f"{path}/abandonner", "/administration/imports").status_code == 404
        assert path not in luc.get("/administration/imports").text
        assert path in someone("validator").get("/administration/imports").text
        zoe = someone("colleague")
        assert path in zoe.get("/administration/imports").text
        assert zoe.post(f"{path}/abandonner", path).url.path == "/administration/imports"
        assert paul.get(path).status_code == 404

    def test_a_control_tells_a_contributor_nothing_of_what_others_delivered(
        self, someone: Callable[..., Someone]
    ) -> None:
        far = CLEAN.replace(";101", ";99101")
        jeanne, paul = someone("validator"), someone("contributor")
        told = []
        for who in (jeanne, paul):
            path = who.bring(far).url.path
            found = who.get(f"{path}/rapport.json").json()["findings"]
            jeanne.settled(jeanne.post(path, path, acte="relancer"))
            found += who.get(f"{path}/rapport.json").json()["findings"]
            told.append([one["family"] for one in found])
            who.post(f"{path}/abandonner", path)
        assert told == [["jump"] * 2, []]

    def test_too_many_files_cannot_wait(
        self, someone: Callable[..., Someone], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(held, "MOST", 1)
        paul = someone("contributor")
        path = paul.bring(CLEAN).url.path
        assert paul.bring(CLEAN).status_code == 409
        paul.post(f"{path}/abandonner", path)
        assert paul.bring(CLEAN).status_code == 200

    def test_a_control_that_was_interrupted_is_run_again(
        self, someone: Callable[..., Someone], place: Place
    ) -> None:
        paul = someone("contributor")
        path = paul.bring(CLEAN).url.path
        (place.waiting[0] / "report.json").unlink()
        page = paul.get(path)
        assert "s’est interrompu" in text(page)
        assert "Prêt à être gardé" in text(paul.settled(paul.post(path, path, acte="relancer")))
        paul.post(f"{path}/abandonner", path)


class TestSteps:
    def test_a_delivery_goes_from_a_draft_to_the_map_and_back(
        self, someone: Callable[..., Someone], place: Place
    ) -> None:
        paul, jeanne = someone("contributor"), someone("validator")
        control = paul.bring(CLEAN).url.path
        page = paul.settled(paul.post(f"{control}/garder", control))
        path = page.url.path
        number = int(path.rpartition("/")[2])
        assert "brouillon" in text(page)
        assert place.waiting == []
        assert paul.get(control).status_code == 404

        for step in ("valider", "diffuser"):
            assert paul.post(f"{path}/{step}", path).status_code == 403
        luc, zoe = someone("other"), someone("colleague")
        assert luc.get(path).status_code == 404
        assert luc.post(f"{path}/refuser", "/administration/imports", motif="x").status_code == 404
        assert luc.post(f"{path}/retirer", "/administration/imports", motif="x").status_code == 404
        assert path not in luc.get("/administration/imports").text
        assert path in zoe.get("/administration/imports").text
        assert "Retirer la livraison" not in zoe.get(path).text
        assert jeanne.post(f"{path}/diffuser", path).status_code == 409
        assert jeanne.post(f"{path}/refuser", path, motif="  ").status_code == 400
        jeanne.post(f"{path}/valider", path)
        before = value(place)
        page = jeanne.settled(jeanne.post(f"{path}/diffuser", path))
        assert f"Livraison n° {number} diffusée" in text(page)
        assert (before, value(place)) == (100.0, 101.0)
        page = jeanne.settled(jeanne.post(f"{path}/retirer", path, motif="<i>erreur</i> du producteur"))
        assert "retirée" in text(page)
        assert "&lt;i&gt;erreur&lt;/i&gt; du producteur" in page.text
        assert value(place) == 100.0
        journal = text(jeanne.get("/administration/journal"))
        for told in ("remise", "contrôlée", "validée", "diffusée", "publiée", "retirée"):
            assert told in journal
        assert "Jeanne Martin, validateur" in journal

    def test_a_control_that_runs_is_not_begun_again(self, place: Place, tmp_path: Path) -> None:
        office = Office(place.engine.url.render_as_string(False), tmp_path)
        one = held.begin(office.folder, Actor("Paul", "contributor"))
        over = threading.Event()

        def hold() -> None:
            over.wait(30)

        office.jobs.start(working.name(one.id), hold)
        held.write_report(one.folder, {"error": None})
        working.start_control(office, one)
        assert one.report == {"error": None}
        over.set()
        office.dispose()

    def test_work_that_ends_while_its_page_is_read_is_not_missed(
        self, someone: Callable[..., Someone], place: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        paul = someone("contributor")
        control = paul.bring(CLEAN).url.path
        found_at_once = held.find

        def found_late(home: Path, identity: str) -> held.Held:
            found = found_at_once(home, identity)
            for thread in threading.enumerate():
                if thread.name == f"control {identity}":
                    thread.join()
            return found

        monkeypatch.setattr(held, "find", found_late)
        page = paul.settled(paul.post(f"{control}/garder", control))
        assert "brouillon" in text(page)
        assert place.waiting == []

    def test_an_organisation_takes_back_what_it_delivered(
        self, someone: Callable[..., Someone], place: Place
    ) -> None:
        paul, zoe, jeanne = someone("contributor"), someone("colleague"), someone("validator")
        control = paul.bring(CLEAN.replace(";101", ";105")).url.path
        path = paul.settled(paul.post(f"{control}/garder", control)).url.path
        assert "Reprendre la livraison" in zoe.get(path).text
        assert "refusée" in text(zoe.post(f"{path}/refuser", path, motif="erreur"))
        control = paul.bring(CLEAN.replace(";101", ";106")).url.path
        path = paul.settled(paul.post(f"{control}/garder", control)).url.path
        jeanne.post(f"{path}/valider", path)
        jeanne.settled(jeanne.post(f"{path}/diffuser", path))
        assert value(place) == 106.0
        page = zoe.settled(zoe.post(f"{path}/retirer", path, motif="erreur"))
        assert "retirée" in text(page)
        assert "Zoé Roy (contributeur)" in text(page)
        assert value(place) == 100.0

    def test_a_refused_delivery_says_why(self, someone: Callable[..., Someone]) -> None:
        jeanne = someone("administrator")
        control = jeanne.bring(CLEAN.replace(";101", ";102")).url.path
        path = jeanne.settled(jeanne.post(f"{control}/garder", control)).url.path
        page = jeanne.post(f"{path}/refuser", path, motif="mauvaise année")
        assert "Refusée le" in text(page)
        assert "mauvaise année" in text(page)
        assert path in jeanne.get("/administration/imports?etat=refused").text
        assert path not in jeanne.get("/administration/imports?etat=draft&q=100%25_").text
        assert jeanne.get("/administration/imports?etat=rien").status_code == 400

    def test_the_same_file_twice_is_said(self, someone: Callable[..., Someone], place: Place) -> None:
        paul = someone("contributor")
        content = CLEAN.replace(";101", ";103")
        control = paul.bring(content).url.path
        paul.settled(paul.post(f"{control}/garder", control))
        control = paul.bring(content).url.path
        deliveries = count_of(place, Delivery)
        page = paul.settled(paul.post(f"{control}/garder", control))
        assert "est déjà la livraison n°" in text(page)
        assert count_of(place, Delivery) == deliveries
        paul.post(f"{control}/abandonner", control)

    def test_a_publication_that_fails_changes_nothing_and_is_told(
        self, someone: Callable[..., Someone], place: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        jeanne = someone("validator")
        control = jeanne.bring(CLEAN.replace(";101", ";104")).url.path
        path = jeanne.settled(jeanne.post(f"{control}/garder", control)).url.path
        jeanne.post(f"{path}/valider", path)
        with place.engine.begin() as conn:
            conn.execute(sa.text("ALTER TABLE indicators.release ADD CONSTRAINT broken CHECK (id < 0) NOT VALID"))
        try:
            page = jeanne.settled(jeanne.post(f"{path}/diffuser", path))
        finally:
            with place.engine.begin() as conn:
                conn.execute(sa.text("ALTER TABLE indicators.release DROP CONSTRAINT broken"))
        assert "rien n’a été changé" in text(page)
        assert "validée" in text(page)
        assert "Publication échouée le" in text(page)
        assert value(place) == 100.0

    def test_a_release_is_withdrawn_with_a_reason(self, someone: Callable[..., Someone], place: Place) -> None:
        jeanne, paul = someone("validator"), someone("contributor")
        for path in ("/administration/publications", "/administration/journal"):
            assert paul.get(path).status_code == 403
        page = jeanne.get("/administration/publications")
        served_now = re.search(r"Publication n° (\d+) servie", text(page))
        assert served_now
        path = f"/administration/publications/{served_now[1]}/retirer"
        assert paul.post(path, "/administration/imports", motif="x").status_code == 403
        releases = count_of(place, Release)
        answer = jeanne.post(path, "/administration/publications", motif="essai")
        assert "Retirée le" in text(answer)
        assert "essai" in text(answer)
        assert count_of(place, Release) == releases
        assert jeanne.post(path, "/administration/publications", motif="encore").status_code == 409
        assert (
            jeanne.post(
                "/administration/publications/99999999999/retirer", "/administration/publications", motif="x"
            ).status_code
            == 404
        )

    def test_what_does_not_exist_is_said(self, someone: Callable[..., Someone]) -> None:
        jeanne = someone("validator")
        for path in (
            "imports/999999",
            "imports/99999999999",
            "imports/0",
            "imports/controles/" + "0" * 32,
            "imports/controles/..%2f..%2fx",
        ):
            assert jeanne.get(f"/administration/{path}").status_code == 404, path


def value(place: Place) -> float | None:
    """The population of 44001 that is served now."""
    path = "/api/indicators/population/series?territory=commune:44001&millesime=2023"
    body = httpx.get(place.url + path).json()
    found: float | None = body["values"][body["periods"].index("2022")]
    return found


@pytest.fixture
def window(browser: Browser, place: Place) -> Iterator[Callable[..., tuple[Page, list[str]]]]:
    """Give a function that opens a fresh profile where someone signs in; and what the console complains of."""
    contexts = []

    def opened(role: str, width: int = 1440, **options: Any) -> tuple[Page, list[str]]:
        context = browser.new_context(viewport={"width": width, "height": 900}, base_url=place.url, **options)
        contexts.append(context)
        page = context.new_page()
        complaints: list[str] = []
        page.on(
            "console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto("/administration")
        page.get_by_label("Votre clé").fill(place.keys[role])
        page.get_by_role("button", name="Se connecter").click()
        expect(page.get_by_role("heading", name="Imports")).to_be_visible()
        return page, complaints

    yield opened
    for context in contexts:
        context.close()


def uploaded(page: Page, content: str, name: str = "populations.csv") -> None:
    """Bring a file as people do, and wait for its control."""
    page.get_by_role("link", name="Contrôler un fichier").click()
    page.get_by_label("Géographie des codes").select_option("2023")
    page.get_by_label("Période").fill("2022")
    page.set_input_files("#fichier", {"name": name, "mimeType": "text/csv", "buffer": content.encode()})
    page.get_by_role("button", name="Contrôler").click()
    expect(page.get_by_role("heading", name="Constats par famille")).to_be_visible(timeout=30_000)


def on_the_map(page: Page) -> str:
    """The population of 44003 as the table of the map says it."""
    page.goto(MAP)
    page.wait_for_function("() => document.getElementById('map_carte').dataset.etat === 'prete'", timeout=90_000)
    return page.locator("tr", has_text="44003").locator("td.n").inner_text().strip()


@pytest.mark.parametrize("script", [True, False], ids=["with-javascript", "without"])
def test_the_whole_way_in_a_browser(
    window: Callable[..., tuple[Page, list[str]]], picture: Picture, script: bool
) -> None:
    """Sign in, bring a dirty file, decide, keep; validate as another, release, see it on the map, undo, see it gone."""
    paul, of_paul = window("contributor", java_script_enabled=script)
    content = DIRTY if script else DIRTY.replace(";111", ";112")
    uploaded(paul, content)
    family = paul.get_by_role("row", name="Espaces en trop").filter(has_text="à décider").first
    family.get_by_label("accepter").check()
    cell = paul.get_by_role("row", name="ligne 5, population")
    cell.get_by_label("refuser").check()
    picture(paul, "administration-controle")
    paul.get_by_role("button", name="Relancer le contrôle").click()
    expect(paul.get_by_role("heading", name="Prêt à être gardé")).to_be_visible(timeout=30_000)
    paul.get_by_role("button", name="Garder comme brouillon").click()
    expect(paul.get_by_role("heading", name="Livraison n°")).to_be_visible(timeout=30_000)
    assert paul.get_by_role("button", name="Valider").count() == 0
    address = paul.url

    jeanne, of_jeanne = window("validator", java_script_enabled=script)
    jeanne.goto(address)
    jeanne.get_by_role("button", name="Valider").click()
    expect(jeanne.get_by_role("heading", name="Livraison n°")).to_contain_text("validée")
    jeanne.get_by_role("button", name="Diffuser et publier").click()
    expect(jeanne.get_by_role("heading", name="Livraison n°")).to_contain_text("diffusée", timeout=60_000)
    picture(jeanne, "administration-livraison")

    if script:
        time.sleep(1.2)  # what is served is looked at every second
        assert on_the_map(paul) == "…"  # the refused cell has no value
        paul.locator("tr", has_text="44002").locator("td.n a").click()
        expect(paul.get_by_role("heading", name="Population municipale")).to_be_visible()
        expect(paul.locator(".grand")).to_contain_text("222")
        expect(paul.locator("main")).to_contain_text("1 cellule corrigée avec l’accord d’une personne")
        expect(paul.locator("main")).to_contain_text("Jeanne Martin")
        picture(paul, "passeport")
    jeanne.get_by_label("motif").fill("essai de retrait")
    jeanne.get_by_role("button", name="Retirer la livraison").click()
    expect(jeanne.get_by_role("heading", name="Livraison n°")).to_contain_text("retirée", timeout=60_000)
    if script:
        time.sleep(1.2)
        assert on_the_map(paul) == "300"
    assert of_paul == of_jeanne == []


def test_every_page_is_readable_by_everyone(
    window: Callable[..., tuple[Page, list[str]]], place: Place, picture: Picture
) -> None:
    page, complaints = window("administrator")
    formulas = "".join(f"990{n:02};Ailleurs {n};=1+{n}\n" for n in range(60))
    uploaded(page, DIRTY + formulas, "un-nom-de-fichier-" + "long" * 15 + ".csv")
    series = httpx.get(
        place.url + "/api/indicators/population/series?territory=departement:44&millesime=2023"
    ).json()
    visited = {
        "controle": page.url,
        "imports": "/administration/imports",
        "nouveau": "/administration/imports/nouveau",
        "livraison": "/administration/imports/1",
        "journal": "/administration/journal",
        "publications": "/administration/publications",
        "passeport": f"/passeports/{series['passports'][0]}",
        "erreur": "/administration/imports/99999",
    }
    for name, path in visited.items():
        page.goto(path)
        page.evaluate("document.querySelectorAll('details').forEach((d) => d.open = true)")
        for width in (320, 390, 1440):
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
    assert [said for said in complaints if "404" not in said] == []


def test_the_back_office_is_used_with_the_keyboard_alone(
    window: Callable[..., tuple[Page, list[str]]],
) -> None:
    page, complaints = window("contributor")
    uploaded(page, DIRTY)
    row = page.get_by_role("row", name="Espaces en trop").filter(has_text="à décider").first
    row.get_by_label("une par une").focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(row.get_by_label("accepter")).to_be_checked()
    page.get_by_role("button", name="Noter ces choix").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("row", name="Espaces en trop").first.get_by_label("accepter")).to_be_checked()
    assert complaints == []
