"""A country with a value of every status, published, and a server over it.

Departement 44 is a grid of twelve squares (44001 to 44012, four by three), 49 two squares east of it; both are the
region 52. EPCI 200000001 is 44001 to 44004; 200000002 is 44005 to 44008 and 49001: it straddles two departements;
200000003 is the rest. Paris (75056) has two municipal arrondissements. The whole country is loaded.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import sqlalchemy as sa
from released import release_of
from servers import serving
from toycountry import country, square

from api.migrate import migrate
from api.settings import Settings
from boundaries.load import load
from boundaries.tables import Territory
from geo.cluster import Cluster
from geo.progress import silent
from indicators.statuses import Status
from indicators.tables import Series, Value, series_id

YEAR = 2023
GRID = {f"440{i + 1:02}": (i % 4, i // 4) for i in range(12)}
PLACES = {**GRID, "49001": (4, 0), "49002": (4, 1), "75056": (6, 0)}
COMMUNES = tuple(PLACES)
# One commune of each status, a zero, and some more plain values.
STATUSES: dict[str, tuple[float | None, Status, float]] = {
    "44001": (100.0, Status.OBSERVED, 1.0),
    "44002": (200.0, Status.PROVISIONAL, 1.0),
    "44003": (300.0, Status.ESTIMATED, 1.0),
    "44004": (400.0, Status.PARTIAL, 0.5),
    "44005": (5.0, Status.NOT_SIGNIFICANT, 1.0),
    "44006": (None, Status.SECRET, 0.0),
    "44007": (None, Status.MISSING, 0.0),
    "44008": (None, Status.NOT_APPLICABLE, 0.0),
    "44009": (None, Status.IMPOSSIBLE, 0.0),
    "44010": (0.0, Status.OBSERVED, 1.0),
    "44011": (1100.0, Status.OBSERVED, 1.0),
    "44012": (50.0, Status.OBSERVED, 1.0),
    "49001": (70.0, Status.OBSERVED, 1.0),
    "49002": (30.0, Status.OBSERVED, 1.0),
    "75056": (2000.0, Status.OBSERVED, 1.0),
}
PLAIN = {code: 100.0 * (i + 1) for i, code in enumerate(COMMUNES)}


@contextmanager
def served(
    cluster: Cluster,
    home: Path,
    name: str,
    fill: Callable[[sa.Connection], None] | None = None,
    **options: Any,
) -> Iterator[tuple[str, sa.Engine]]:
    """Give the address of a server over this country in a database of its own, and an engine that leads to it.

    `fill` puts another country there; `options` are settings.
    """
    administered = sa.create_engine(_address(cluster.admin_url, "ores"), isolation_level="AUTOCOMMIT")
    with administered.connect() as server:
        server.execute(sa.text(f"CREATE DATABASE {name} OWNER ores"))
    database = sa.create_engine(_address(cluster.admin_url, name), isolation_level="AUTOCOMMIT")
    with database.connect() as conn:
        conn.execute(sa.text("CREATE EXTENSION postgis"))
        conn.execute(sa.text("CREATE EXTENSION btree_gist"))
    database.dispose()
    address = _address(cluster.url, name)
    engine = sa.create_engine(address)
    migrate(engine)
    with engine.begin() as conn:
        (fill or published)(conn)
    given: dict[str, Any] = {"home": home, "DATABASE_URL": address, "region": "all"} | options
    try:
        with serving(Settings(**given)) as url:
            yield url, engine
    finally:
        engine.dispose()
        with administered.connect() as server:
            server.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
        administered.dispose()


def published(conn: sa.Connection) -> None:
    """Load the country and release its values: plain populations in 2016, every status in 2022."""
    load(conn, delivery(), "all", silent)
    plain = {code: (value, Status.OBSERVED, 1.0) for code, value in PLAIN.items()}
    listed = [
        series(conn, "population", "2016", plain),
        series(conn, "population", "2022", STATUSES),
        series(conn, "surface", str(YEAR), dict.fromkeys(COMMUNES, (2.0, Status.OBSERVED, 1.0))),
        series(conn, "densite", "2016", _divided(plain, 2)),
        series(conn, "densite", "2022", _divided(STATUSES, 2)),
        series(conn, "evolution_annuelle", "2016-2022", _divided(STATUSES, 100)),
    ]
    kinds = {code: (float(1 + i % 7), Status.OBSERVED, 1.0) for i, code in enumerate(COMMUNES)}
    secret = {code: cell for code, cell in STATUSES.items() if cell[0] is None}
    listed.append(series(conn, "grille_densite", "2022", kinds | secret))
    release_of(conn, listed)


def series(
    conn: sa.Connection, indicator: str, period: str, values: Mapping[str, tuple[float | None, Status, float]]
) -> int:
    """Return the id of a series of values of communes; an EPCI has the sum of them."""
    identity: int = conn.execute(
        sa.insert(Series)
        .values(
            id=series_id(1), indicator=indicator, period=period, millesime=YEAR, geography="toy",
            levels=["commune", "epci"], digest=f"{indicator}-{period}", passport={}, computed_at=sa.func.now(),
        )
        .returning(Series.id)
    ).scalar_one()  # fmt: skip
    ids = dict(
        conn.execute(
            sa.select(Territory.code, Territory.id).where(
                Territory.millesime == YEAR, Territory.level.in_(("commune", "epci"))
            )
        ).all()
    )
    rows = {**values, **_of_epci(values)}
    conn.execute(
        sa.insert(Value),
        [
            {"series_id": identity, "territory_id": ids[code], "value": v, "status": status, "coverage": share}
            for code, (v, status, share) in sorted(rows.items())
        ],
    )
    return identity


def delivery() -> Any:
    """The country as a source delivers it."""
    codes = sorted(PLACES)
    communes = pd.DataFrame(
        {
            "code": codes,
            "nom": [f"Commune {code}" for code in codes],
            "departement": [code[:2] for code in codes],
            "region": ["11" if code.startswith("75") else "52" for code in codes],
            "epci": [epci_of(code) for code in codes],
            "population": [PLAIN[code] for code in codes],
        }
    )
    polygons = [square(*PLACES[code]) for code in codes]
    municipal = pd.DataFrame(
        {
            "code": ["75101", "75102"], "nom": ["Paris 1", "Paris 2"], "commune": ["75056"] * 2,
            "population": [900.0, 600.0],
        }
    )  # fmt: skip
    halves = [square(6, 0, 0.5), square(6.5, 0, 0.5)]
    counted = communes["epci"].value_counts()
    epci = ["200000001", "200000002", "200000003"]
    return replace(
        country(YEAR),
        communes=gpd.GeoDataFrame(communes, geometry=gpd.GeoSeries(polygons, crs=4326)),
        arrondissements=gpd.GeoDataFrame(municipal, geometry=gpd.GeoSeries(halves, crs=4326)),
        epci=pd.DataFrame(
            {
                "code": epci, "nom": [f"EPCI {code[-1]}" for code in epci], "nature": "CC",
                "members": [int(counted[code]) for code in epci],
            }
        ),
        departements=pd.DataFrame(
            {"code": ["44", "49", "75"], "nom": ["D44", "D49", "Paris"], "region": ["52", "52", "11"]}
        ),
        regions=pd.DataFrame({"code": ["11", "52"], "nom": ["R11", "R52"]}),
    )  # fmt: skip


def epci_of(code: str) -> str | None:
    """The EPCI of a commune."""
    if code == "75056":
        return None
    if code in ("44001", "44002", "44003", "44004"):
        return "200000001"
    return "200000002" if code in ("44005", "44006", "44007", "44008", "49001") else "200000003"


def _of_epci(
    values: Mapping[str, tuple[float | None, Status, float]],
) -> dict[str, tuple[float | None, Status, float]]:
    found: dict[str, tuple[float | None, Status, float]] = {}
    for epci in ("200000001", "200000002", "200000003"):
        own = [cell for code, cell in values.items() if epci_of(code) == epci]
        present = [value for value, _, _ in own if value is not None]
        share = sum(part for value, _, part in own if value is not None) / len(own)
        found[epci] = (sum(present), Status.OBSERVED if share == 1 else Status.PARTIAL, share)
    return found


def _divided(
    values: Mapping[str, tuple[float | None, Status, float]], by: float
) -> dict[str, tuple[float | None, Status, float]]:
    return {code: (None if v is None else v / by, status, share) for code, (v, status, share) in values.items()}


def _address(url: str, database: str) -> str:
    return sa.make_url(url).set(database=database).render_as_string(hide_password=False)
