"""What is wrong with a filter, said to people."""

from geo.errors import Invalid


class BadFilter(Invalid):
    """A filter that cannot be evaluated: what was given, what is accepted.

    `word` is the name in the filter that is at fault, by which the text can be searched; `path` is where the fault
    is in the JSON form (RFC 6901).
    """

    def __init__(self, detail: str, *, word: str | None = None, path: str | None = None) -> None:
        super().__init__(detail)
        self.word = word
        self.path = path


def shown(text: object, limit: int = 60) -> str:
    """Return what was given, quoted as French quotes, cut where it is long.

    >>> shown("dep")
    '«\\u202fdep\\u202f»'
    """
    given = str(text)
    return f"«\u202f{given[:limit]}{'…' if len(given) > limit else ''}\u202f»"
