"""Asks one API over HTTP: bounded size, bounded patience, never another server. Knows no API in particular."""

import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from types import TracebackType
from typing import Any

import httpx
import orjson

from boundaries.sources.download import Pause
from boundaries.sources.headers import retry_after
from geo.errors import Invalid, TooLarge

ATTEMPTS = 4
PATIENCE_S = 180.0
# Without Retry-After: quotas are counted by the minute, failures pass quicker.
QUOTA_PAUSE_S, FAILURE_PAUSE_S = 20.0, 0.5
LIMIT_BYTES = 200_000_000
TIMEOUT_S = 60.0
FAILED = frozenset({408, 500, 502, 503, 504})
QUOTA = "quota de requêtes dépassé"
AGENT = "Ores (observatoire territorial)"

Now = Callable[[], datetime]


@dataclass(frozen=True)
class Answer:
    """What the server said in the end: a status that is neither a redirection nor a quota, and the body of a 200."""

    status: int
    content: bytes

    def json(self, asked: str) -> dict[str, Any]:
        """Return the object that the body holds; `asked` says in French what was asked, for the error."""
        try:
            content = orjson.loads(self.content)
        except orjson.JSONDecodeError:
            content = None
        if not isinstance(content, dict):
            raise Invalid(f"La réponse reçue pour {asked} n’est pas du JSON lisible.")
        return content


class Asker:
    """An open client of the API whose addresses begin with `base`; closed at the end of a `with`.

    `pause` and `now` are the clock: what waits, and what tells the time that a Retry-After date is compared with.
    """

    def __init__(
        self,
        base: str,
        *,
        pause: Pause = time.sleep,
        now: Now = lambda: datetime.now(UTC),
        limit_bytes: int = LIMIT_BYTES,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        try:
            self.base = httpx.URL(base.rstrip("/"))
        except httpx.InvalidURL:
            raise Invalid("L’adresse de l’API est mal formée.") from None
        if self.base.scheme not in ("http", "https") or not self.base.host:
            raise Invalid("L’adresse de l’API doit être une adresse http(s).")
        self._pause, self._now, self._limit = pause, now, limit_bytes
        self._waited = 0.0
        self._client = httpx.Client(
            headers={"User-Agent": AGENT, "Accept": "application/json"},
            timeout=timeout_s,
            follow_redirects=False,
            verify=_authorities(),
        )

    def __enter__(self) -> "Asker":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def address(self, path: str, parameters: list[tuple[str, str]]) -> str:
        """Return the address of a path of the API with its query."""
        return str(httpx.URL(f"{self.base}/{path}", params=parameters))

    def owns(self, address: str) -> bool:
        """Return whether an address that the server gave is its own: same scheme, host, port and root."""
        try:
            url = httpx.URL(address)
        except httpx.InvalidURL:
            return False
        same = (url.scheme, url.host, url.port, url.userinfo) == (
            self.base.scheme,
            self.base.host,
            self.base.port,
            self.base.userinfo,
        )
        return same and url.path.startswith(f"{self.base.path.rstrip('/')}/")

    def get(self, address: str, asked: str, attempts: int = ATTEMPTS) -> Answer:
        """Return the answer to an address, whole.

        Lost connections, expired delays, 408, 429 and 5xx are tried again, `attempts` times in all, after the
        time that Retry-After asks for; the waits of one client never exceed `PATIENCE_S` together. A failure of
        the server that lasts is returned for the caller to explain. Raises Invalid (another server, redirection,
        quota, no connection) and TooLarge.
        """
        if not self.owns(address):
            raise Invalid(f"{self.base.host} renvoie vers un autre serveur pour {asked}\u202f: refusé.")
        for attempt in range(attempts):
            answer, wait, reason = self._once(address, asked)
            if answer is not None and answer.status not in FAILED:
                return answer
            if attempt + 1 < attempts:
                usual = QUOTA_PAUSE_S if reason == QUOTA else FAILURE_PAUSE_S
                self._wait(usual * 2**attempt if wait is None else wait)
        if answer is None:
            raise Invalid(
                f"{self.base.host} n’a pas répondu à la demande de {asked} ({reason}). Recommencez plus tard."
            )
        return answer

    def _once(self, address: str, asked: str) -> tuple[Answer | None, float | None, str]:
        """Return the answer if there is one, the seconds that the server asks to wait, and why there is none."""
        try:
            with self._client.stream("GET", address) as response:
                status, wait = (
                    response.status_code,
                    retry_after(response.headers.get("Retry-After", ""), self._now()),
                )
                if status == 429:
                    return None, wait, QUOTA
                if response.is_redirect:
                    raise Invalid(f"{self.base.host} redirige vers une autre adresse pour {asked}\u202f: refusé.")
                return Answer(status, self._received(response, asked) if status == 200 else b""), wait, ""
        except httpx.TransportError as error:
            return (
                None,
                None,
                "délai dépassé" if isinstance(error, httpx.TimeoutException) else "connexion interrompue",
            )
        except httpx.HTTPError:
            raise Invalid(f"La réponse reçue pour {asked} est illisible.") from None

    def _received(self, response: httpx.Response, asked: str) -> bytes:
        body = bytearray()
        for chunk in response.iter_bytes(1 << 16):
            body += chunk
            if len(body) > self._limit:
                limit = f"{self._limit / 1e6:.0f}\u202fMo"
                raise TooLarge(
                    f"La réponse reçue pour {asked} dépasse la limite de {limit}\u202f: filtrez davantage."
                )
        return bytes(body)

    def _wait(self, seconds: float) -> None:
        self._waited += seconds
        if self._waited > PATIENCE_S:
            raise Invalid(f"{self.base.host} demande d’attendre {seconds:.0f}\u202fs. Recommencez plus tard.")
        self._pause(seconds)


@cache
def _authorities() -> ssl.SSLContext:
    """Return what servers' certificates are checked with, read once: it takes longer than a request."""
    return httpx.create_ssl_context()
