"""From the parameters of a request to the features that it is for."""

from collections.abc import Mapping
from dataclasses import replace

import orjson
import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from api.dependencies import release_id
from api.filters import GEOMETRY, filtered, properties
from api.ogc.asked import Wanted, layer_of, wanted_of
from api.ogc.collected import Collected
from api.ogc.counting import matched
from api.ogc.ordering import Place, bad_cursor, ordering, place_in, read_cursor
from api.ogc.parameters import PAGE, Box, Chosen, Paged, Shown, Subject, bad_box
from api.ogc.plans import Plan, chosen_fields, without_shape
from api.ogc.words import matching
from boundaries.places import Place as Territory
from geo import cql2
from geo.cql2 import Queryables
from geo.cql2.spatial import meets_box
from geo.errors import Invalid
from geo.formats.layer import Layer
from indicators.releases import digest_of, release_of

Simple = Mapping[str, str]


def plan_of(
    conn: Connection,
    collected: Collected,
    latest: int,
    subject: Subject,
    within: Territory | None,
    shown: Shown,
    chosen: Chosen,
    paged: Paged,
    simple: Simple,
    accepted: tuple[str, ...],
) -> tuple[Plan, Place | None]:
    """Return the features of a request and where its page begins. `simple` are the parameters that name properties.

    `accepted` are the other parameters that there are. Raises Invalid for what means nothing, NotFound for what is not
    published, NotYetComputed for values that nobody asked for before.
    """
    told = None if paged.cursor is None else read_cursor(paged.cursor)
    release = release_id(conn, subject.as_of)
    served = digest_of(conn, release)
    if told is not None and told.release not in ("", served):
        # A new release came between two pages: those that follow are of the one that the first was of.
        release, served = release_of(conn, told.release), told.release
        if release is None:
            raise bad_cursor(paged.cursor or "")
    wanted = wanted_by(conn, collected, latest, subject, release, within)
    valued = collected.sheet is not None or wanted.indicator is not None
    every = layer_of(conn, wanted)
    named = properties(every, wanted.level, wanted.millesime)
    layer = _kept(every, wanted, named, chosen, simple, accepted)
    order = ordering(chosen.order, named, layer.key)
    place = None
    if told is not None and paged.cursor is not None:
        if told.order != order.text or (told.release != "") != valued:
            raise bad_cursor(paged.cursor)
        place = place_in(order, told.place, paged.cursor, back=told.back)
    costly = chosen.words is not None or (
        chosen.filter is not None and cql2.costly(chosen.filter.text, chosen.filter.language, named)
    )
    number = matched(conn, layer.rows, every.rows, paged.count, costly=costly, valued=valued)
    layer = chosen_fields(layer if shown.shaped else without_shape(layer), shown.properties)
    current = release is None
    plan = Plan(wanted, layer, order, paged.limit or PAGE, None, number, served if valued else "", current)
    if paged.offset:
        plan = _further(conn, plan, paged.offset)
    return plan, place or plan.start


def wanted_by(
    conn: Connection,
    collected: Collected,
    latest: int,
    subject: Subject,
    release: int | None,
    within: Territory | None = None,
) -> Wanted:
    """Return what the parameters of a request want of a collection. Raises what `wanted_of` does."""
    return wanted_of(
        conn,
        collected,
        latest,
        millesime=subject.millesime,
        level=subject.level,
        period=subject.period,
        indicator=subject.indicator,
        release=release,
        within=within,
        times=subject.times,
    )


def _kept(
    layer: Layer, wanted: Wanted, named: Queryables, chosen: Chosen, simple: Simple, accepted: tuple[str, ...]
) -> Layer:
    """Return the part of a layer that all the conditions of a request keep; the name of its files says it is a part."""
    unknown = sorted(set(simple) - set(named))
    if unknown:
        told = ", ".join((*sorted(accepted), *(name for name in named if name != GEOMETRY)))
        raise Invalid(
            f"Paramètre inconnu\u202f: {', '.join(name[:50] for name in unknown)}. Paramètres acceptés\u202f: {told}."
        )
    kept = filtered(layer, wanted.level, wanted.millesime, chosen.filter)
    conditions = [cql2.among(name, text.split(","), named) for name, text in simple.items()]
    if chosen.box is not None:
        conditions.append(_meets(chosen.box, named))
    if chosen.words is not None:
        conditions.append(matching(chosen.words, named["nom"].column, named["code"].column))
    parts = () if wanted.within is None else (f"{wanted.within.level.value} {wanted.within.code}",)
    if conditions or chosen.filter is not None:
        parts = (*parts, "extrait")
    return replace(kept, rows=kept.rows.where(*conditions), file_parts=(*kept.file_parts, *parts))


def _meets(box: Box, named: Queryables) -> ColumnElement[bool]:
    shape = named[GEOMETRY]
    try:
        return meets_box(box.numbers, box.crs, shape.column, shape.srid)
    except cql2.BadFilter as error:
        written = ",".join(f"{number:g}" for number in box.numbers)
        raise Invalid(f"{bad_box(written, box.crs).detail} {error.detail}") from None


def _further(conn: Connection, plan: Plan, offset: int) -> Plan:
    """Return a plan that begins after as many features."""
    found = plan.at(conn, offset)
    if found is None:
        return replace(plan, layer=replace(plan.layer, rows=plan.layer.rows.where(sa.false())))
    return replace(plan, start=place_in(plan.order, orjson.loads(found), found))
