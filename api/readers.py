"""Who asks, as the middleware of `api.identity` found it."""

from starlette.requests import HTTPConnection

from boundaries.readers import ANYBODY, Reader


def reader_of(request: HTTPConnection) -> Reader:
    """Return who asks: anybody, where nobody said who they are."""
    found: Reader = request.scope.get("state", {}).get("reader", ANYBODY)
    return found
