"""What the environment may say."""

from pathlib import Path

import pytest

from api.settings import read_settings
from geo.errors import Invalid


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ORES_HOME", "ORES_REGION", "ORES_HOST", "ORES_PORT", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)


def test_nothing_said_means_pays_de_la_loire_on_this_machine_alone() -> None:
    settings = read_settings()
    assert settings.home == Path.cwd() / ".ores"
    assert (settings.region, settings.host, settings.port) == ("52", "127.0.0.1", 8000)
    assert settings.database_url is None


def test_an_empty_variable_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "")
    monkeypatch.setenv("ORES_PORT", "")
    assert read_settings().database_url is None
    assert read_settings().port == 8000


def test_a_relative_home_is_fixed_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ORES_HOME", "data")
    settings = read_settings()
    monkeypatch.chdir("/")
    assert settings.home == tmp_path / "data"


def test_the_address_of_the_database_is_not_shown_by_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://ores:chut@db/ores")
    assert "chut" not in repr(read_settings())


def test_every_fault_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORES_PORT", "0")
    monkeypatch.setenv("ORES_REGION", "Bretagne")
    with pytest.raises(Invalid, match=r"ORES_REGION.*ORES_PORT") as fault:
        read_settings()
    assert "Bretagne" not in fault.value.detail
