"""The features that a request is for, found once: their layer, their order, how many; then any page of them.

A plan is what all the pages of a request have in common. Kept in memory while what is served is the same, its statement
compiled, it makes of each page that `next` leads to one statement and nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
import sqlalchemy as sa
from geoalchemy2 import Geometry
from psycopg.adapt import PyFormat, Transformer
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import psycopg

from api.ogc.asked import Wanted
from api.ogc.counting import Matched
from api.ogc.ordering import Ordering, Pattern, Place
from boundaries.tables import Millesime
from geo.errors import Invalid
from geo.formats.crs import Crs
from geo.formats.geojson import feature_texts
from geo.formats.layer import Layer
from geo.layers import Rows
from indicators.releases import current_digest

RANK, COUNT = "rank", "count"
PLACED = "place_"  # what the parameters that a page begins after are called, and their rank
EVERYWHERE: Pattern = ()  # the pattern of a page that begins where the plan does


@dataclass(frozen=True)
class Compiled:
    """A statement as PostgreSQL takes it: `places` say which of its values are which of a place."""

    text: str
    values: tuple[bytes | None, ...]
    places: tuple[tuple[int, int], ...]

    def at(self, place: Place) -> list[bytes | None]:
        """Return its values for the page after a place."""
        given = dumped(list(place.values))
        values = list(self.values)
        for rank, own in self.places:
            values[rank] = given[own]
        return values


@dataclass(frozen=True)
class Page:
    """A page of GeoJSON: its features, separated by commas, and how many; the place of the last if another page follows.

    `preceding` is the place of the first if another page comes before. `read` are the versions of the release and of the
    geography that it was read in.
    """

    features: bytes
    returned: int
    following: str | None
    read: list[str | None]
    preceding: str | None = None


@dataclass(frozen=True)
class Cut:
    """How many features a page has; the place of its last if another page follows, of its first if one comes before."""

    returned: int | None = None
    following: str | None = None
    preceding: str | None = None


@dataclass(frozen=True)
class Plan:
    """Features to give: their layer, unordered and whole; their order; how long pages are and where the first begins.

    `release` is the digest of what their values are of, and empty where there are none; `current` says whether it is what
    everybody is served. `matched` says how many there are.
    """

    wanted: Wanted
    layer: Layer
    order: Ordering
    size: int
    start: Place | None
    matched: Matched
    release: str
    current: bool
    compiled: dict[Pattern, Compiled] = field(default_factory=dict, compare=False)

    def rows(self, place: Place | None) -> Rows:
        """Return the features after a place, or before it, or all of them, in order."""
        if place is None:
            return self.order.of(self.layer.rows)
        return self.order.of(self.order.beside(self.layer.rows, place.pattern).params(parameters(place)))

    def at(self, conn: Connection, offset: int) -> str | None:
        """Return the place of the last of the first `offset` features, or None where there are fewer."""
        some = self.order.of(self._places()).offset(offset - 1).limit(1).subquery("some")
        found: str | None = conn.scalar(sa.select(self.order.place(some)))
        return found

    def some(self, place: Place | None, limit: int) -> Rows:
        """Return at most `limit` of the features after a place, or of the last before it, in order."""
        return self._some(pattern_of(place), limit).params(parameters(place))

    def page(self, crs: Crs, pattern: Pattern) -> sa.CompoundSelect[Any]:
        """Return the statement of a page of GeoJSON beside a place whose values are parameters, but for those absent.

        Rows: the text of each feature and its place, one more than a page has where there is another; and one without a
        feature, that has the versions of the release and of the geography read.
        """
        labels = [one.label for one in self.order.keys]
        rows = self._some(pattern, self.size + 1)
        texts = feature_texts(replace(self.layer, rows=rows), crs, labels).subquery("texts")
        read = sa.func.json_build_array(
            sa.func.coalesce(current_digest(), ""), version_read(self.wanted.millesime)
        )
        return sa.union_all(
            sa.select(texts.c.feature, self.order.place(texts).label("place")),
            sa.select(sa.cast(sa.null(), sa.Text), sa.cast(read, sa.Text)),
        )

    def statement(self, crs: Crs, place: Place | None) -> Compiled:
        """Return the statement of a page as PostgreSQL takes it, compiled once for places that lack the same."""
        pattern = pattern_of(place)
        found = self.compiled.get(pattern)
        if found is None:
            found = self.compiled[pattern] = _compiled(self.page(crs, pattern))
        return found

    def cut(self, conn: Connection, place: Place | None, limit: int) -> Cut:
        """Return how many features a page beside a place has, and where those beside it are."""
        every = self.left(0) if place is None else None
        if every is not None and every <= limit:  # all of them: nothing is to be found
            return Cut(every)
        order = self.order.back if place is not None and place.back else self.order
        keys = self._places()
        if place is not None:
            keys = self.order.beside(keys, place.pattern).params(parameters(place))
        some = order.of(keys).limit(limit + 1).subquery("some")
        counted = (sa.func.row_number().over().label(RANK), sa.func.count().over().label(COUNT))
        ranked = sa.select(*some.c, *counted).subquery()
        rank, count = ranked.c[RANK], ranked.c[COUNT]
        kept = sa.select(rank, order.place(ranked)).where(sa.or_(rank == 1, rank == limit, rank == count))
        told = {int(row[0]): str(row[1]) for row in conn.execute(kept)}
        found = max(told, default=0)
        near, far = told.get(1), told.get(limit) if found > limit else None
        if place is not None and place.back:
            return Cut(min(found, limit), near, far)
        return Cut(min(found, limit), far, None if place is None else near)

    def left(self, offset: int) -> int | None:
        """Return how many features there are after the first `offset`, or None where they were not counted."""
        if self.matched.number is None or self.matched.estimated:
            return None
        return max(0, self.matched.number - offset)

    def _some(self, pattern: Pattern, limit: int) -> Rows:
        # Written in the statement, so that PostgreSQL plans for few features even before it knows the parameters.
        most = sa.bindparam("most", limit, sa.Integer, literal_execute=True)
        back = bool(pattern) and pattern[0]
        rows = self.order.beside(self.layer.rows, pattern) if pattern else self.layer.rows
        if len(self.order.keys) == 1 and not back:  # its index gives the first at once
            return self.order.of(rows).limit(most)
        # Found by their numbers alone, so that nothing is computed of those that are ordered and not kept.
        named = rows.selected_columns.fid
        numbers = rows.with_only_columns(named, maintain_column_froms=True)
        kept = (self.order.back if back else self.order).of(numbers).limit(most).subquery("kept")
        number = named.element if isinstance(named, sa.Label) else named
        return self.order.of(rows.where(number.in_(sa.select(kept.c.fid))))

    def _places(self) -> Rows:
        return self.layer.rows.with_only_columns(sa.literal(1).label("one"), maintain_column_froms=True)


def page_of(rows: Sequence[Sequence[bytes | None]], size: int, place: Place | None) -> Page:
    """Return the page beside a place that the rows of its statement are."""
    features, places, read = [], [], b"[]"
    for text, told in rows:
        if text is None:
            read = told or read
        else:
            features.append(text)
            places.append(told)
    more = len(features) > size
    if place is not None and place.back:  # one more than a page has comes before it
        kept = features[-size:]
        following, preceding = places[-1] if places else None, places[-size] if more else None
    else:
        kept = features[:size]
        following = places[size - 1] if more else None
        preceding = places[0] if places and place is not None else None
    return Page(b",".join(kept), len(kept), _text(following), orjson.loads(read), _text(preceding))


def _text(place: bytes | None) -> str | None:
    return None if place is None else place.decode()


def parameters(place: Place | None) -> dict[str, Any]:
    """Return what the parameters of what comes beside a place stand for."""
    values = () if place is None else place.values
    return {f"{PLACED}{rank}": value for rank, value in enumerate(values) if value is not None}


def version_read(millesime: int) -> sa.ScalarSelect[str]:
    """Return what gives, in a statement, the version of a millesime as it is read."""
    return sa.select(Millesime.version).where(Millesime.year == millesime).scalar_subquery()


def chosen_fields(layer: Layer, text: str | None) -> Layer:
    """Return a layer with the properties that a text names, separated by commas. Raises Invalid for one it has not."""
    if text is None:
        return layer
    names = [name.strip() for name in text.split(",")]
    own = {one.name: one for one in layer.fields}
    unknown = [name for name in names if name not in own]
    if unknown:
        raise Invalid(
            f"Propriété inconnue\u202f: «\u202f{unknown[0][:60]}\u202f». properties attend des propriétés "
            "séparées par des virgules\u202f: "
            f"{', '.join(own)}."
        )
    # A style draws with properties that may not be there any more.
    return replace(layer, fields=tuple(own[name] for name in dict.fromkeys(names)), style=None)


def without_shape(layer: Layer) -> Layer:
    """Return a layer whose features have no geometry."""
    columns = [column for column in layer.rows.selected_columns if column.name != "geom"]
    nothing = sa.cast(sa.null(), Geometry(layer.geometry, layer.srid)).label("geom")
    return replace(layer, rows=layer.rows.with_only_columns(*columns, nothing, maintain_column_froms=True))


def dumped(values: list[Any]) -> list[bytes | None]:
    """Return values in PostgreSQL's text form."""
    given = Transformer().dump_sequence(values, [PyFormat.TEXT] * len(values))
    return [None if value is None else bytes(value) for value in given]


def pattern_of(place: Place | None) -> Pattern:
    """Return what the statement of the page beside a place depends on."""
    return EVERYWHERE if place is None else place.pattern


def _compiled(statement: sa.CompoundSelect[Any]) -> Compiled:
    made = statement.compile(
        dialect=psycopg.dialect(paramstyle="numeric_dollar"),  # type: ignore[no-untyped-call]
        compile_kwargs={"render_postcompile": True},
    )
    names = made.positiontup or []
    places = [(rank, int(name.removeprefix(PLACED))) for rank, name in enumerate(names) if name.startswith(PLACED)]
    return Compiled(str(made), tuple(dumped([made.params[name] for name in names])), tuple(places))
