"""The one table from kinds of errors to HTTP status codes; the first kind that fits decides."""

from geo.errors import Conflict, Forbidden, Invalid, NotFound, OresError, TooLarge
from geo.formats.media_types import NotAcceptable
from indicators.natures import NatureForbids

STATUSES: dict[type[OresError], int] = {
    NotFound: 404,
    NatureForbids: 422,
    NotAcceptable: 406,
    Invalid: 400,
    Forbidden: 403,
    Conflict: 409,
    TooLarge: 413,
    OresError: 400,
}
