"""The page of an error: what was given, what is accepted, and a way out."""

from fastapi import Request
from starlette.responses import HTMLResponse

from api.pages.site import page
from api.statuses import STATUSES
from geo.errors import OresError

TITLES = {
    403: "Accès refusé",
    404: "Introuvable",
    405: "Méthode refusée",
    409: "Impossible pour l’instant",
    413: "Demande trop grande",
    422: "Opération refusée",
}
_DETAILS = {
    404: "Il n’y a pas de page à cette adresse.",
    405: "Cette adresse se lit, elle ne se modifie pas.",
}


def error_page(request: Request, error: OresError) -> HTMLResponse:
    """Return the page of an error that may be shown to people."""
    status = next(code for kind, code in STATUSES.items() if isinstance(error, kind))
    return _page(request, status, error.detail)


def status_page(request: Request, status: int) -> HTMLResponse:
    """Return the page of an error known by its status alone; its text gives nothing away."""
    return _page(request, status, _DETAILS.get(status, "Le site n’a pas pu répondre. Réessayez dans un instant."))


def _page(request: Request, status: int, detail: str) -> HTMLResponse:
    title = TITLES.get(status, "Demande non valide" if status < 500 else "Une erreur est survenue")
    answer = page(request, "erreur.html", status, titre=title, detail=detail, statut=status)
    answer.headers["Cache-Control"] = "no-store"
    return answer
