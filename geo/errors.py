"""The five kinds of errors that a floor may raise; none knows HTTP.

    OresError
    ├── NotFound    what was asked for does not exist (or may not be known to exist)
    ├── Invalid     what was given is malformed or forbidden by a rule
    ├── Forbidden   who asks may not do this
    ├── Conflict    the state of the store does not allow it now
    └── TooLarge    the answer or the input exceeds a stated limit

The message is a French sentence fit to be shown to people: what was given, what would be accepted. It never
holds SQL, a path or a secret. The edge maps each kind to a status code in one table (`api.problems`).
"""


class OresError(Exception):
    """An error with a French sentence that may be shown to people."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class NotFound(OresError):
    """What was asked for does not exist."""


class Invalid(OresError):
    """What was given is malformed, or a rule forbids it."""


class Forbidden(OresError):
    """Who asks may not do this."""


class Conflict(OresError):
    """The state of the store does not allow it now."""


class TooLarge(OresError):
    """The answer or the input exceeds a stated limit."""
