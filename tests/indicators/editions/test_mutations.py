"""A release as it was published, then every way we know to spoil what is stored of it: each is caught, and named.

The toy country in 2023 and 2024 (44003 split in two, 49002 merged into 49001), employment zones, sales of 2021 under
a rule of 11, the share of houses, a mean price, and a median that stops at EPCI for the public.
"""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from deliveries import bring
from released import release_of
from restricted import overwrite, restrict, series_of, shown, told, unmask
from toycountry import country

from boundaries.levels import Level
from boundaries.load import load
from boundaries.readers import Audience
from boundaries.zonings.composition import Composition, Terms
from boundaries.zonings.load import load as load_zoning
from geo.progress import silent
from indicators.editions import Statement, audit_release
from indicators.publication import publish
from indicators.tables import Release, ReleaseEdition, ReleaseSeries, Series, Value

SALES = {"35001": 20, "44001": 2, "44002": 30, "44003": 40, "44004": 50, "49001": 60, "49002": 70}
HOUSES = {"35001": 15, "44001": 1, "44002": 20, "44003": 22, "44004": 13, "49001": 31, "49002": 14}
PRICES = {"35001": 1500, "44001": 1900, "44002": 2000, "44003": 2200, "44004": 1300, "49001": 3100, "49002": 1400}
INCOMES = {"35001": 19, "44001": 21, "44002": 22, "44003": 23, "44004": 18, "49001": 27, "49002": 24}
ZONES = {
    "35001": "5201", "44001": "5201", "44002": "5202", "44003": "5202", "44004": "5202", "49001": "5203", "49002": "5203",
}  # fmt: skip
PUBLIC = Audience.PUBLIC


@pytest.fixture(scope="module")
def published(engine: sa.Engine) -> Iterator[sa.Connection]:
    with engine.connect() as conn:
        transaction = conn.begin()
        for year in (2023, 2024):
            load(conn, country(year), "52", silent)
        lay(conn, {code: zone.replace("5202", "5201") for code, zone in ZONES.items()})
        for name, given in (
            ("ventes_logements", SALES), ("ventes_maisons", HOUSES), ("prix_m2_logement", PRICES),
            ("niveau_vie_median", INCOMES),
        ):  # fmt: skip
            bring(conn, "2021", 2023, {code: float(value) for code, value in given.items()}, indicator=name)
        incomes = {"200000001": 20.0, "200000002": 21.0, "200000003": 27.0}
        bring(conn, "2021", 2023, incomes, indicator="niveau_vie_median", level="epci")
        restrict(conn, "ventes_logements")
        restrict(conn, "niveau_vie_median", (PUBLIC,), finest_level=Level.EPCI)
        publish(conn, silent)
        yield conn
        transaction.rollback()


@pytest.fixture
def spoilt(published: sa.Connection) -> Iterator[sa.Connection]:
    """The same release, that a test may spoil."""
    inside = published.begin_nested()
    yield published
    inside.rollback()


def lay(conn: sa.Connection, zones: dict[str, str]) -> None:
    terms = Terms(Level.ZONE_EMPLOI, "Zones", 2020, 2023, "Insee", "Licence Ouverte 2.0", "zones.csv", "0" * 64)
    names = {zone: f"Zone {zone}" for zone in zones.values()}
    load_zoning(conn, terms, Composition(frozenset(zones.items()), names), 2023, silent)


def hidden(conn: sa.Connection, indicator: str, millesime: int = 2023) -> set[str]:
    return {
        code for code, (value, _) in shown(conn, PUBLIC, indicator, "2021", millesime).items() if value is None
    }


@pytest.mark.parametrize("audience", Audience)
def test_nothing_is_recovered_before_it_is_spoilt(published: sa.Connection, audience: Audience) -> None:
    assert audit_release(published, audience) == []
    assert "44001" in hidden(published, "ventes_logements")


def test_a_primary_cell_is_served(spoilt: sa.Connection) -> None:
    unmask(spoilt, "ventes_logements", "44001")
    assert told(audit_release(spoilt, PUBLIC), "44001", "publiée telle quelle").exact


def test_every_secondary_cell_of_the_counts(spoilt: sa.Connection) -> None:
    for millesime, primary in ((2023, {"44001"}), (2024, {"44001"})):
        for code in sorted(hidden(spoilt, "ventes_logements", millesime) - primary):
            inside = spoilt.begin_nested()
            unmask(spoilt, "ventes_logements", code, millesime)
            assert audit_release(spoilt, PUBLIC), (code, millesime)
            inside.rollback()


