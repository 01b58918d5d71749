"""Styles of the collections' tiles, and the patterns that they draw statuses with."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from api import grammars
from api.dependencies import CurrentVersions, Kept, reading
from api.documents import Document, answer, document, json_document
from api.ogc import styles, tilesets
from api.ogc.collected import collection_of
from api.ogc.tilesasked import Collection, Current, explicit
from api.pages.reading import read
from api.pages.selection import Selection
from api.strict import StrictRoute
from api.versions import kept_only_if_current
from geo.errors import NotFound
from geo.sprites import picture, places
from indicators.catalogue import indicator as sheet

router = APIRouter(prefix="/api", route_class=StrictRoute, tags=["Styles"])

RATIOS = {"": 1, "@2x": 2}
SPRITES = [f"motifs{suffix}.{kind}" for suffix in RATIOS for kind in ("json", "png")]


@router.get("/collections/{collection}/style.json", summary="Le style MapLibre des tuiles d’une collection")
def collection_style(
    request: Request,
    now: CurrentVersions,
    kept: Kept,
    collection: Collection,
    asked: Current,
) -> Response:
    """Return the style of a collection's tiles: the classes and colours of the site's map, names, patterns."""

    def build() -> Document:
        with reading(request) as conn:
            one, named = asked.found(conn, now, collection)
            base = f"{request.base_url}api/collections/{collection}"
            title = collection_of(collection, now.indicators).title
            query = explicit(one, named, None)
            told: dict[str, Any] = tilesets.tilejson(title, f"{base}/tiles", [(one, named)], query)
            shown = None
            if named is not None:
                selection = Selection(sheet(named.indicator), one.level, named.period, one.millesime)
                shown = read(conn, selection)
            body = styles.style(f"{request.base_url}api", title, told["tiles"][0], told["bounds"], one, shown)
            made = document(json_document(body).body, styles.MEDIA_TYPE)
            return kept_only_if_current(made, conn, now)

    return answer(request, kept.get_or_build(("style", now.data, str(request.url)), build))


@router.get("/styles/{sprite}", summary="Les motifs des statuts")
def patterns(
    request: Request,
    sprite: Annotated[
        str,
        Path(
            description="motifs.json, motifs.png, et @2x", max_length=20, json_schema_extra=grammars.among(SPRITES)
        ),
    ],
) -> Response:
    """Return the index or the picture of the patterns, at one or two pixels a point."""
    found: dict[str, Document] = {}
    for suffix, ratio in RATIOS.items():
        found[f"motifs{suffix}.json"] = json_document(places(ratio))
        found[f"motifs{suffix}.png"] = document(picture(ratio), "image/png")
    if sprite not in found:
        raise NotFound(f"Motifs servis : {', '.join(found)}.")
    return answer(request, found[sprite])
