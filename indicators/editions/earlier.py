"""What earlier releases that can still be read tell of the values that an edition is made from."""

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
import sqlalchemy as sa
from sqlalchemy import Connection

from boundaries.readers import Audience
from indicators.editions.ground import Ground
from indicators.editions.held import Held, newest_open, read_held, read_values
from indicators.editions.system import Extra, System, bounds_seen, cell_ids, cell_labels
from indicators.publication.geographies import read_geographies
from indicators.secrecy import Relations, Standing, releases
from indicators.secrecy.cells import Floats
from indicators.tables import ReleaseSeries, Series

ROUNDING = "rounding"  # in the passport of an edition: the step of its values
CLOSE = 1e-9


def read_past(conn: Connection, current: Sequence[Held]) -> list[Held]:
    """Return what earlier releases showed in geographies that nothing is made in any more, from the same imports.

    The same values in two geographies tell each other. A geography whose territories were loaded anew since is left
    out: what its territories were made of is not known any more.
    """
    listed = sa.select(ReleaseSeries.series_id)
    keys = {one.key for one in current}
    bases = conn.scalars(
        sa.select(Series.base_id)
        .where(
            Series.id.in_(listed),
            Series.base_id.is_not(None),
            Series.indicator.in_({one.sheet.id for one in current}),
        )
        .distinct()
    ).all()
    now = read_geographies(conn)
    made_of = {(one.sheet.id, one.period, _source(one)) for one in current}
    digests = {one.digest for one in current}
    found: dict[tuple[str, str, int], Held] = {}
    for one in read_held(
        conn, {int(base) for base in bases if base} - {one.id for one in current}, restricted=True
    ):
        same = (one.sheet.id, one.period, _source(one)) in made_of
        inputs = set(one.passport.get("series", ()))
        there = conn.scalars(sa.select(Series.digest).where(Series.digest.in_(inputs), Series.edition > 0)).all()
        known = inputs <= digests | set(there)
        if one.sheet.weight is not None:
            weight = (one.sheet.weight, one.period, one.millesime)
            known &= weight in keys | found.keys() or newest_open(conn, *weight) is not None
        versions = {now.between(start, one.millesime) for start in now.versions}
        if one.key not in keys and same and known and set(one.geography.split("|")) <= versions:
            found[one.key] = replace(one, past=True)
            digests.add(one.digest)
    return list(found.values())


def _source(one: Held) -> str:
    """What a series was read from; nothing for one that is computed from others, which say it."""
    return repr([one.passport.get(name) for name in ("import", "imports", "weight_import")])


def told_before(
    conn: Connection, held: Sequence[Held], audience: Audience, without: Collection[int] = ()
) -> dict[int, Floats]:
    """Return, for each restricted series, how closely an earlier release tells each of its values (NaN: it does not).

    Every series counts that some release showed this audience or a more public one: `as_of` reads them all, those
    of withdrawn releases too, and whoever read them may have kept them. A value that was revised since is not told.
    `without` are series that do not count as earlier.
    """
    listed = sa.select(ReleaseSeries.series_id).where(ReleaseSeries.edition.in_(audience.editions))
    found = conn.execute(
        sa.select(Series.id, Series.indicator, Series.period, Series.millesime, Series.passport)
        .where(
            Series.id.in_(listed),
            Series.indicator.in_({one.sheet.id for one in held if one.restricted}),
            Series.id.not_in(list(without)),
            Series.edition > 0,
            Series.computed_at.is_not(None),
        )
        .order_by(Series.id)
    ).all()
    told: dict[int, Floats] = {}
    for one in held:
        if not one.restricted:
            continue
        for row in found:
            if (row.indicator, row.period, row.millesime) != one.key:
                continue
            reach = _told(conn, one, row.id, float(row.passport.get(ROUNDING, 0.0)))
            told[one.id] = np.fmin(told[one.id], reach) if one.id in told else reach
    return told


def _told(conn: Connection, one: Held, series_id: int, step: float) -> Floats:
    territory, value, _, _ = read_values(conn, series_id)
    places = one.at(territory)
    inside = (places >= 0) & np.isfinite(value)
    places, value = places[inside], value[inside]
    true = one.value[places]
    same = np.abs(value - true) <= step / 2 + CLOSE * (1 + np.abs(true))
    low, high = bounds_seen(one, step)
    reach = np.maximum(one.measure - low, high - one.measure)
    told = np.full(len(one.value), np.nan)
    told[places[same]] = reach[places[same]] if step else 0.0
    return told


def remembered(
    held: Sequence[Held], told: dict[int, Floats], standing: dict[int, np.ndarray], ground: Ground
) -> tuple[list[Extra], list[tuple[str, str]]]:
    """Return cells for what earlier releases told of cells that are hidden now, and the pairs (now, before)."""
    extras: list[Extra] = []
    pairs: list[tuple[str, str]] = []
    for one in held:
        reach = told.get(one.id)
        if reach is None:
            continue
        hidden = one.known & (standing[one.id] != Standing.PUBLISHED)
        places = np.flatnonzero(hidden & np.isfinite(reach))
        if not len(places):
            continue
        own, labels = cell_ids(one, ground), cell_labels(one, ground)
        ids = [f"avant|{own[place]}" for place in places]
        extras.append(
            Extra(
                tuple(ids),
                tuple(f"{labels[place]}, dans une autre publication" for place in places),
                "autres publications",
                one.measure[places],
                standing=Standing.PUBLISHED,
                lower=-np.inf,
                reach=reach[places],
            )
        )
        pairs += [(own[place], before) for place, before in zip(places, ids, strict=True)]
    return extras, pairs


def repeated(system: System, pairs: Sequence[tuple[str, str]]) -> list[Relations]:
    """Return « what an earlier release that can still be read says of the same cell »."""
    if not pairs:
        return []
    now, before = [first for first, _ in pairs], [second for _, second in pairs]
    return [
        releases(
            system.cells,
            now,
            before,
            system.named("{} : une autre publication que l’on peut encore lire"),
        )
    ]
