"""Keys and sessions: nothing that opens a door is kept, and every door closes when it should."""

import re
import string
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from api.accounts import keys, sessions
from api.accounts.attempts import Attempts
from api.accounts.tables import ApiKey, Person, Session
from api.cli import app
from geo.clock import PARIS
from geo.cluster import Cluster
from geo.errors import Conflict, Forbidden, Invalid, NotFound

TODAY = datetime.now(PARIS).date()


def stored(conn: sa.Connection) -> str:
    """Everything that the database holds of keys and sessions, as text."""
    tables = ("accounts.api_key", "accounts.session", "accounts.event", "accounts.person")
    return "".join(str(conn.execute(sa.text(f"SELECT * FROM {name}")).all()) for name in tables)  # noqa: S608


class TestKeys:
    def test_a_key_has_256_random_bits_and_is_not_kept(self, conn: sa.Connection) -> None:
        key = keys.create(conn, "Jeanne Martin", "validator")
        assert re.fullmatch(r"ores_[0-9a-f]{8}_[\w-]{43}", key)
        assert key.split("_", 2)[2] not in stored(conn)
        assert key != keys.create(conn, "Jeanne Martin", "validator")

    def test_a_key_opens_and_its_use_is_noted(self, conn: sa.Connection) -> None:
        key = keys.create(conn, "Jeanne Martin", "validator", TODAY)
        [row] = keys.listed(conn)
        assert (row.name, row.role, row.valid, row.last_used_at) == ("Jeanne Martin", "validator", True, None)
        assert "digest" not in row._mapping
        assert keys.identify(conn, f" {key}\n").key_id == row.id
        assert keys.listed(conn)[0].last_used_at is not None

    @given(text=st.text(string.ascii_letters + string.digits + "_-\x00é", max_size=300))
    def test_nothing_else_opens(self, engine: sa.Engine, text: str) -> None:
        with engine.connect() as conn, pytest.raises(Forbidden, match="Clé refusée"):
            keys.identify(conn, text.replace("\x00", ""))

    def test_a_key_with_one_other_character_is_refused(self, conn: sa.Connection) -> None:
        key = keys.create(conn, "Jeanne", "validator")
        for wrong in (key[:-1] + ("A" if key[-1] != "A" else "B"), key[:-1], key + "A", key[:13], key.upper()):
            with pytest.raises(Forbidden):
                keys.identify(conn, wrong)

    def test_an_expired_key_opens_nothing(self, conn: sa.Connection) -> None:
        key = keys.create(conn, "Jeanne", "validator", TODAY)
        token = sessions.open_session(conn, keys.identify(conn, key))
        assert sessions.signed(conn, token) is not None
        conn.execute(sa.update(ApiKey).values(expires_at=sa.func.now() - timedelta(seconds=1)))
        with pytest.raises(Forbidden):
            keys.identify(conn, key)
        assert sessions.signed(conn, token) is None

    def test_a_revoked_key_closes_its_sessions(self, conn: sa.Connection) -> None:
        key = keys.create(conn, "Jeanne", "administrator")
        holder = keys.identify(conn, key)
        number = holder.key_id or 0
        token = sessions.open_session(conn, holder)
        assert keys.revoke(conn, number) == "Jeanne"
        assert sessions.signed(conn, token) is None
        with pytest.raises(Forbidden):
            keys.identify(conn, key)
        with pytest.raises(Conflict, match="déjà révoquée"):
            keys.revoke(conn, number)
        with pytest.raises(NotFound, match="clé n° 999999"):
            keys.revoke(conn, 999_999)

    @pytest.mark.parametrize(
        ("name", "role", "expires", "said"),
        [
            (" ", "validator", None, "nom de la personne"),
            ("x" * 101, "validator", None, "100 caractères"),
            ("Jeanne", "chef", None, "Rôle inconnu : « chef »"),
            ("Jeanne", "reader", None, "dites laquelle, professional ou region"),
            ("Jeanne", "contributor", None, "pour une organisation ou une direction"),
            ("Jeanne", "validator", TODAY - timedelta(days=1), "est passée"),
        ],
    )
    def test_a_wrong_request_is_refused(
        self, conn: sa.Connection, name: str, role: str, expires: date | None, said: str
    ) -> None:
        with pytest.raises(Invalid, match=said):
            keys.create(conn, name, role, expires)


