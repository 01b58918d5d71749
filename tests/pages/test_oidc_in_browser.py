"""Signing in at an identity provider with a real browser: there, back, and out."""

import json
from collections.abc import Iterator

import oidcprovider
import pytest
import sqlalchemy as sa
from pictures import Picture
from playwright.sync_api import Browser, ConsoleMessage, expect
from servers import serving

from api.accounts.tables import Person
from api.settings import Settings
from geo.cluster import Cluster

RIGHTS = {"ores-validation": {"role": "validator"}, "observateurs": {"audience": "professional"}}


@pytest.fixture(scope="module")
def site(cluster: Cluster, engine: sa.Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with oidcprovider.running() as issuer:
        given = {
            "home": tmp_path_factory.mktemp("oidc"),
            "DATABASE_URL": cluster.url,
            "region": "52",
            "oidc_issuer": issuer,
            "oidc_client_id": oidcprovider.CLIENT,
            "oidc_client_secret": oidcprovider.SECRET,
            "oidc_label": "le compte de la Région",
            "oidc_rights": json.dumps(RIGHTS),
        }
        with serving(Settings(**given)) as url:
            yield url
    with engine.begin() as conn:
        conn.execute(sa.delete(Person))


@pytest.mark.parametrize("script", [True, False], ids=["with-javascript", "without"])
def test_there_and_back(browser: Browser, site: str, picture: Picture, script: bool) -> None:
    context = browser.new_context(base_url=site, java_script_enabled=script)
    page = context.new_page()
    complaints: list[str] = []

    def said(one: ConsoleMessage) -> None:
        if one.type in ("error", "warning") and one.location["url"].startswith(site):
            complaints.append(one.text)

    page.on("console", said)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto("/administration")
    picture(page, "connexion")
    page.get_by_role("link", name="Se connecter avec le compte de la Région").click()
    page.get_by_role("button", name="jeanne").click()
    expect(page.get_by_role("heading", name="Imports")).to_be_visible()
    expect(page.get_by_label("Administration")).to_contain_text("Jeanne Martin, validateur")
    [cookie] = [one for one in context.cookies() if one["name"] == "ores_session"]
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Lax", "/")
    if script:
        assert "ores_session" not in page.evaluate("document.cookie")
    page.get_by_role("button", name="Se déconnecter").click()
    expect(page.get_by_label("Votre clé")).to_be_visible()
    assert "ores_session" not in {one["name"] for one in context.cookies()}
    assert complaints == []
    page.get_by_role("link", name="Se connecter avec").click()
    page.get_by_role("button", name="luc").click()
    expect(page.get_by_role("alert")).to_contain_text("n’ouvre rien ici")
    context.close()
