"""nginx, as it sends a file, and as the shipped configuration puts it in front of the observatory."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent / "tests" / "support"))

import proxies


@contextmanager
def in_front(server: str, folder: Path) -> Iterator[str]:
    """Give the address of the shipped configuration in front of a server."""
    _opened(folder)
    with proxies.proxied(server, folder) as running:
        yield running.url


@contextmanager
def sending(files: Path, folder: Path) -> Iterator[str]:
    """Give the address of nginx sending the files of a folder."""
    _opened(folder)
    files.chmod(0o755)
    with proxies.serving_files(files, folder) as address:
        yield address


def _opened(folder: Path) -> None:
    """Make a folder that nginx, which does not run as root, can enter."""
    folder.mkdir(parents=True)
    folder.chmod(0o755)
