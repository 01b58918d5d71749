"""Who is signed in: the cookie, the forms that are believed, and the pages to sign in and out."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Request
from fastapi.routing import APIRoute
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from api.accounts import keys, sessions
from api.accounts.journal import NOBODY, record
from api.accounts.people import Holder
from api.accounts.rights import AUDIENCES
from api.accounts.sessions import HOURS, Signed
from api.identity import credentials
from api.identity.credentials import COOKIE, cookie_path
from api.identity.limits import neighbourhood
from api.office import Office
from api.pages.french import count
from api.pages.site import page
from geo.errors import Forbidden, Invalid, TooLarge

if TYPE_CHECKING:
    from api.identity.oidc import Provider

FORM = "ores_formulaire"  # what a browser that is not signed in holds, to have its form believed
FORM_BYTES = 2_000_000  # a recipe in a form is far smaller
FIELDS = 5_000
HOME = "/administration"


class NotSignedIn(Forbidden):
    """Nobody is signed in."""


class OfficeRoute(APIRoute):
    """A route of the back office: a page that is asked for without a session leads to the one to sign in."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, behind the way to the sign-in page."""
        handle = super().get_route_handler()

        async def signed(request: Request) -> Response:
            try:
                return await handle(request)
            except NotSignedIn:
                if request.method not in ("GET", "HEAD"):
                    raise
                return to(request, HOME)

        return signed


@dataclass(frozen=True)
class Posted:
    """A form that was sent by someone who is signed in, from one of our pages."""

    by: Signed
    fields: dict[str, str]

    def text(self, name: str, longest: int = 500) -> str:
        """Return a field without the spaces around it. Raises Invalid when it is longer than it may be."""
        value = self.fields.get(name, "").strip()
        if len(value) > longest:
            raise Invalid(f"Le champ « {name} » a {len(value)} caractères ; {longest} au plus sont acceptés.")
        return value


def office_of(request: Request) -> Office:
    """Return the back office of the application."""
    found: Office = request.app.state.office
    return found


def provider_of(request: Request) -> "Provider | None":
    """Return the identity provider of the application, if there is one."""
    found: Provider | None = getattr(request.app.state, "provider", None)
    return found


def address_of(request: Request) -> str:
    """Return the network address that a request comes from."""
    return credentials.address_of(request.scope)


def token_of(request: Request) -> str:
    """Return what the browser of someone who is signed in holds, or nothing."""
    return request.cookies.get(COOKIE, "")


def anyone(request: Request) -> Signed:
    """Return who is signed in, be it only to read. Raises NotSignedIn."""
    token = token_of(request)
    if token:
        with office_of(request).transaction() as conn:
            found = sessions.signed(conn, token)
        if found is not None:
            return found
    raise NotSignedIn("Connectez-vous avec votre clé pour faire cela.")


def who(by: Annotated[Signed, Depends(anyone)]) -> Signed:
    """Return who works here. Raises NotSignedIn, and Forbidden for someone who only reads."""
    if not by.holder.rights.works:
        raise Forbidden(
            f"« {by.actor.name} » est {by.role_label} : les cartes montrent ce que ce compte peut lire ; "
            "l’administration est réservée à qui livre, valide et publie."
        )
    return by


Who = Annotated[Signed, Depends(who)]


async def _posted(request: Request, by: Signed) -> Posted:
    fields = await fields_of(request)
    sessions.require_proof(token_of(request), fields.get("preuve", ""))
    return Posted(by, fields)


async def posted(request: Request, by: Who) -> Posted:
    """Return the form that was sent. Raises Forbidden for one that is not ours, TooLarge, Invalid."""
    return await _posted(request, by)


async def posted_by_anyone(request: Request, by: Annotated[Signed, Depends(anyone)]) -> Posted:
    """Return the form that someone sent who may only read."""
    return await _posted(request, by)


Form = Annotated[Posted, Depends(posted)]


async def fields_of(request: Request) -> dict[str, str]:
    """Return the fields of a plain form; what is not one has none. The last of a repeated name counts."""
    if request.headers.get("content-type", "").split(";")[0].strip() != "application/x-www-form-urlencoded":
        return {}
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_BYTES:
            raise TooLarge(f"Le formulaire dépasse {FORM_BYTES // 1_000_000} Mo.")
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=FIELDS))
    except ValueError:
        raise Invalid("Le formulaire reçu n’est pas lisible.") from None


