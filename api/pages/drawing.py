"""What the browser needs to draw the map: the Folium parts, and the state that its script reads."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from api.pages.extent import CREDITS, Extent
from api.pages.figures import figure
from api.pages.legend import ABSENT, QUALIFIED, WORDS, largest_radius
from api.pages.reading import Reading
from api.pages.selection import MAPPED, Selection
from api.pages.statics import static_url
from api.pages.wording import title
from boundaries.levels import LABELS as LEVEL_LABELS
from boundaries.levels import Level
from geo.mapstyle import TileSource
from geo.palettes import CIRCLE_NEGATIVE
from indicators.natures import Form
from indicators.statuses import Status

if TYPE_CHECKING:
    from geo.maps import MapParts


def folium_parts(root: str, selection: Selection, where: Extent, versions: Mapping[Level, str]) -> "MapParts":
    """Return the container and the script of the map, over the tiles of its geography in their versions."""
    from geo.maps import map_parts  # Folium is slow to import, and only maps need it

    tiles = tile_urls(root, selection.millesime, versions)
    sources = [TileSource(level, url) for level, url in tiles.items()]
    worker = static_url("vendor/maplibre-gl/maplibre-gl-csp-worker.js", root)
    shown, frame = selection.level.value, Level.DEPARTEMENT.value
    return map_parts("carte", where.opening, sources, shown, frame, CREDITS, worker, where.elsewhere)


def tile_urls(root: str, millesime: int, versions: Mapping[Level, str]) -> dict[str, str]:
    """Return the template of the tiles of each level, in the version of what is drawn of it."""
    return {
        level.value: f"{root}/api/tiles/{millesime}/{level.value}/{{z}}/{{x}}/{{y}}.mvt?v={versions.get(level, '')}"
        for level in MAPPED
    }


def values_url(root: str, selection: Selection, **more: str) -> str:
    """Return the address of the values document of a selection."""
    query = {"level": selection.level.value, "period": selection.period, "millesime": selection.millesime}
    return f"{root}/api/indicators/{selection.indicator.id}/values?{urlencode(query | more)}"


def state(root: str, reading: Reading, versions: Mapping[Level, str], release: str) -> dict[str, Any]:
    """Return what the script reads to colour the map as the legend says."""
    selection, classes = reading.selection, reading.classes
    indicator, level = selection.indicator, selection.level
    return {
        "url": f"{root}/cartes?{selection.query()}",
        "titre": title(selection),
        "niveau": level.value,
        "nomNiveau": LEVEL_LABELS[level][0],
        "millesime": selection.millesime,
        "forme": "cercles" if indicator.nature.map_form is Form.CIRCLES else "aplats",
        "valeurs": values_url(root, selection, v=release),
        "limites": list(classes.inner) if classes is not None else [],
        "couleurs": list(reading.ramp),
        "couleurNegative": CIRCLE_NEGATIVE,
        "maximum": max((abs(value) for value in reading.known.values), default=0),
        "rayon": largest_radius(reading.known.values),
        "decimales": indicator.decimals,
        "categories": {str(code): label for code, label in indicator.categories.items()},
        "unite": indicator.unit_short,
        "signe": reading.signed,
        "sansChiffre": [status.value for status in Status if figure(0.0, status) is None],
        "mots": {status.value: WORDS[status] for status in Status},
        "motifsAbsents": {status.value: pattern.name for status, pattern in ABSENT.items()},
        "motifsPresents": {status.value: pattern.name for status, pattern in QUALIFIED.items()},
        "tuiles": tile_urls(root, selection.millesime, versions),
        "territoire": selection.territory,
        "territoires": f"{root}/api/territories/{level.value}",
    }
