"""Filters in CQL2 (OGC 21-065r2), text or JSON, as conditions in SQL over the columns of any layer.

`condition` is the door. A filter names only what `queryables` finds in the layer; its values are bound, never written.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy import ColumnElement
from sqlalchemy.exc import DataError

from geo.cql2.errors import BadFilter, shown
from geo.cql2.expressions import written
from geo.cql2.hints import hints
from geo.cql2.queryables import Kind, Queryable, Queryables, queryables
from geo.cql2.reading import JSON, LANGUAGES, TEXT, place_of, tree
from geo.cql2.translation import Translation, computes
from geo.formats.crs import CRS84, Crs

__all__ = [
    "JSON",
    "LANGUAGES",
    "TEXT",
    "BadFilter",
    "Kind",
    "Queryable",
    "Queryables",
    "among",
    "computed",
    "condition",
    "costly",
    "queryables",
]

# What doubles do not hold, and a power that is not a real number.
NOT_COMPUTED = frozenset({"22003", "2201F"})


def condition(text: str, language: str, properties: Queryables, crs: Crs = CRS84) -> ColumnElement[bool]:
    """Return the condition that a filter states, to add to the layer's select by `where`.

    Its geometries are in `crs`, axes in the order of the authority. As in SQL, a comparison with a missing value is
    neither true nor false. Raises BadFilter, saying what was given, what is accepted and where.
    """
    try:
        read = tree(text, language)
        return sa.and_(Translation(properties, crs).condition(read), *hints(read, properties))
    except BadFilter as error:
        place = _place(error, text, language)
        raise BadFilter(f"{error.detail}{place}", word=error.word, path=error.path) from None


def among(name: str, texts: Sequence[str], properties: Queryables) -> ColumnElement[bool]:
    """Return the condition that a property is one of the values that some texts write.

    Raises BadFilter for a text that is no value of its type.
    """
    tree = {
        "op": "in",
        "args": [{"property": name}, [written(text, name, properties[name].kind) for text in texts]],
    }
    return sa.and_(Translation(properties, CRS84).condition(tree), *hints(tree, properties))


def costly(text: str, language: str, properties: Queryables) -> bool:
    """Return whether a filter computes something of each feature (shapes, texts without accents) that no index spares.

    Raises BadFilter for what is no filter.
    """
    read = tree(text, language)
    return computes(read) and not any(True for _ in hints(read, properties))


@contextmanager
def computed() -> Iterator[None]:
    """Raise BadFilter, while a filtered layer is read, for arithmetic that the database cannot do."""
    try:
        yield
    except DataError as error:
        if getattr(error.orig, "sqlstate", None) not in NOT_COMPUTED:
            raise
        raise BadFilter("Un calcul du filtre donne un nombre trop grand, ou qui n’existe pas.") from None


def _place(error: BadFilter, text: str, language: str) -> str:
    if error.path is None:
        return ""
    if LANGUAGES.get(language) == JSON:
        return f" Emplacement\u202f: {shown(error.path or '/')}."
    at = place_of(text, error.word) if error.word else None
    return f" Emplacement\u202f: caractère {at}." if at else ""
