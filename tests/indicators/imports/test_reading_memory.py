"""A large file costs no more memory than a small one: read under a ceiling that its size exceeds."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROWS = 3_000_000
# Warmed up on a small file, the process may grow by less than the large one weighs, and far less than its cells do.
GROWTH_BYTES = 80_000_000
SCRIPT = """
import resource, sys
from pathlib import Path
import pyarrow.compute, pyarrow.csv
from indicators.imports.reading import delivery, read
small = Path(sys.argv[1]).with_name("petit.csv")
small.write_text("a;b\\n1;2\\n")
list(read(small).sheets[0].batches())
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
count = sum(len(batch) for sheet in read(Path(sys.argv[1])).sheets for batch in sheet.batches())
print(count, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)
"""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("large") / "large.csv"
    block = "".join(f'{n:05d};"Orée d’Anjou";2022;{n}\n' for n in range(20_000))
    path.write_text("code;nom;an;v\n" + block * (ROWS // 20_000))
    assert path.stat().st_size > 1.2 * GROWTH_BYTES
    return path


@pytest.mark.parametrize("packed", [False, True])
def test_memory_stays_flat(large: Path, packed: bool):
    if packed:
        path = large.with_suffix(".zip")
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            archive.write(large, "large.csv")
        large = path
    done = subprocess.run([sys.executable, "-c", SCRIPT, str(large)], capture_output=True, text=True, check=True)
    count, growth = map(int, done.stdout.split())
    assert count == ROWS + 1
    assert growth < GROWTH_BYTES
