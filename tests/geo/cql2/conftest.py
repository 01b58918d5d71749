"""A small layer with every type that a filter may meet, and a way to ask it.

Six places on a line of squares of one degree, from (0, 45): a, b, c side by side, d apart, e above a, f without
anything known but its code.

    y=46..47   e
    y=45..46   a  b  c  .  d
"""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any

import pytest
import sqlalchemy as sa
from geoalchemy2 import Geometry

from geo import cql2
from geo.formats.crs import CRS84, Crs

Ask = Callable[..., list[str]]


class Status(Enum):
    OK = "ok"
    SECRET = "secret"  # noqa: S105 - a status


PLACES = sa.Table(
    "cql2_places",
    sa.MetaData(),
    sa.Column("code", sa.Text, primary_key=True),
    sa.Column("nom", sa.Text),
    sa.Column("nom_local", sa.Text),
    sa.Column("population", sa.Integer),
    sa.Column("densite", sa.Double),
    sa.Column("part", sa.REAL),
    sa.Column("littoral", sa.Boolean),
    sa.Column("creation", sa.Date),
    sa.Column("debut", sa.TIMESTAMP(timezone=True)),
    sa.Column("fin", sa.TIMESTAMP(timezone=True)),
    sa.Column(
        "statut", sa.Enum(Status, name="cql2_status", values_callable=lambda all: [one.value for one in all])
    ),
    sa.Column("geom", Geometry("POLYGON", srid=4326, spatial_index=False)),
)


def at(year: int, month: int = 1, day: int = 1) -> datetime:
    return datetime(year, month, day, tzinfo=UTC)


ROWS: list[dict[str, Any]] = [
    {
        "code": "a", "nom": "Saint-Étienne", "nom_local": "Saint-Étienne", "population": 100, "densite": 1.5,
        "part": 0.1, "littoral": True, "creation": date(2020, 1, 1), "debut": at(2020), "fin": at(2021),
        "statut": "ok", "place": (0, 45),
    },
    {
        "code": "b", "nom": "L’Île-d'Yeu", "nom_local": "Yeu", "population": 200, "densite": 2.5,
        "part": 0.2, "littoral": True, "creation": date(2021, 6, 15), "debut": at(2021), "fin": at(2022),
        "statut": "ok", "place": (1, 45),
    },
    {
        "code": "c", "nom": "STRASSE", "nom_local": "Straße", "population": 300, "densite": -3.0,
        "part": 0.3, "littoral": False, "creation": date(2022, 12, 31), "debut": at(2020), "fin": at(2022),
        "statut": "secret", "place": (2, 45),
    },
    {
        "code": "d", "nom": "100 %_\\", "nom_local": "œuf", "population": 0, "densite": 0.0,
        "part": 0.0, "littoral": False, "creation": date(2020, 1, 1), "debut": at(2020), "fin": at(2020),
        "statut": "ok", "place": (4, 45),
    },
    {
        "code": "e", "nom": "", "nom_local": "ΟΔΟΣ", "population": -100, "densite": 1e100,
        "part": 1.0, "littoral": None, "creation": None, "debut": at(2022), "fin": at(2023),
        "statut": "ok", "place": (0, 46),
    },
    {"code": "f"},
]  # fmt: skip


@pytest.fixture(scope="module")
def places(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection to the layer, for reading; nothing of it is kept."""
    with engine.connect() as connection:
        transaction = connection.begin()
        PLACES.metadata.create_all(connection)
        for row in ROWS:
            given = {name: value for name, value in row.items() if name != "place"}
            if "place" in row:
                x, y = row["place"]
                given["geom"] = sa.func.ST_MakeEnvelope(x, y, x + 1, y + 1, 4326)
            if "statut" in row:
                given["statut"] = Status(row["statut"])
            connection.execute(PLACES.insert().values(**given))
        yield connection
        transaction.rollback()


@pytest.fixture(scope="module")
def ask(places: sa.Connection) -> Ask:
    """Codes of the places that a filter keeps, in order."""
    rows = sa.select(*PLACES.c)
    properties = cql2.queryables(rows)

    def codes(text: str, language: str = cql2.TEXT, crs: Crs = CRS84) -> list[str]:
        condition = cql2.condition(text, language, properties, crs)
        with places.begin_nested(), cql2.computed():
            return sorted(places.scalars(rows.where(condition).with_only_columns(PLACES.c.code)))

    return codes


@pytest.fixture
def properties() -> dict[str, cql2.Queryable]:
    return cql2.queryables(sa.select(*PLACES.c))
