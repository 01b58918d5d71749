"""Countries that are twins: all that an audience may see of them is the same, and every restricted value is another.

What must be the same is what may be seen, and the pattern of what is hidden, for a pattern may be seen. Hence the choice
of the values, on the toy country:

- a value that is hidden with another, while the totals of both are shown, takes what the other gives up: 44001 with
  44002, 44003 with 44004, 49001 with 49002. Each pair is in one département; the first two are in one EPCI each; the
  third is one commune in the second geography, whose total is theirs;
- a mean gives up as much of value times weight as it takes (`prix_m2_logement`);
- what no shown value depends on (an indicator that is hidden or held back, a draft, a period that is not shown, a median)
  is any other value;
- a value that is shown rounded stays in the same step.

`STRICT` differs from `ONE` by what neither the public nor professionals may see, `OTHER` by what the public may not.
"""

import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from crawling import Asker
from deliveries import VALIDATOR
from restricted import restrict
from toycountry import POPULATIONS, country

from api.accounts import keys, sessions
from api.filling import Filler
from api.ogc.archives import FOLDER
from api.tilearchives import Order, archiving_engine, export
from boundaries.levels import Level
from boundaries.load import load
from boundaries.readers import Audience
from geo.grids import WEB_MERCATOR_QUAD
from geo.progress import silent
from indicators.imports.control import control
from indicators.imports.mapping import Mapping as Recipe
from indicators.imports.mapping import Measure, Table
from indicators.imports.storing import keep
from indicators.lifecycle import record_delivery, release_delivery, validate
from indicators.publication import publish
from indicators.tables import Import, ImportValue

COMMUNES = tuple(POPULATIONS)
BELOW_REGION = (Audience.PUBLIC, Audience.PROFESSIONAL)
FAR = datetime(2150, 1, 1, tzinfo=UTC)
# When each publication of a twin was made: the clock of the database is put right after each.
DAYS = (datetime(2026, 1, 10, 9, tzinfo=UTC), datetime(2026, 2, 10, 9, tzinfo=UTC))

Values = tuple[float, ...]


@dataclass(frozen=True)
class Secrets:
    """What differs from a twin to another: values of the communes, in the order of `COMMUNES`."""

    # a rule hides cells from everybody
    ventes_logements: Values = (20, 2, 30, 40, 50, 60, 70)
    prix_m2_logement: Values = (1500, 1700, 2000, 2200, 1300, 3100, 1400)
    # shown to the Region alone below its départements
    medecins_generalistes: Values = (15, 41, 32, 53, 64, 75, 26)
    # hidden, or held back, from all but the Region; a file holds one of them beside what is open
    boulangeries: Values = (1, 2, 3, 4, 5, 6, 7)
    bureaux_poste: Values = (7, 6, 5, 4, 3, 2, 1)
    # nobody sees a draft
    pharmacies: Values = (3, 3, 3, 3, 3, 3, 3)
    # the value of a territory of few people is hidden from all but the Region: 35001 and 44001
    niveau_vie_median: Values = (21000, 22000, 23000, 24000, 25000, 26000, 27000)
    # shown to professionals, hidden from the public: below the EPCI, by the period, altogether, by rounding
    menages_fiscaux: Values = (120, 230, 340, 450, 560, 670, 780)
    taux_pauvrete: Values = (9.5, 10.5, 11.5, 12.5, 13.5, 14.5, 15.5)
    niveau_vie_d9: Values = (41000, 42000, 43000, 44000, 45000, 46000, 47000)
    supermarches: Values = (12, 12, 22, 21, 33, 42, 61)


ONE = Secrets()
STRICT = Secrets(
    ventes_logements=(20, 3, 29, 40, 50, 60, 70),
    prix_m2_logement=(1500, 1800, 2000, 2200, 1300, 3100, 1400),
    medecins_generalistes=(15, 44, 29, 57, 60, 71, 30),
    boulangeries=(10, 21, 0, 43, 54, 65, 76),
    bureaux_poste=(0, 61, 52, 43, 34, 25, 16),
    pharmacies=(9, 8, 7, 6, 5, 4, 2),
    niveau_vie_median=(19000, 20500, 23000, 24000, 25000, 26000, 27000),
)
OTHER = Secrets(
    **{
        **STRICT.__dict__,
        "menages_fiscaux": (120, 237, 333, 442, 568, 655, 795),
        "taux_pauvrete": (19.5, 20.5, 21.5, 22.5, 23.5, 24.5, 25.5),
        "niveau_vie_d9": (51000, 52000, 53000, 34000, 35000, 36000, 57000),
        "supermarches": (12, 13, 21, 22, 32, 43, 60),
    }
)
HIDDEN_PERIOD = "2018"  # of taux_pauvrete, which the public is not shown


