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

from api.accounts import journal, keys, people, sessions
from api.accounts.attempts import Attempts
from api.accounts.people import Holder
from api.accounts.rights import COMMAND, rights
from api.accounts.tables import AccountEvent, ApiKey, Person, Session
from api.cli import app
from boundaries.readers import Audience, Reader
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
            ("Ligne de commande", "validator", None, "l’emploient autrement"),
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


class TestScopes:
    def test_a_key_opens_an_account_or_is_given_to_the_one_there_is(self, conn: sa.Connection) -> None:
        keys.create(conn, "Jeanne", "validator")
        reading = keys.create(conn, " Jeanne ", "reader", audience="professional", label="QGIS")
        assert [(row.name, row.role, row.audience, row.label) for row in keys.listed(conn)] == [
            ("Jeanne", "validator", "region", ""),
            ("Jeanne", "reader", "professional", "QGIS"),
        ]
        holder = keys.identify(conn, reading)
        assert holder.reader == Reader(Audience.PROFESSIONAL, "Jeanne")
        assert not holder.rights.works
        found = sessions.signed(conn, sessions.open_session(conn, holder))
        assert found is not None
        assert (found.may("validator"), found.holder.reader) == (False, holder.reader)

    @pytest.mark.parametrize(
        ("name", "role", "more", "said"),
        [
            ("Lise", "validator", {}, "ne peut pas ouvrir davantage"),
            ("Lise", "reader", {"audience": "region"}, "ne peut pas ouvrir davantage"),
            ("Paul", "contributor", {"organisation": "DREAL"}, "une autre organisation : « CAF »"),
            ("Paul", "contributor", {"organisation": "CAF", "audience": "region"}, "ne peut pas ouvrir davantage"),
        ],
    )
    def test_a_key_cannot_open_more_than_its_account(
        self, conn: sa.Connection, name: str, role: str, more: dict[str, str], said: str
    ) -> None:
        keys.create(conn, "Lise", "reader", audience="professional")
        keys.create(conn, "Paul", "contributor", organisation="CAF")
        with pytest.raises(Conflict, match=said):
            keys.create(conn, name, role, **more)  # type: ignore[arg-type]

    def test_a_session_of_a_provider_ends_with_its_account_and_follows_its_rights(
        self, conn: sa.Connection
    ) -> None:
        keys.create(conn, "Jeanne", "validator")
        row = people.named(conn, "Jeanne")
        assert row is not None
        token = sessions.open_session(conn, Holder(row.id, "Jeanne", rights("validator")))
        found = sessions.signed(conn, token)
        assert found is not None
        assert found.may("validator")
        people.change(conn, row.id, rights("reader", "professional"), by=COMMAND)
        found = sessions.signed(conn, token)
        assert found is not None
        assert found.holder.reader == Reader(Audience.PROFESSIONAL, "Jeanne")
        people.close(conn, row.id, by=COMMAND)
        assert sessions.signed(conn, token) is None
        people.reopen(conn, row.id, by=COMMAND)
        assert sessions.signed(conn, token) is None

    def test_every_change_is_a_line_of_the_journal_without_any_secret(self, conn: sa.Connection) -> None:
        key = keys.create(conn, "Jeanne", "validator", TODAY)
        number = keys.identify(conn, key).key_id or 0
        keys.end(conn, number, None)
        keys.revoke(conn, number)
        rows = conn.execute(journal.events().where(AccountEvent.details["person"].astext == "Jeanne")).all()
        assert [row.action for row in rows][-4:] == ["account-created", "key-created", "key-ends", "key-revoked"]
        assert {row.actor for row in rows} == {"ligne de commande"}
        assert key.split("_", 2)[2] not in stored(conn)


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

    def test_a_key_for_a_program_of_an_organisation(self, ores: CliRunner, engine: sa.Engine) -> None:
        given = ["keys", "create", "--name", "QGIS", "--audience", "professional", "--label", "bureau d’études"]
        with engine.begin() as conn:
            holder = keys.identify(conn, ores.invoke(app, given).stdout)
        assert holder.reader == Reader(Audience.PROFESSIONAL, "QGIS")
        given = ["keys", "create", "--name", "Paul", "--role", "contributor", "--organisation", "CAF"]
        assert ores.invoke(app, given).exit_code == 0
        listed = ores.invoke(app, ["keys", "list"]).stdout
        assert "QGIS  lecteur, professionnels de l’observation  valide" in listed
        assert "« bureau d’études »" in listed.replace("\u202f", " ")
        assert "Paul (CAF)  contributeur" in listed

    def test_what_is_wrong_is_said(self, ores: CliRunner) -> None:
        assert "Aucune clé" in ores.invoke(app, ["keys", "list"]).stdout
        refused = ores.invoke(app, ["keys", "create", "--name", "X", "--role", "chef"])
        assert refused.exit_code == 1
        assert "Rôle inconnu" in refused.stderr
        assert ores.invoke(app, ["keys", "revoke", "99"]).exit_code == 1
