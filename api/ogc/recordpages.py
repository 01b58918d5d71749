"""The catalogue as people read it: what is found, and each record."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from fastapi import Request
from starlette.responses import Response

from api.ogc.records import CATALOGUE, DESCRIPTION, TITLE, Record
from api.ogc.relations import Link
from api.ogc.representing import address_of, varied
from api.pages.french import day, exact
from api.pages.site import page
from geo.clock import PARIS


def records_page(
    request: Request, found: Sequence[Record], matched: int, links: Sequence[Link], words: str | None
) -> Response:
    """Return a page of what is found, with the words by which it was."""
    return varied(
        page(
            request,
            "ogc/catalogue.html",
            rubrique="api",
            titre=TITLE,
            texte=DESCRIPTION,
            notices=[_summary(record) for record in found],
            total=matched,
            mots=words or "",
            suites={one["rel"]: one["href"] for one in links if one["rel"] in ("next", "prev")},
            base=f"{address_of(request)}/collections/{CATALOGUE}",
        )
    )


def record_page(request: Request, record: Record) -> Response:
    """Return the page of a record: all that it says, and where it leads."""
    told = record["properties"]
    parts = _boxes(record["geometry"])
    contacts = [
        (one["organization"], ", ".join(_ROLES[role] for role in one["roles"])) for one in told["contacts"]
    ]
    return varied(
        page(
            request,
            "ogc/notice.html",
            rubrique="api",
            titre=TITLE,
            notice=_summary(record),
            dit=told,
            contacts=contacts,
            emprises=parts,
            publie=_day(told.get("updated")),
            liens=[one for one in record["links"] if one["rel"] not in ("self", "alternate", "collection")],
            base=f"{address_of(request)}/collections/{CATALOGUE}",
        )
    )


_ROLES = {"producer": "producteur", "publisher": "diffuseur"}


def _summary(record: Record) -> dict[str, Any]:
    told, when = record["properties"], record["time"]
    producer = told["contacts"][0]["organization"]
    start, end = when["interval"] if when is not None else ("", "")
    years = [year for year in (start[:4], "" if end == ".." else end[:4]) if year]
    return {
        "id": record["id"],
        "titre": told["title"],
        "texte": told["description"],
        "mots": [word for word in told["keywords"] if word != producer],
        "producteur": producer,
        "annees": " à ".join(dict.fromkeys(years)) if end != ".." else f"depuis {start[:4]}",
    }


def _day(moment: str | None) -> str | None:
    if moment is None:
        return None
    when = datetime.fromisoformat(moment).astimezone(PARIS)
    return day(when.year, when.month, when.day)


def _boxes(geometry: Mapping[str, Any] | None) -> list[str]:
    """Return the rectangles of a record: west, south, east and north of each."""
    if geometry is None:
        return []
    polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    corners = [(ring[0], ring[2]) for [ring] in polygons]
    return [", ".join(exact(round(number, 2)) for number in (*first, *last)) for first, last in corners]
