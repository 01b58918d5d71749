"""What the headers of an answer say about waiting and about resuming."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx


def retry_after(value: str, now: datetime | None = None) -> float | None:
    """Return the seconds that a Retry-After header asks for (a number or a date), None when it says nothing.

    `now`, the present by default, is what a date is compared with.

    >>> retry_after("7"), retry_after("Wed, 21 Oct 2015 07:28:00 GMT"), retry_after("bientôt")
    (7.0, 0.0, None)
    """
    if value.strip().isdigit():
        return float(value)
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - (now or datetime.now(UTC))).total_seconds())


def continues(response: httpx.Response, offset: int) -> bool:
    """Return whether a partial answer starts exactly where the copy stopped."""
    sent = str(response.headers.get("Content-Range", ""))
    return bool(offset) and sent.startswith(f"bytes {offset}-") and "Content-Encoding" not in response.headers


def strong_etag(response: httpx.Response) -> str:
    """Return the ETag if it proves that two copies are equal byte for byte, else an empty text."""
    etag = str(response.headers.get("ETag", ""))
    return "" if etag.startswith("W/") or "Content-Encoding" in response.headers else etag
