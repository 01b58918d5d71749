"""Who is signed in: the cookie, the forms that are believed, and the pages to sign in and out."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Request
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from api.accounts import keys, sessions
from api.accounts.sessions import HOURS, Signed
from api.office import Office
from api.pages.french import count
from api.pages.site import page
from geo.errors import Forbidden, Invalid, TooLarge

COOKIE = "ores_session"
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


def token_of(request: Request) -> str:
    """Return what the browser holds, or nothing."""
    return request.cookies.get(COOKIE, "")


def who(request: Request) -> Signed:
    """Return who is signed in. Raises NotSignedIn."""
    token = token_of(request)
    if token:
        with office_of(request).transaction() as conn:
            found = sessions.signed(conn, token)
        if found is not None:
            return found
    raise NotSignedIn("Connectez-vous avec votre clé pour faire cela.")


Who = Annotated[Signed, Depends(who)]


async def posted(request: Request, by: Who) -> Posted:
    """Return the form that was sent. Raises Forbidden for one that is not ours, TooLarge, Invalid."""
    fields = await fields_of(request)
    sessions.require_proof(token_of(request), fields.get("preuve", ""))
    return Posted(by, fields)


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
    """Return the page to sign in; whoever is signed in is led to the imports."""
    try:
        who(request)
    except NotSignedIn:
        return _sign_in(request)
    return to(request, f"{HOME}/imports")


@router.post(HOME)
async def sign_in(request: Request) -> Response:
    """Open a session for a key. A refused key makes its address wait, longer and longer."""
    fields = await fields_of(request)
    sessions.require_proof(token_of(request), fields.get("preuve", ""))
    office = office_of(request)
    address = request.client.host if request.client else ""
    wait = office.attempts.wait_s(address)
    if wait:
        told = f"Trop de clés refusées : réessayez dans {count(int(wait) + 1, 'seconde')}."
        answer = _sign_in(request, 429, told)
        answer.headers["Retry-After"] = str(int(wait) + 1)
        return answer
    try:
        token = await run_in_threadpool(_open, office, fields.get("cle", ""))
    except Forbidden as refusal:
        office.attempts.refuse(address)
        return _sign_in(request, 403, refusal.detail)
    office.attempts.forget(address)
    answer = to(request, f"{HOME}/imports")
    _hand(request, answer, token)
    return answer


@router.post(f"{HOME}/deconnexion")
def sign_out(request: Request, form: Form) -> Response:
    """End the session."""
    with office_of(request).transaction() as conn:
        sessions.close_session(conn, token_of(request))
    answer = to(request, HOME)
    _hand(request, answer, "")
    return answer


def _open(office: Office, key: str) -> str:
    with office.transaction() as conn:
        return sessions.open_session(conn, keys.identify(conn, key))


def _sign_in(request: Request, status: int = 200, refusal: str = "") -> Response:
    """The page to sign in. Its form is believed only from a browser that was given a token first."""
    token = token_of(request) or sessions.new_token()
    answer = page(
        request,
        "administration/connexion.html",
        status,
        private=True,
        preuve=sessions.proof(token),
        refus=refusal,
        heures=HOURS,
    )
    if not token_of(request):
        _hand(request, answer, token)
    return answer


def _hand(request: Request, answer: Response, token: str) -> None:
    """Give a token to the browser, or take it back."""
    answer.set_cookie(
        COOKIE,
        token,
        max_age=HOURS * 3600 if token else 0,
        path=str(request.scope.get("root_path", "")) + HOME,
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )
