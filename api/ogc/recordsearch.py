"""What is sought in the catalogue: words, places, times, identifiers; and which records answer it.

The parameters are those of OGC API Records (20-004r1, Record Core Query Parameters). One that is empty is as if it were
not there.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.ogc.records import Record
from api.ogc.times import Times, times
from boundaries.extents import Box
from geo.errors import Invalid

_EXTERNAL = re.compile(r"[^:]+:[^:]*|[^:]+")


@dataclass(frozen=True)
class Sought:
    """What the records that are wanted have; None where nothing is asked."""

    terms: Sequence[str] | None = None
    types: Sequence[str] | None = None
    ids: Sequence[str] | None = None
    external: Sequence[str] | None = None
    box: Box | None = None
    interval: Times | None = None

    def found_in(self, records: Iterable[Record]) -> list[Record]:
        """Return the records that have all that is asked, in their order."""
        return [record for record in records if self._fits(record)]

    def _fits(self, record: Record) -> bool:
        properties = record["properties"]
        return (
            (self.types is None or properties["type"] in self.types)
            and (self.ids is None or record["id"] in self.ids)
            and (self.external is None or any(_named(properties["externalIds"], one) for one in self.external))
            and (self.terms is None or any(term in _text(properties) for term in self.terms))
            and (self.box is None or _meets(record["geometry"], self.box))
            and (self.interval is None or _during(record["time"], self.interval))
        )


def sought(
    *,
    q: str | None = None,
    types: str | None = None,
    ids: str | None = None,
    external: str | None = None,
    bbox: str | None = None,
    when: str | None = None,
) -> Sought:
    """Return what parameters ask for. Raises Invalid for a box, a time or an identifier that is malformed."""
    terms = None if q is None else _listed(q)
    named = None if external is None else _listed(external)
    for one in named or ():
        if _EXTERNAL.fullmatch(one) is None:
            raise Invalid(
                f"Identifiant externe mal formé : « {one[:60]} ». Formes attendues : valeur, schéma:valeur ou schéma:."
            )
    return Sought(
        terms=[folded(term) for term in terms] if terms else None,
        types=(_listed(types) if types else None) or None,
        ids=(_listed(ids) if ids else None) or None,
        external=named or None,
        box=box_of(bbox) if bbox else None,
        interval=times(when) if when else None,
    )


def facets(records: Iterable[Record]) -> dict[str, Any]:
    """Return how many records have each keyword, and each theme, the most frequent first."""
    keywords: Counter[str] = Counter()
    themes: Counter[str] = Counter()
    for record in records:
        keywords.update(set(record["properties"]["keywords"]))
        themes.update({concept["id"] for one in record["properties"]["themes"] for concept in one["concepts"]})
    return {name: _facet(name, counted) for name, counted in (("keywords", keywords), ("themes", themes))}


def box_of(text: str) -> Box:
    """Return the box of west,south,east,north in degrees (heights between them are left out). Raises Invalid.

    >>> box_of("-2.6,46,0,0.9,48.6,100")
    (-2.6, 46.0, 0.9, 48.6)
    """
    try:
        found = [float(part) for part in text.split(",")]
    except ValueError:
        found = []
    if len(found) == 6:
        found = [*found[:2], *found[3:5]]
    if len(found) == 4:
        west, south, east, north = found
        # West may be east of east: such a box goes over the antimeridian.
        if all(-180 <= x <= 180 for x in (west, east)) and -90 <= south <= north <= 90:
            return west, south, east, north
    raise Invalid(
        f"Emprise mal formée : « {text[:100]} ». Forme attendue : ouest,sud,est,nord en degrés, par exemple "
        "-2.6,46.2,0.9,48.6."
    )


def folded(text: str) -> str:
    """Return a text without case, accents or superfluous spaces.

    >>> folded("Évolution  ANNUELLE des cœurs d’îlots")
    "evolution annuelle des coeurs d'ilots"
    """
    plain = unicodedata.normalize("NFKD", text.replace("’", "'")).casefold().replace("œ", "oe")
    return " ".join("".join(character for character in plain if not unicodedata.combining(character)).split())


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _text(properties: Mapping[str, Any]) -> str:
    """What words are looked for in, each text on its own line: no term goes from one to the next."""
    return "\n".join(
        folded(one) for one in (properties["title"], properties["description"], *properties["keywords"])
    )


def _named(held: Sequence[Mapping[str, str]], wanted: str) -> bool:
    scheme, colon, value = wanted.partition(":")
    if not colon:
        return any(one["value"] == wanted for one in held)
    return any(one["scheme"] == scheme and (not value or one["value"] == value) for one in held)


def _meets(geometry: Mapping[str, Any] | None, box: Box) -> bool:
    """Whether one of the rectangles of a record touches a box."""
    if geometry is None:
        return False
    polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    west, south, east, north = box
    spans = [(west, east)] if west <= east else [(west, 180.0), (-180.0, east)]
    for [ring] in polygons:
        xs, ys = zip(*ring, strict=True)
        across = any(min(xs) <= right and left <= max(xs) for left, right in spans)
        if across and min(ys) <= north and south <= max(ys):
            return True
    return False


def _during(held: Mapping[str, Any] | None, wanted: Times) -> bool:
    if held is None:
        return False
    own = times("/".join(held["interval"]))
    return _begun(own, wanted) and _begun(wanted, own)


def _begun(one: Times, other: Times) -> bool:
    """Whether a time has begun by the end of another."""
    return one.start is None or other.end is None or one.start <= other.end


def _facet(name: str, counted: Counter[str]) -> dict[str, Any]:
    ranked = sorted(counted.items(), key=lambda pair: (-pair[1], folded(pair[0])))
    buckets = [{"value": value, "count": count} for value, count in ranked]
    return {"type": "terms", "property": name, "buckets": buckets}
