"""The order of features: any properties, then the key, so that no two are at the same place; and the place of each.

A place is the values that a feature has of what it is ordered by. What comes after a place, or before it, is found by
comparing with it (keyset), never by counting rows: whoever follows `next` links meets each feature once, whatever is
written meanwhile, and `prev` links lead back over the same ones.
"""

import base64
import binascii
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import ColumnElement

from geo.cql2 import Kind, Queryables
from geo.cql2.expressions import SQL_TYPES
from geo.errors import Invalid
from geo.layers import Rows

FRENCH = "fr-x-icu"  # É is ordered with E; equal texts alone are equal
MOST_KEYS = 8
Pattern = tuple[bool, ...]  # whether what comes before is asked for, then which values there are not
READ = {
    Kind.TEXT: (str,),
    Kind.INTEGER: (int,),
    Kind.NUMBER: (float, int),
    Kind.FLAG: (bool,),
    Kind.DAY: (str,),
    Kind.INSTANT: (str,),
}


@dataclass(frozen=True)
class Place:
    """Where a page begins, after these values; or, `back`, where it ends, before them."""

    values: tuple[Any, ...]
    back: bool = False

    @property
    def pattern(self) -> Pattern:
        """Return what the statement of its page depends on, whatever the values are."""
        return (self.back, *(value is None for value in self.values))


@dataclass(frozen=True)
class SortKey:
    """A property that features are ordered by; `back`: read from the end."""

    name: str
    kind: Kind
    column: ColumnElement[Any]
    descending: bool = False
    back: bool = False

    @property
    def label(self) -> str:
        """Return the name of its column among those of the layer: no property has it."""
        return f"sorted {self.name}"

    def beyond(self, given: ColumnElement[Any] | None) -> ColumnElement[bool]:
        """Return the condition of what comes after a value; what has none comes last, or first from the end."""
        if given is None:
            return self.column.is_not(None) if self.back else sa.false()
        if self.back:
            return self.past(given)
        return sa.or_(self.past(given), self.column.is_(None))

    def past(self, given: ColumnElement[Any]) -> ColumnElement[bool]:
        """Return the condition of what has a value that comes after another."""
        return self.column < given if self.descending is not self.back else self.column > given

    @property
    def ordered(self) -> ColumnElement[Any]:
        """Return what features are ordered by, those without a value apart."""
        return self.column.desc() if self.descending is not self.back else self.column.asc()

    def equal(self, given: ColumnElement[Any] | None) -> ColumnElement[bool]:
        """Return the condition of what has the same value, or none either."""
        return self.column.is_(None) if given is None else self.column == given


@dataclass(frozen=True)
class Ordering:
    """What features are ordered by; the last is the key, which all have and no two have the same."""

    keys: tuple[SortKey, ...]

    @property
    def text(self) -> str:
        """Return it as `sortby` writes it."""
        return ",".join(f"{'-' if one.descending else ''}{one.name}" for one in self.keys)

    def of(self, rows: Rows) -> Rows:
        """Return the features in this order, with a column for each value that it is made of."""
        ordered: list[ColumnElement[Any]] = [
            one.ordered.nulls_first() if one.back else one.ordered.nulls_last() for one in self.keys[:-1]
        ]
        # Without NULLS LAST: the key has none, and its index is read in the order that is asked for.
        ordered.append(self.keys[-1].ordered)
        return rows.add_columns(*(one.column.label(one.label) for one in self.keys)).order_by(*ordered)

    @property
    def back(self) -> "Ordering":
        """Return the same order, read from the end."""
        return Ordering(tuple(replace(one, back=True) for one in self.keys))

    def beside(self, rows: Rows, pattern: Pattern) -> Rows:
        """Return the features after a place, or before it, whose values are the parameters `place_0`, `place_1`…"""
        before, *absent = pattern
        keys = self.back.keys if before else self.keys
        given = [
            None if lacks else sa.bindparam(f"place_{rank}", None, SQL_TYPES[one.kind])
            for rank, (one, lacks) in enumerate(zip(keys, absent, strict=True))
        ]
        *others, own = given
        conditions = [sa.false() if own is None else keys[-1].past(own)]
        for one, value in zip(keys[-2::-1], others[::-1], strict=True):
            conditions = [sa.or_(one.beyond(value), sa.and_(one.equal(value), *conditions))]
        return rows.where(*conditions)

    def place(self, rows: sa.FromClause) -> ColumnElement[Any]:
        """Return the place of each of some rows, as the text of a JSON list."""
        return sa.cast(sa.func.json_build_array(*(rows.c[one.label] for one in self.keys)), sa.Text)


