"""Errors as people get them: one table of status codes, one body (`application/problem+json`, RFC 9457), in French.

An unexpected exception is logged here and answered with a sentence that gives nothing away.
"""

import logging
from typing import Any

import orjson
import psycopg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from psycopg.errors import QueryCanceled
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.methods import allowed
from api.pages.errors import error_page, status_page
from api.statuses import STATUSES
from geo.errors import Invalid, OresError
from indicators.natures import NatureForbids

log = logging.getLogger(__name__)

TITLES = {
    400: "Demande non valide",
    401: "Identification refusée",
    403: "Accès refusé",
    404: "Introuvable",
    405: "Méthode refusée",
    406: "Format non servi",
    409: "Pas encore disponible",
    413: "Demande trop grande",
    422: "Opération refusée",
    429: "Trop de demandes",
    500: "Erreur inattendue",
    503: "Momentanément indisponible",
}
DETAILS = {
    404: "Il n’y a rien à cette adresse. Les adresses servies sont décrites à /api/openapi.json.",
    405: "Cette adresse ne se lit que par GET ou HEAD.",
    503: "La base de données n’a pas répondu à temps. Réessayez dans un instant.",
    500: "Le serveur n’a pas pu répondre. L’incident est noté ; réessayez dans un instant.",
}
TOO_LONG = (
    "Cette demande a pris trop de temps et a été arrêtée. Demandez moins à la fois : une emprise plus petite (bbox=), "
    "un territoire englobant (within=), une page plus courte (limit=), ou, pour tout avoir, un format de fichier "
    "(f=parquet, f=gpkg)."
)
# What pydantic says, said in French: type of error -> what is accepted.
ACCEPTED = {
    "missing": "ce paramètre est obligatoire",
    "int_parsing": "un nombre entier est attendu",
    "float_parsing": "un nombre est attendu",
    "bool_parsing": "true ou false est attendu",
    "string_pattern_mismatch": "la forme attendue est {pattern}",
    "string_too_short": "au moins {min_length} caractère(s) sont attendus",
    "string_too_long": "au plus {max_length} caractères sont attendus",
    "date_from_datetime_parsing": "une date AAAA-MM-JJ est attendue",
    "date_parsing": "une date AAAA-MM-JJ est attendue",
    "enum": "les valeurs acceptées sont {expected}",
    "literal_error": "les valeurs acceptées sont {expected}",
    "greater_than_equal": "la valeur doit être au moins {ge}",
    "less_than_equal": "la valeur doit être au plus {le}",
    "greater_than": "la valeur doit être supérieure à {gt}",
}


def problem(
    status: int, detail: str, headers: dict[str, str] | None = None, members: dict[str, Any] | None = None
) -> Response:
    """Return an error answer of the API, with more members for programs; it is never kept by a cache."""
    title = TITLES.get(status, "Erreur")
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **(members or {})}
    return Response(
        orjson.dumps(body),
        status,
        {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", **(headers or {})},
        "application/problem+json",
    )


def handle_problems(app: FastAPI) -> None:
    """Answer every error of the application in one form; addresses that people read get a page instead."""

    @app.exception_handler(OresError)
    async def known(request: Request, error: OresError) -> Response:
        if not _is_api(request):
            return error_page(request, error)
        status = next(code for kind, code in STATUSES.items() if isinstance(error, kind))
        return problem(status, error.detail, members=error.members if isinstance(error, NatureForbids) else None)

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> Response:
        told = " ".join(_sentence(fault) for fault in error.errors())
        return problem(400, told) if _is_api(request) else error_page(request, Invalid(told))

    @app.exception_handler(HTTPException)
    async def framework(request: Request, error: HTTPException) -> Response:
        if not _is_api(request):
            answer: Response = status_page(request, error.status_code)
        else:
            detail = DETAILS.get(error.status_code, "Demande refusée.")
            answer = problem(error.status_code, detail, dict(error.headers or {}))
        if error.status_code == 405:
            answer.headers["Allow"] = ", ".join(allowed(request.scope))
        return answer

    for kind in (OperationalError, psycopg.OperationalError, NoConnection):
        app.add_exception_handler(kind, unavailable)

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> Response:
        log.exception("unexpected error on %s", request.url.path, exc_info=error)
        if not _is_api(request):
            return status_page(request, 500)
        return problem(500, DETAILS[500])


async def unavailable(request: Request, error: Exception) -> Response:
    """Return the answer to a request that the database did not answer, or not in time."""
    said = getattr(error, "orig", error)  # SQLAlchemy wraps what psycopg says
    log.error("the database did not answer on %s: %s", request.url.path, type(said).__name__)
    if not _is_api(request):
        return status_page(request, 503)
    return problem(503, TOO_LONG if isinstance(said, QueryCanceled) else DETAILS[503], {"Retry-After": "5"})


def _is_api(request: Request) -> bool:
    path = request.url.path.removeprefix(str(request.scope.get("root_path", "")))
    return path.startswith(("/api", "/livez", "/readyz"))


def _sentence(fault: dict[str, Any]) -> str:
    name = fault["loc"][-1]
    given = fault.get("input")
    context = fault.get("ctx", {})
    accepted = ACCEPTED.get(fault["type"], "valeur non acceptée").format_map(_Lenient(context)).replace("'", "")
    if fault["type"] == "missing":
        return f"Paramètre « {name} » absent : {accepted}."
    return f"Paramètre « {name} » = « {str(given)[:100]} » : {accepted.replace(' or ', ' ou ')}."


class _Lenient(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "…"
