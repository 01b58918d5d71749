"""What answers of items say beside the features: links, counts, tags, the same in bodies and in headers."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import orjson
from fastapi import Request

from api.documents import Document
from api.ogc.counting import Matched
from api.ogc.ordering import cursor
from api.ogc.parameters import OFFERED
from api.ogc.plans import Cut, Page, Plan
from api.ogc.relations import REL, Link, link
from api.versions import WRITTEN
from geo.formats.crs import Crs
from geo.formats.geojson import collection, heading
from geo.formats.layer import Layer
from geo.formats.media_types import GEOJSON, Format

TOLD_IN_HEADERS = ("self", "prev", "next", "collection", f"{REL}sortables")


@dataclass(frozen=True)
class Part:
    """What is said of a part of the features: its links, how many there are in all and in it, where that is known."""

    links: Sequence[Link]
    matched: Matched
    returned: int | None

    @property
    def members(self) -> dict[str, Any]:
        """Return the members of a JSON collection, but for how many it has: that is known at its end."""
        number = {} if self.matched.number is None else {"numberMatched": self.matched.number}
        estimated = {"count": "estimated"} if self.matched.estimated else {}
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {**number, **estimated, "timeStamp": now, "links": self.links}

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers that say the same, for the formats that have no room for it."""
        kept = [one for one in self.links if one["rel"] in TOLD_IN_HEADERS]
        told = ", ".join(f'<{one["href"]}>; rel="{one["rel"]}"; type="{one["type"]}"' for one in kept)
        numbers = {"OGC-NumberMatched": self.matched.number, "OGC-NumberReturned": self.returned}
        return {"Link": told, **{name: str(number) for name, number in numbers.items() if number is not None}}


def part_of(request: Request, plan: Plan, form: Format, page: Page | Cut) -> Part:
    """Return what is said of a page in a format."""
    links = links_of(request, form)
    base = f"{request.base_url}api/collections/{plan.wanted.collected.id}"
    links.append(link(f"{REL}sortables", f"{base}/sortables", "application/schema+json", "Ce qui peut ordonner"))
    given = request.query_params.multi_items()
    query = [one for one in given if one[0] not in ("cursor", "offset")]
    if len(query) < len(given):
        links.append(link("first", address(request, query), form.essence, "La première page"))
    if page.preceding is not None:
        told = cursor(plan.order, plan.release, page.preceding, back=True)
        links.append(
            link("prev", address(request, [*query, ("cursor", told)]), form.essence, "La page précédente")
        )
    if page.following is not None:
        told = cursor(plan.order, plan.release, page.following)
        links.append(link("next", address(request, [*query, ("cursor", told)]), form.essence, "La page suivante"))
    return Part(links, plan.matched, page.returned)


def links_of(request: Request, form: Format) -> list[Link]:
    """Return the links of a document in a format: itself, the same in the other formats, and its collection."""
    query = request.query_params.multi_items()
    others = [one for one in query if one[0] != "f"]
    base = request.url.path.rpartition("/items")[0].rpartition("/")[2]
    return [
        link("self", address(request, query), form.essence, f"Ce document, en {form.title}"),
        *(
            link("alternate", address(request, [*others, ("f", one.name)]), one.essence, one.title)
            for one in OFFERED
            if one is not form
        ),
        link("collection", f"{request.base_url}api/collections/{base}", "application/json", "La collection"),
    ]


def address(request: Request, query: Sequence[tuple[str, str]]) -> str:
    """Return the address of a request with another query."""
    base = str(request.url).split("?", 1)[0]
    return f"{base}?{urlencode(query)}" if query else base


def tag_of(request: Request, version: str, form: Format) -> str:
    """Return what tags the answer to a request while what is served is the same, before anything of it is made."""
    given = "\n".join((version, WRITTEN.isoformat(), str(request.url), form.name))
    return hashlib.sha256(given.encode()).hexdigest()[:20]


def page_document(page: Page, part: Part, layer: Layer, crs: Crs, tag: str, *, lasting: bool) -> Document:
    """Return a page of GeoJSON, whose features are already written."""
    head = {**heading(crs), "numberReturned": page.returned, **part.members}
    return Document(
        collection(page.features, head),
        GEOJSON.media_type,
        tag,
        lasting=lasting,
        headers=headers(part.headers, layer, crs),
        weak=True,  # it says when it was made
    )


def feature_document(feature: bytes, links: Sequence[Link], layer: Layer, crs: Crs, tag: str) -> Document:
    """Return one feature, already written, with its links."""
    body = b"".join([feature[:-1], b',"links":', orjson.dumps(links), b"}"])
    return Document(
        body, GEOJSON.media_type, tag, headers=headers(Part(links, Matched(), None).headers, layer, crs), weak=True
    )


def headers(told: Mapping[str, str], layer: Layer, crs: Crs) -> tuple[tuple[bytes, bytes], ...]:
    """Return the headers of GeoJSON: those given, the name of its file, its system."""
    every = {
        **told,
        "Content-Disposition": f'inline; filename="{layer.filename(GEOJSON.extension)}"',
        "Content-Crs": f"<{crs.uri}>",
        "Vary": "Accept",
    }
    return tuple((name.lower().encode(), value.encode()) for name, value in every.items())