@dataclass(frozen=True)
class Place:
    """A twin: its server, its database, and a key of each audience that needs one."""

    url: str
    engine: sa.Engine
    keys: dict[Audience, str]

    def asker(self, audience: Audience = Audience.PUBLIC) -> Asker:
        """Return who asks this server for an audience."""
        key = self.keys.get(audience)
        return Asker(self.url, {"X-API-Key": key} if key else {})

    def session(self, key: str) -> str:
        """Return the token of a session that is opened with a key."""
        with self.engine.begin() as conn:
            return sessions.open_session(conn, keys.identify(conn, key))

    def worker(self) -> Asker:
        """Return who asks this server as a validator who is signed in."""
        with self.engine.begin() as conn:
            key = keys.create(conn, VALIDATOR.name, VALIDATOR.role)
        return Asker(self.url, {"Cookie": f"ores_session={self.session(key)}"})


@dataclass(frozen=True)
class Places:
    """`one` and `strict` are the same to the public and to professionals, `one` and `other` to the public."""

    one: Place
    strict: Place
    other: Place


def fill(conn: sa.Connection, secrets: Secrets) -> None:
    """Load the country of two years, deliver, restrict and publish twice: `as_of` has something to tell."""
    load(conn, country(2023), "52", silent)
    load(conn, country(2024), "52", silent)
    _restrict(conn)
    _bring(conn, "population", "2016", [float(people) for people in POPULATIONS.values()])
    _bring(conn, "population", "2022", [1.1 * people for people in POPULATIONS.values()])
    for name in ("ventes_logements", "prix_m2_logement", "niveau_vie_d9"):
        _bring(conn, name, "2021", getattr(secrets, name))
    for name in ("medecins_generalistes", "bureaux_poste", "supermarches"):
        _bring(conn, name, "2018", getattr(secrets, name))
    for name in ("menages_fiscaux", "niveau_vie_median"):
        _bring(conn, name, "2021", getattr(secrets, name))
    _bring(conn, "taux_pauvrete", HIDDEN_PERIOD, secrets.taux_pauvrete)
    _bring(conn, "taux_pauvrete", "2021", [8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0])
    _bring_together(conn, secrets)
    publish(conn, silent)
    settle(conn, DAYS[0])
    _bring(conn, "population", "2022", [1.2 * people for people in POPULATIONS.values()])
    publish(conn, silent)
    _bring(conn, "pharmacies", "2018", secrets.pharmacies, released=False)
    settle(conn, DAYS[1])


def archive(engine: sa.Engine, home: Path) -> None:
    """Export tiles: of what everybody is shown, of what the public is shown in part, of what the Region alone is."""
    owner = engine.url.render_as_string(hide_password=False)
    filler = Filler(owner)
    for collection, audience in (
        ("communes", Audience.PUBLIC),
        ("menages_fiscaux", Audience.PUBLIC),
        ("menages_fiscaux", Audience.REGION),
        ("boulangeries", Audience.REGION),
        ("communes,menages_fiscaux", Audience.PUBLIC),
        ("communes,menages_fiscaux", Audience.REGION),
    ):
        reading = archiving_engine(owner, audience)
        order = Order(collection, WEB_MERCATOR_QUAD, last=4)
        export(reading, audience, order, home / FOLDER, None, filler.fill, silent)
        reading.dispose()
    filler.dispose()


def _restrict(conn: sa.Connection) -> None:
    restrict(conn, "ventes_logements")
    restrict(conn, "medecins_generalistes", BELOW_REGION, finest_level=Level.DEPARTEMENT)
    restrict(conn, "boulangeries", BELOW_REGION, shown=False)
    restrict(conn, "bureaux_poste", BELOW_REGION, embargo=FAR)
    restrict(conn, "niveau_vie_median", BELOW_REGION, minimum_population=150.0)
    restrict(conn, "menages_fiscaux", (Audience.PUBLIC,), finest_level=Level.EPCI)
    restrict(conn, "taux_pauvrete", (Audience.PUBLIC,), first_period="2020")
    restrict(conn, "niveau_vie_d9", (Audience.PUBLIC,), shown=False)
    restrict(conn, "supermarches", (Audience.PUBLIC,), rounding=10.0)


