"""Every nature worked by hand on the toy country: at each level, and in another geography."""

from dataclasses import replace

import pytest
import sqlalchemy as sa
from computed import table
from deliveries import VALIDATOR, bring
from toycountry import POPULATIONS, country

from boundaries.levels import Level
from boundaries.load import load
from boundaries.places import Place
from geo.progress import silent
from indicators.passports import PassportId, read_passport
from indicators.policy import import_policies
from indicators.publication import publish
from indicators.statuses import Status
from indicators.tables import Import, ImportValue

Cell = tuple[float | None, Status]


@pytest.fixture(autouse=True)
def everything_is_open(conn: sa.Connection) -> None:
    """No rule asks for the counts of what is published here."""
    import_policies(conn, "", VALIDATOR)


@pytest.fixture
def two_geographies(conn: sa.Connection) -> sa.Connection:
    """2023 and 2024: 44003 is split into 44003 (240) and 44005 (60), 49002 merges into 49001."""
    load(conn, country(2023), "52", silent)
    load(conn, country(2024), "52", silent)
    return conn


def cells(conn: sa.Connection, indicator: str, level: Level, period: str, millesime: int) -> dict[str, Cell]:
    found = table(conn, indicator, level, period, millesime)
    return {code: (v, s) for code, v, s in zip(found.codes, found.values, found.statuses, strict=True)}


def test_a_weighted_mean_is_over_the_weights_at_every_level_and_in_every_geography(
    two_geographies: sa.Connection,
) -> None:
    sales = {"35001": 0.0, "44001": 10.0, "44002": 30.0, "44003": 20.0, "44004": 20.0, "49001": 5.0, "49002": 15.0}
    prices = {"44001": 100.0, "44002": 200.0, "44003": 300.0, "44004": 100.0, "49001": 400.0, "49002": 200.0}
    conn = two_geographies
    bring(conn, "2020", 2023, dict(sales), indicator="ventes_logements")
    bring(conn, "2020", 2023, {**prices, "35001": None}, indicator="prix_m2_logement")
    publish(conn, silent)
    epci = cells(conn, "prix_m2_logement", Level.EPCI, "2020", 2023)
    assert epci["200000001"] == (pytest.approx((10 * 100 + 30 * 200) / 40), Status.OBSERVED)
    assert epci["200000002"] == (200.0, Status.OBSERVED)
    region = (10 * 100 + 30 * 200 + 20 * 300 + 20 * 100 + 5 * 400 + 15 * 200) / 100
    for millesime in (2023, 2024):
        found = cells(conn, "prix_m2_logement", Level.REGION, "2020", millesime)
        assert found["52"] == (pytest.approx(region, rel=1e-12), Status.OBSERVED)
    communes = cells(conn, "prix_m2_logement", Level.COMMUNE, "2020", 2024)
    assert communes["49001"] == (pytest.approx(250.0), Status.OBSERVED)  # (5 x 400 + 15 x 200) / 20
    assert communes["44005"] == (pytest.approx(300.0), Status.ESTIMATED)
    # of no sale there is no price, and the EPCI of which it is a member is not partial for that
    assert table(conn, "prix_m2_logement", Level.EPCI, "2020", 2023).coverages[0] == 1.0


def test_a_median_is_the_producers_at_each_level_and_impossible_where_the_territory_changed(
    two_geographies: sa.Connection,
) -> None:
    conn = two_geographies
    medians = {code: 20_000.0 + index for index, code in enumerate(sorted(POPULATIONS))}
    secret: dict[str, float | None] = {**medians, "44002": None}
    bring(conn, "2021", 2023, secret, {"44002": Status.SECRET}, indicator="niveau_vie_median")
    bring(
        conn, "2021", 2023, {"200000001": 21_000.0, "200000002": 22_000.0, "200000003": 23_000.0},
        indicator="niveau_vie_median", level="epci",
    )  # fmt: skip
    publish(conn, silent)
    own = cells(conn, "niveau_vie_median", Level.COMMUNE, "2021", 2023)
    assert own["44001"] == (20_001.0, Status.OBSERVED)
    assert own["44002"] == (None, Status.SECRET)
    later = cells(conn, "niveau_vie_median", Level.COMMUNE, "2021", 2024)
    assert later["44001"] == (20_001.0, Status.OBSERVED)
    assert later["44002"] == (None, Status.SECRET)
    for changed in ("44003", "44005", "49001"):
        assert later[changed] == (None, Status.IMPOSSIBLE)
    assert cells(conn, "niveau_vie_median", Level.EPCI, "2021", 2023)["200000002"] == (22_000.0, Status.OBSERVED)
    epci = cells(conn, "niveau_vie_median", Level.EPCI, "2021", 2024)
    assert epci["200000001"] == (21_000.0, Status.OBSERVED)
    assert epci["200000002"] == (22_000.0, Status.OBSERVED)  # both parts of the split stay in it
    assert epci["200000003"] == (None, Status.IMPOSSIBLE)  # it gained 49002
    with pytest.raises(Exception, match="n’est pas publié au niveau « region »"):
        table(conn, "niveau_vie_median", Level.REGION, "2021", 2023)


