"""A second start takes a few seconds: what only a load, an import or an export needs is not imported by it."""

import subprocess
import sys

from alembic.script import ScriptDirectory

from api.migrate import config, newest

# The libraries of tables, of GDAL, of migrations, of downloads, of providers of identity, of linear programs.
HEAVY = (
    "pandas",
    "geopandas",
    "pyarrow",
    "pyogrio",
    "alembic",
    "httpx",
    "requests",
    "authlib",
    "scipy",
    "highspy",
    "folium",
)
IMPORTED_BY_A_START = "import api.cli, api.serving, api.app, api.assets, api.setup, api.progress"


def test_a_start_that_has_nothing_to_load_imports_what_serving_needs_alone() -> None:
    program = f"import sys; {IMPORTED_BY_A_START}; print(*({set(HEAVY)} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_the_newest_migration_told_by_its_file_is_that_of_alembic() -> None:
    assert newest() == ScriptDirectory.from_config(config()).get_current_head()