def to(request: Request, path: str) -> Response:
    """Return the answer that leads to another page of the back office."""
    root = str(request.scope.get("root_path", ""))
    return RedirectResponse(root + path, 303, {"Cache-Control": "no-store"})


def office_page(request: Request, by: Signed, template: str, status: int = 200, **values: Any) -> Response:
    """Return a page for someone who is signed in: kept by nobody, never compressed."""
    return page(request, f"administration/{template}", status, private=True, qui=by, preuve=by.proof, **values)


router = APIRouter(route_class=OfficeRoute, include_in_schema=False)


@router.get(HOME)
def sign_in_page(request: Request) -> Response:
    """Return the page to sign in; whoever is signed in is led to where they work, or told what they may read."""
    try:
        by = anyone(request)
    except NotSignedIn:
        return sign_in_again(request)
    if by.holder.rights.works:
        return to(request, f"{HOME}/imports")
    return office_page(request, by, "lecteur.html", rubrique="", audience=AUDIENCES[by.holder.rights.audience])


@router.post(HOME)
async def sign_in(request: Request) -> Response:
    """Open a session for a key. A refused key makes its address wait, longer and longer."""
    fields = await fields_of(request)
    sessions.require_proof(request.cookies.get(FORM, ""), fields.get("preuve", ""))
    office = office_of(request)
    near = neighbourhood(address_of(request))
    wait = office.attempts.wait_s(near)
    if wait:
        return wait_first(request, wait)
    try:
        return await run_in_threadpool(_open, request, fields.get("cle", ""))
    except Forbidden as refusal:
        office.attempts.refuse(near)
        await run_in_threadpool(note_refusal, request, "key")
        return sign_in_again(request, 403, refusal.detail)


@router.post(f"{HOME}/deconnexion")
def sign_out(request: Request, form: Annotated[Posted, Depends(posted_by_anyone)]) -> Response:
    """End the session."""
    with office_of(request).transaction() as conn:
        sessions.close_session(conn, token_of(request))
        record(conn, form.by.actor, "signed-out", address_of(request))
    answer = to(request, HOME)
    answer.delete_cookie(COOKIE, path=cookie_path(request.scope), httponly=True, samesite="lax")
    return answer


def welcome(request: Request, conn: Connection, holder: Holder, how: str) -> Response:
    """Return the answer that opens a session: its token is new, whatever the browser held before."""
    sessions.close_session(conn, token_of(request))
    token = sessions.open_session(conn, holder)
    record(conn, holder.actor, "signed-in", address_of(request), how=how, audience=str(holder.rights.audience))
    answer = to(request, f"{HOME}/imports" if holder.rights.works else "/cartes")
    # Lax: a link from a message or another site opens the map in its reader's edition. Forms have their own proof.
    answer.set_cookie(
        COOKIE,
        token,
        max_age=HOURS * 3600,
        path=cookie_path(request.scope),
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )
    answer.delete_cookie(FORM, path=_form_path(request), httponly=True, samesite="strict")
    return answer


def wait_first(request: Request, wait_s: float) -> Response:
    """Return the page to sign in, to an address that was refused too often."""
    seconds = int(wait_s) + 1
    answer = sign_in_again(request, 429, f"Trop de refus : réessayez dans {count(seconds, 'seconde')}.")
    answer.headers["Retry-After"] = str(seconds)
    return answer


def note_refusal(request: Request, how: str, **details: str) -> None:
    """Add a refusal to the journal: never what was given."""
    with office_of(request).transaction() as conn:
        record(conn, NOBODY, "refused", address_of(request), how=how, **details)


def sign_in_again(request: Request, status: int = 200, refusal: str = "") -> Response:
    """Return the page to sign in. Its form is believed only from a browser that was given a token first."""
    token = request.cookies.get(FORM) or sessions.new_token()
    provider = provider_of(request)
    answer = page(
        request,
        "administration/connexion.html",
        status,
        private=True,
        preuve=sessions.proof(token),
        refus=refusal,
        heures=HOURS,
        fournisseur=provider.label if provider is not None else "",
    )
    answer.set_cookie(
        FORM,
        token,
        max_age=HOURS * 3600,
        path=_form_path(request),
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )
    return answer


def _open(request: Request, key: str) -> Response:
    office = office_of(request)
    with office.transaction() as conn:
        holder = keys.identify(conn, key)
        answer = welcome(request, conn, holder, "key")
    office.attempts.forget(neighbourhood(address_of(request)))
    return answer


def _form_path(request: Request) -> str:
    return str(request.scope.get("root_path", "")) + HOME
