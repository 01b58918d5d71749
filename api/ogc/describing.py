"""What a collection is, as OGC API describes it: extents, systems, times, and where to read on."""

import threading
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import sqlalchemy as sa
from fastapi import Request

from api.dependencies import reading
from api.editions import edition_of
from api.layers import indicator_layer, territory_layer
from api.ogc import packs, tilesets
from api.ogc.asked import finest, newest
from api.ogc.collected import Collected, collection_of, collections
from api.ogc.relations import REL, Link, link
from api.pages.french import listing, typeset
from api.versions import Versions, read_versions
from boundaries import layers, places
from boundaries.extents import Extent, extents, held
from boundaries.levels import Level
from boundaries.readers import Audience
from geo.errors import NotFound
from geo.formats.crs import CRS84, SYSTEMS, native
from geo.formats.layer import Layer
from geo.formats.media_types import FORMATS, GEOJSON, GEOPACKAGE, GEOPARQUET
from indicators import published

GREGORIAN = "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian"
SCHEMA = "application/schema+json"
LICENCES = {
    "Licence Ouverte 2.0": "https://www.etalab.gouv.fr/wp-content/uploads/2017/04/ETALAB-Licence-Ouverte-v2.0.pdf"
}
NOWHERE = Extent(0, ())
# What other parts of the interface say of a collection: each gives its links, from the address of /api.
OTHERS: tuple[Callable[[str, Collected], list[Link]], ...] = (packs.links_of, tilesets.links_of)


