"""`/administration/oidc`: the way to the identity provider and back."""

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from api.accounts.vouched import welcomed
from api.identity.limits import neighbourhood
from api.identity.vouching import SECONDS, ProviderSilent, SignInRefused
from api.pages.administration.signing import (
    HOME,
    address_of,
    note_refusal,
    office_of,
    provider_of,
    sign_in_again,
    wait_first,
    welcome,
)
from geo.errors import Forbidden, NotFound

if TYPE_CHECKING:
    from api.identity.oidc import Provider

router = APIRouter(include_in_schema=False)

COOKIE = "ores_oidc"
PATH = f"{HOME}/oidc"


@router.get(f"{PATH}/connexion")
def leave(request: Request) -> Response:
    """Lead to the provider; what comes back is believed from this browser alone, for ten minutes."""
    try:
        secret, url = _provider(request).start(_return(request))
    except ProviderSilent as error:
        return sign_in_again(request, 503, error.detail)
    answer = RedirectResponse(url, 303, {"Cache-Control": "no-store"})
    # Lax: the provider's page leads back here, which a strict cookie would not survive.
    answer.set_cookie(
        COOKIE,
        secret,
        max_age=SECONDS,
        path=_path(request),
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )
    return answer


@router.get(f"{PATH}/retour", name="oidc_return")
def come_back(request: Request) -> Response:
    """Open a session for whom the provider vouches. Where it leads is ours to say: nothing in the address does.

    Answers that are refused make their address wait, as keys do: each is a line of the journal, and asks the provider.
    """
    attempts, near = office_of(request).attempts, neighbourhood(address_of(request))
    wait = attempts.wait_s(near)
    if wait:
        return wait_first(request, wait)
    try:
        answer = _welcomed(request)
        attempts.forget(near)
    except ProviderSilent as error:
        answer = sign_in_again(request, 503, error.detail)
    except Forbidden as refusal:
        attempts.refuse(near)
        reason = {"reason": refusal.reason} if isinstance(refusal, SignInRefused) else {}
        note_refusal(request, "oidc", **reason)
        answer = sign_in_again(request, 403, refusal.detail)
    answer.delete_cookie(COOKIE, path=_path(request), httponly=True, samesite="lax")
    return answer


def _welcomed(request: Request) -> Response:
    provider = _provider(request)
    secret = request.cookies.get(COOKIE, "")
    found = provider.finish(secret, dict(request.query_params), _return(request))
    if found.rights is None:
        raise SignInRefused(
            f"« {found.name} » est bien identifié, mais ce compte n’ouvre rien ici : adressez-vous à qui administre "
            "l’observatoire.",
            f"no right for {found.name}",
        )
    with office_of(request).transaction() as conn:
        holder = welcomed(
            conn, found.issuer, found.subject, found.name, found.email, found.rights, address_of(request)
        )
        return welcome(request, conn, holder, "oidc")


def _provider(request: Request) -> "Provider":
    found = provider_of(request)
    if found is None:
        raise NotFound("Aucun fournisseur d’identité n’est réglé ici : connectez-vous avec une clé.")
    return found


def _return(request: Request) -> str:
    return str(request.url_for("oidc_return"))


def _path(request: Request) -> str:
    return str(request.scope.get("root_path", "")) + PATH
