"""Publication: every series computed in every loaded millesime, then listed together as a release.

A series is computed once for what it is made of: its digest covers the definition, the import and the geography.
What did not change is taken over as it is; a release that would change nothing is not made. Everything happens in
the caller's transaction: what is served changes at once, or not at all.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from boundaries.tables import Millesime
from geo.progress import Progress
from geo.sqlfiles import sql_file
from indicators.catalogue import Indicator, catalogue
from indicators.publication.periods import spans
from indicators.tables import Import, Release, ReleaseSeries, Series

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Plan:
    """A series to compute: its coordinates, what its passport says, and the act that fills it."""

    indicator: Indicator
    period: str
    millesime: int
    version: str
    inputs: tuple[str, ...]
    passport: dict[str, Any]
    fill: Callable[[Connection, int], None]

    @property
    def digest(self) -> str:
        """A digest of everything the values depend on."""
        parts = (self.indicator.digest, self.period, self.millesime, self.version, self.inputs)
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Made:
    """A series that is there."""

    id: int
    digest: str


def publish(conn: Connection, progress: Progress) -> int:
    """Return the id of the release that holds every series of the catalogue, made if anything changed."""
    conn.execute(sa.text("DROP TABLE IF EXISTS members"))
    # The values of this transaction have no statistics yet: a planner that expects none of them nests loops.
    conn.execute(sa.text("SET LOCAL enable_nestloop = off"))
    known = {digest: identity for identity, digest in conn.execute(sa.select(Series.id, Series.digest))}
    made: dict[str, dict[tuple[str, int], Made]] = {}
    listed: list[int] = []
    for indicator in catalogue().values():
        plans = list(_plans(conn, indicator, made))
        advance = progress(f"Publication : {indicator.short_label} (séries)", len(plans))
        for plan in plans:
            identity = known.get(plan.digest) or _compute(conn, plan)
            made.setdefault(indicator.id, {})[plan.period, plan.millesime] = Made(identity, plan.digest)
            listed.append(identity)
            advance(1)
    return _release(conn, listed)


def _plans(conn: Connection, indicator: Indicator, made: dict[str, dict[tuple[str, int], Made]]) -> Iterator[Plan]:
    versions = dict(conn.execute(sa.select(Millesime.year, Millesime.version)).all())
    outlined = list(conn.scalars(sa.select(Millesime.year).where(Millesime.outlines)))
    if indicator.derivation == "area":
        for year in outlined:
            passport = {"formula": "aire des contours en projection métrique"}
            yield Plan(indicator, str(year), year, versions[year], (), passport, partial(_area, year))
    elif indicator.derivation is None:
        for delivered in conn.execute(sa.select(Import).where(Import.indicator == indicator.id, Import.released)):
            for year in versions:
                yield _stock(indicator, delivered, year, versions)
    elif indicator.derivation == "ratio":
        over, under = made[str(indicator.numerator)], made[str(indicator.denominator)]
        for (period, year), first in over.items():
            second = under.get((period, year)) or under.get((str(year), year))
            if second is not None:
                formula = f"{indicator.numerator} / {indicator.denominator}"
                yield _pair(indicator, period, year, versions[year], (first, second), formula, "ratio", {})
    else:
        base = catalogue()[str(indicator.numerator)]
        series = made[base.id]
        for year in versions:
            periods = [period for period, millesime in series if millesime == year]
            for start, end, years in spans(indicator, base, periods):
                formula = f"({base.id} {end} / {base.id} {start}) ^ (1 / {years:g}) − 1"
                pair = (series[start, year], series[end, year])
                yield _pair(
                    indicator, f"{start}-{end}", year, versions[year], pair, formula, "growth", {"years": years}
                )


def _stock(indicator: Indicator, delivered: sa.Row[Any], year: int, versions: dict[int, str]) -> Plan:
    if year == delivered.millesime:
        method = "valeurs du producteur, sommées"
    else:
        method = (
            f"passage de la géographie {delivered.millesime} à {year}, scissions réparties selon la population"
        )
    passport = {
        "formula": "somme des communes",
        "method": method,
        "file": delivered.file,
        "sha256": delivered.sha256,
        "import": delivered.id,
        "delivered_millesime": delivered.millesime,
        "notes": delivered.notes,
    }
    # every millesime may be a step of the passage, so each one's version counts
    inputs = (delivered.digest, *(f"{step}:{version}" for step, version in sorted(versions.items())))
    fill = partial(_convert, delivered.id, delivered.millesime, year)
    return Plan(indicator, delivered.period, year, versions[year], inputs, passport, fill)


def _pair(
    indicator: Indicator,
    period: str,
    year: int,
    version: str,
    series: tuple[Made, Made],
    formula: str,
    statement: str,
    parameters: dict[str, Any],
) -> Plan:
    passport = {"formula": formula, "series": [item.digest for item in series]}
    fill = partial(_combine, series, year, statement, parameters)
    return Plan(indicator, period, year, version, tuple(item.digest for item in series), passport, fill)


def _compute(conn: Connection, plan: Plan) -> int:
    if not conn.scalar(sa.text("SELECT to_regclass('pg_temp.members') IS NOT NULL")):
        conn.execute(sql_file(HERE, "members"))
    identity = conn.execute(
        sa.insert(Series)
        .values(
            indicator=plan.indicator.id,
            period=plan.period,
            millesime=plan.millesime,
            digest=plan.digest,
            passport=plan.passport,
        )
        .returning(Series.id)
    ).scalar_one()
    plan.fill(conn, identity)
    return identity


def _area(year: int, conn: Connection, series_id: int) -> None:
    conn.execute(sql_file(HERE, "area"), {"series_id": series_id, "millesime": year})


def _convert(import_id: int, delivered: int, year: int, conn: Connection, series_id: int) -> None:
    parameters = {
        "series_id": series_id,
        "import_id": import_id,
        "from_millesime": delivered,
        "to_millesime": year,
    }
    conn.execute(sql_file(HERE, "stock"), parameters)


def _combine(
    series: tuple[Made, Made],
    year: int,
    statement: str,
    parameters: dict[str, Any],
    conn: Connection,
    series_id: int,
) -> None:
    conn.execute(sa.text("DROP TABLE IF EXISTS pairs"))
    conn.execute(
        sql_file(HERE, "pairs"), {"first_series": series[0].id, "second_series": series[1].id, "millesime": year}
    )
    conn.execute(sql_file(HERE, statement), {"series_id": series_id, **parameters})


def _release(conn: Connection, listed: list[int]) -> int:
    digests = conn.scalars(sa.select(Series.digest).where(Series.id.in_(listed)).order_by(Series.digest))
    digest = hashlib.sha256("".join(digests).encode()).hexdigest()[:12]
    latest = conn.execute(sa.select(Release.id, Release.digest).order_by(Release.id.desc()).limit(1)).one_or_none()
    if latest is not None and latest.digest == digest:
        return int(latest.id)
    release_id = conn.execute(sa.insert(Release).values(digest=digest).returning(Release.id)).scalar_one()
    conn.execute(
        sa.insert(ReleaseSeries), [{"release_id": release_id, "series_id": identity} for identity in listed]
    )
    return release_id
