"""`ores passage`, `ores cog detect` and `ores load movements`, as people run them."""

import csv
import io
import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

import pytest
import sqlalchemy as sa

from api.settings import Settings

FILE = Path(__file__).resolve().parents[2] / "../shared/data/cog/insee_mvtcommunes_1943_2025-01-01_via_COGiter.csv"
HEADER = "MOD,DATE_EFF,TYPECOM_AV,COM_AV,TYPECOM_AP,COM_AP\n"
SPLIT = "".join(f"21,2024-01-01,COM,85084,COM,{code}\n" for code in ("85084", "85165", "85212"))
MERGER = "32,2024-01-01,COM,85041,COM,85292\n32,2024-01-01,COM,85292,COM,85292\n"
RECODED = "50,2025-01-01,COM,49069,COM,49126\n"

real_file = pytest.mark.skipif(not FILE.exists(), reason="INSEE's file is not in ../shared/data")


class Done(NamedTuple):
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


class Command(Protocol):
    def __call__(self, *arguments: str, **settings: str) -> Done: ...


@pytest.fixture
def ores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Command]:
    """The command, in this process: starting one anew takes longer than what it does."""
    monkeypatch.setenv("ORES_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}

    def run(*arguments: str, **settings: str) -> Done:
        from api.cli import app

        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit) as end:
            app([*arguments], prog_name="ores")
        told = capsys.readouterr()
        return Done(int(end.value.code or 0), told.out, told.err)

    yield run
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def movements(tmp_path: Path) -> str:
    path = tmp_path / "mouvements.csv"
    path.write_text(HEADER + SPLIT + MERGER + RECODED)
    return str(path)


def test_a_passage_needs_no_database_with_a_file_of_events(ores: Command, tmp_path: Path, movements: str) -> None:
    populations = tmp_path / "populations.csv"
    populations.write_text("code,population\n85084,6000\n85165,1000\n85212,1000\n")
    done = ores("passage", "2023", "2025", "--events", movements, "--populations", str(populations))
    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        "from,to,weight,kind\n"
        "49069,49126,1,exact\n"
        "85041,85292,1,exact\n"
        "85084,85084,0.75,estimated\n"
        "85084,85165,0.125,estimated\n"
        "85084,85212,0.125,estimated\n"
        "85292,85292,1,exact\n"
    )
    assert "Insee" in done.stderr
    assert not (tmp_path / "home").exists(), "nothing private is made"


def test_a_share_that_is_not_known_has_no_weight(ores: Command, movements: str) -> None:
    done = ores("passage", "2025", "2023", "--events", movements)
    assert done.stdout == (
        "from,to,weight,kind\n"
        "49126,49069,1,exact\n"
        "85084,85084,1,exact\n"
        "85165,85084,1,exact\n"
        "85212,85084,1,exact\n"
        "85292,85041,,impossible\n"
        "85292,85292,,impossible\n"
    )
    assert "--populations" in done.stderr
    found = json.loads(ores("passage", "2023", "2024", "--events", movements, "--format", "json").stdout)
    assert found[0] == {"from": "85041", "to": "85292", "weight": 1.0, "kind": "exact"}
    assert found[1] == {"from": "85084", "to": "85084", "weight": None, "kind": "impossible"}
    table = ores("passage", "2023", "2024", "--events", movements, "--format", "table").stdout
    assert "inconnue" in table
    assert "100,00\u202f%" in table


def test_years_beyond_the_file_are_told(ores: Command, movements: str) -> None:
    done = ores("passage", "2023", "2026", "--events", movements)
    assert done.returncode == 0
    assert "s’arrêtent au 01/01/2025" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["passage", "2023", "2024", "--events", "absent.csv"], "absent.csv"),
        (["passage", "2023", "20240", "--events", "{movements}"], "entre 1900 et 2100"),
        (["passage", "2023", "2024", "--events", "{movements}", "--format", "xml"], "csv, json, table"),
        (["passage", "2023", "2024", "--events", "{bad}"], "ligne 2, colonne MOD"),
        (["passage", "2023", "2024", "--populations", "{movements}"], "--events"),
        (["passage", "2023", "2024", "--events", "{movements}", "--populations", "{bad}"], "colonnes absentes"),
        (["load", "movements"], "--file"),
        (["cog", "detect", "absent.csv"], "absent.csv"),
        (["cog", "detect", "{movements}", "--column", "code", "--events", "{movements}"], "MOD, DATE_EFF"),
    ],
)
def test_a_mistake_is_one_line(
    ores: Command, tmp_path: Path, movements: str, arguments: list[str], told: str
) -> None:
    bad = tmp_path / "faux.csv"
    bad.write_text(HEADER + "99,2024-01-01,COM,85084,COM,85165\n")
    done = ores(*(part.format(movements=movements, bad=bad) for part in arguments))
    assert done.returncode == 1
    assert told in done.stderr
    assert done.stdout == ""
    assert done.stderr.strip().count("\n") <= 1
    assert "Traceback" not in done.stderr


