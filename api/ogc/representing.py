"""Which representation of a resource is answered: that of programs, or the page that people read."""

from dataclasses import replace
from typing import Annotated, Any, Literal

import orjson
from fastapi import Query, Request
from starlette.responses import Response

from api.documents import Document, answer, document
from geo.formats.media_types import HTML, Format, negotiated

JSON = Format("json", "JSON", "application/json", "json", shown=True)
SCHEMA = Format("json", "JSON Schema", "application/schema+json", "json", (), ("application/json",), shown=True)
OPENAPI = Format(
    "json",
    "OpenAPI 3.0",
    "application/vnd.oai.openapi+json;version=3.0",
    "json",
    (),
    ("application/openapi+json", "application/json"),
    shown=True,
)

Word = Annotated[
    Literal["json", "html"] | None,
    Query(
        alias="f", description="json pour les programmes, html pour la page ; à défaut, l’en-tête Accept choisit"
    ),
]


def wants_page(request: Request, word: str | None, machine: Format) -> bool:
    """Return whether the page is what is asked for. Raises NotAcceptable where nothing that is accepted is served."""
    if word is not None:
        return word == HTML.name
    return negotiated(request.headers.get("accept"), (machine, HTML)) is HTML


def varied(response: Response) -> Response:
    """Return the answer, which says to caches that Accept chose it."""
    response.raw_headers.append((b"vary", b"Accept"))
    return response


def machine(request: Request, found: Document) -> Response:
    """Return the representation of programs."""
    return varied(answer(request, found))


def serialised(body: Any, form: Format, *, lasting: bool = True) -> Document:
    """Return the bytes of a representation; not `lasting`: it is served once, and never kept."""
    return replace(document(orjson.dumps(body), form.media_type), lasting=lasting)


def address_of(request: Request) -> str:
    """Return the address of the interface, as who asks reaches it."""
    return f"{request.base_url}api"