def test_a_neighbour_is_served(spoilt: sa.Connection) -> None:
    unmask(spoilt, "ventes_logements", "44002")
    found = told(audit_release(spoilt, PUBLIC), "2023), commune Commune 44001", "somme de ses parties")
    assert found.exact
    assert (found.low, found.high) == (2.0, 2.0)


def test_one_millesime_is_served_without_the_other(spoilt: sa.Connection) -> None:
    unmask(spoilt, "ventes_logements", "44002", 2024)
    told(audit_release(spoilt, PUBLIC), "2023), commune Commune 44002", "l’autre géographie")


def test_a_rate_is_served_beside_its_numerator(spoilt: sa.Connection) -> None:
    # houses are open: 20 of them at 66,7 % are 30 sales, and 52 − 20 − 30 are left to 44001
    unmask(spoilt, "part_maisons_ventes", "44002")
    found = told(audit_release(spoilt, PUBLIC), "Ventes (2021, géographie 2023), commune Commune 44001", "Part")
    assert found.exact


def test_a_rate_is_served_in_one_millesime(spoilt: sa.Connection) -> None:
    unmask(spoilt, "part_maisons_ventes", "44002", 2024)
    told(audit_release(spoilt, PUBLIC), "2023), commune Commune 44001", "Part")


def test_a_mean_of_which_the_others_are_known(spoilt: sa.Connection) -> None:
    unmask(spoilt, "prix_m2_logement", "44001")
    told(audit_release(spoilt, PUBLIC), "44001", "publiée telle quelle")


def test_a_level_that_is_withheld_is_served(spoilt: sa.Connection) -> None:
    series = series_of(spoilt, PUBLIC, "niveau_vie_median", "2021", 2023)
    base = spoilt.scalar(sa.select(Series.base_id).where(Series.id == series))
    rows = sa.text(
        "INSERT INTO indicators.value SELECT :series, v.territory_id, v.value, v.status, v.coverage "
        "FROM indicators.value AS v JOIN boundaries.territory AS t ON t.id = v.territory_id "
        "WHERE v.series_id = :base AND t.level = 'commune'"
    )
    spoilt.execute(rows, {"series": series, "base": base})
    assert len([one for one in audit_release(spoilt, PUBLIC) if "telle quelle" in one.relations[0]]) == len(
        INCOMES
    )


def test_an_epci_of_one_commune_is_that_commune(spoilt: sa.Connection) -> None:
    assert shown(spoilt, PUBLIC, "niveau_vie_median", "2021", 2023, "epci")["200000003"] == (None, "secret")
    unmask(spoilt, "niveau_vie_median", "200000003", level="epci")
    assert told(audit_release(spoilt, PUBLIC), "commune Commune 49001", "sous un autre nom").exact


def test_a_zoning_is_added(spoilt: sa.Connection) -> None:
    # 5201 was 35001 and the four communes of 44; it becomes 35001 and 44001 alone, and another zone holds the rest
    from indicators.publication.geographies import read_geographies, refresh_members

    lay(spoilt, ZONES)
    refresh_members(spoilt, read_geographies(spoilt))
    zone = "zone-emploi"
    for audience in Audience:
        series = series_of(spoilt, audience, "ventes_logements", "2021", 2023)
        base = spoilt.scalar(sa.select(Series.base_id).where(Series.id == series))
        for one in (series, base):
            spoilt.execute(sa.text(
                "INSERT INTO indicators.value SELECT :one, t.id, NULL, 'secret', 0 FROM boundaries.territory AS t "
                "WHERE t.millesime = 2023 AND t.level = 'zone-emploi' "
                "ON CONFLICT (series_id, territory_id) DO NOTHING"
            ), {"one": one})  # fmt: skip
            spoilt.execute(sa.text(
                "UPDATE indicators.value AS v SET value = NULL, status = 'missing' FROM boundaries.territory AS t "
                "WHERE t.id = v.territory_id AND t.level = 'zone-emploi' AND v.series_id IN ("
                "SELECT id FROM indicators.series WHERE indicator <> 'ventes_logements')"
            ))  # fmt: skip
            overwrite(spoilt, one, zone, "5201", 22.0)
            overwrite(spoilt, one, zone, "5202", 120.0)
    found = told(audit_release(spoilt, PUBLIC), "44001", "zone d’emploi")
    assert found.exact


def test_a_total_is_told_in_a_title(spoilt: sa.Connection) -> None:
    said = Statement(
        "titre de la carte",
        "ventes_logements",
        "2021",
        2023,
        (("commune", "35001"), ("commune", "44001")),
        total=22,
    )
    assert told(audit_release(spoilt, PUBLIC, [said]), "44001", "titre de la carte").exact