def test_a_rate_without_its_parts_is_the_producers_too(two_geographies: sa.Connection) -> None:
    conn = two_geographies
    bring(conn, "2021", 2023, dict.fromkeys(POPULATIONS, 12.5), indicator="taux_pauvrete")
    publish(conn, silent)
    assert cells(conn, "taux_pauvrete", Level.COMMUNE, "2021", 2024)["49001"] == (None, Status.IMPOSSIBLE)
    assert table(conn, "taux_pauvrete", Level.COMMUNE, "2021", 2023).series.levels == ["commune"]


def test_a_typology_follows_its_rule(two_geographies: sa.Connection) -> None:
    conn = two_geographies
    kinds: dict[str, float | None] = {
        "35001": 7,
        "44001": 1,
        "44002": 2,
        "44003": 3,
        "44004": 4,
        "49001": 5,
        "49002": 6,
    }
    bring(conn, "2022", 2023, kinds, indicator="grille_densite")
    publish(conn, silent)
    later = cells(conn, "grille_densite", Level.COMMUNE, "2022", 2024)
    assert later["44001"] == (1.0, Status.OBSERVED)
    assert later["49001"] == (6.0, Status.ESTIMATED)  # 600 people in 49002, 500 in 49001
    # a part of a split commune takes after the whole
    assert later["44003"] == later["44005"] == (3.0, Status.ESTIMATED)


def test_an_index_and_counts_of_communes_are_computed_on_sums(two_geographies: sa.Connection) -> None:
    conn = two_geographies
    bring(conn, "2016", 2023, {code: float(value) for code, value in POPULATIONS.items()})
    bring(conn, "2022", 2023, {code: value * 1.5 for code, value in POPULATIONS.items()} | {"44001": 200.0})
    publish(conn, silent)
    index = cells(conn, "indice_population", Level.DEPARTEMENT, "2022", 2023)
    assert index["44"] == (pytest.approx(100 * (200 + 300 + 450 + 600) / 1000), Status.OBSERVED)
    small = cells(conn, "communes_moins_500", Level.REGION, "2016", 2023)
    assert small["52"] == (4.0, Status.OBSERVED)  # 100, 200, 300 and 400; 500 is in the next class
    assert cells(conn, "communes_500_1999", Level.REGION, "2016", 2023)["52"] == (2.0, Status.OBSERVED)
    assert cells(conn, "communes", Level.REGION, "2016", 2024)["52"] == (6.0, Status.ESTIMATED)
    share = cells(conn, "part_petites_communes", Level.REGION, "2016", 2023)
    assert share["52"] == (100.0, Status.OBSERVED)
    assert cells(conn, "nature_epci", Level.EPCI, "2024", 2024)["200000003"] == (2.0, Status.OBSERVED)


def test_what_is_known_of_departements_alone_is_summed_to_the_region_and_says_nothing_of_communes(
    two_geographies: sa.Connection,
) -> None:
    conn = two_geographies
    for period in ("2020", "2021"):
        bring(conn, period, 2024, {"44": 60.0, "49": 40.0}, indicator="population_estimee", level="departement")
        bring(conn, period, 2024, {"44": 6.0, "49": 10.0}, indicator="population_75_plus", level="departement")
    publish(conn, silent)
    assert cells(conn, "population_estimee", Level.REGION, "2020", 2023)["52"] == (100.0, Status.OBSERVED)
    assert cells(conn, "part_75_plus", Level.REGION, "2021", 2024)["52"] == (16.0, Status.OBSERVED)
    with pytest.raises(Exception, match="n’est pas publié au niveau « commune »"):
        table(conn, "population_estimee", Level.COMMUNE, "2020", 2024)


