"""Downloads one http(s) address into one file: streamed, bounded, retried, resumed; ignores what is inside.

Beside `target` live `target.json` (the validators of a complete copy, which let the server answer "not
modified"), `target.part` and `target.part.json` (an interrupted copy and its strong ETag). A complete file
only ever appears by a rename.
"""

import fcntl
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import httpx

from boundaries.sources.headers import continues, retry_after, strong_etag
from boundaries.sources.steps import Step
from geo.errors import Conflict, Invalid, NotFound, OresError, TooLarge
from geo.progress import Progress

ATTEMPTS = 5
LONGEST_PAUSE_S = 60.0
RETRIED = frozenset({408, 429, 500, 502, 503, 504})
TIMEOUT_S = httpx.Timeout(60.0, connect=15.0)

Pause = Callable[[float], None]


def shown(url: str) -> str:
    """Return the address as it may be shown: without its credentials and its query.

    >>> shown("https://moi:secret@exemple.fr/a/b.zip?jeton=1")
    'https://exemple.fr/a/b.zip'
    """
    parsed = httpx.URL(url)
    return str(parsed.copy_with(username=None, password=None, query=None, fragment=None))


def download(
    url: str,
    target: Path,
    progress: Progress,
    *,
    label: str,
    limit_bytes: int,
    pause: Pause = time.sleep,
    redirected: bool = True,
) -> None:
    """Bring `target` to what the address holds now; `limit_bytes` bounds its size.

    Redirections are followed unless `redirected` is false: they are then refused like any other answer.

    Temporary refusals (408, 429, 5xx, lost connections) are tried again, at most `ATTEMPTS` times, after
    the time that the server asks for. A partial copy is resumed when the server proves by a strong ETag
    that the content is the same, else it is started again. Raises NotFound (404, 410), TooLarge, Conflict
    (someone else is downloading the same address), Invalid (any other refusal).
    """
    step = Step(progress, label)
    reason = ""
    with httpx.Client(follow_redirects=redirected, max_redirects=5, timeout=TIMEOUT_S) as client:
        for attempt in range(ATTEMPTS):
            wait = 0.5 * 2**attempt
            try:
                asked = _attempt(client, url, target, step, limit_bytes)
                if asked is None:
                    return
                reason, wait = f"réponse {asked[0]}", wait if asked[1] is None else asked[1]
            except httpx.UnsupportedProtocol:
                raise Invalid(f"L’adresse {shown(url)} renvoie vers autre chose que http(s).") from None
            except httpx.TooManyRedirects:
                raise Invalid(f"L’adresse {shown(url)} redirige sans fin.") from None
            except httpx.TransportError as error:
                reason = "délai dépassé" if isinstance(error, httpx.TimeoutException) else "connexion interrompue"
            except httpx.HTTPError:
                raise Invalid(f"La réponse de {shown(url)} est illisible.") from None
            if wait > LONGEST_PAUSE_S:
                seconds = f"{wait:.0f}\u202fs"
                raise Invalid(f"Le serveur de {shown(url)} demande d’attendre {seconds}. Recommencez plus tard.")
            if attempt + 1 < ATTEMPTS:
                pause(wait)
    raise Invalid(f"Le téléchargement de {shown(url)} a échoué {ATTEMPTS}\u202ffois ({reason}).")


def _attempt(
    client: httpx.Client, url: str, target: Path, step: Step, limit_bytes: int
) -> tuple[int, float | None] | None:
    """Return None when the target is up to date, else the refusing status and the pause asked for."""
    part, notes = target.with_name(target.name + ".part"), target.with_name(target.name + ".json")
    part_notes = part.with_name(part.name + ".json")
    with part.open("ab") as body:
        try:
            fcntl.flock(body, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(f"Un autre téléchargement de {shown(url)} est déjà en cours.") from None
        etag = _read(part_notes).get("etag", "")
        if not etag:
            body.truncate(0)
        offset = body.seek(0, 2)
        with client.stream("GET", url, headers=_conditions(offset, etag, target, notes)) as response:
            if response.status_code == 304:
                part.unlink()
                return None
            if response.status_code in RETRIED:
                return response.status_code, retry_after(response.headers.get("Retry-After", ""))
            resumed = response.status_code == 206
            if response.status_code == 416 or (resumed and not continues(response, offset)):
                part_notes.unlink(missing_ok=True)
                return response.status_code, 0.0
            if response.status_code != 200 and not resumed:
                part.unlink()
                raise _refusal(response.status_code, url)
            if not resumed:
                body.truncate(0)
            _write(part_notes, {"etag": strong_etag(response)})
            try:
                _receive(response, body, offset if resumed else 0, step, limit_bytes, url)
            except TooLarge:
                part.unlink()
                raise
        notes.unlink(missing_ok=True)
        part.replace(target)
        _write(
            notes,
            {"etag": response.headers.get("ETag", ""), "modified": response.headers.get("Last-Modified", "")},
        )
        part_notes.unlink(missing_ok=True)
    return None


def _conditions(offset: int, etag: str, target: Path, notes: Path) -> dict[str, str]:
    headers = {"Accept-Encoding": "identity", "User-Agent": "ores"}
    if offset:
        return headers | {"Range": f"bytes={offset}-", "If-Range": etag}
    known = _read(notes) if target.exists() else {}
    if known.get("etag"):
        headers["If-None-Match"] = known["etag"]
    elif known.get("modified"):
        headers["If-Modified-Since"] = known["modified"]
    return headers


def _receive(
    response: httpx.Response, body: BinaryIO, offset: int, step: Step, limit_bytes: int, url: str
) -> None:
    length = response.headers.get("Content-Length", "")
    encoded = "Content-Encoding" in response.headers
    total = offset + int(length) if length.isdigit() and not encoded else None
    if total is not None and total > limit_bytes:
        raise TooLarge(_too_large(url, limit_bytes))
    step.begin(total)
    done = offset
    step.reach(done)
    for chunk in response.iter_bytes(1 << 16):
        done += len(chunk)
        if done > limit_bytes:
            raise TooLarge(_too_large(url, limit_bytes))
        body.write(chunk)
        step.reach(done)
    body.flush()
    step.end()


def _too_large(url: str, limit_bytes: int) -> str:
    return f"Le fichier de {shown(url)} dépasse la limite de {limit_bytes / 1e6:.0f}\u202fMo."


def _refusal(status: int, url: str) -> OresError:
    if status in (404, 410):
        return NotFound(f"Rien n’est publié à l’adresse {shown(url)} (réponse {status}).")
    return Invalid(f"Le serveur refuse {shown(url)} (réponse {status}).")


def _read(notes: Path) -> dict[str, str]:
    try:
        content = json.loads(notes.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _write(notes: Path, content: dict[str, str]) -> None:
    fresh = notes.with_name(notes.name + ".new")
    fresh.write_text(json.dumps(content), "utf-8")
    fresh.replace(notes)