def test_a_rounded_total_is_told_in_a_text(spoilt: sa.Connection) -> None:
    places = (("commune", "35001"), ("commune", "44001"))
    said = Statement("phrase de la page", "ventes_logements", "2021", 2023, places, total=22, step=1)
    found = told(audit_release(spoilt, PUBLIC, [said]), "44001", "phrase de la page")
    assert not found.exact
    assert 1.5 <= found.low <= found.high <= 2.5


def test_a_legend_of_all_the_values(spoilt: sa.Connection) -> None:
    places = tuple(("commune", code) for code in SALES)
    said = Statement("légende", "ventes_logements", "2021", 2023, places, bounds=(2, 70))
    told(audit_release(spoilt, PUBLIC, [said]), "44001", "légende")


def test_a_class_of_the_map(spoilt: sa.Connection) -> None:
    said = Statement(
        "classe de la carte", "ventes_logements", "2021", 2023, (("commune", "44001"),), bounds=(1, 3)
    )
    told(audit_release(spoilt, PUBLIC, [said]), "44001", "classe de la carte")


def test_an_order_of_all_the_values(spoilt: sa.Connection) -> None:
    said = Statement(
        "classement", "ventes_logements", "2021", 2023, (("commune", "44003"), ("commune", "44004")), ranked=True
    )
    with pytest.raises(Exception, match="classement"):  # 40 is not before 50: a false page is told too
        audit_release(spoilt, PUBLIC, [said])


def test_an_older_release_is_left_readable(spoilt: sa.Connection) -> None:
    base = spoilt.scalar(
        sa.select(Series.base_id).where(Series.id == series_of(spoilt, PUBLIC, "ventes_logements", "2021", 2023))
    )
    older = _copy(spoilt, base)
    release = release_of(spoilt, [older])
    # it was superseded: the current release comes after it
    now = spoilt.scalar(sa.select(sa.func.min(Release.id)))
    spoilt.execute(sa.insert(Release).values(published_by="essai"))
    last = spoilt.scalar(sa.select(sa.func.max(Release.id)))
    for audience in Audience:
        edition = audience.edition
        spoilt.execute(sa.insert(ReleaseEdition).values(release_id=last, edition=edition, digest="again"))
        listed = sa.select(sa.literal(last), sa.literal(edition), ReleaseSeries.series_id).where(
            ReleaseSeries.release_id == now, ReleaseSeries.edition == edition
        )
        spoilt.execute(sa.insert(ReleaseSeries).from_select(["release_id", "edition", "series_id"], listed))
    assert release < last
    found = told(audit_release(spoilt, PUBLIC), "44001", "une autre publication que l’on peut encore lire")
    assert found.exact


def test_the_public_is_shown_what_the_region_is_not(spoilt: sa.Connection) -> None:
    unmask(spoilt, "ventes_logements", "44002", audience=PUBLIC)
    told(audit_release(spoilt, Audience.REGION), "44001", "autre publication")


def test_a_false_value_is_told(spoilt: sa.Connection) -> None:
    series = series_of(spoilt, PUBLIC, "ventes_logements", "2021", 2023)
    assert series is not None
    overwrite(spoilt, series, "commune", "49001", 61.0)
    with pytest.raises(Exception, match="Commune 49001"):
        audit_release(spoilt, PUBLIC)


def test_a_whole_series_is_served_as_it_is(spoilt: sa.Connection) -> None:
    for code in sorted(hidden(spoilt, "prix_m2_logement")):
        unmask(spoilt, "prix_m2_logement", code)
    assert any("telle quelle" in one.relations[0] for one in audit_release(spoilt, PUBLIC))


def _copy(conn: sa.Connection, base: int | None) -> int:
    """A series of the same values, open to all."""
    from indicators.tables import series_id

    columns = [Series.indicator, Series.period, Series.millesime, Series.geography, Series.levels, Series.passport]
    made = conn.execute(
        sa.insert(Series)
        .from_select(
            ["id", *[column.key for column in columns], "digest", "computed_at"],
            sa.select(series_id(1), *columns, sa.literal("f" * 16), sa.func.now()).where(Series.id == base),
        )
        .returning(Series.id)
    ).scalar_one()
    values = sa.select(sa.literal(made), Value.territory_id, Value.value, Value.status, Value.coverage)
    conn.execute(
        sa.insert(Value).from_select(
            ["series_id", "territory_id", "value", "status", "coverage"], values.where(Value.series_id == base)
        )
    )
    return int(made)
