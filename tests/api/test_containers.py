"""The container files, which cannot be run here, name things that exist."""

import re
from pathlib import Path

import pytest

from api.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
# Read by compose itself, to give the two containers the same password.
OF_COMPOSE = {"ORES_DB_PASSWORD"}


@pytest.mark.parametrize("name", ["Dockerfile", "compose.yaml"])
def test_every_setting_named_is_read_by_the_product(name: str) -> None:
    named = set(re.findall(r"\bORES_[A-Z_]+", (ROOT / name).read_text()))
    assert named
    assert named <= {f"{PREFIX}{field.upper()}" for field in Settings.model_fields} | OF_COMPOSE


@pytest.mark.parametrize("name", ["Dockerfile", "compose.yaml"])
def test_images_are_named_without_a_registry(name: str) -> None:
    images = re.findall(r"^(?:FROM|\s+image:) (\S+)", (ROOT / name).read_text(), re.MULTILINE)
    assert images
    for image in images:
        assert "." not in image.split("/")[0].split(":")[0], image
        assert ":" in image, "a version is given"


def test_the_image_is_built_from_files_that_are_there_and_not_ignored() -> None:
    ignored = (ROOT / ".dockerignore").read_text().split()
    for line in re.findall(r"^COPY (.+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE):
        for source in line.split()[:-1]:
            assert (ROOT / source).exists()
            assert source not in ignored
    for needed in ("api", "boundaries", "geo", "indicators", "package.json", "package-lock.json", "README.md"):
        assert needed not in ignored
