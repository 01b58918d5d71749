"""What leaves: data that are not the public's and that somebody takes away are a line of the journal of accounts."""

from typing import Any

from starlette.requests import Request

from api.accounts.journal import record_export
from api.identity.credentials import address_of
from api.office import Office
from boundaries.readers import ANYBODY, Audience, Reader


def note_export(request: Request, **details: Any) -> None:
    """Note that who asks takes away what a request asks for; nothing is noted, nor asked, for the public.

    It is to be called before the answer, in a thread: it writes. `details` say which series, which format, how many
    rows; the path says the rest. An export that cannot be noted is not given: what the database raises is let through.
    """
    reader: Reader = request.scope.get("state", {}).get("reader", ANYBODY)
    if reader.audience == Audience.PUBLIC:
        return
    office: Office = request.app.state.office
    with office.transaction() as conn:
        record_export(conn, reader, request.url.path, address_of(request.scope), **details)
