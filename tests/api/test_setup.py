"""Loading one more millesime: what is published follows, and nothing of the others moves."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from computed import table as values_of

from api.settings import Settings
from api.setup import DOWNLOADS, load_boundaries
from boundaries.levels import Level
from geo.errors import Invalid
from geo.progress import silent


def test_a_new_millesime_is_published_as_soon_as_it_is_loaded(loaded_copy: Settings, downloads: Path) -> None:
    (loaded_copy.home / DOWNLOADS).symlink_to(downloads)
    assert loaded_copy.database_url is not None
    engine = sa.create_engine(loaded_copy.database_url.get_secret_value())
    load_boundaries(engine, loaded_copy, "52", [2020], "registry", None, silent)
    with engine.connect() as conn:
        surface = values_of(conn, "surface", Level.COMMUNE, "2020", 2020)
        population = values_of(conn, "population", Level.REGION, "2022", 2020)
        density = values_of(conn, "densite", Level.REGION, "2022", 2020)
        unchanged = values_of(conn, "population", Level.REGION, "2022", 2025)
    engine.dispose()
    assert len(surface.codes) == 1238
    assert population.values[0] == pytest.approx(3_879_216, rel=1e-12)
    assert density.values[0] == pytest.approx(3_879_216 / 32_357.3, rel=1e-4)
    assert unchanged.values == [3_879_216.0]


def test_a_file_must_be_given_where_the_source_reads_one(loaded_settings: Settings, loaded: sa.Engine) -> None:
    with pytest.raises(Invalid, match="--file"):
        load_boundaries(loaded, loaded_settings, "52", [2025], "ign", None, silent)