@dataclass(frozen=True)
class Description:
    """A collection as it is given when nothing else is asked.

    Of `layer`, what is said of it is read, never its rows: they are the territories alone.

    `millesimes` are those that `datetime` may choose, oldest first; `periods` and `levels` are those of an indicator;
    `elsewhere` are the periods that it has at other levels or in other geographies alone.
    """

    collected: Collected
    level: Level
    millesime: int
    millesimes: tuple[int, ...]
    layer: Layer
    extent: Extent = NOWHERE
    levels: tuple[Level, ...] = ()
    periods: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Return what people read first of it."""
        sheet = self.collected.sheet
        if sheet is not None:
            return typeset(sheet.definition.strip())
        if not self.extent.count:
            return f"Aucun territoire de ce niveau n’est chargé dans la géographie {self.millesime}."
        years = listing([str(year) for year in self.millesimes])
        return typeset(f"Contours, codes et rattachements, dans la géographie de chaque année : {years}.")


@dataclass(frozen=True)
class Described:
    """The collections that a reader is served; `lasting`: what was read is what the snapshot of versions says."""

    collections: Mapping[str, Description]
    lasting: bool

    def one(self, name: str) -> Description:
        """Return a collection. Raises NotFound, the same for what does not exist and what who asks may not see."""
        if name in self.collections:
            return self.collections[name]
        sheets = [one.collected.sheet.id for one in self.collections.values() if one.collected.sheet is not None]
        collection_of(name, sheets)
        raise NotFound(f"Rien n’est encore chargé dans la collection « {name} ».")


class Descriptions:
    """The descriptions of what each audience is served, read once for each release and each geography."""

    def __init__(self) -> None:
        self._kept: dict[Audience, tuple[Hashable, Described]] = {}
        self._turn = threading.Lock()

    def of(self, request: Request) -> Described:
        """Return the descriptions for who asks."""
        edition = edition_of(request)
        now = edition.versions.now
        key = (now.data, now.indicators)
        with self._turn:
            kept = self._kept.get(edition.audience)
            if kept is not None and kept[0] == key:
                return kept[1]
            with reading(request) as conn:
                made = described(conn, now)
            if made.lasting:
                self._kept[edition.audience] = key, made
            return made


def described(conn: sa.Connection, now: Versions) -> Described:
    """Return the description of every collection that there is something of; six queries, however many there are."""
    lasting = read_versions(conn, now).data == now.data
    if not now.outlined:
        return Described({}, lasting)
    geographies = {row.year: row for row in places.millesimes(conn)}
    offered = published.all_choices(conn)
    drawn = tuple(sorted(now.outlined))
    years = held(conn, drawn)
    found: list[Description] = []
    for collected in collections(now.indicators).values():
        if collected.level is not None:
            own_years = years.get(collected.level, drawn)
            found.append(_of_level(collected, collected.level, own_years, geographies[now.latest]))
        elif collected.sheet is not None and collected.sheet.id in offered:
            own = _of_indicator(collected, offered[collected.sheet.id], now.latest, geographies)
            found += [] if own is None else [own]
    boxes = extents(conn, {one.millesime for one in found})
    placed = (replace(one, extent=boxes.get((one.millesime, one.level), one.extent)) for one in found)
    return Described({one.collected.id: one for one in placed}, lasting)


def _of_level(
    collected: Collected, level: Level, years: tuple[int, ...], geography: sa.Row[tuple[object, ...]]
) -> Description:
    rows = layers.features(level, geography.year, None)
    layer = territory_layer(collected.id, level, geography, rows, None)
    return Description(collected, level, geography.year, years, layer)


def _of_indicator(
    collected: Collected, offered: published.Choices, latest: int, geographies: Mapping[int, Any]
) -> Description | None:
    """Return the description of an indicator; None for one that is published in no geography that is drawn."""
    sheet = collected.sheet
    year = newest(offered, latest)
    if sheet is None or year not in geographies:
        return None
    level = finest(offered, sheet, year)
    if (level, year) not in offered.periods:
        return None
    periods = offered.periods[level, year]
    layer = indicator_layer(
        collected.id, level, geographies[year], layers.features(level, year, None), sheet, periods
    )
    years = tuple(sorted(offered.outlined.intersection(offered.millesimes)))
    levels = tuple(own for own in offered.levels if (own, year) in offered.periods)
    elsewhere = tuple(sorted({one for own in offered.periods.values() for one in own}.difference(periods)))
    return Description(collected, level, year, years, layer, levels=levels, periods=periods, elsewhere=elsewhere)


def document(one: Description, api: str) -> dict[str, Any]:
    """Return the description of a collection; `api` is the address of the interface.

    Its own system is the legal one of where it lies, in metres: that which clients had better ask for.
    """
    base = f"{api}/collections/{one.collected.id}"
    sheet = one.collected.sheet
    own = {}
    if sheet is not None:
        own = {"keywords": [sheet.theme, sheet.short_label], "levels": one.levels, "periods": one.periods}
    return {
        "id": one.collected.id,
        "title": one.collected.title,
        "description": one.text,
        "attribution": one.layer.source,
        "license": one.layer.licence,
        "extent": extent(one),
        "itemType": "feature",
        "itemCount": one.extent.count,
        "crs": [system.uri for system in SYSTEMS],
        "defaultSortOrder": [one.layer.key],
        "storageCrs": native(one.extent.middles).uri,
        "millesime": one.millesime,
        "millesimes": one.millesimes,
        **own,
        "links": _links(one, api, base),
    }


def extent(one: Description) -> dict[str, Any]:
    """Return where and when: boxes in CRS84, and the years of the geographies, of which each holds until the next.

    The first box holds all the others, which are those of each part of France.
    """
    first, last = one.millesimes[0], one.millesimes[-1]
    when = [f"{date(first, 1, 1)}T00:00:00Z", f"{date(last, 12, 31)}T23:59:59Z"]
    found: dict[str, Any] = {"temporal": {"interval": [when], "trs": GREGORIAN}}
    if one.extent.parts:
        found["spatial"] = {"bbox": one.extent.boxes, "crs": CRS84.uri}
    return found


def _links(one: Description, api: str, base: str) -> list[Link]:
    title = one.collected.title
    found = [
        link("self", base, "application/json", title),
        link("alternate", f"{base}?f=html", "text/html", f"{title}, page"),
        link("items", f"{base}/items", GEOJSON.essence, GEOJSON.title),
        *(
            link("items", f"{base}/items?f={form.name}", form.essence, form.title)
            for form in FORMATS
            if form is not GEOJSON
        ),
        link("items", f"{base}/items?f=html", "text/html", "Page"),
        link(f"{REL}queryables", f"{base}/queryables", SCHEMA, "Ce qu’un filtre peut nommer"),
        link(f"{REL}schema", f"{base}/schema", SCHEMA, "Les propriétés"),
        link(f"{REL}sortables", f"{base}/sortables", SCHEMA, "Ce qui peut ordonner"),
        *(
            link("enclosure", f"{base}/items?f={form.name}", form.essence, f"Tout, en {form.title}")
            for form in (GEOPACKAGE, GEOPARQUET)
        ),
    ]
    if one.layer.licence in LICENCES:
        found.append(link("license", LICENCES[one.layer.licence], "application/pdf", one.layer.licence))
    if one.collected.sheet is not None:
        sheet = f"{api}/indicators/{one.collected.sheet.id}"
        found.append(link("describedby", sheet, "application/json", "La fiche de l’indicateur"))
    return found + [other for links_of in OTHERS for other in links_of(api, one.collected)]
