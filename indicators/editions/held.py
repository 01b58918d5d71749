"""The series that the editions are made from, with their values, and the open ones that are tied to them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy import Connection

from geo.errors import Conflict
from indicators.catalogue import Indicator, catalogue
from indicators.publication.filling import fill
from indicators.secrecy import growth_factor
from indicators.secrecy.cells import Flags, Floats, Indices
from indicators.statuses import Status
from indicators.tables import Series, Value

UNUSED = (Status.NOT_SIGNIFICANT.value, Status.PARTIAL.value)


@dataclass(frozen=True, eq=False)
class Held:
    """A series and its values, one entry for each territory in the order of their ids.

    `restricted`: some audience may not see it whole. An open series is here because it is tied to one that is not.
    `past`: nothing is published of it any more, in a geography that earlier releases showed and can still be read in.
    """

    id: int
    sheet: Indicator
    period: str
    millesime: int
    geography: str
    levels: tuple[str, ...]
    digest: str
    passport: dict[str, Any]
    restricted: bool
    territory: Indices
    value: Floats
    status: np.ndarray
    coverage: Floats
    past: bool = False

    @property
    def key(self) -> tuple[str, str, int]:
        """What the series is of: indicator, period, millesime."""
        return self.sheet.id, self.period, self.millesime

    @property
    def current(self) -> bool:
        """Whether editions are made of it."""
        return self.restricted and not self.past

    @property
    def name(self) -> str:
        """Its indicator and period, in French."""
        return f"{self.sheet.short_label} ({self.period}, géographie {self.millesime})"

    @property
    def by(self) -> str:
        """How it was computed."""
        return str(self.passport["by"])

    @cached_property
    def known(self) -> Flags:
        """Where it has a value."""
        return np.isfinite(self.measure)

    @cached_property
    def measure(self) -> Floats:
        """The values as they are tied to others: a growth rate as the factor between its two values."""
        if self.by == "growth":
            return growth_factor(self.value, float(self.passport["years"]))[0]
        return self.value

    @cached_property
    def usable(self) -> Flags:
        """Where its value counts in a ratio or in a mean."""
        return self.known & ~np.isin(self.status.astype(str), UNUSED)

    @property
    def whole_numbers(self) -> bool:
        """Whether everybody knows that its values are whole numbers."""
        return self.sheet.nature.additive and self.sheet.decimals == 0

    def at(self, territory: Indices) -> Indices:
        """Return the places of some territories, -1 for those that it has no row of."""
        if not len(self.territory):
            return np.full(len(territory), -1, np.int64)
        found = np.searchsorted(self.territory, territory)
        found = np.minimum(found, len(self.territory) - 1)
        return np.where(self.territory[found] == territory, found, -1)

    def values_at(self, territory: Indices) -> Floats:
        """Return its measures for some territories, NaN where it has none."""
        places = self.at(territory)
        return np.where(places >= 0, self.measure[places] if len(self.measure) else np.nan, np.nan)


def read_held(conn: Connection, ids: Iterable[int], *, restricted: bool) -> list[Held]:
    """Return some series with their values, in order."""
    wanted = Series.id.in_(sorted(set(ids)))
    for lacking in conn.scalars(sa.select(Series.id).where(wanted, Series.computed_at.is_(None))).all():
        fill(conn, lacking)  # whoever asks for an open one has it computed
    columns = (Series.id, Series.indicator, Series.period, Series.millesime, Series.geography, Series.levels)
    found = conn.execute(sa.select(*columns, Series.digest, Series.passport).where(wanted)).all()
    return in_order(
        Held(
            row.id,
            catalogue()[row.indicator],
            row.period,
            row.millesime,
            row.geography,
            tuple(row.levels),
            row.digest,
            row.passport,
            restricted,
            *read_values(conn, row.id),
        )
        for row in found
    )


def in_order(held: Iterable[Held]) -> list[Held]:
    """Return series in the order in which they are judged: after what they are computed from, or carried from."""
    # in the catalogue, what is computed from others comes after them, but means may come before their weights
    rank = {
        name: (sheet.derivation is not None, sheet.weight is not None, place)
        for place, (name, sheet) in enumerate(catalogue().items())
    }

    def key(one: Held) -> tuple[Any, ...]:
        converted = one.passport.get("delivered_millesime", one.millesime) != one.millesime
        return rank[one.sheet.id], one.period, converted, one.millesime, one.id

    return sorted(held, key=key)


def within(one: Held, territories: Indices) -> Held:
    """Return a series without the values of territories that are there no more."""
    kept = np.isin(one.territory, territories)
    if kept.all():
        return one
    rows = (one.territory[kept], one.value[kept], one.status[kept], one.coverage[kept])
    return replace(one, territory=rows[0], value=rows[1], status=rows[2], coverage=rows[3])


def read_values(conn: Connection, series_id: int) -> tuple[Indices, Floats, np.ndarray, Floats]:
    """Return the values of a series: territories, values (NaN for none), statuses and coverages."""
    rows = conn.execute(
        sa.select(Value.territory_id, Value.value, sa.cast(Value.status, sa.Text), Value.coverage)
        .where(Value.series_id == series_id)
        .order_by(Value.territory_id)
    ).all()
    territory, value, status, coverage = zip(*rows, strict=True) if rows else ((), (), (), ())
    return (
        np.array(territory, np.int64),
        np.array(value, float),
        np.array(status, object),
        np.array(coverage, float),
    )


def read_tied(conn: Connection, held: Sequence[Held]) -> list[Held]:
    """Return the open series that restricted ones are tied to: what they are computed from, weights, totals.

    Raises Conflict where one that a series was computed from is not there any more.
    """
    there = {one.digest for one in held} | {one.key for one in held}
    wanted: set[int] = set()
    digests = sorted({digest for one in held for digest in one.passport.get("series", ())} - there)
    known = dict(
        conn.execute(
            sa.select(Series.digest, Series.id).where(Series.digest.in_(digests), Series.edition > 0)
        ).all()
    )
    if len(known) < len(digests):
        raise Conflict("Une série dont une autre est calculée n’est plus enregistrée : publiez à nouveau.")
    wanted.update(known.values())
    for one in held:
        if "weight_import" in one.passport:
            key = (str(one.sheet.weight), one.period, one.millesime)
            if key not in there:
                wanted.add(_weight(conn, one))
    totals = sorted(
        {
            (sheet.id, one.period, one.millesime)
            for one in held
            for sheet in catalogue().values()
            if one.sheet.id in sheet.parts
        }
    )
    parts = [(part, period, millesime) for name, period, millesime in totals for part in catalogue()[name].parts]
    parts += [(part, one.period, one.millesime) for one in held for part in one.sheet.parts]
    for key in sorted({*totals, *parts}):
        if key not in there and (found := newest_open(conn, *key)) is not None:
            wanted.add(found)
    return read_held(conn, wanted, restricted=False)


def newest_open(conn: Connection, indicator: str, period: str, millesime: int) -> int | None:
    """Return the last series that is open to all, of an indicator, a period and a millesime; None without one."""
    return conn.scalar(
        sa.select(sa.func.max(Series.id)).where(
            Series.indicator == indicator,
            Series.period == period,
            Series.millesime == millesime,
            Series.edition == 1,
            Series.base_id.is_(None),
        )
    )


def _weight(conn: Connection, mean: Held) -> int:
    found = conn.scalar(
        sa.select(sa.func.max(Series.id)).where(
            Series.indicator == mean.sheet.weight,
            Series.period == mean.period,
            Series.millesime == mean.millesime,
            Series.edition == 1,
            Series.base_id.is_(None),
            Series.passport["import"].astext == str(mean.passport["weight_import"]),
        )
    )
    if found is None:
        raise Conflict(f"{mean.name} : la série de ses poids n’est plus enregistrée, publiez à nouveau.")
    return int(found)
