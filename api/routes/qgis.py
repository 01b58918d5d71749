"""The layers of an indicator for QGIS: as the site draws it, read from this server."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from api.dependencies import CurrentVersions, Kept, reading
from api.documents import Document, answer, document
from api.ogc.collected import collections
from api.qgislayers import layers_of
from api.readers import reader_of
from api.strict import StrictRoute
from api.versions import kept_only_if_current
from boundaries.readers import Audience
from geo.formats.qgislayers import EXTENSION, MEDIA_TYPE, layer_definition
from indicators import published

router = APIRouter(prefix="/api/qgis", route_class=StrictRoute, tags=["QGIS"])

Name = Annotated[str, Path(description="Identifiant de l’indicateur", max_length=60)]


@router.get(
    "/{identifier}.qlr",
    summary="Les couches d’un indicateur pour QGIS",
    response_class=Response,
    responses={200: {"content": {MEDIA_TYPE: {"schema": {"type": "string"}}}}},
)
def layer_pack(
    request: Request,
    now: CurrentVersions,
    kept: Kept,
    identifier: Name,
    period: Annotated[
        str | None, Query(description="Période dessinée, par exemple 2022 ; à défaut la dernière", max_length=20)
    ] = None,
) -> Response:
    """Return a QGIS layer definition: a layer for each level, with the classes, circles and words of the site.

    Who reads with a key writes it in the addresses of the layers, in place of VOTRE_CLE.
    """
    keyed = reader_of(request).audience is not Audience.PUBLIC

    def build() -> Document:
        with reading(request) as conn:
            sheet = published.sheet_of(conn, identifier)
            [collected] = [one for one in collections([sheet.id]).values() if one.sheet is not None]
            layers = layers_of(conn, str(request.base_url), collected, now.latest, period, keyed=keyed)
            text = layer_definition(sheet.label, layers)
            made = document(text.encode(), MEDIA_TYPE, f"{sheet.id}{f'_{period}' if period else ''}.{EXTENSION}")
            return kept_only_if_current(made, conn, now)

    key = ("qgis", now.data, str(request.base_url), identifier, period)
    return answer(request, kept.get_or_build(key, build))