def ordering(text: str | None, properties: Queryables, key: str) -> Ordering:
    """Return the order that `sortby` asks for: names after + or -, separated by commas.

    Raises Invalid for a name that is no property, or is there twice.
    """
    keys: list[SortKey] = []
    for part in [] if text is None else text.split(","):
        name = part.strip().removeprefix("+").removeprefix("-") if part.strip()[:1] in "+-" else part.strip()
        found = properties.get(name)
        if found is None or found.kind is Kind.GEOMETRY:
            known = ", ".join(one.name for one in properties.values() if one.kind is not Kind.GEOMETRY)
            raise Invalid(
                f"Ordre non accepté\u202f: «\u202f{part[:60]}\u202f». sortby attend des propriétés séparées par "
                "des virgules, un - "
                f"devant celles qui décroissent, par exemple -{key}. Propriétés\u202f: {known}."
            )
        if name in [one.name for one in keys]:
            raise Invalid(f"«\u202f{name}\u202f» est deux fois dans sortby.")
        keys.append(_sort_key(name, properties, key, part.strip().startswith("-")))
    if len(keys) > MOST_KEYS:
        raise Invalid(f"Trop de propriétés dans sortby\u202f: {len(keys)}, au plus {MOST_KEYS} sont acceptées.")
    names = [one.name for one in keys]
    if key in names:  # what would come after the key decides nothing
        return Ordering(tuple(keys[: names.index(key) + 1]))
    return Ordering((*keys, _sort_key(key, properties, key, descending=False)))


def _sort_key(name: str, properties: Queryables, key: str, descending: bool) -> SortKey:
    found = properties[name]
    column = found.column
    if found.kind is Kind.TEXT and name != key:
        column = sa.collate(column, FRENCH)
    return SortKey(name, found.kind, column, descending)


def cursor(order: Ordering, release: str, place: str, *, back: bool = False) -> str:
    """Return the text that `cursor` gives back: the order, the release that the values are of, the place in JSON.

    `back`: of the page that ends before the place.
    """
    told = orjson.dumps([order.text, release, orjson.Fragment(place), *([True] if back else [])])
    return base64.urlsafe_b64encode(told).decode().rstrip("=")


@dataclass(frozen=True)
class Cursor:
    """What a cursor says: an order, the release that values are of, a place, and whether the page ends before it."""

    order: str
    release: str
    place: list[Any]
    back: bool


def read_cursor(text: str) -> Cursor:
    """Return what a cursor says. Raises Invalid for what was not given as one."""
    try:
        told = orjson.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
        order, release, place, *back = told
    except (ValueError, TypeError, binascii.Error):
        raise bad_cursor(text) from None
    if not (isinstance(order, str) and isinstance(release, str) and isinstance(place, list)):
        raise bad_cursor(text)
    if back not in ([], [True]):
        raise bad_cursor(text)
    return Cursor(order, release, place, bool(back))


def place_in(order: Ordering, given: list[Any], text: str, *, back: bool = False) -> Place:
    """Return a place in an order. Raises Invalid for a cursor that is none of this order."""
    if len(given) != len(order.keys) or given[-1] is None:
        raise bad_cursor(text)
    values = tuple(_read(one, value, text) for one, value in zip(order.keys, given, strict=True))
    return Place(values, back)


def bad_cursor(text: str) -> Invalid:
    """Return what is said of a cursor that is none, or is none of the request that it is in."""
    return Invalid(
        f"Curseur non accepté\u202f: «\u202f{text[:60]}\u202f». Un curseur est donné par les liens next et prev d’une "
        "page, dont seuls limit, f "
        "et count peuvent changer\u202f; sans cursor, la lecture reprend au début."
    )


def _read(one: SortKey, value: Any, text: str) -> Any:
    if value is None:
        return None
    if type(value) not in READ[one.kind] or "\0" in str(value):
        raise bad_cursor(text)
    try:
        match one.kind:
            case Kind.DAY:
                return date.fromisoformat(value)
            case Kind.INSTANT:
                return datetime.fromisoformat(value)
            case Kind.NUMBER:
                return float(value)
            case Kind.INTEGER if not -(2**63) <= value < 2**63:
                raise bad_cursor(text)
    except (ValueError, OverflowError):
        raise bad_cursor(text) from None
    return value
