"""A folder imported with one command: what cannot be read hinders nothing else, and a stop loses nothing."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from toycountry import country

from api.importing import import_folder
from api.migrate import migrate
from boundaries.levels import Level
from boundaries.load import load
from geo.cluster import Cluster
from geo.progress import silent
from indicators import published
from indicators.actors import Actor
from indicators.imports.findings import NOTHING
from indicators.tables import Delivery, Release

JEANNE = Actor("Jeanne", "validator")
HEADINGS = ",INSEE_COM,Annee,Nb_mutations,NbMaisons,PrixMoyen,Prixm2Moyen,SurfaceMoy\n"


@pytest.fixture
def engine(cluster: Cluster) -> Iterator[sa.Engine]:
    """A database of its own, which is committed to: a toy country."""
    url = sa.make_url(cluster.admin_url)
    administered = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with administered.connect() as server:
        server.execute(sa.text("CREATE DATABASE folder OWNER ores"))
    database = sa.create_engine(url.set(database="folder"), isolation_level="AUTOCOMMIT")
    with database.connect() as conn:
        conn.execute(sa.text("CREATE EXTENSION postgis"))
        conn.execute(sa.text("CREATE EXTENSION btree_gist"))
    database.dispose()
    made = sa.create_engine(sa.make_url(cluster.url).set(database="folder"))
    migrate(made)
    with made.begin() as conn:
        load(conn, country(2021), "52", silent)
    yield made
    made.dispose()
    with administered.connect() as server:
        server.execute(sa.text("DROP DATABASE folder WITH (FORCE)"))
    administered.dispose()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for year in (2019, 2020):
        lines = "".join(
            f"{line},{code},{year},{10 * line},{line},200000.0,2000.0,100.0\n"
            for line, code in enumerate(("44001", "44002", "44003", "44004", "49001", "49002"), start=1)
        )
        (tmp_path / f"indicateurs_dvf_communes_{year}.csv").write_text(HEADINGS + lines)
    (tmp_path / "a_indicateurs_dvf_communes_vide.csv").write_bytes(b"")
    return tmp_path


def stopping(what: str, total: int) -> Callable[[int], None]:
    """A stop once the second file is done, whichever it is."""
    done = 0

    def advance(more: int) -> None:
        nonlocal done
        done += more
        if what == "Fichiers du dossier" and done == 2:
            raise KeyboardInterrupt

    return advance


def test_a_stop_loses_nothing_and_what_cannot_be_read_hinders_nothing(engine: sa.Engine, folder: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        import_folder(engine, folder, NOTHING, JEANNE, stopping)
    with engine.connect() as conn:
        assert conn.scalars(sa.select(Delivery.state)).all() == ["released"]
        assert conn.scalar(sa.select(sa.func.count()).select_from(Release)) == 0
    told = {
        name: (number, hindered)
        for name, number, hindered in import_folder(engine, folder, NOTHING, JEANNE, silent)
    }
    assert told["a_indicateurs_dvf_communes_vide.csv"][1].startswith("«")
    assert "déjà la livraison" in told["indicateurs_dvf_communes_2019.csv"][1]
    assert told["indicateurs_dvf_communes_2020.csv"][1] == ""
    with engine.connect() as conn:
        for period in ("2019", "2020"):
            found = published.table(conn, "ventes_logements", Level.DEPARTEMENT, period, 2021)
            assert dict(zip(found.codes, found.values, strict=True)) == {"44": 100.0, "49": 110.0}