def test_what_is_known_of_epci_alone_is_theirs_and_impossible_where_they_changed(
    two_geographies: sa.Connection,
) -> None:
    conn = two_geographies
    for indicator, first in (("ventes_maisons", 5.0), ("ventes_logements", 10.0)):
        values: dict[str, float | None] = {"200000001": first, "200000002": 4 * first, "200000003": 8 * first}
        bring(conn, "2020", 2023, values, indicator=indicator, level="epci")
    bring(conn, "2020", 2023, {"44": 70.0}, indicator="ventes_logements", level="departement")
    publish(conn, silent)
    own = cells(conn, "ventes_maisons", Level.EPCI, "2020", 2023)
    assert own["200000003"] == (40.0, Status.OBSERVED)
    later = cells(conn, "ventes_maisons", Level.EPCI, "2020", 2024)
    assert later["200000001"] == (5.0, Status.OBSERVED)
    assert later["200000003"] == (None, Status.IMPOSSIBLE)  # it gained 49002
    assert cells(conn, "ventes_logements", Level.DEPARTEMENT, "2020", 2023)["44"] == (70.0, Status.OBSERVED)
    share = cells(conn, "part_maisons_ventes", Level.EPCI, "2020", 2023)
    assert share["200000002"] == (50.0, Status.OBSERVED)
    assert cells(conn, "part_maisons_ventes", Level.EPCI, "2020", 2024)["200000003"] == (None, Status.IMPOSSIBLE)


def test_a_mean_weighted_by_epci_is_the_producers(two_geographies: sa.Connection) -> None:
    conn = two_geographies
    for indicator, value in (("prix_m2_logement", 3_000.0), ("ventes_logements", 10.0)):
        bring(conn, "2020", 2023, {"200000001": value}, indicator=indicator, level="epci")
    publish(conn, silent)
    assert cells(conn, "prix_m2_logement", Level.EPCI, "2020", 2023)["200000001"] == (3_000.0, Status.OBSERVED)


def test_a_median_of_an_epci_that_gained_a_commune_from_nowhere_known_is_not_kept(conn: sa.Connection) -> None:
    before = country(2023, outlines=False)
    gone = before.communes["code"] != "44002"
    load(conn, replace(before, communes=before.communes[gone]), "52", silent)
    load(conn, country(2024), "52", silent)
    medians: dict[str, float | None] = {"200000001": 21_000.0, "200000002": 22_000.0, "200000003": 23_000.0}
    bring(conn, "2021", 2023, medians, indicator="niveau_vie_median", level="epci")
    publish(conn, silent)
    later = cells(conn, "niveau_vie_median", Level.EPCI, "2021", 2024)
    assert later["200000001"] == (None, Status.IMPOSSIBLE)
    assert later["200000002"] == (22_000.0, Status.OBSERVED)


def test_the_passport_of_a_median_shows_the_line_in_force(two_geographies: sa.Connection) -> None:
    # one delivery of communes and EPCI, whose communes another one corrects
    conn = two_geographies
    number = bring(conn, "2021", 2023, {"44001": 20_000.0}, indicator="niveau_vie_median")
    of_it = Import.delivery_id == number
    conn.execute(sa.update(Import).where(of_it).values(levels=["commune", "epci"]))
    own = conn.execute(sa.select(Import.id).where(of_it)).scalar_one()
    conn.execute(
        sa.insert(ImportValue).values(
            import_id=own, level="epci", code="200000001", value=21_000.0, status=Status.OBSERVED
        )
    )
    bring(conn, "2021", 2023, {"44001": 20_500.0}, indicator="niveau_vie_median")
    publish(conn, silent)
    for level, code, value in ((Level.COMMUNE, "44001", 20_500.0), (Level.EPCI, "200000001", 21_000.0)):
        series = table(conn, "niveau_vie_median", level, "2021", 2023).series
        passport = read_passport(conn, PassportId(series.digest, Place(level, code)))
        assert [row["value"] for row in passport["inputs"]] == [value]
        assert passport["recomputed"] == passport["value"] == value