def _bring(
    conn: sa.Connection, indicator: str, period: str, values: Values | list[float], released: bool = True
) -> None:
    """Deliver values under the sha256 of the file that would hold them, as the product does."""
    content = f"{indicator};{period};{values}".encode()
    digest = hashlib.sha256(content).hexdigest()
    number = record_delivery(
        conn, VALIDATOR, file=f"{indicator}-{period}.csv", size=1000, sha256=digest, source="essai",
        producer="essai", licence="essai", digest=digest[:16], sheets=["essai"],
    )  # fmt: skip
    made = conn.execute(
        sa.insert(Import)
        .values(
            delivery_id=number, indicator=indicator, period=period, millesime=2023, scope="52", levels=["commune"],
            digest=f"{digest[:16]}:{indicator}:{period}", counts={}, notes={},
        )
        .returning(Import.id)
    ).scalar_one()  # fmt: skip
    rows = [
        {"import_id": made, "level": "commune", "code": code, "value": value, "status": "observed", "line": line,
         "sheet": 0}
        for line, (code, value) in enumerate(zip(COMMUNES, values, strict=True), start=2)
    ]  # fmt: skip
    conn.execute(sa.insert(ImportValue), rows)
    if released:
        validate(conn, number, VALIDATOR)
        release_delivery(conn, number, VALIDATOR)


def _bring_together(conn: sa.Connection, secrets: Secrets) -> None:
    """Deliver one file, through the control, that holds what is open beside what is hidden."""
    lines = ["code;population_totale;boulangeries"]
    for code, hidden in zip(COMMUNES, secrets.boulangeries, strict=True):
        lines.append(f"{code};{POPULATIONS[code] + 10};{hidden:g}")
    measures = tuple(Measure(indicator=name, column=name) for name in ("population_totale", "boulangeries"))
    recipe = Recipe(
        source="essai", title="Essai", producer="essai", licence="essai", millesime=2023, period="2018",
        tables=(Table(code="code", level=Level.COMMUNE, measures=measures),),
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ensemble.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        number = keep(conn, VALIDATOR, control(conn, path, mapping=recipe), silent)
    validate(conn, number, VALIDATOR)
    release_delivery(conn, number, VALIDATOR)


def settle(conn: sa.Connection, day: datetime) -> None:
    """Put the clock right: all that has just been written was written on a day, in every twin.

    The bytes of twins are compared as they are then, moments included. What was written before stays.
    """
    columns = conn.execute(
        sa.text(
            "SELECT c.table_schema, c.table_name, c.column_name FROM information_schema.columns AS c "
            "JOIN information_schema.tables AS t USING (table_schema, table_name) "
            "WHERE c.table_schema IN ('boundaries', 'indicators') AND t.table_type = 'BASE TABLE' "
            "AND c.data_type = 'timestamp with time zone' AND c.column_name <> 'embargo'"
        )
    ).all()
    for schema, table, column in columns:
        name = f"{schema}.{table}"
        conn.execute(sa.text(f"ALTER TABLE {name} DISABLE TRIGGER USER"))
        conn.execute(
            sa.text(f"UPDATE {name} SET {column} = :day WHERE {column} > now() - interval '1 hour'"),  # noqa: S608
            {"day": day},
        )
        conn.execute(sa.text(f"ALTER TABLE {name} ENABLE TRIGGER USER"))


def pattern(conn: sa.Connection, audience: Audience) -> Mapping[tuple[object, ...], tuple[object, ...]]:
    """Return the status of every cell that an audience is served, and its value: what twins must have in common."""
    rows = conn.execute(
        sa.text(
            "SELECT s.indicator, s.period, s.millesime, t.level, t.code, v.status::text, v.value "
            "FROM indicators.release_series AS r JOIN indicators.series AS s ON s.id = r.series_id "
            "JOIN indicators.value AS v ON v.series_id = s.id "
            "JOIN boundaries.territory AS t ON t.id = v.territory_id "
            "WHERE r.edition = :edition AND r.release_id = "
            "(SELECT max(release_id) FROM indicators.release_edition WHERE edition = :edition)"
        ),
        {"edition": audience.edition},
    )
    return {tuple(row[:5]): tuple(row[5:]) for row in rows}
