"""Archives of tiles that were exported: where they are, under a name that says exactly what they hold.

The name has the version of the content, which is that of the edition of whoever asks: an archive of an edition is found
by nobody who is not served the same bytes, and one of before a release, by nobody at all.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from api.dependencies import Series
from api.ogc.tiling import TileSet, version_of
from boundaries.readers import Audience
from geo.grids import Grid

FOLDER = "archives"
Sets = Sequence[tuple[TileSet, Series | None]]


def archive(folder: Path, audience: Audience, sets: Sets, grid: Grid) -> Path:
    """Return where the archive of some sets of tiles goes, made of the edition of an audience."""
    return (
        folder / audience.value / f"{_subject(sets, grid)}.{_digest(version_of([one for one, _ in sets]))}.pmtiles"
    )


def found(folder: Path, audience: Audience, sets: Sets, grid: Grid) -> Path | None:
    """Return an archive of what is served of sets of tiles to an audience, if there is one.

    One made of a more public edition will do where that edition says the same: its name tells.
    """
    own = (archive(folder, one, sets, grid) for one in Audience if one.edition in audience.editions)
    return next((file for file in own if file.is_file()), None)


def former(folder: Path, audience: Audience, sets: Sets, grid: Grid) -> list[Path]:
    """Return the archives of the same sets made of an audience's edition, whose content is not what is served now."""
    current = archive(folder, audience, sets, grid)
    return sorted(set(current.parent.glob(f"{_subject(sets, grid)}.*.pmtiles")) - {current})


def _subject(sets: Sets, grid: Grid) -> str:
    parts = [(one.name, one.level, one.millesime, str(named)) for one, named in sets]
    return f"{sets[0][0].name}.{grid.id}.{_digest(repr(parts))}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
