"""A file controlled and kept on the toy country: what is written, what is refused, and what an undo restores."""

from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
import statuscountry
from deliveries import VALIDATOR
from toycountry import country

from boundaries.levels import Level
from boundaries.load import load
from geo.errors import Conflict, Forbidden, Invalid, NotFound
from geo.progress import silent
from indicators.actors import Actor
from indicators.imports.control import Control, control
from indicators.imports.findings import Decisions
from indicators.imports.mapping import Mapping, Measure, Table
from indicators.imports.recipes import known_recipes, save_recipe
from indicators.imports.storing import keep
from indicators.lifecycle import delivery, release_delivery, validate
from indicators.tables import Delivery, Import, ImportValue

CONTRIBUTOR = Actor("Paul", "contributor")
LINES = "code;ventes\n44001;10\n44002;s\n44003;30\n44004;0\n49001;50\n49002;60\n"


def mapping(indicator: str = "ventes_logements", absent: str = "missing", millesime: int = 2023) -> Mapping:
    return Mapping(
        source="essai",
        title="Ventes d’essai",
        producer="Service d’essai",
        licence="Licence Ouverte 2.0",
        millesime=millesime,
        period="2022",
        absent=absent,
        tables=(
            Table(code="code", level=Level.COMMUNE, measures=(Measure(indicator=indicator, column="ventes"),)),
        ),
    )


@pytest.fixture
def toy(conn: sa.Connection) -> sa.Connection:
    load(conn, country(2023), "52", silent)
    return conn


def controlled(
    conn: sa.Connection, folder: Path, text: str = LINES, how: Mapping | None = None, accepted: str = ""
) -> Control:
    path = folder / "ventes.csv"
    path.write_text(text, encoding="utf-8")
    decisions = Decisions(frozenset({accepted} if accepted else ()))
    return control(conn, path, mapping=how or mapping(), decisions=decisions)


def rows(conn: sa.Connection, delivery_id: int) -> dict[str, tuple[float | None, str, int | None]]:
    found = conn.execute(
        sa.select(ImportValue.code, ImportValue.value, ImportValue.status, ImportValue.line)
        .join(Import, Import.id == ImportValue.import_id)
        .where(Import.delivery_id == delivery_id)
    )
    return {row.code: (row.value, row.status.value, row.line) for row in found}


def test_values_are_kept_as_they_were_read_with_their_lines(toy: sa.Connection, tmp_path: Path) -> None:
    number = keep(toy, CONTRIBUTOR, controlled(toy, tmp_path), silent)
    assert rows(toy, number) == {
        "35001": (None, "missing", None),  # it completes an EPCI, and the file says nothing of it
        "44001": (10.0, "observed", 2),
        "44002": (None, "secret", 3),
        "44003": (30.0, "observed", 4),
        "44004": (0.0, "observed", 5),
        "49001": (50.0, "observed", 6),
        "49002": (60.0, "observed", 7),
    }
    found = delivery(toy, number)
    assert (found.state, found.file, found.sheets) == ("draft", "ventes.csv", ["ventes.csv"])
    assert found.report["summary"]["figures"] == 6


def test_a_source_that_leaves_zeros_out_says_zero_where_it_says_something(
    toy: sa.Connection, tmp_path: Path
) -> None:
    lines = "code;ventes\n44001;10\n44002;20\n"
    number = keep(toy, CONTRIBUTOR, controlled(toy, tmp_path, lines, mapping(absent="zero")), silent)
    kept = rows(toy, number)
    assert kept["44003"] == (0.0, "observed", None)
    assert kept["49001"] == (None, "missing", None)  # nothing of departement 49 is in the file
    assert kept["35001"] == (None, "missing", None)


def test_a_city_known_by_its_arrondissements_has_not_nothing(conn: sa.Connection, tmp_path: Path) -> None:
    whole = statuscountry.delivery()
    communes = whole.communes.assign(departement=whole.communes["departement"].replace("75", "44"))
    departements = whole.departements[whole.departements["code"] != "75"]
    load(conn, replace(whole, communes=communes.assign(region="52"), departements=departements), "all", silent)
    lines = "code;ventes\n44001;10\n75101;20\n"
    number = keep(conn, CONTRIBUTOR, controlled(conn, tmp_path, lines, mapping(absent="zero")), silent)
    kept = rows(conn, number)
    assert kept["75101"] == (20.0, "observed", 3)
    assert kept["75056"] == (None, "missing", None)
    assert kept["44002"] == (0.0, "observed", None)


def test_nothing_is_kept_while_a_repair_waits_for_a_decision(toy: sa.Connection, tmp_path: Path) -> None:
    with_space = LINES.replace("49002;60", "49002;1 060")
    with pytest.raises(Conflict, match="1 correction"):
        keep(toy, CONTRIBUTOR, controlled(toy, tmp_path, with_space), silent)
    assert toy.scalar(sa.select(sa.func.count()).select_from(Delivery)) == 0
    refused = controlled(toy, tmp_path, with_space)
    family = str(refused.diagnosis.repairs[0].family)
    number = keep(toy, CONTRIBUTOR, controlled(toy, tmp_path, with_space, accepted=family), silent)
    assert rows(toy, number)["49002"] == (1060.0, "observed", 7)
    kept = delivery(toy, number)
    assert len(kept.accepted) == 1
    assert [(repair["before"], repair["after"]) for repair in kept.report["repairs"]] == [("1 060", "1060")]


