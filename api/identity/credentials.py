"""The credentials that a request brings, taken out of it: nothing behind may see, log or repeat a key.

A key comes as `Authorization: Bearer`, as `X-API-Key`, or as `?cle=` for the GIS clients that send no header; a
session comes in its cookie.
"""

from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from starlette.types import Scope

COOKIE = "ores_session"
PARAMETER = b"cle"
_SESSION = f"{COOKIE}=".encode()
_HEADERS = frozenset((b"authorization", b"x-api-key", b"cookie"))
_KEYS = frozenset((b"authorization", b"x-api-key"))


class Given(NamedTuple):
    """A credential: a session's token or a key, and whether the key came in the address."""

    secret: str
    session: bool = False
    in_address: bool = False


def given(scope: Scope) -> list[Given]:
    """Return the credentials of a request; its keys are no longer in it.

    What claims to be a credential and is none (another scheme than Bearer, an empty key) is an empty secret, which
    opens nothing. Cookies with the same name: the first is the most exact, as browsers send them.
    """
    found = []
    keys = False
    for name, value in scope["headers"]:
        if name not in _HEADERS:
            continue
        if name == b"cookie":
            if _SESSION in value:
                found += _sessions(value)
        else:
            keys = True
            found.append(Given(_bearer(value) if name == b"authorization" else value.decode("latin-1").strip()))
    if keys:
        scope["headers"] = [header for header in scope["headers"] if header[0] not in _KEYS]
    query = scope["query_string"]
    # The parameter may be written with escapes: c, l and e are %63, %6C and %65.
    if PARAMETER in query or b"%6" in query:
        found += _of_address(scope, query)
    return found


def address_of(scope: Scope) -> str:
    """Return the network address that a request comes from, or nothing where it came by none."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def cookie_path(scope: Scope) -> str:
    """Return where the browser sends the session: everywhere on this site, so that maps show its reader's edition."""
    return str(scope.get("root_path", "")) or "/"


def _bearer(value: bytes) -> str:
    scheme, _, key = value.decode("latin-1").strip().partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def _sessions(cookies: bytes) -> list[Given]:
    for part in cookies.split(b";"):
        name, _, value = part.strip().partition(b"=")
        if name == COOKIE.encode() and value:
            return [Given(value.decode("latin-1"), session=True)]
    return []


def _of_address(scope: Scope, query: bytes) -> list[Given]:
    found, kept = [], []
    for part in query.split(b"&"):
        name, _, value = part.partition(b"=")
        if unquote_to_bytes(name) == PARAMETER:
            key = unquote_to_bytes(value.replace(b"+", b" ")).decode("latin-1").strip()
            found.append(Given(key, in_address=True))
        else:
            kept.append(part)
    if found:
        # In place: whatever else holds this scope, a log of requests among others, must not see the key either.
        scope["query_string"] = b"&".join(kept)
    return found