def test_the_millesime_of_a_file_is_told(ores: Command, tmp_path: Path, movements: str) -> None:
    codes = tmp_path / "codes.csv"
    codes.write_text("CODGEO;valeur\n85084;1\n85165;2\n85212;3\n85292;4\n49069;5\n44001;6\n")
    done = ores("cog", "detect", str(codes), "--events", movements)
    assert done.returncode == 0, done.stderr
    assert "colonne CODGEO\u202f: 6." in done.stdout
    assert "Millésime\u202f: 2024. Tous les codes y existent, et il n’en manque aucun." in done.stdout
    assert "• 49069 n’existe plus à partir de 2025 (présent en 2024)" in done.stdout
    found = json.loads(ores("cog", "detect", str(codes), "--events", movements, "--format", "json").stdout)
    assert found["best"] == [2024]


def test_the_millesime_of_strange_codes_is_not_invented(ores: Command, tmp_path: Path, movements: str) -> None:
    codes = tmp_path / "codes.txt"
    codes.write_text("85165\n49126\n85041\n1001\n75101\n")
    done = ores("cog", "detect", str(codes), "--events", movements)
    assert "Aucun millésime connu n’a tous ces codes" in done.stdout
    assert "zéro initial" in done.stdout
    assert "Arrondissements municipaux" in done.stdout


# The real Region


Passages = dict[tuple[int, int], dict[str, dict[str, float]]]


@pytest.fixture
def read_passages(loaded_copy: Settings) -> Callable[[str], Passages]:
    """What the database of the test has, from the source that is named."""
    assert loaded_copy.database_url is not None
    engine = sa.create_engine(loaded_copy.database_url.get_secret_value(), poolclass=sa.NullPool)

    def read(source: str) -> Passages:
        found: Passages = {}
        with engine.connect() as conn:
            for row in conn.execute(sa.text("SELECT * FROM boundaries.passage ORDER BY 1, 2, 3, 4")):
                assert row.source == source, row
                moves = found.setdefault((row.from_millesime, row.to_millesime), {})
                moves.setdefault(row.from_code, {})[row.to_code] = row.weight
        return found

    return read


@real_file
def test_both_sources_agree_on_the_real_region(
    ores: Command, loaded_copy: Settings, read_passages: Callable[[str], Passages], tmp_path: Path
) -> None:
    assert loaded_copy.database_url is not None
    address = {"DATABASE_URL": loaded_copy.database_url.get_secret_value()}
    lists = read_passages("code-lists")
    told = ores("passage", "2023", "2025", **address)
    assert "listes de codes" in told.stderr
    assert "région 52" in told.stderr

    done = ores("load", "movements", "--file", str(FILE), **address)
    assert done.returncode == 0, done.stderr
    dated = read_passages("insee-movements")
    assert dated.keys() == lists.keys()
    assert {pair: moves.keys() for pair, moves in dated.items()} == {
        pair: moves.keys() for pair, moves in lists.items()
    }
    for pair, moves in lists.items():
        for code, targets in moves.items():
            assert dated[pair][code] == pytest.approx(targets, rel=1e-12), (pair, code)

    again = ores("passage", "2023", "2025", **address)
    assert "mouvements de communes de l’Insee" in again.stderr
    assert again.stdout == told.stdout
    rows = list(csv.DictReader(io.StringIO(again.stdout)))
    assert {row["to"] for row in rows if row["from"] == "49069"} == {"49126"}
    assert sum(float(row["weight"]) for row in rows if row["from"] == "85084") == pytest.approx(1, abs=1e-12)

    codes = tmp_path / "codes.csv"
    codes.write_text("code\n85084\n85165\n85212\n49069\n44109\n01001\n")
    seen = ores("cog", "detect", str(codes), **address)
    assert "Millésime\u202f: 2024" in seen.stdout
    assert "mis à part\u202f: 1 (01001)" in seen.stdout

    lost = ores("passage", "2014", "2025", **address)
    assert lost.returncode == 1
    assert "2014 non chargé" in lost.stderr