def test_the_same_file_read_the_same_way_is_one_delivery(toy: sa.Connection, tmp_path: Path) -> None:
    number = keep(toy, CONTRIBUTOR, controlled(toy, tmp_path), silent)
    with pytest.raises(Conflict, match=f"déjà la livraison n° {number}"):
        keep(toy, CONTRIBUTOR, controlled(toy, tmp_path), silent)


def test_an_indicator_must_be_in_the_catalogue(toy: sa.Connection, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="Indicateur inconnu : « inventé »"):
        keep(toy, CONTRIBUTOR, controlled(toy, tmp_path, how=mapping("inventé")), silent)


def test_a_file_without_a_value_of_a_loaded_territory_is_refused(toy: sa.Connection, tmp_path: Path) -> None:
    with pytest.raises((Invalid, Conflict)):
        keep(toy, CONTRIBUTOR, controlled(toy, tmp_path, "code;ventes\n01001;1\n01002;2\n"), silent)


def test_who_has_no_role_keeps_nothing(toy: sa.Connection, tmp_path: Path) -> None:
    with pytest.raises(Forbidden):
        keep(toy, Actor("Passant", "reader"), controlled(toy, tmp_path), silent)


def test_a_mapping_saved_as_a_recipe_reads_the_next_delivery(toy: sa.Connection, tmp_path: Path) -> None:
    save_recipe(toy, "ventes_essai", mapping())
    assert known_recipes(toy)["ventes_essai"] == mapping()
    path = tmp_path / "ventes.csv"
    path.write_text(LINES.replace(";10", ";11"), encoding="utf-8")
    found = control(toy, path, recipe_name="ventes_essai", period="2023")
    number = keep(toy, VALIDATOR, found, silent)
    validate(toy, number, VALIDATOR)
    release_delivery(toy, number, VALIDATOR)
    assert rows(toy, number)["44001"] == (11.0, "observed", 2)
    assert toy.scalar(sa.select(Import.period).where(Import.delivery_id == number)) == "2023"
    with pytest.raises(Invalid, match="Nom de recette refusé"):
        save_recipe(toy, "../recette", mapping())


def test_a_delivery_is_compared_with_the_last_one(toy: sa.Connection, tmp_path: Path) -> None:
    number = keep(toy, VALIDATOR, controlled(toy, tmp_path), silent)
    validate(toy, number, VALIDATOR)
    release_delivery(toy, number, VALIDATOR)
    thousand = "code;ventes\n44001;10000\n44002;s\n44003;30000\n44004;0\n49001;50000\n49002;60000\n"
    families = {str(finding.family) for finding in controlled(toy, tmp_path, thousand).diagnosis.findings}
    assert families == {"unit"}  # a thousand times the last delivery: the unit changed


@pytest.mark.parametrize(
    ("indicator", "period", "why"),
    [
        ("densite", "2022", "« densite » ne s’importe pas : l’observatoire le calcule."),
        (
            "population",
            "2022-T1",
            "« 2022-T1 » n’est pas une année : « population » sert à calculer « evolution_an",
        ),
        ("medecins_generalistes", "2016-2022", "« medecins_generalistes » sert à calculer « densite_medicale »"),
        ("population", "0000", "« 0000 » n’est pas une année"),
        ("ventes_logements", "l’an dernier", "« l’an dernier » n’est pas une période"),
    ],
)
def test_what_no_publication_could_be_made_of_is_said_at_the_control(
    toy: sa.Connection, tmp_path: Path, indicator: str, period: str, why: str
) -> None:
    found = controlled(toy, tmp_path, how=mapping(indicator).at(period=period))
    assert any(why in finding.sentence for finding in found.diagnosis.findings), found.diagnosis.findings
    with pytest.raises(Conflict, match="1 point"):
        keep(toy, CONTRIBUTOR, found, silent)


def test_a_quarter_is_the_period_of_what_counts_no_years(toy: sa.Connection, tmp_path: Path) -> None:
    keep(toy, CONTRIBUTOR, controlled(toy, tmp_path, how=mapping().at(period="2022-T1")), silent)


@pytest.mark.parametrize("figure", ["9" * 400, "9" * 30, "1e99", "-" + "9" * 17])
def test_a_figure_that_no_count_reaches_is_unreadable(toy: sa.Connection, tmp_path: Path, figure: str) -> None:
    # the first is an infinity, which no JSON holds; products of the others would end a publication
    found = controlled(toy, tmp_path, LINES.replace("44001;10", f"44001;{figure}"))
    assert [str(one.family) for one in found.diagnosis.findings if one.line == 2] == ["unreadable"]
    with pytest.raises(Conflict, match="1 point"):
        keep(toy, CONTRIBUTOR, found, silent)
