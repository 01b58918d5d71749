"""`ores load zonings`, from a file to published values, and what it refuses before anything is opened."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from api.commands.load import app
from api.settings import Settings
from boundaries.levels import Level
from boundaries.tables import Millesime, Territory
from indicators.published import choices

COGITER = Path(__file__).resolve().parents[2] / "../shared/data/zonings/cogiter_communes_zonages_cog2025.csv.gz"


def ores(*arguments: str, settings: Settings | None = None) -> tuple[int, str]:
    """The status and the output of the command; an expected error shows its sentence."""
    environment = {}
    if settings is not None:
        assert settings.database_url is not None
        environment = {"ORES_HOME": str(settings.home), "DATABASE_URL": settings.database_url.get_secret_value()}
    result = CliRunner().invoke(app, ["zonings", *arguments], env=environment, terminal_width=200)
    return result.exit_code, result.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["z.csv", "--millesime", "2025"], "Donnez le niveau (--niveau)"),
        (["z.csv", "--niveau", "scot"], "--millesime"),
        (["z.csv", "--niveau", "pays", "--millesime", "2025"], "n’est pas un niveau de zonage"),
        (["--niveau", "scot", "--millesime", "2025"], "Donnez le fichier de la liste"),
        (["z.csv", "--niveau", "scot", "--millesime", "2025", "--retirer"], "--retirer ne prend pas de fichier"),
        (["z.csv", "--niveau", "perimetre", "--millesime", "2025"], "nommez la liste avec --liste"),
        (
            ["z.csv", "--niveau", "scot", "--niveau", "petr", "--millesime", "2025", "--nom", "X"],
            "vont avec un seul --niveau",
        ),
        (
            ["z.csv", "--niveau", "scot", "--millesime", "2025", "--rattacher", "85165"],
            "Forme attendue : COMMUNE=ZONE",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_in_french(arguments: list[str], said: str) -> None:
    status, output = ores(*arguments)
    assert status == 1
    assert said in output


@pytest.mark.skipif(not COGITER.is_file(), reason="../shared/data n’est pas là")
def test_a_file_becomes_published_values_and_can_be_taken_back(loaded_copy: Settings) -> None:
    given = [str(COGITER), "--niveau", "zone-emploi", "--niveau", "canton", "--millesime", "2025"]
    status, output = ores(*given, settings=loaded_copy)
    assert status == 1
    assert "L’année de définition du zonage n’est pas dite par la colonne «" in output
    status, output = ores(*given[:3], *given[5:], "--definition", "2025", settings=loaded_copy)
    assert status == 1
    assert "La colonne ZE2020 dit 2020, --definition dit 2025" in output
    status, output = ores(*given, "--definition", "2025", "--source", "Insee", settings=loaded_copy)
    assert status == 0, output
    assert "partie régionale" in output.lower()
    assert loaded_copy.database_url is not None
    engine = sa.create_engine(loaded_copy.database_url.get_secret_value())
    with engine.connect() as conn:
        offered = choices(conn, "population")
        assert "2022" in offered.periods[Level.ZONE_EMPLOI, 2025]
        version = conn.scalar(sa.select(Millesime.version).where(Millesime.year == 2025))
    status, output = ores("--niveau", "zone-emploi", "--millesime", "2025", "--retirer", settings=loaded_copy)
    assert status == 0, output
    with engine.connect() as conn:
        assert not conn.scalars(sa.select(Territory.id).where(Territory.level == "zone-emploi")).all()
        assert (Level.ZONE_EMPLOI, 2025) not in choices(conn, "population").periods
        assert conn.scalar(sa.select(Millesime.version).where(Millesime.year == 2025)) != version
    engine.dispose()