class TestSessions:
    def test_a_token_is_not_kept_and_ends(self, conn: sa.Connection) -> None:
        token = sessions.open_session(conn, keys.identify(conn, keys.create(conn, "Jeanne", "validator")))
        assert token not in stored(conn)
        found = sessions.signed(conn, token)
        assert found is not None
        assert (found.actor.name, found.actor.role, found.role_label) == ("Jeanne", "validator", "validateur")
        assert (found.may("validator"), found.may("contributor")) == (True, False)
        conn.execute(sa.update(Session).values(expires_at=sa.func.now() - timedelta(seconds=1)))
        assert sessions.signed(conn, token) is None
        sessions.open_session(conn, found.holder)
        assert conn.scalar(sa.select(sa.func.count()).select_from(Session)) == 1  # the one that ended is swept

    def test_signing_out_ends_it(self, conn: sa.Connection) -> None:
        token = sessions.open_session(conn, keys.identify(conn, keys.create(conn, "Jeanne", "validator")))
        sessions.close_session(conn, token)
        assert sessions.signed(conn, token) is None
        assert sessions.signed(conn, "") is None

    def test_a_proof_is_of_one_token(self) -> None:
        token = sessions.new_token()
        sessions.require_proof(token, sessions.proof(token))
        for held, given_proof in (
            (token, ""),
            (token, "é"),
            ("", sessions.proof("")),
            ("other", sessions.proof(token)),
        ):
            with pytest.raises(Forbidden, match="rechargez-la"):
                sessions.require_proof(held, given_proof)
        assert token not in sessions.proof(token)


class TestAttempts:
    def test_waits_grow_and_are_bounded(self) -> None:
        now = [0.0]
        attempts = Attempts(lambda: now[0])
        waits = []
        for _ in range(20):
            attempts.refuse("a")
            waits.append(attempts.wait_s("a"))
        assert waits[:8] == [0, 0, 0, 0, 2, 4, 8, 16]
        assert waits[-1] == 300
        assert attempts.wait_s("b") == 0
        now[0] = 299
        assert attempts.wait_s("a") == 1
        now[0] = 4000
        attempts.refuse("a")
        assert attempts.wait_s("a") == 0

    def test_a_right_key_is_not_made_to_wait(self) -> None:
        attempts = Attempts()
        for _ in range(9):
            attempts.refuse("a")
        attempts.forget("a")
        assert attempts.wait_s("a") == 0


class TestCommand:
    @pytest.fixture
    def ores(self, cluster: Cluster, engine: sa.Engine, tmp_path: Path) -> Iterator[CliRunner]:
        yield CliRunner(env={"DATABASE_URL": cluster.url, "ORES_HOME": str(tmp_path), "COLUMNS": "200"})
        with engine.begin() as conn:
            conn.execute(sa.delete(Person))

    def test_a_key_is_shown_once(self, ores: CliRunner, engine: sa.Engine) -> None:
        made = ores.invoke(app, ["keys", "create", "--name", "Jeanne Martin", "--role", "validator"])
        assert made.exit_code == 0
        key = made.stdout.strip()
        assert "elle n’est pas conservée" in made.stderr
        with engine.begin() as conn:
            number = keys.identify(conn, key).key_id
        listed = ores.invoke(app, ["keys", "list"]).stdout
        assert "Jeanne Martin  validateur, Conseil régional  valide, sans date de fin, dernier usage le" in listed
        assert key not in listed
        assert "est révoquée" in ores.invoke(app, ["keys", "revoke", str(number)]).stdout
        assert "révoquée" in ores.invoke(app, ["keys", "list"]).stdout

    def test_what_is_wrong_is_said(self, ores: CliRunner) -> None:
        assert "Aucune clé" in ores.invoke(app, ["keys", "list"]).stdout
        refused = ores.invoke(app, ["keys", "create", "--name", "X", "--role", "chef"])
        assert refused.exit_code == 1
        assert "Rôle inconnu" in refused.stderr
        assert ores.invoke(app, ["keys", "revoke", "99"]).exit_code == 1
