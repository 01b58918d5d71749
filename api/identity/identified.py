"""The ASGI middleware that says who asks: it comes before everything, so that nothing is answered to nobody knows whom.

Its contract: `scope["state"]["reader"]` is a `Reader` for every HTTP request that passes. No credential is the
public, at the cost of a look at the headers. A credential that opens nothing is refused, never taken for the public.
"""

import logging
from math import ceil

import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.identity.credentials import COOKIE, Given, address_of, cookie_path, given
from api.identity.limits import Buckets, neighbourhood
from api.identity.openings import Openings, TooManyRefused
from api.office import Office
from api.pages.site import page
from api.problems import DETAILS, problem
from api.settings import Settings
from boundaries.readers import ANYBODY, Reader

log = logging.getLogger(__name__)

API = "/api"
OFFICE = "/administration"
FOR_ALL = ("/static/", "/livez", "/readyz")  # the same for everybody: nothing is proved there
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="Ores", charset="UTF-8"'}
SEVERAL = (
    "Plusieurs preuves d’identité ont été données à la fois (en-tête Authorization, en-tête X-API-Key, paramètre cle, "
    "session du navigateur) : une seule est acceptée."
)
REFUSED = (
    "Clé refusée : elle est inconnue, expirée ou révoquée. Sans clé, c’est l’édition publique qui est servie."
)
NOT_ON_PAGES = (
    "Une clé dans l’adresse n’ouvre que l’interface de programmation (/api) : pour lire les pages, connectez-vous à "
    "/administration."
)
ENDED = "Session terminée : connectez-vous à nouveau, ou redemandez cette adresse pour lire l’édition publique."
TOO_OFTEN = "Trop de demandes en peu de temps : attendez avant la suivante."


class Identified:
    """An application that knows who asks.

    `office` verifies keys and sessions; the settings say how many requests a second an address and a key may make.
    `addresses` are the buckets of addresses, where something that answers before takes from them too.
    """

    def __init__(self, app: ASGIApp, office: Office, settings: Settings, addresses: Buckets | None = None) -> None:
        self.app = app
        self._openings = Openings(office)
        self._addresses = addresses or Buckets(settings.rate_address)
        self._keys = Buckets(settings.rate_key)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "http":
            wait = self._addresses.wait_s(neighbourhood(address_of(scope)))
            found = given(scope)
            if wait:
                await _too_many(TOO_OFTEN, wait)(scope, receive, send)
                return
            reader: Reader | Response = await self._reader(scope, found) if found else ANYBODY
            if isinstance(reader, Response):
                await reader(scope, receive, send)
                return
            scope.setdefault("state", {})["reader"] = reader
        await self.app(scope, receive, send)

    async def _reader(self, scope: Scope, found: list[Given]) -> Reader | Response:
        """Who brings credentials, or the answer that refuses them."""
        if len(found) > 1:
            return problem(400, SEVERAL)
        [one] = found
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if path.startswith(FOR_ALL):
            return ANYBODY
        if one.in_address and not path.startswith(API):
            return problem(400, NOT_ON_PAGES)
        try:
            holder = await self._openings.holder(one, address_of(scope))
        except TooManyRefused as refusal:
            return _too_many(refusal.detail, refusal.wait_s)
        except sa.exc.SQLAlchemyError as error:
            log.error("the database did not say who asks: %s", type(getattr(error, "orig", error)).__name__)
            return problem(503, DETAILS[503], {"Retry-After": "5"})
        if holder is None:
            # The back office says by itself that nobody is signed in, and lets sign in again.
            return ANYBODY if one.session and path.startswith(OFFICE) else self._refusal(scope, one, path)
        wait = self._keys.wait_s(str(holder.key_id or holder.name))
        return _too_many(TOO_OFTEN, wait) if wait else holder.reader

    def _refusal(self, scope: Scope, one: Given, path: str) -> Response:
        if not one.session:
            return problem(401, REFUSED, CHALLENGE)
        if path.startswith(API):
            return problem(401, ENDED, CHALLENGE)
        request = Request({**scope, "app": scope.get("app", self.app)})
        answer = page(request, "session.html", 401, private=True, rubrique="")
        answer.headers.update(CHALLENGE)
        # Once a page has said that the session ended, what is asked next is asked by anybody. Not before: the map
        # of a page that is still shown would go on with tiles of another edition.
        answer.delete_cookie(COOKIE, path=cookie_path(scope), httponly=True, samesite="lax")
        return answer


def _too_many(detail: str, wait_s: float) -> Response:
    return problem(429, detail, {"Retry-After": str(ceil(wait_s))})
