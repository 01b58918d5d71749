"""Signing in at a real provider, which runs in a process of its own, and everything that must not open a session."""

import json
import re
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import oidcprovider
import pytest
import sqlalchemy as sa
from fastapi import FastAPI, Request
from servers import serving

from api.accounts import people
from api.accounts.rights import COMMAND
from api.accounts.tables import AccountEvent, Person, Session
from api.identity.identified import Identified
from api.identity.vouching import provider
from api.office import Office
from api.pages.administration import oidc, signing
from api.problems import handle_problems
from api.settings import Settings
from geo.cluster import Cluster
from geo.errors import Invalid

TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # of no use here, and slow to make for each client
PLAIN = httpx.Client(verify=TLS)
RIGHTS = {
    "agents": {"audience": "region"},
    "ores-validation": {"role": "validator"},
    "caf": {"role": "contributor", "organisation": "CAF de Loire-Atlantique"},
    "observateurs": {"audience": "professional"},
    "ores-admin": {"role": "administrator"},
}


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with oidcprovider.running() as issuer:
        yield issuer


def settings(issuer: str, **more: Any) -> Settings:
    given = {
        "oidc_issuer": issuer,
        "oidc_client_id": oidcprovider.CLIENT,
        "oidc_client_secret": oidcprovider.SECRET,
        "oidc_label": "le compte de la Région",
        "oidc_rights": json.dumps(RIGHTS),
    }
    return Settings(**(given | more))


@dataclass
class Site:
    """The sign-in pages of a site whose people come from the provider."""

    url: str
    issuer: str
    office: Office
    app: FastAPI

    def faults(self, **faults: Any) -> None:
        PLAIN.post(f"{self.issuer}/faults", content=json.dumps(faults)).raise_for_status()

    def browser(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=20, verify=TLS)


@pytest.fixture
def site(issuer: str, cluster: Cluster, engine: sa.Engine, tmp_path: Path) -> Iterator[Site]:
    chosen = settings(issuer)
    app = FastAPI()
    app.state.region, app.state.office = "52", Office(cluster.url, tmp_path)
    app.state.provider = provider(chosen)
    handle_problems(app)
    for module in (signing, oidc):
        app.include_router(module.router)

    @app.get("/cartes")
    @app.get("/administration/imports")
    def shown(request: Request) -> dict[str, str]:
        return {"audience": request.state.reader.audience, "name": request.state.reader.name}

    with serving(chosen, Identified(app, app.state.office, chosen)) as url:
        made = Site(url, issuer, app.state.office, app)
        made.faults()
        yield made
    app.state.office.dispose()
    with engine.begin() as conn:
        conn.execute(sa.delete(Person))


def leave(http: httpx.Client) -> httpx.Response:
    """Go to the provider's page."""
    left = http.get("/administration/oidc/connexion")
    assert left.status_code == 303, left.text
    page = PLAIN.get(left.headers["location"])
    assert page.status_code == 200
    return page


def choose(page: httpx.Response, user: str) -> str:
    """Sign in on the provider's page, and return where it leads."""
    held = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page.text.split("<button")[0]))
    answer = PLAIN.post(str(page.url.join("/login")), data=held | {"user": user})
    assert answer.status_code == 302
    return str(answer.headers["location"])


def sign_in(http: httpx.Client, user: str) -> httpx.Response:
    return http.get(choose(leave(http), user))


def journal(site: Site) -> list[sa.Row[Any]]:
    with site.office.transaction() as conn:
        wanted = sa.select(AccountEvent.action, AccountEvent.actor, AccountEvent.address, AccountEvent.details)
        return list(conn.execute(wanted.order_by(AccountEvent.id.desc()).limit(3)))


def sessions_of(site: Site) -> int:
    with site.office.transaction() as conn:
        return conn.scalar(sa.select(sa.func.count()).select_from(Session)) or 0


class TestSignIn:
    @pytest.mark.parametrize(
        ("user", "name", "audience", "lands"),
        [
            ("jeanne", "Jeanne Martin", "region", "/administration/imports"),
            ("paul", "Paul Durand", "professional", "/administration/imports"),
            ("lise", "Lise Roux", "professional", "/cartes"),
        ],
    )
    def test_whom_the_provider_vouches_for_reads_their_edition(
        self, site: Site, user: str, name: str, audience: str, lands: str
    ) -> None:
        with site.browser() as http:
            answer = sign_in(http, user)
            assert (answer.status_code, answer.headers["location"]) == (303, lands), answer.text
            cookie = next(one for one in answer.headers.get_list("set-cookie") if one.startswith("ores_session="))
            assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))
            assert http.get("/cartes").json() == {"audience": audience, "name": name}
            assert "ores_oidc" not in http.cookies
        event = journal(site)[0]
        assert (event.action, event.actor, event.address) == ("signed-in", name, "127.0.0.1")
        assert event.details == {"how": "oidc", "audience": audience}

    def test_what_is_sent_to_the_provider_gives_nothing_away(self, site: Site) -> None:
        with site.browser() as http:
            left = http.get("/administration/oidc/connexion")
            asked = parse_qs(urlsplit(left.headers["location"]).query)
            secret = http.cookies["ores_oidc"]
        assert asked["redirect_uri"] == [f"{site.url}/administration/oidc/retour"]
        assert (asked["response_type"], asked["code_challenge_method"]) == (["code"], ["S256"])
        assert len({*asked["state"], *asked["nonce"], *asked["code_challenge"], secret}) == 4
        assert secret not in left.headers["location"]
        cookie = left.headers["set-cookie"]
        assert {"HttpOnly", "SameSite=lax", "Path=/administration/oidc", "Max-Age=600"} <= set(cookie.split("; "))
        over_https = PLAIN.get(f"{site.url}/administration/oidc/connexion", headers={"X-Forwarded-Proto": "https"})
        assert "Secure" in over_https.headers["set-cookie"].split("; ")

    def test_rights_follow_the_provider_and_an_account_can_be_closed_here(self, site: Site) -> None:
        with site.browser() as http:
            sign_in(http, "paul")
            with site.office.transaction() as conn:
                conn.execute(sa.update(Person).values(role="reader", audience="region", organisation=""))
            sign_in(http, "paul")
            changed = next(one for one in journal(site) if one.action == "rights-changed")
            assert changed.details["before"] == {"role": "reader", "audience": "region", "organisation": ""}
            with site.office.transaction() as conn:
                [paul] = conn.execute(sa.select(Person.id, Person.role, Person.organisation)).all()
                assert (paul.role, paul.organisation) == ("contributor", "CAF de Loire-Atlantique")
                people.close(conn, paul.id, by=COMMAND)
            assert http.get("/cartes").status_code == 401
            answer = sign_in(http, "paul")
            assert answer.status_code == 403
            assert "a été fermé" in answer.text
            assert sessions_of(site) == 0

    def test_a_namesake_is_someone_else(self, site: Site) -> None:
        with site.office.transaction() as conn:
            from api.accounts import keys

            keys.create(conn, "Jeanne Martin", "administrator")
        with site.browser() as http:
            sign_in(http, "jeanne")
            assert http.get("/cartes").json()["name"] == "Jeanne Martin (jeanne@region.test)"
        with site.office.transaction() as conn:
            roles = {row.name: row.role for row in conn.execute(sa.select(Person.name, Person.role))}
        assert roles == {"Jeanne Martin": "administrator", "Jeanne Martin (jeanne@region.test)": "validator"}

    def test_nobody_takes_the_name_that_the_journal_gives_to_another(self, site: Site) -> None:
        with site.browser() as http:
            sign_in(http, "robot")
            assert http.get("/cartes").json()["name"] == "Ligne de commande (robot@region.test)"

    def test_rights_may_be_in_userinfo_or_deep_in_the_token(self, site: Site) -> None:
        site.faults(thin=True)
        with site.browser() as http:
            assert sign_in(http, "lise").status_code == 303
            site.faults(thin=True, userinfo_sub="id-jeanne")
            assert sign_in(http, "lise").status_code == 403
        site.faults()
        site.app.state.provider = provider(settings(site.issuer, oidc_claim="realm_access.roles"))
        with site.browser() as http:
            assert sign_in(http, "ali").headers["location"] == "/administration/imports"
            assert http.get("/cartes").json() == {"audience": "region", "name": "ali"}
            assert sign_in(http, "jeanne").status_code == 403

    def test_keys_that_the_provider_renews_are_asked_again(
        self, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from api.identity import oidc as identity

        with site.browser() as http:
            assert sign_in(http, "lise").status_code == 303
            site.faults(new_key=True)
            assert sign_in(http, "lise").status_code == 403  # asked a moment ago: not asked again at once
            monkeypatch.setattr(identity, "AGAIN_S", 0.0)
            assert sign_in(http, "lise").status_code == 303


class TestRefusals:
    def test_an_account_without_rights_here(self, site: Site) -> None:
        with site.browser() as http:
            answer = sign_in(http, "luc")
            assert answer.status_code == 403
            assert "n’ouvre rien ici" in answer.text
            assert http.get("/cartes").json()["audience"] == "public"
        event = journal(site)[0]
        assert (event.action, event.details) == ("refused", {"how": "oidc", "reason": "no right for Luc Petit"})

    @pytest.mark.parametrize(
        ("faults", "reason"),
        [
            ({"claims": {"iss": "https://other.test"}}, "InvalidClaimError iss"),
            ({"claims": {"aud": "another"}}, "InvalidClaimError aud"),
            ({"claims": {"aud": ["another"]}}, "InvalidClaimError aud"),
            ({"claims": {"aud": ["ores", "another"]}}, "MissingClaimError azp"),
            ({"claims": {"aud": ["ores", "another"], "azp": "another"}}, "InvalidClaimError azp"),
            ({"claims": {"exp": int(time.time()) - 3600}}, "ExpiredTokenError exp"),
            ({"claims": {"exp": None}}, "MissingClaimError exp"),
            ({"claims": {"iat": int(time.time()) + 3600}}, "InvalidClaimError iat"),
            ({"claims": {"nonce": "another"}}, "InvalidClaimError nonce"),
            ({"claims": {"nonce": None}}, "MissingClaimError nonce"),
            ({"claims": {"sub": ""}}, "InvalidClaimError sub"),
            ({"claims": {"at_hash": "AAAA"}}, "InvalidClaimError at_hash"),
            ({"key": "other"}, "InvalidKeyIdError"),
            ({"key": "other", "same_kid": True}, "BadSignatureError"),
            ({"alg": "none"}, "UnsupportedAlgorithmError"),
            ({"alg": "HS256"}, "UnsupportedAlgorithmError"),
            ({"state": "forged"}, "state"),
            ({"answer_iss": "https://other.test"}, "iss of the answer"),
        ],
    )
    def test_what_is_forged_opens_nothing(self, site: Site, faults: dict[str, Any], reason: str) -> None:
        site.faults(**faults)
        with site.browser() as http:
            answer = sign_in(http, "jeanne")
            assert answer.status_code == 403
            assert "n’a pas pu être vérifiée" in answer.text
            assert "ores_session" not in http.cookies
            assert reason not in answer.text
        assert sessions_of(site) == 0
        event = journal(site)[0]
        assert event.action == "refused"
        assert event.details["reason"].startswith(reason)

    def test_two_audiences_are_right_when_the_token_was_made_for_us(self, site: Site) -> None:
        site.faults(claims={"aud": ["ores", "another"], "azp": "ores"})
        with site.browser() as http:
            assert sign_in(http, "jeanne").status_code == 303

    def test_an_answer_serves_once_and_in_the_browser_that_asked(self, site: Site) -> None:
        with site.browser() as http, site.browser() as victim:
            back = choose(leave(http), "jeanne")
            assert victim.get(back).status_code == 403  # it began nothing
            leave(victim)
            assert victim.get(back).status_code == 403  # it began something else
            assert "ores_session" not in victim.cookies
            kept = http.cookies["ores_oidc"]
            assert http.get(back).status_code == 303
            http.cookies.set("ores_oidc", kept, path="/administration/oidc", domain="127.0.0.1")
            assert http.get(back).status_code == 403  # its code has served

    def test_a_sign_in_that_began_long_ago_is_over(self, site: Site) -> None:
        with site.browser() as http:
            back = choose(leave(http), "jeanne")
            began, _, random = http.cookies["ores_oidc"].partition(".")
            http.cookies.clear()
            for old in (f"{int(began) - 700}.{random}", f"{int(began) + 700}.{random}", random, "x.y"):
                answer = http.get(back, headers={"Cookie": f"ores_oidc={old}"})
                assert answer.status_code == 403
                assert "a expiré" in answer.text

    def test_who_is_refused_again_and_again_waits(self, site: Site) -> None:
        with site.browser() as http:
            for _ in range(5):
                assert http.get("/administration/oidc/retour?code=x&state=y").status_code == 403
            answer = sign_in(http, "jeanne")
            assert answer.status_code == 429
            assert 0 < int(answer.headers["retry-after"]) <= 3
            noted = journal(site)[0]
            assert http.get("/administration/oidc/retour").status_code == 429
            assert journal(site)[0] == noted

    def test_a_refusal_at_the_provider_is_said(self, site: Site) -> None:
        with site.browser() as http:
            answer = sign_in(http, "refuse")
        assert answer.status_code == 403
        assert "n’a pas accepté" in answer.text
        assert "access_denied" not in answer.text

    def test_nothing_in_the_address_says_where_it_leads(self, site: Site) -> None:
        with site.browser() as http:
            for name in ("next", "suite", "redirect_uri", "return_to"):
                left = http.get(f"/administration/oidc/connexion?{name}=https://evil.test/")
                assert urlsplit(left.headers["location"]).netloc == urlsplit(site.issuer).netloc
                assert "evil" not in left.headers["location"]
                page = PLAIN.get(left.headers["location"])
                answer = http.get(choose(page, "lise") + f"&{name}=https://evil.test/")
                assert answer.headers["location"] == "/cartes"

    def test_a_session_is_never_one_that_the_browser_brought(self, site: Site) -> None:
        with site.browser() as http:
            http.cookies.set("ores_session", "fixed", domain="127.0.0.1", path="/administration")
            answer = sign_in(http, "lise")
            assert "ores_session=fixed" not in str(answer.headers)


class TestProviders:
    def test_one_that_is_silent_or_says_it_is_another(self, site: Site) -> None:
        for faults in (
            {"metadata": {"issuer": "https://other.test"}},
            {"metadata": {"token_endpoint": "http://other.test/token"}},
            {"metadata": {"jwks_uri": f"{site.issuer}/nothing"}},
        ):
            site.faults(**faults)
            site.app.state.provider = provider(settings(site.issuer))
            with site.browser() as http:
                answer = http.get("/administration/oidc/connexion")
                assert answer.status_code == 503
                assert "avec une clé" in answer.text
                assert "other.test" not in answer.text
        site.faults()
        with site.browser() as http:  # it was silent a moment ago: it is not asked each time that somebody tries
            assert http.get("/administration/oidc/connexion").status_code == 503
        site.app.state.provider = provider(settings("http://127.0.0.1:1"))
        with site.browser() as http:
            assert http.get("/administration/oidc/connexion").status_code == 503

    def test_none_is_needed(self, site: Site) -> None:
        site.app.state.provider = provider(Settings())
        with site.browser() as http:
            assert "Se connecter avec" not in http.get("/administration").text
            assert http.get("/administration/oidc/connexion").status_code == 404

    @pytest.mark.parametrize(
        ("more", "said"),
        [
            ({"oidc_issuer": "http://example.test"}, "adresse https"),
            ({"oidc_client_id": ""}, "demande aussi"),
            ({"oidc_rights": "{}"}, "demande aussi"),
            ({"oidc_rights": '{"a": {"role": "chef"}}'}, "Rôle inconnu"),
        ],
    )
    def test_half_a_setting_is_refused(self, issuer: str, more: dict[str, Any], said: str) -> None:
        with pytest.raises(Invalid, match=said):
            provider(settings(issuer, **more))

    def test_its_secret_is_not_shown_by_mistake(self, issuer: str) -> None:
        assert oidcprovider.SECRET not in repr(settings(issuer))
